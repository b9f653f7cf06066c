"""The visit calendar of a month: days off, planned and done visits, how full each day is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.kernel.period import Month
from app.master.rules_calendar import Overrides, is_workday

LEVELS = 3
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class DayCell:
    """A day of the month. `planned` without cancelled visits; `level` 0 (none) to `LEVELS`."""

    day: dt.date
    is_workday: bool
    name: str | None = None
    planned: int = 0
    done: int = 0
    missed: int = 0
    level: int = 0
    is_today: bool = False
    is_past: bool = False

    @property
    def unrecorded(self) -> int:
        """Visits nobody has said anything about."""
        return max(self.planned - self.done - self.missed, 0)


@dataclass(frozen=True, slots=True)
class VisitCalendar:
    """`weeks` of seven places from Monday, None outside of the month. `bounds`: the most visits of
    a day in each level.
    """

    month: Month
    weeks: tuple[tuple[DayCell | None, ...], ...]
    bounds: tuple[int, ...]

    @property
    def days(self) -> list[DayCell]:
        return [cell for week in self.weeks for cell in week if cell is not None]

    @property
    def planned(self) -> int:
        return sum(cell.planned for cell in self.days)

    @property
    def done(self) -> int:
        return sum(cell.done for cell in self.days)

    @property
    def missed(self) -> int:
        return sum(cell.missed for cell in self.days)

    @property
    def today(self) -> DayCell | None:
        return next((cell for cell in self.days if cell.is_today), None)

    @property
    def left_open(self) -> list[DayCell]:
        """Past days with visits nobody has recorded."""
        return [cell for cell in self.days if cell.is_past and cell.unrecorded]

    @property
    def legend(self) -> list[tuple[int, str]]:
        """(level, “1–7” or “13+”) of the levels in use."""
        found, least = [], 1
        for level, most in enumerate(self.bounds, 1):
            if most >= least:
                is_last = level == len(self.bounds)
                words = f"{least}+" if is_last else f"{least}–{most}" if most > least else f"{most}"
                found.append((level, words))
                least = most + 1
        return found


def visit_calendar(
    month: Month,
    today: dt.date,
    overrides: Overrides,
    names: Mapping[dt.date, str],
    rows: Iterable[Any],
) -> VisitCalendar:
    """`rows`: `desk_rows.visit_days`, of one or several territories, which are added up."""
    counts: dict[dt.date, tuple[int, int, int]] = {}
    for row in rows:
        before = counts.get(row.day, (0, 0, 0))
        counts[row.day] = (before[0] + row.n1, before[1] + row.n2, before[2] + row.n3)
    bounds = level_bounds(max((count[0] for count in counts.values()), default=0))
    cells: list[DayCell | None] = [None] * month.first_day.weekday()
    for day in month.days():
        planned, done, missed = counts.get(day, (0, 0, 0))
        cells.append(
            DayCell(
                day,
                is_workday(day, overrides),
                names.get(day),
                planned,
                done,
                missed,
                level_of(planned, bounds),
                day == today,
                day < today,
            )
        )
    cells += [None] * (-len(cells) % DAYS_OF_A_WEEK)
    weeks = tuple(
        tuple(cells[place : place + DAYS_OF_A_WEEK])
        for place in range(0, len(cells), DAYS_OF_A_WEEK)
    )
    return VisitCalendar(month, weeks, bounds)


def level_bounds(most: int) -> tuple[int, ...]:
    """The upper bounds of equal levels from 1 to the fullest day; empty without visits."""
    return tuple(most * level // LEVELS for level in range(1, LEVELS + 1)) if most else ()


def level_of(planned: int, bounds: tuple[int, ...]) -> int:
    """The first level whose bound is not below the visits; 0 = no visit."""
    if planned <= 0:
        return 0
    return next((level for level, most in enumerate(bounds, 1) if planned <= most), LEVELS)
