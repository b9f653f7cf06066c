"""The change log in words: labels of columns, words of code lists, names behind ids."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, DateTime, Enum, Integer, inspect, select

from app.kernel.db import db
from app.kernel.formatters import UNIT_FORMATTERS, local_time, yes_no
from app.security.action_words import ACTION_WORDS
from app.security.permissions import GRANTS, Action, role_labels
from app.security.personal_data import traced

SOURCES: Mapping[str, Any] = {
    "form": _l("Form"),
    "api": _l("Access key"),
    "import": _l("Import"),
    "job": _l("Background work"),
    "command": _l("Command"),
}
FURTHER_LABELS: Mapping[str, Any] = {
    "roles": _l("Roles"),
    "username": _l("User name"),
    "first_name": _l("Given name"),
    "last_name": _l("Family name"),
    "email": _l("E-mail"),
    "active": _l("May log in"),
    "password": _l("Password"),
    "user_id": _l("User"),
    "expires_on": _l("Valid until"),
    "revoked_on": _l("Revoked at"),
    "strategies": _l("Service strategies"),
    "key_customers": _l("Key customers"),
    "frequencies": _l("Visit frequency"),
    "items": _l("Service strategies"),
    "rows_written": _l("Rows written"),
    "filter_text": _l("Filters"),
    "in_full": _l("Personal data in full"),
    "masked": _l("Personal data masked"),
}
"""Labels of what has none of its own: FAB's columns and collections."""

FURTHER_ENTITIES = ("ExportFile", "JobRun")
"""Entities with entries about events; their records are not logged by the session."""
COLUMN_LISTS = frozenset({"in_full", "masked"})
"""Changes whose values name columns, like "Customer.phone"."""

Change = tuple[str, str, str]
"""(label, old, new)."""


@cache
def entities() -> dict[str, type[Any]]:
    """Entity name in the log → model."""
    from app.row_scopes import LOGGED_ENTITIES
    from app.security.change_log import entity_name

    return {entity_name(model): model for model in LOGGED_ENTITIES}


def entity_label(entity: str) -> str:
    """The word for an entity, as the permission matrix has it."""
    known = {row.entity: row.label for row in GRANTS}
    known |= {
        "GrantOverride": known["Grant"],
        "ParameterVersion": known["Parameter"],
        "VisitPlanRun": known["VisitPlan"],
    }
    return _(known.get(entity, entity))


def source_word(source: str) -> str:
    """By which way a change came, in words."""
    return str(SOURCES.get(source, source))


def action_word(name: str) -> str:
    """An action of the matrix, by the name of its member."""
    return str(ACTION_WORDS[Action[name]]) if name in Action.__members__ else name


GRANT_WORDS: Mapping[str, Callable[[str], str]] = {
    "role": lambda name: "".join(role_labels([name])) or name,
    "entity": entity_label,
    "action": action_word,
}


def record_words(entity: str, label: str) -> str:
    """A record's name as the log keeps it; a cell of the matrix is kept by its code names."""
    parts = label.split(" · ")
    if entity != "GrantOverride" or len(parts) != len(GRANT_WORDS):
        return label
    words = zip(GRANT_WORDS.values(), parts, strict=True)
    return " · ".join(word(part) for word, part in words)


class ChangeWords:
    """Describes the changes of many log rows; the names behind ids are read in one go."""

    def __init__(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """`rows` are (entity, changes)."""
        wanted: dict[type[Any], set[int]] = defaultdict(set)
        for entity, changes in rows:
            for name, pair in changes.items():
                target = _target(_column(entity, name))
                if target is not None:
                    wanted[target] |= {value for value in pair if isinstance(value, int)}
        self._names = {
            target: {row.id: str(row) for row in _rows(target, ids)}
            for target, ids in wanted.items()
        }

    def of(self, entity: str, changes: Mapping[str, Any]) -> list[Change]:
        """The changes of one row, label by label."""
        return [
            (
                label_of(entity, name),
                self._word(entity, name, pair[0]),
                self._word(entity, name, pair[1]),
            )
            for name, pair in changes.items()
        ]

    def _word(self, entity: str, name: str, value: Any) -> str:
        if value is None:
            return ""
        if entity == "GrantOverride" and name in GRANT_WORDS:
            return GRANT_WORDS[name](str(value))
        if isinstance(value, bool):
            return yes_no(value)
        value = traced(name, value)  # written before only traces were kept
        if name in COLUMN_LISTS and isinstance(value, list):
            return "、".join(label_of(*str(item).split(".", 1)) for item in value)
        if isinstance(value, list):
            words = role_labels(value) if name == "roles" else [str(item) for item in value]
            return "、".join(words)
        column = _column(entity, name)
        if column is None:
            return str(value)
        if isinstance(column.type, Enum) and column.type.enum_class is not None:
            member = column.type.enum_class.__members__.get(str(value))
            return str(getattr(member, "label", value))
        if isinstance(column.type, DateTime) and isinstance(value, str):
            return local_time(dt.datetime.fromisoformat(value))
        formatter = UNIT_FORMATTERS.get(str(column.info.get("unit", "")))
        if formatter is not None and isinstance(value, int):
            return str(formatter(value))
        target = _target(column)
        if target in self._names:
            return self._names[target].get(value, str(value))
        return str(value)


def _rows(target: type[Any], ids: set[int]) -> Iterable[Any]:
    return db.session.scalars(select(target).where(target.id.in_(ids))) if ids else ()


def label_of(entity: str, name: str) -> str:
    """A column's label."""
    column = _column(entity, name)
    label = column.info.get("label") if column is not None else None
    return str(label or FURTHER_LABELS.get(name, name))


def _column(entity: str, name: str) -> Column[Any] | None:
    model = entities().get(entity)
    if model is None:
        return None
    attribute = inspect(model).column_attrs.get(name)
    return attribute.columns[0] if attribute is not None else None


@cache
def _entity_by_table() -> dict[Any, type[Any]]:
    return {inspect(model).local_table: model for model in entities().values()}


def _target(column: Column[Any] | None) -> type[Any] | None:
    """The logged entity a column leads to: by its foreign key, or by its name where large tables
    hold plain numbers of people and companies.
    """
    if column is None:
        return None
    for key in column.foreign_keys:
        if key.column.name == "id":
            return _entity_by_table().get(key.column.table)
    if isinstance(column.type, Integer):
        if column.name.endswith("_by"):
            return entities().get("User")
        if column.name == "company_id":
            return entities().get("Company")
    return None
