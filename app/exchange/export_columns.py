"""From a list's columns to typed cells: label, Excel format and value of each.

A cell is None (empty), a number, a date or a text; never markup and never a formula.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Enum, Integer, Numeric
from sqlalchemy.schema import Column

from app.kernel.columns import MonthType
from app.kernel.formatters import yes_no
from app.kernel.labels import LabelledEnum
from app.kernel.list_columns import mapped_column
from app.kernel.period import Month, to_local

Cell = None | int | float | dt.date | dt.datetime | str

LARGEST_EXACT = 10**15
"""Excel keeps 15 digits; a longer number would silently change, so it is written as text."""

NUMBER_FORMATS: Mapping[str, str] = {
    "integer": "0",
    "quantity": "#,##0",
    "decimal": "#,##0.00####",
    "money": "#,##0.00",
    "tenths": "0.0",
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm:ss",
    "month": "yyyy-mm",
}
"""Kind → Excel number format; "text" has none."""

UNIT_KINDS: Mapping[str, tuple[str, int]] = {
    "fen": ("money", 2),
    "tenths": ("tenths", 1),
    "hundredths": ("money", 2),
}


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of the workbook; `value` takes a row of the list."""

    name: str
    label: str
    kind: str
    value: Callable[[Any], Cell]


def plan_columns(view: Any, names: Sequence[str]) -> list[ExportColumn]:
    """The columns of the view's export, in the reader's language."""
    return [_plan(view, name) for name in names]


def _plan(view: Any, name: str) -> ExportColumn:
    label = str(view.label_columns.get(name) or view._label_of(name))
    words = view.number_words.get(name)
    if words is not None:
        return ExportColumn(
            name, label, "text", lambda row: _word(view.column_value(row, name), words)
        )
    column = mapped_column(view.datamodel.obj, name)
    unit = "" if column is None else str(column.info.get("unit", ""))
    if unit in UNIT_KINDS:
        kind, places = UNIT_KINDS[unit]
        return ExportColumn(
            name, label, kind, lambda row: _scaled(view.column_value(row, name), places)
        )
    kind = "text" if column is None else _kind(column)
    if column is not None and isinstance(column.type, (Boolean, Enum)):
        return ExportColumn(name, label, kind, _few_values(view, name))
    return ExportColumn(name, label, kind, lambda row: plain_cell(view.column_value(row, name)))


def _few_values(view: Any, name: str) -> Callable[[Any], Cell]:
    """Words of a code list or truth value, translated once per export instead of once per row."""
    words: dict[Any, Cell] = {}

    def value(row: Any) -> Cell:
        member = view.column_value(row, name)
        if member not in words:
            words[member] = plain_cell(member)
        return words[member]

    return value


def _kind(column: Column[Any]) -> str:
    kinds: tuple[tuple[type[Any], str], ...] = (
        (MonthType, "month"),
        (DateTime, "time"),
        (Date, "date"),
        (Boolean, "text"),
        (Integer, "integer" if column.primary_key or column.foreign_keys else "quantity"),
        (Numeric, "decimal"),
    )
    return next((kind for types, kind in kinds if isinstance(column.type, types)), "text")


def _word(value: Any, words: Mapping[int, Any]) -> Cell:
    return None if value is None else str(words.get(value, value))


def _scaled(value: int | None, places: int) -> Cell:
    if value is None:
        return None
    number = Decimal(value).scaleb(-places)
    return float(number) if abs(value) < LARGEST_EXACT else str(number)


def plain_cell(value: Any) -> Cell:
    """Any value of a row as a cell: truth values and code lists as words, times as local ones."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, LabelledEnum):
        return str(value.label)
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Month):
        return value.first_day
    if isinstance(value, dt.datetime):
        return to_local(value).replace(tzinfo=None)
    if isinstance(value, dt.date):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, list | tuple | set | frozenset):
        return "、".join(str(item) for item in value) or None
    return str(value)


def _number(value: float | Decimal) -> Cell:
    if value != value or abs(value) in (float("inf"), Decimal("inf")):  # noqa: PLR0124 -- NaN
        return str(value)
    if isinstance(value, int):
        return value if abs(value) < LARGEST_EXACT else str(value)
    return float(value)
