"""Work calendar rules: pure functions over days and overrides.

Monday to Friday are workdays unless an override says otherwise. Overrides map a day to whether
it is a workday: statutory holidays, make-up workdays 调休 and the company's own changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from app.kernel.period import Month

Overrides = Mapping[dt.date, bool]

DAYS_LOOKED_BACK = 31
"""An order day moved by holidays lands at most this many days later (Spring Festival: 9)."""


def is_weekend(day: dt.date) -> bool:
    return day.isoweekday() >= 6


def is_workday(day: dt.date, overrides: Overrides) -> bool:
    return overrides.get(day, not is_weekend(day))


def workdays(month: Month, overrides: Overrides) -> list[dt.date]:
    """The workdays of a month, in order."""
    return [day for day in month.days() if is_workday(day, overrides)]


def workdays_between(first: dt.date, last: dt.date, overrides: Overrides) -> list[dt.date]:
    """The workdays from `first` to `last`, both included; empty when `last` is earlier."""
    return [day for day in _days(first, last) if is_workday(day, overrides)]


def next_workday(day: dt.date, overrides: Overrides) -> dt.date | None:
    """`day` itself or the first workday after it, within `DAYS_LOOKED_BACK` days."""
    last = day + dt.timedelta(days=DAYS_LOOKED_BACK)
    return next((d for d in _days(day, last) if is_workday(d, overrides)), None)


def order_days(
    month: Month, weekday: int, overrides: Overrides, *, move_to_next: bool
) -> list[dt.date]:
    """The days in `month` on which customers with order weekday `weekday` (1–7) are due.

    A weekly order day that is no workday moves to the next workday, or is left out when
    `move_to_next` is false. Days that fall together count once; a moved day belongs to the month
    it lands in.
    """
    first = month.first_day - dt.timedelta(days=DAYS_LOOKED_BACK)
    due: set[dt.date] = set()
    for day in _days(first, month.last_day):
        if day.isoweekday() != weekday:
            continue
        landing = next_workday(day, overrides) if move_to_next else day
        if landing is None or not is_workday(landing, overrides):
            continue
        if Month.of(landing) == month:
            due.add(landing)
    return sorted(due)


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    for offset in range((last - first).days + 1):
        yield first + dt.timedelta(days=offset)
