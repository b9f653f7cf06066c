"""Customers by a part of their name, initials, pinyin, code or phone.

One reading of `ix_customer_search` from end to end: the index holds all that is compared, so no
row of the table is touched, and 300,000 customers take some 50 ms (docs/performance.md). What
begins with the word comes first. Everything is read through the session: only customers in scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session, joinedload, load_only

from app.kernel.list_filters import like_pattern
from app.kernel.spelling import EDGE, asked_words, normal
from app.models import Customer
from app.security.personal_data import searchable

ESCAPE = "\\"
MOST_RANKED = 1000
"""Customers that fit, read to be ranked. Where more fit, the best are looked for by themselves."""
WHOLE_CODE = 6
"""Characters from which on a word that is somebody's code is not a part of another's."""
DIGITS_OF_NAME = 5
"""A number with more digits is a code or a phone; names with such are not looked for."""
DIGITS_OF_PHONE = 3
"""From so many digits on a word may be the end of a telephone number."""


@dataclass(frozen=True, slots=True)
class FoundCustomers:
    """The best ones in order; `count` None = more than `MOST_RANKED`."""

    customers: list[Customer]
    count: int | None


def mentions(word: str) -> ColumnElement[bool]:
    """Customers whose name in any spelling, code or end of phone has `word` (normal form)."""
    pattern = like_pattern(word)
    return or_(
        Customer.search_words.like(pattern, escape=ESCAPE)
        if len(word) <= DIGITS_OF_NAME or not is_end_of_phone(word)
        else false(),
        *(Customer.code.like(like_pattern(form), escape=ESCAPE) for form in _code_forms(word)),
        Customer.phone.like(pattern.removesuffix("%"), escape=ESCAPE)
        if is_end_of_phone(word) and searchable(Customer.phone)
        else false(),
    )


def in_list(text: str) -> ColumnElement[bool]:
    """Customers that a list filtered by `text` shows: all words fit, a phone in any part too.

    As ids, so that a sorted and paged list does not look through the table in its own order.
    """
    fits = [
        or_(
            mentions(word),
            *(each.like(like_pattern(word), escape=ESCAPE) for each in searchable(Customer.phone)),
        )
        for word in asked_words(text)
    ]
    return Customer.id.in_(select(Customer.id).where(*fits)) if fits else false()


def begins(word: str) -> ColumnElement[bool]:
    """Customers of whom a spelling of the name, or the code, begins with `word`."""
    return or_(
        Customer.search_words.like(like_pattern(EDGE + word), escape=ESCAPE),
        *(
            Customer.code.like(like_pattern(form).removeprefix("%"), escape=ESCAPE)
            for form in _code_forms(word)
        ),
    )


def is_end_of_phone(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) >= DIGITS_OF_PHONE


def find_customers(session: Session, words: Sequence[str], most: int) -> FoundCustomers:
    """Up to `most` customers that have all of the words, best first."""
    fits = and_(*map(mentions, words))
    exact = Customer.code.in_(_code_forms(words[0]))
    found = _keys(session, exact, 1) if len(words) == 1 and len(words[0]) >= WHOLE_CODE else []
    # Who types a whole code means that customer: one look instead of reading the index.
    found = found or _keys(session, fits, MOST_RANKED + 1)
    count = len(found) if len(found) <= MOST_RANKED else None
    if count is None:
        found += _keys(session, and_(fits, exact), 1)
        found += _keys(session, and_(fits, begins(words[0])), most)
    best = sorted({key.id: key for key in found}.values(), key=lambda key: rank(key, words))
    rows = session.scalars(
        select(Customer)
        .where(Customer.id.in_([key.id for key in best[:most]]))
        .options(
            load_only(Customer.code, Customer.name, Customer.phone, Customer.status),
            joinedload(Customer.territory),
        )
    )
    by_id = {row.id: row for row in rows}
    return FoundCustomers([by_id[key.id] for key in best[:most] if key.id in by_id], count)


def _keys(session: Session, condition: ColumnElement[bool], most: int) -> list[Any]:
    """What ranking needs of customers, all of it in the index; in no particular order."""
    statement = select(Customer.id, Customer.search_words, Customer.code, Customer.phone)
    return list(session.execute(statement.where(condition).limit(most)))


def rank(key: Any, words: Iterable[str]) -> tuple[int, str]:
    """Order of found customers: code or whole name, beginning of one, end of phone, anything."""
    code, total = normal(key.code), 0
    for word in words:
        if word == code or f"{EDGE}{word}{EDGE}" in key.search_words:
            continue
        if code.startswith(word) or EDGE + word in key.search_words:
            total += 1
        elif is_end_of_phone(word) and (key.phone or "").endswith(word):
            total += 2
        else:
            total += 3
    return total, key.code


def _code_forms(word: str) -> tuple[str, ...]:
    """The ways a word may be written in a code; a word without a digit means a name."""
    if not word.isascii() or not any(character.isdigit() for character in word):
        return ()
    return tuple(dict.fromkeys((word, word.upper())))
