"""Months, work weeks and today's date in the company's time zone (domain: §2.2, time columns).

A `Month` is the key of almost every record: it is stored as the integer ``yyyymm``. A `WorkWeek`
runs Monday to Sunday and belongs to the month of its Thursday. Timestamps are UTC; dates are
Asia/Shanghai dates.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import total_ordering
from zoneinfo import ZoneInfo

COMPANY_ZONE = ZoneInfo("Asia/Shanghai")

_MONTH_TEXT = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?")


def utc_now() -> dt.datetime:
    """The present moment as a naive UTC timestamp, which is how the database stores times."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def local_today(now: dt.datetime | None = None) -> dt.date:
    """Today's date in Asia/Shanghai; `now` (naive UTC) can be given by jobs and tests."""
    moment = (now or utc_now()).replace(tzinfo=dt.UTC)
    return moment.astimezone(COMPANY_ZONE).date()


def to_local(moment: dt.datetime) -> dt.datetime:
    """A stored naive UTC timestamp as an aware Asia/Shanghai one, for display."""
    return moment.replace(tzinfo=dt.UTC).astimezone(COMPANY_ZONE)


def start_of(day: dt.date) -> dt.datetime:
    """The moment, as a stored naive UTC timestamp, at which a local day begins."""
    midnight = dt.datetime.combine(day, dt.time(), COMPANY_ZONE)
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


@total_ordering
@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month. Errors: `ValueError` for a year outside 1900–2999 or a month outside 1–12."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1900 <= self.year <= 2999 and 1 <= self.month <= 12):
            raise ValueError(f"not a month: {self.year}-{self.month}")

    @classmethod
    def of(cls, day: dt.date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def from_number(cls, number: int) -> Month:
        """From the stored integer ``yyyymm``."""
        return cls(number // 100, number % 100)

    @classmethod
    def parse(cls, text: str) -> Month:
        """From ``2026-11``, ``202611``, ``2026/11`` or ``2026年11月``; `ValueError` otherwise."""
        match = _MONTH_TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a month: {text!r}")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def current(cls) -> Month:
        return cls.of(local_today())

    @property
    def number(self) -> int:
        return self.year * 100 + self.month

    @property
    def key(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, self.month, 1)

    @property
    def last_day(self) -> dt.date:
        return dt.date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    @property
    def previous(self) -> Month:
        return self.shift(-1)

    @property
    def next(self) -> Month:
        return self.shift(1)

    def shift(self, months: int) -> Month:
        """This month moved by a number of months, negative for earlier."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def days(self) -> Iterator[dt.date]:
        first = self.first_day
        for offset in range((self.last_day - first).days + 1):
            yield first + dt.timedelta(days=offset)

    def through(self, last: Month) -> Iterator[Month]:
        """This month to `last`, both included; nothing when `last` is earlier."""
        month = self
        while month <= last:
            yield month
            month = month.next

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Month):
            return NotImplemented
        return self.number < other.number

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """Monday to Sunday, keyed by its Monday (domain: edge case "week crossing months")."""

    monday: dt.date

    def __post_init__(self) -> None:
        if self.monday.weekday() != 0:
            raise ValueError(f"a work week starts on a Monday, {self.monday} is not one")

    @classmethod
    def of(cls, day: dt.date) -> WorkWeek:
        return cls(day - dt.timedelta(days=day.weekday()))

    @property
    def month(self) -> Month:
        """The month this week belongs to: the one its Thursday lies in."""
        return Month.of(self.monday + dt.timedelta(days=3))

    @property
    def sunday(self) -> dt.date:
        return self.monday + dt.timedelta(days=6)

    def days(self) -> Iterator[dt.date]:
        for offset in range(7):
            yield self.monday + dt.timedelta(days=offset)


def work_weeks(month: Month) -> list[WorkWeek]:
    """The work weeks that belong to the month: those whose Thursday lies in it."""
    return [WorkWeek.of(day) for day in month.days() if day.isoweekday() == 4]


def seven_days(start: dt.date) -> list[dt.date]:
    """A week that may start on any day."""
    return [start + dt.timedelta(days=offset) for offset in range(7)]
