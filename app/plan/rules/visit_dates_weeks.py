"""§2.2 step 9 — work weeks of a month, and in which of them a customer is due.

A work week runs Monday to Sunday and belongs to the month of its Thursday. WEEKLY: once in every
week. SEMIMONTHLY: weeks 1 and 3, or 2 and 4, by the parity of the line. MONTHLY: once in the month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from app.kernel.period import Month, WorkWeek, work_weeks
from app.master.rules_calendar import Overrides, is_workday

WEEKLY, SEMIMONTHLY, MONTHLY = "WEEKLY", "SEMIMONTHLY", "MONTHLY"
HALF = 2
"""The first two weeks are the first half of a month, the rest the second."""


@dataclass(frozen=True, slots=True)
class Week:
    """A work week. `number` from 1 within its month; `workdays` all of it, `open_days` those that
    generation may still use.
    """

    number: int
    monday: dt.date
    workdays: tuple[dt.date, ...]
    open_days: tuple[dt.date, ...]

    def day(self, weekday: int) -> dt.date:
        """The day with that ISO weekday."""
        return self.monday + dt.timedelta(days=weekday - 1)

    @property
    def sunday(self) -> dt.date:
        return self.monday + dt.timedelta(days=6)

    def meets(self, first: dt.date, last: dt.date) -> bool:
        """Whether a day of the week lies in the period."""
        return self.monday <= last and self.sunday >= first


def work_span(month: Month) -> tuple[dt.date, dt.date]:
    """First Monday and last Sunday of a month's work weeks."""
    weeks = work_weeks(month)
    return weeks[0].monday, weeks[-1].sunday


def week_number(day: dt.date) -> tuple[Month, int]:
    """(month, number within it) of the work week a day lies in."""
    week = WorkWeek.of(day)
    return week.month, work_weeks(week.month).index(week) + 1


def months_between(first: dt.date, last: dt.date) -> Iterator[Month]:
    """The work months whose weeks a period meets."""
    return WorkWeek.of(first).month.through(WorkWeek.of(last).month)


def weeks_of(month: Month, overrides: Overrides, start: dt.date) -> tuple[Week, ...]:
    """The month's weeks; days before `start` are not open."""
    weeks = []
    for number, week in enumerate(work_weeks(month), start=1):
        workdays = tuple(day for day in week.days() if is_workday(day, overrides))
        open_days = tuple(day for day in workdays if day >= start)
        weeks.append(Week(number, week.monday, workdays, open_days))
    return tuple(weeks)


def line_ranks(lines: Iterable[str]) -> dict[str, int]:
    """A territory's lines → 0, 1, 2 … in alphabetical order."""
    return {line: rank for rank, line in enumerate(sorted(set(lines)))}


def semimonthly_weeks(
    weeks: tuple[Week, ...], rank: int, visited: Collection[int]
) -> tuple[list[Week], int]:
    """(weeks in which a customer is still due, turns that no week can take).

    `visited`: indexes of the weeks with a visit, repeated for several. A turn whose own week has no
    workday at all goes to another week of its half. Two visits in the month are enough wherever
    they are.
    """
    due: list[Week] = []
    impossible = 0
    missing = 2 - len(visited)
    for half, start in ((weeks[:HALF], 0), (weeks[HALF:], HALF)):
        indexes = range(start, start + len(half))
        if missing <= 0 or any(index in visited for index in indexes):
            continue
        missing -= 1
        own = half[min(rank % 2, len(half) - 1)]
        chosen = next((week for week in (own, *half) if week.workdays), None)
        if chosen is None:
            impossible += 1
        else:
            due.append(chosen)
    return due, impossible
