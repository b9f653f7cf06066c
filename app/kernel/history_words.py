"""The change log in words: labels for columns, translated code lists, names for ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import Date, DateTime, Enum

from app.kernel.columns import MonthType
from app.kernel.formatters import MISSING, formatter_for
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month


def worded_history(view: Any, entries: list[Any]) -> list[Any]:
    """The entries of a record's history with every value as the view would show it."""
    return [
        replace(
            entry,
            changes={
                name: [worded_value(view, name, value) for value in pair]
                for name, pair in entry.changes.items()
            },
        )
        for entry in entries
    ]


def history_labels(view: Any) -> dict[str, Any]:
    """Column → label, for all columns of the model; the view's own labels win."""
    mapper = view.datamodel.obj.__mapper__
    labels = {name: column.info.get("label", name) for name, column in mapper.columns.items()}
    return {**labels, **view.label_columns}


def worded_value(view: Any, name: str, value: Any) -> Any:
    """A logged value (JSON) as shown text; what cannot be read stays as it was logged."""
    if value in (None, ""):
        return MISSING
    mapper = view.datamodel.obj.__mapper__
    if name not in mapper.columns:
        return value
    column = mapper.columns[name]
    if name in view.number_words:
        number = ascii_integer(str(value))
        return value if number is None else str(view.number_words[name].get(number, value))
    if isinstance(value, str) and not _is_logged_as_text(column):
        return value  # the log has put it in words already
    if column.foreign_keys and not column.primary_key:
        return _name_of(view, column, value)
    formatter = view.formatters_columns.get(name) or formatter_for(column)
    try:
        return formatter(_typed(column, value))
    except (ValueError, KeyError, TypeError):
        return value


def _is_logged_as_text(column: Any) -> bool:
    """Whether JSON holds the column's values as text that still needs reading."""
    return isinstance(column.type, (Enum, MonthType, DateTime, Date))


def _typed(column: Any, value: Any) -> Any:
    kind = column.type
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class[value]
    if isinstance(kind, MonthType):
        return Month.parse(value)
    if isinstance(kind, DateTime):
        return dt.datetime.fromisoformat(value)
    return dt.date.fromisoformat(value) if isinstance(kind, Date) else value


def _name_of(view: Any, column: Any, key: Any) -> Any:
    """The related record's text; its number when it is out of scope or gone."""
    for relation in view.datamodel.obj.__mapper__.relationships:
        if column in relation.local_columns and not relation.uselist:
            related = view.datamodel.session.get(relation.mapper.class_, key)
            return key if related is None else str(related)
    return key
