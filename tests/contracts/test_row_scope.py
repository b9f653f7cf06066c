"""Every entity says whose rows whom, and no view goes around the session that enforces it."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import inspect

from app.kernel.db import db
from app.models import MODELS_BY_STAGE, ApiKey
from app.row_scopes import LOGGED_ENTITIES, ROW_SCOPES, UNSCOPED
from app.security.scope_words import CRITERION_WORDS
from config import ROOT

pytestmark = pytest.mark.pure

ENTITIES = {model for models in MODELS_BY_STAGE.values() for model in models}
FABS_OWN = {"Role", "Permission", "PermissionView", "ViewMenu", "Group", "RegisterUser", "User"}


def test_every_entity_is_registered():
    mapped = {mapper.class_ for mapper in db.Model.registry.mappers}
    assert {m.__name__ for m in mapped - ENTITIES - {ApiKey}} == FABS_OWN


def test_every_entity_has_a_row_scope_or_a_reason():
    assert set(ROW_SCOPES) | set(UNSCOPED) == ENTITIES | {ApiKey}
    assert set(ROW_SCOPES) & set(UNSCOPED) == set()
    assert all(UNSCOPED.values())


def test_rows_of_a_company_are_scoped():
    unscoped = {model for model in UNSCOPED if "company_id" in inspect(model).column_attrs}
    assert unscoped == set()


def test_rows_of_a_territory_are_scoped_by_it():
    loose = {
        model.__name__
        for model in ENTITIES
        if "territory_id" in inspect(model).column_attrs
        and ROW_SCOPES[model].__name__ not in ("territory_rows", "brand_analysis_rows")
    }
    assert loose == set()


def test_every_criterion_has_words():
    assert {criterion.__name__ for criterion in ROW_SCOPES.values()} == set(CRITERION_WORDS)


def test_logged_entities_are_registered():
    assert set(LOGGED_ENTITIES) <= ENTITIES | {ApiKey}


# --- around the session ---------------------------------------------------------------------

VIEW_FILES = ("*views.py", "*_view.py", "*_pages.py", "*_forms.py", "home_*.py", "push_api.py")
FORBIDDEN_CALLS = {
    "connection",
    "bulk_save_objects",
    "bulk_insert_mappings",
    "bulk_update_mappings",
    "exec_driver_sql",
    "raw_connection",
}
MAKES_A_STATEMENT = {
    "select", "insert", "update", "delete", "join", "outerjoin", "select_from", "execute",
    "scalars", "scalar",
}  # fmt: skip


def going_around(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if name in FORBIDDEN_CALLS:
            found.append(f"{node.lineno}: {name}()")
        parts = [inner for argument in node.args for inner in ast.walk(argument)]
        tables = name in MAKES_A_STATEMENT and [
            p for p in parts if isinstance(p, ast.Attribute) and p.attr == "__table__"
        ]
        if tables:
            found.append(f"{node.lineno}: {name}(….__table__)")
    return found


def view_files() -> list[Path]:
    files = {path for pattern in VIEW_FILES for path in (ROOT / "app").rglob(pattern)}
    files |= {path for path in (ROOT / "app").rglob("*.py") if "views" in path.parts}
    return sorted(files)


def test_views_do_not_go_around_the_session():
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for path in view_files()
        if (lines := going_around(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "db.session.connection().execute(x)",
        "select(Customer.__table__)",
        "session.bulk_insert_mappings(Customer, rows)",
        "engine.raw_connection()",
    ],
)
def test_going_around_is_found(source: str):
    assert going_around(source)


def test_view_files_are_found():
    names = {path.name for path in view_files()}
    assert {"user_views.py", "customers.py", "list_pages.py", "home_views.py"} <= names
