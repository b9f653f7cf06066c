"""The documents point at things that exist: files, pages, names of the glossary."""

import importlib
import re
from pathlib import Path

import pytest

from app import models
from app.security.permissions import RoleName
from config import ROOT

pytestmark = pytest.mark.pure

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
SOURCE_PATH = re.compile(r"(?:app|tests|tools|docs|migrations|frontend|benchmarks)/[\w./*-]+")
MAKE_TARGET = re.compile(r"\bmake ([a-z]+)")


def named(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_to_files(document: Path):
    missing = []
    for target in LINK.findall(FENCE.sub("", document.read_text("utf-8"))):
        path = target.partition("#")[0]
        if path and "://" not in path and not (document.parent / path).exists():
            missing.append(target)
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_named_sources_exist(document: Path):
    words = CODE.findall(document.read_text("utf-8"))
    paths = {path for word in words for path in SOURCE_PATH.findall(word)}
    assert [path for path in sorted(paths) if not list(ROOT.glob(path.rstrip("/.")))] == []


def test_make_targets_of_the_documents_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        code = "\n".join(
            [
                *FENCE.findall(document.read_text("utf-8")),
                *CODE.findall(document.read_text("utf-8")),
            ]
        )
        assert set(MAKE_TARGET.findall(code)) <= targets, named(document)


def test_pictures_are_small_and_used():
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    for picture in (ROOT / "docs" / "images").glob("*"):
        assert picture.stat().st_size < 200_000, picture.name
        assert picture.name in text, picture.name


def glossary_names() -> list[str]:
    """The code column: names between backticks."""
    names: list[str] = []
    for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[2].startswith(("`", "role `")):
            names += [
                f"role:{name}" if cells[2].startswith("role") else name
                for name in CODE.findall(cells[2])
            ]
    return names


def exists(name: str) -> bool:
    """Whether the glossary's name is a role, a model, an attribute, a column or a dotted path."""
    if name.startswith("role:"):
        return name.removeprefix("role:") in {role.value for role in RoleName}
    if name.startswith("app."):
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            return hasattr(importlib.import_module(module), attribute)
        return True
    head, _, attribute = name.partition(".")
    found = getattr(models, head, None)
    if found is not None:
        return not attribute or hasattr(found, attribute)
    return any(head in table.columns for table in models.Customer.metadata.tables.values())


@pytest.mark.parametrize("name", glossary_names())
def test_glossary_names_exist(name: str):
    assert exists(name), name
