"""Everything a user reads is translated, and no Chinese hides in the program."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

from tools import translations

pytestmark = pytest.mark.pure

ROOT = translations.ROOT
CHINESE = re.compile(r"[\u3400-\u9fff\uff01-\uff5e]")
PLACEHOLDER = re.compile(r"%\((\w+)\)[0-9]*[sd]|(?<!\{)\{(\w*)\}(?!\})|(%%)")
# Words that files of the field may carry: data of the importer, not text of the portal.
WORDS_OF_FILES = {
    "app/exchange/cells.py",
    "app/exchange/sheets.py",
    "app/exchange/sheets_master.py",
    "app/kernel/period.py",  # months as people write them
    "app/kernel/spelling.py",  # the range of Chinese characters
    "app/notices/sending.py",  # signs that stand for others in mail
    "config.py",  # the name of the language in the language menu, in that language
}


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(translations.CATALOGUE))


def test_the_catalogue_is_up_to_date():
    written = translations.as_text(translations.updated([]))
    assert written == translations.CATALOGUE.read_bytes(), "run: make translations"


def test_every_message_is_translated(catalogue: polib.POFile):
    missing = [entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy]
    assert missing == []


def test_translations_keep_the_placeholders(catalogue: polib.POFile):
    def placeholders(text: str) -> list[tuple[str, ...]]:
        return sorted(PLACEHOLDER.findall(text))

    wrong = [
        entry.msgid
        for entry in catalogue
        for text in ([entry.msgstr] if entry.msgstr else entry.msgstr_plural.values())
        if placeholders(entry.msgid_plural or entry.msgid) != placeholders(text)
    ]
    assert wrong == []


class AnyValue(dict[str, int]):
    """Fills every placeholder."""

    def __missing__(self, name: str) -> int:
        return 1


def test_a_percent_sign_in_a_template_is_written_twice(catalogue: polib.POFile):
    """Jinja formats every message, also one without placeholders: a single % is a server error."""
    unusable = []
    for entry in catalogue:
        if not any(place.startswith("app/templates") for place, _line in entry.occurrences):
            continue
        texts = (entry.msgid, entry.msgid_plural, entry.msgstr, *entry.msgstr_plural.values())
        for text in texts:
            try:
                text % AnyValue()
            except (ValueError, TypeError):
                unusable.append(text)
    assert unusable == []


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the nodes that are docstrings, of variables too."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def code_lists(tree: ast.AST) -> set[int]:
    """Ids of all nodes in the bodies of code lists: official codes and words accepted in files."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any("LabelledEnum" in ast.unparse(base) for base in node.bases)
        for inner in ast.walk(node)
    }


def chinese_literals(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT).as_posix()
    if name in WORDS_OF_FILES:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    allowed = docstrings(tree) | code_lists(tree)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in allowed
            and CHINESE.search(node.value)
        ):
            yield f"{name}:{node.lineno} {node.value[:40]!r}"


def test_no_chinese_in_the_program():
    paths = [*ROOT.glob("*.py"), *(ROOT / "app").rglob("*.py")]
    assert [literal for path in paths for literal in chinese_literals(path)] == []


def test_no_chinese_in_templates_and_scripts():
    comments = re.compile(r"\{#.*?#\}|<!--.*?-->|/\*.*?\*/", re.DOTALL)
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for suffix in ("html", "js", "css")
        for path in (ROOT / "app").rglob(f"*.{suffix}")
        if "vendor" not in path.parts
        if (hit := CHINESE.search(comments.sub("", path.read_text(encoding="utf-8"))))
    ]
    assert found == []
