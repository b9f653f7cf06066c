"""Column ↔ JSON: the schema of a column, its value as JSON, and JSON or query text as its value.

Dates are ISO dates, times RFC 3339 in UTC, months ``YYYY-MM``, code lists the members' names,
money fen, quantities whole cartons.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Integer,
    Numeric,
    SmallInteger,
    String,
)

from app.kernel.columns import MonthType
from app.kernel.errors import N_, PlanningError
from app.kernel.period import Month

MONTH_PATTERN = "^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$"
DATE_PATTERN = "^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$"
INTEGER = re.compile(r"-?[0-9]{1,19}")
TRUTH = {"true": True, "false": False}

UNITS = {
    "fen": N_("in fen"),
    "cartons": N_("in cartons"),
    "tenths": N_("in tenths"),
    "hundredths": N_("in hundredths"),
    "sticks": N_("in sticks"),
    "minutes": N_("in minutes"),
}

WRONG_VALUE = N_("This is not a value of the kind %(kind)s.")
NEEDED = N_("A value is required.")
TOO_LONG = N_("At most %(most)d characters are possible.")
OUT_OF_RANGE = N_("The number lies outside of what is possible.")


def schema(column: Column[Any], *, is_nullable: bool | None = None) -> dict[str, Any]:
    """The JSON schema of a column's values, without a description."""
    found = _schema(column)
    nullable = column.nullable if is_nullable is None else is_nullable
    if nullable:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


def _schema(column: Column[Any]) -> dict[str, Any]:
    kind = column.type
    if isinstance(kind, MonthType):
        return {"type": "string", "pattern": MONTH_PATTERN}
    if isinstance(kind, Enum):
        return {"type": "string", "enum": [member.name for member in kind.enum_class or ()]}
    if isinstance(kind, Boolean):
        return {"type": "boolean"}
    if isinstance(kind, DateTime):
        return {"type": "string", "format": "date-time"}
    if isinstance(kind, Date):
        return {"type": "string", "format": "date", "pattern": DATE_PATTERN}
    if isinstance(kind, Integer):
        least, most = limits(column)
        return {"type": "integer", "minimum": least, "maximum": most}
    if isinstance(kind, Numeric):
        most = _most(kind)
        return {"type": "number", "exclusiveMinimum": -most, "exclusiveMaximum": most}
    if isinstance(kind, String):
        return {"type": "string", **({"maxLength": kind.length} if kind.length else {})}
    raise TypeError(f"{column} has no form in JSON")


def limits(column: Column[Any]) -> tuple[int, int]:
    """The least and the greatest integer the database can hold."""
    bits = 63 if isinstance(column.type, BigInteger) else 31
    bits = 15 if isinstance(column.type, SmallInteger) else bits
    return -(2**bits), 2**bits - 1


def _most(kind: Numeric[Any]) -> int:
    return int(10 ** ((kind.precision or 18) - (kind.scale or 0)))


def plain(value: Any) -> Any:
    """A column's value as JSON has it."""
    if isinstance(value, Month):
        return value.key
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def read(column: Column[Any], value: Any, name: str) -> Any:
    """A JSON value as the column's. Errors: `PlanningError` naming the field."""
    if value is None:
        if not column.nullable:
            raise PlanningError(NEEDED, field=name)
        return None
    kind = column.type
    wrong = PlanningError(WRONG_VALUE, field=name, kind=str(_schema(column)["type"]))
    if isinstance(kind, Boolean):
        if not isinstance(value, bool):
            raise wrong
        return value
    if isinstance(kind, Integer):
        return _integer(column, value, name, wrong)
    if isinstance(kind, Numeric):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong
        if not math.isfinite(value) or abs(value) >= _most(kind):
            raise PlanningError(OUT_OF_RANGE, field=name)
        return value
    if not isinstance(value, str):
        raise wrong
    return _text(column, value, name, wrong)


def _integer(column: Column[Any], value: Any, name: str, wrong: PlanningError) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON knows one kind of number
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong
    least, most = limits(column)
    if not least <= value <= most:
        raise PlanningError(OUT_OF_RANGE, field=name)
    return int(value)


def _text(column: Column[Any], value: str, name: str, wrong: PlanningError) -> Any:
    kind = column.type
    try:
        if isinstance(kind, MonthType):
            if not re.fullmatch(MONTH_PATTERN, value):
                raise wrong
            return Month.parse(value)
        if isinstance(kind, Enum):
            members: Mapping[str, Any] = getattr(kind.enum_class, "__members__", {})
            return members[value]
        if isinstance(kind, DateTime):
            return moment(value)
        if isinstance(kind, Date):
            if not re.fullmatch(DATE_PATTERN, value):
                raise wrong
            return dt.date.fromisoformat(value)
        value.encode()  # half a surrogate pair is no text
    except (ValueError, KeyError, OverflowError) as error:
        raise wrong from error
    if "\x00" in value:
        raise wrong
    length = getattr(kind, "length", None)
    if length and len(value) > length:
        raise PlanningError(TOO_LONG, field=name, most=length)
    if not column.nullable and not value.strip():
        raise PlanningError(NEEDED, field=name)
    return value


def moment(text: str) -> dt.datetime:
    """An RFC 3339 time as stored (UTC, naive). Errors: `ValueError`, `OverflowError`."""
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is None or len(text) < 20:
        raise ValueError(text)
    return found.astimezone(dt.UTC).replace(tzinfo=None)


def read_text(column: Column[Any], text: str, name: str) -> Any:
    """Text of a query string as the column's value. Errors: `PlanningError`."""
    kind = column.type
    if isinstance(kind, MonthType | Enum | DateTime | Date):
        return read(column, text, name)
    wrong = PlanningError(WRONG_VALUE, field=name, kind=str(_schema(column)["type"]))
    if isinstance(kind, Boolean):
        if text not in TRUTH:
            raise wrong
        return TRUTH[text]
    if isinstance(kind, Integer):
        if INTEGER.fullmatch(text) is None:
            raise wrong
        return read(column, int(text), name)
    return read(column, text, name)
