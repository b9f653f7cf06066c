"""Personal data: which columns hold it, who sees it in full, and how it is masked (docs/privacy.md).

Everything else follows from `PERSONAL`: pages, forms, exports, filters and the search ask
`may_see`; the change log never holds more than `trace`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request
from sqlalchemy.schema import Column

from app.kernel.list_columns import mapped_column
from app.kernel.texts import STARS
from app.portal_context import can

HIDDEN = "•••"
_MOBILE_NUMBER = re.compile(r"(?<!\d)1\d{10}(?!\d)")
FULL_NUMBER = 11
"""A mobile number's length; of shorter ones fewer digits are shown."""


def masked_number(text: str) -> str:
    """``13800005678`` → ``138****5678``; of shorter numbers the last two digits at most."""
    if len(text) >= FULL_NUMBER:
        return f"{text[:3]}{STARS}{text[-4:]}"
    return STARS + (text[-2:] if len(text) > 4 else "")


def trace_of_number(text: str) -> str:
    """``13800005678`` → ``•••5678``: enough to tell two values apart, too little to dial."""
    return HIDDEN + (text[-4:] if len(text) >= FULL_NUMBER else "")


def without_numbers(text: str) -> str:
    """`text` with the mobile numbers in it reduced to their traces."""
    return _MOBILE_NUMBER.sub(lambda found: trace_of_number(found[0]), text)


def trace_of_name(text: str) -> str:
    """The first character, which in Chinese is the family name."""
    return text[:1] + HIDDEN


def trace_of_mail(text: str) -> str:
    """The first character and the host."""
    return f"{text[:1]}{HIDDEN}@{text.rpartition('@')[2]}"


@dataclass(frozen=True, slots=True)
class PersonalColumn:
    """`seen_with`: the (permission, entity) that shows it in full; None = whoever sees the record.

    `mask`: what others see; `trace`: what the change log keeps.
    """

    table: str
    name: str
    trace: Callable[[str], str]
    seen_with: tuple[str, str] | None = None
    mask: Callable[[str], str] = masked_number


PERSONAL: tuple[PersonalColumn, ...] = (
    PersonalColumn("customer", "phone", trace_of_number, ("read", "PersonalData")),
    PersonalColumn("customer", "owner", trace_of_name),
    # Who maintains accounts needs the number; who may only read them does not.
    PersonalColumn("ab_user", "phone", trace_of_number, ("update", "User")),
    PersonalColumn("ab_user", "email", trace_of_mail),
)
_BY_PLACE: Mapping[tuple[str, str], PersonalColumn] = {(p.table, p.name): p for p in PERSONAL}
_TRACES: Mapping[str, Callable[[str], str]] = {p.name: p.trace for p in PERSONAL}


def personal(column: Column[Any] | None) -> PersonalColumn | None:
    """The declaration of a column; None for all others."""
    if column is None or column.table is None:
        return None
    return _BY_PLACE.get((getattr(column.table, "name", ""), column.name))


@lru_cache(maxsize=4096)
def personal_at(model: Any, path: str) -> PersonalColumn | None:
    """The declaration behind a list's column name or dotted path."""
    return personal(mapped_column(model, path))


def may_see(declared: PersonalColumn) -> bool:
    """Whether the present person sees the values; outside a request there is nobody to ask."""
    if declared.seen_with is None or not has_request_context():
        return True
    known: dict[tuple[str, str], bool] = request.environ.setdefault("portal.personal", {})
    if declared.seen_with not in known:
        known[declared.seen_with] = can(*declared.seen_with)
    return known[declared.seen_with]


def is_masked(model: Any, path: str) -> bool:
    """Whether the present person sees only the mask under this name of a list or form."""
    declared = personal_at(model, path)
    return declared is not None and not may_see(declared)


def shown(model: Any, path: str, value: Any) -> Any:
    """`value` as the present person may see it."""
    declared = personal_at(model, path)
    if declared is None or not isinstance(value, str) or not value or may_see(declared):
        return value
    return declared.mask(value)


def shown_phone(customer: Any) -> str:
    """A customer's number as the present person may see it, for templates."""
    return str(shown(type(customer), "phone", customer.phone) or "")


def install(app: Flask) -> None:
    """What templates ask that show customers outside the record pages."""
    app.jinja_env.globals.update(shown_phone=shown_phone)


def searchable(*attributes: Any) -> tuple[Any, ...]:
    """Those mapped attributes that a text may be compared with: a filter must not tell digit by
    digit what the page hides.
    """
    return tuple(
        attribute for attribute in attributes if not is_masked(attribute.class_, attribute.key)
    )


def traced(name: str, value: Any) -> Any:
    """What the change log keeps of a column's value; the same for what it kept already."""
    trace = _TRACES.get(name)
    if trace is None or not isinstance(value, str) or not value or HIDDEN in value:
        return value
    return trace(value)
