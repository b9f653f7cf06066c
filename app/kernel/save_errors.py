"""What to tell a person when the database refuses a change: which field and what to do.

SQLite names columns ("UNIQUE constraint failed: customer.company_id, customer.code"), PostgreSQL
names constraints; both lead to the table's constraints and from there to column labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

_SQLITE = re.compile(r"(UNIQUE|NOT NULL|CHECK) constraint failed: (.+)")
_SQLITE_FOREIGN_KEY = "FOREIGN KEY constraint failed"

_KIND_OF_STATE = {"23505": "UNIQUE", "23502": "NOT NULL", "23503": "FOREIGN KEY", "23514": "CHECK"}

INTERNAL_COLUMNS = frozenset({"company_id"})
"""Part of many unique keys, but never typed by a person."""


@dataclass(frozen=True, slots=True)
class SaveProblem:
    """A message and the form field it belongs to, when there is one."""

    message: str
    field: str | None = None


def describe(error: IntegrityError, table: Table, labels: Mapping[str, Any]) -> SaveProblem:
    """The refusal in the reader's words; `labels` maps column names to their labels."""
    kind, columns = _kind_and_columns(error, table)
    shown = [name for name in columns if name not in INTERNAL_COLUMNS]
    words = "、".join(str(labels.get(name, name)) for name in shown)
    field = next((name for name in reversed(shown) if name in labels), None)
    if kind == "UNIQUE" and words:
        return SaveProblem(
            _("%(fields)s: another record already has this value.", fields=words), field
        )
    if kind == "NOT NULL" and words:
        return SaveProblem(_("%(fields)s: a value is required.", fields=words), field)
    if kind == "FOREIGN KEY":
        return SaveProblem(
            _("Other records refer to this one, or a chosen record no longer exists.")
        )
    if kind == "CHECK" and words:
        return SaveProblem(_("%(fields)s: this value is not allowed.", fields=words), field)
    return SaveProblem(_("The database refused the change: a value breaks one of its rules."))


def _kind_and_columns(error: IntegrityError, table: Table) -> tuple[str, list[str]]:
    original = error.orig
    diagnosis = getattr(original, "diag", None)
    if diagnosis is not None:
        kind = _KIND_OF_STATE.get(str(getattr(original, "sqlstate", "")), "")
        column = getattr(diagnosis, "column_name", None)
        constraint = getattr(diagnosis, "constraint_name", None)
        return kind, [column] if column else _columns_of(constraint, table)
    text = str(original)
    if _SQLITE_FOREIGN_KEY in text:
        return "FOREIGN KEY", []
    match = _SQLITE.search(text)
    if match is None:
        return "", []
    kind, names = match[1], match[2]
    if kind == "CHECK":
        return kind, _columns_of(names.strip(), table)
    if names.startswith("index "):
        return kind, _columns_of(names.removeprefix("index ").strip(" '\""), table)
    return kind, [name.strip().rpartition(".")[2] for name in names.split(",")]


def _columns_of(name: str | None, table: Table) -> list[str]:
    candidates: list[Any] = [*table.constraints, *table.indexes]
    for candidate in candidates:
        if name and candidate.name is not None and str(candidate.name) == name:
            named = [column.name for column in candidate.columns]
            return named or _columns_in(str(getattr(candidate, "sqltext", "")), table)
    return []


def _columns_in(condition: str, table: Table) -> list[str]:
    """The columns a check written as text is about."""
    words = set(re.findall(r"\w+", condition))
    return [column.name for column in table.columns if column.name in words]
