"""How a stored value is shown in lists, on show pages and in the history.

Every formatter takes the Python value and returns text or escaped markup; a missing value is an
em dash. `formatter_for` picks the formatter from the column's type and unit, so a view declares
only what differs.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import Boolean, Date, DateTime, Enum, Integer, Numeric
from sqlalchemy.schema import Column

from app.kernel.columns import MonthType
from app.kernel.labels import LabelledEnum
from app.kernel.period import Month, to_local
from app.kernel.quantity import fen_to_yuan, round_half_up

Formatter = Callable[[Any], Any]

MISSING = "—"

TONE_ICONS: Mapping[str, str] = {
    "ok": "fa-circle-check",
    "warn": "fa-triangle-exclamation",
    "bad": "fa-circle-xmark",
    "info": "fa-circle-info",
    "mute": "fa-circle-minus",
    "gold": "fa-star",
}
"""Tone → icon: a state is never told by colour alone."""


def plain(value: Any) -> Any:
    """The value as text."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, (list, tuple, set)):
        return "、".join(str(item) for item in value) or MISSING
    return value


def enum_word(value: Any) -> Any:
    """The translated word of a code list member."""
    if value is None:
        return MISSING
    return (
        str(value.label) if isinstance(value, LabelledEnum) else str(getattr(value, "name", value))
    )


def yes_no(value: bool | None) -> str:
    """Yes or No in the reader's language."""
    if value is None:
        return MISSING
    return _("Yes") if value else _("No")


def number(value: Decimal | float | None) -> str:
    """Thousands separated; decimals as stored."""
    return MISSING if value is None else f"{value:,}"


def money(value: int | None) -> str:
    """Fen as yuan with two decimals."""
    return MISSING if value is None else f"{fen_to_yuan(value):,.2f}"


def tenths(value: int | None) -> str:
    """Tenths of a unit with one decimal."""
    return MISSING if value is None else f"{Decimal(value).scaleb(-1):,.1f}"


def hundredths(value: int | None) -> str:
    """Hundredths of a point as points with one decimal, half up."""
    return MISSING if value is None else f"{round_half_up(Decimal(value).scaleb(-2), 1):,}"


def iso_date(value: dt.date | None) -> str:
    """2026-11-24."""
    return MISSING if value is None else value.isoformat()


def local_time(value: dt.datetime | None) -> str:
    """A stored UTC timestamp as Asia/Shanghai time, 2026-11-24 08:30."""
    return MISSING if value is None else f"{to_local(value):%Y-%m-%d %H:%M}"


def month_key(value: Month | None) -> str:
    """2026-11."""
    return MISSING if value is None else value.key


def pill(word: Any, tone: str) -> Markup:
    """A word with icon and colour."""
    icon = TONE_ICONS.get(tone, TONE_ICONS["mute"])
    return Markup(
        '<span class="pill pill-{}"><i class="fa-solid {}" aria-hidden="true"></i>{}</span>'
    ).format(tone, icon, word)


def toned(tones: Mapping[str, str]) -> Formatter:
    """A code list or truth value as a pill; `tones` maps member name (or "True") to tone."""

    def show(value: Any) -> Any:
        if value is None:
            return MISSING
        word = yes_no(value) if isinstance(value, bool) else enum_word(value)
        key = value.name if isinstance(value, enum.Enum) else str(value)
        return pill(word, tones.get(key, "mute"))

    return show


def worded(words: Mapping[int, Any]) -> Formatter:
    """A number that stands for a word, such as a weekday."""
    return lambda value: MISSING if value is None else str(words.get(value, value))


UNIT_FORMATTERS: Mapping[str, Formatter] = {
    "fen": money,
    "tenths": tenths,
    "hundredths": hundredths,
}


def is_numeric(column: Column[Any]) -> bool:
    """Whether the column holds a quantity: shown right-aligned. Keys and months are not one."""
    if column.primary_key or column.foreign_keys or isinstance(column.type, MonthType):
        return False
    return isinstance(column.type, (Integer, Numeric))


def formatter_for(column: Column[Any]) -> Formatter:
    """The formatter a column's type and unit ask for."""
    unit = UNIT_FORMATTERS.get(str(column.info.get("unit", "")))
    if unit is not None:
        return unit
    if isinstance(column.type, MonthType):
        return month_key
    if is_numeric(column):
        return number
    by_type: tuple[tuple[type[Any], Formatter], ...] = (
        (Enum, enum_word),
        (Boolean, yes_no),
        (DateTime, local_time),
        (Date, iso_date),
    )
    for column_type, formatter in by_type:
        if isinstance(column.type, column_type):
            return formatter
    return plain
