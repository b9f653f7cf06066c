"""Collect the messages of the source into the Chinese catalogue and compile it.

``python tools/translations.py [--check] [more.po …]``: with ``--check`` nothing is written and
the status says whether something is missing; further catalogues are merged (their translations
fill what is untranslated). Messages are English, so English needs no catalogue.
"""

import argparse
import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.extract import extract_python as babel_extract_python
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
KEYWORDS: dict[str, Any] = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "label": (1,),
}


def extract_python(
    fileobj: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[Any]:
    """Babel's messages of a Python file, and the hints: ``label(…, help="…")``.

    Babel knows arguments by position only, and takes a named one for a positional one.
    """
    source = fileobj.read()
    words = dict.fromkeys(name for name in keywords if name != "label")
    yield from babel_extract_python(io.BytesIO(source), words, comment_tags, options)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        # Not `column.label("…")`: those name a column of a statement.
        if not isinstance(node.func, ast.Name) or node.func.id != "label":
            continue
        values = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "help")]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, "_", value.value, []


def collect() -> Catalog:
    """Every message of the source, with the files it is in."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalogue = Catalog(project="135 Working Method portal", charset="utf-8")
    for path, _line, message, comments, context in extract_from_dir(
        ROOT,
        methods,
        options,
        keywords=KEYWORDS,
        comment_tags=("NOTE:",),
        directory_filter=lambda folder: Path(folder).name not in {".venv", ".git", "node_modules"},
    ):
        # Without line numbers: they would change the catalogue with every edit of the source.
        catalogue.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    return catalogue


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="zh", project="135 Working Method portal", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale="zh")


def updated(extra: list[Path]) -> Catalog:
    """The Chinese catalogue as it should be: the source's messages, the known translations."""
    template, catalogue = collect(), read(CATALOGUE)
    # Dates in the header would make every run a change.
    template.creation_date = catalogue.creation_date
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    for path in extra:
        for given in read(path):
            present = catalogue.get(given.id, given.context) if given.id else None
            if present and not any(strings(present)) and any(strings(given)):
                present.string = given.string
    return catalogue


def strings(message: Any) -> tuple[str, ...]:
    value = message.string
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def untranslated(catalogue: Catalog) -> list[str]:
    return [
        str(message.id)
        for message in catalogue
        if message.id and (message.fuzzy or not all(strings(message)))
    ]


def as_text(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(
        buffer, catalogue, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True
    )
    return buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description="Collect and compile the translations.")
    parser.add_argument("--check", action="store_true", help="write nothing, report")
    parser.add_argument("merge", nargs="*", type=Path, help="catalogues to take translations from")
    arguments = parser.parse_args()
    catalogue = updated(arguments.merge)
    missing = untranslated(catalogue)
    for message in missing:
        print(f"not translated: {message!r}")
    if arguments.check:
        stale = not CATALOGUE.exists() or as_text(catalogue) != CATALOGUE.read_bytes()
        if stale:
            print("the catalogue is not up to date; run: make translations")
        return 1 if stale or missing else 0
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_bytes(as_text(catalogue))
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    print(f"{len(catalogue)} messages, {len(missing)} not translated")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # babel.cfg names this module as an extractor
    sys.exit(main())
