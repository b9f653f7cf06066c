"""§2.2 step 9 — 由拜访周期批量生成: on which days the customers of a territory are visited.

One territory and one work month at a time, always planned from the first open day to the end of the
month; a shorter period is a window of that plan, so customers visited once a month are spread over
the month however short the period is.

1. Who is due in which week follows from the frequency and the visits that are there already
   (`visit_dates_weeks`).
2. A wished weekday is taken where it is a workday with room. A day off or a full day moves the visit
   within its week (a monthly one within the month), and the result says so.
3. The others level the days: each day gets as many as bring the highest load down most
   (`shares`). Who goes where follows line and neighbourhood: to the day with most visits of
   the same line, then of the same neighbourhood, then with most room, then the earliest.
4. Weekly customers choose before those visited twice, these before those visited once: when the
   days are full, the last ones are left out and listed.

The same input gives the same plan.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.plan.rules.visit_dates_weeks import (
    MONTHLY,
    SEMIMONTHLY,
    WEEKLY,
    Week,
    line_ranks,
    semimonthly_weeks,
)

NO_FREQUENCY, NO_WORKDAY = "NO_FREQUENCY", "NO_WORKDAY"
DAY_FULL, DATE_TAKEN = "DAY_FULL", "DATE_TAKEN"
WEEKDAY_OFF, WEEKDAY_FULL = "WEEKDAY_OFF", "WEEKDAY_FULL"
WISHED, LINE = "WISHED", "LINE"
MANY = 100_000
"""More than the visits of a day: puts one criterion before the next in one number."""


class Shop(NamedTuple):
    """A customer. `line` falls back to the neighbourhood; `closes` None = stays open."""

    id: int
    code: str
    line: str
    neighbourhood: str
    frequency: str | None
    weekday: int | None
    opens: dt.date
    closes: dt.date | None


class Kept(NamedTuple):
    """A visit that stays. `counts` towards the frequency, `loads` its day."""

    customer: int
    date: dt.date
    counts: bool
    loads: bool


class Visit(NamedTuple):
    """A new visit: `choice` is the reason for the day, `frequency` the one it serves."""

    customer: int
    date: dt.date
    frequency: str
    choice: str


@dataclass(slots=True)
class Schedule:
    """`problems`: (customer, obstacle) → visits missing; 0 = on another day than wished."""

    visits: list[Visit] = field(default_factory=list)
    problems: dict[tuple[int, str], int] = field(default_factory=dict)

    def add_problem(self, customer: int, obstacle: str, missing: int) -> None:
        key = (customer, obstacle)
        self.problems[key] = self.problems.get(key, 0) + missing


def shares(loads: Sequence[int], count: int, capacity: int) -> list[int]:
    """How many of `count` further visits each day takes so that the highest load is lowest.

    No day goes beyond `capacity`; when there is less room than visits, every day is full.
    """
    count = min(count, sum(max(0, capacity - load) for load in loads))
    level = min(loads, default=0)
    while sum(max(0, level - load) for load in loads) < count:
        level += 1
    taken = [max(0, level - 1 - load) for load in loads]
    rest = count - sum(taken)
    for index, load in enumerate(loads):
        if rest and load < level:
            taken[index] += 1
            rest -= 1
    return taken


def daily_capacity(urban: int, rural: int, urban_visits: int, rural_visits: int) -> int:
    """Visits a day of a territory with `urban` and `rural` customers, at least 1.

    `urban_visits` and `rural_visits` fill a day of one kind; a mixed day takes time of both.
    """
    if urban + rural == 0:
        return max(1, urban_visits)
    time = urban * rural_visits + rural * urban_visits
    return max(1, (urban + rural) * urban_visits * rural_visits // time)


class _Month:
    """The planning of one territory and work month."""

    def __init__(
        self, weeks: tuple[Week, ...], shops: Iterable[Shop], kept: Iterable[Kept], capacity: int
    ) -> None:
        self.weeks = weeks
        shops = list(shops)
        ranks = line_ranks(shop.line for shop in shops)
        self.ranks = ranks
        self.shops = sorted(shops, key=lambda s: (ranks[s.line], s.neighbourhood, s.code, s.id))
        self.capacity = capacity
        self.found = Schedule()
        self.loads: dict[dt.date, int] = defaultdict(int)
        self.lines: dict[str, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
        self.neighbourhoods: dict[str, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
        self.taken: dict[int, set[dt.date]] = defaultdict(set)
        self.visited: dict[int, list[int]] = defaultdict(list)
        self._take_over(kept)

    def _take_over(self, kept: Iterable[Kept]) -> None:
        by_id = {shop.id: shop for shop in self.shops}
        first = self.weeks[0].monday
        for visit in kept:
            index = (visit.date - first).days // 7
            if not 0 <= index < len(self.weeks):
                continue
            self.taken[visit.customer].add(visit.date)
            if visit.counts:
                self.visited[visit.customer].append(index)
            if visit.loads:
                self.loads[visit.date] += 1
                shop = by_id.get(visit.customer)
                if shop is not None:
                    self._note_place(visit.date, shop)

    def _note_place(self, day: dt.date, shop: Shop) -> None:
        self.lines[shop.line][day] += 1
        self.neighbourhoods[shop.neighbourhood][day] += 1

    # ------------------------------------------------------------------ who is due when

    def plan(self, first: dt.date, last: dt.date) -> Schedule:
        weekly: dict[int, list[Shop]] = defaultdict(list)
        twice: dict[int, list[Shop]] = defaultdict(list)
        once: list[Shop] = []
        for shop in self.shops:
            visited = self.visited.get(shop.id, [])
            if shop.frequency is None:
                self.found.add_problem(shop.id, NO_FREQUENCY, 0)
            elif shop.frequency == WEEKLY:
                for index, week in enumerate(self.weeks):
                    if index in visited:
                        continue
                    if week.workdays:
                        weekly[week.number].append(shop)
                    elif week.meets(first, last):
                        self.found.add_problem(shop.id, NO_WORKDAY, 1)
            elif shop.frequency == SEMIMONTHLY:
                due, impossible = semimonthly_weeks(self.weeks, self.ranks[shop.line], visited)
                for week in due:
                    twice[week.number].append(shop)
                if impossible:
                    self.found.add_problem(shop.id, NO_WORKDAY, impossible)
            elif not visited:
                once.append(shop)
        for week in self.weeks:
            due_in_week = [(shop, WEEKLY) for shop in weekly[week.number]]
            due_in_week += [(shop, SEMIMONTHLY) for shop in twice[week.number]]
            self._place(due_in_week, [week], is_reported=week.meets(first, last))
        self._place([(shop, MONTHLY) for shop in once], list(self.weeks), is_reported=True)
        self._cut(first, last)
        return self.found

    # ------------------------------------------------------------------ placing

    def _place(self, due: list[tuple[Shop, str]], weeks: list[Week], *, is_reported: bool) -> None:
        """Give everybody in `due` one day of `weeks`."""
        days = [day for week in weeks for day in week.open_days]
        if not days:
            return
        rest: list[tuple[Shop, str, str]] = []
        for shop, frequency in due:
            if shop.opens > days[-1] or (shop.closes is not None and shop.closes < days[0]):
                continue
            choice, day = self._wished(shop, weeks)
            if day is not None:
                self._add(shop, day, frequency, choice)
            else:
                rest.append((shop, frequency, choice))
        self._level(rest, days, is_reported=is_reported)

    def _wished(self, shop: Shop, weeks: list[Week]) -> tuple[str, dt.date | None]:
        """(reason, the wished day); no day when it has to be another one."""
        if shop.weekday is None:
            return LINE, None
        wished = [week.day(shop.weekday) for week in weeks]
        workdays = [day for week, day in zip(weeks, wished, strict=True) if day in week.workdays]
        if not workdays:
            return WEEKDAY_OFF, None
        open_days = [
            day
            for week, day in zip(weeks, wished, strict=True)
            if day in week.open_days and self._suits(shop, day)
        ]
        if not open_days:
            return LINE, None
        free = [day for day in open_days if self.loads[day] < self.capacity]
        if not free:
            return WEEKDAY_FULL, None
        return WISHED, min(
            free, key=lambda day: (self.loads[day], -self.lines[shop.line][day], day)
        )

    def _suits(self, shop: Shop, day: dt.date) -> bool:
        return day not in self.taken.get(shop.id, ()) and _is_open(shop, day)

    def _level(
        self, rest: list[tuple[Shop, str, str]], days: list[dt.date], *, is_reported: bool
    ) -> None:
        loads = [self.loads[day] for day in days]
        room = dict(zip(days, shares(loads, len(rest), self.capacity), strict=True))
        for shop, frequency, choice in rest:
            suiting = self._suiting(shop, days)
            day = self._nearest(shop, suiting, room)
            if day is None:
                left = {day: self.capacity - self.loads[day] for day in suiting}
                day = self._nearest(shop, suiting, left)
            if day is not None:
                room[day] -= 1
                self._add(shop, day, frequency, choice)
            elif is_reported and any(_is_open(shop, day) for day in days):
                self.found.add_problem(shop.id, DAY_FULL if suiting else DATE_TAKEN, 1)

    def _nearest(self, shop: Shop, days: list[dt.date], room: dict[dt.date, int]) -> dt.date | None:
        """Of the days with room that with most visits of the line, then of the neighbourhood, then
        with most room, then the earliest.
        """
        line, neighbourhood = self.lines[shop.line], self.neighbourhoods[shop.neighbourhood]
        best, chosen = -1, None
        for day in days:
            left = room[day]
            if left > 0:
                score = (line[day] * MANY + neighbourhood[day]) * MANY + left
                if score > best:
                    best, chosen = score, day
        return chosen

    def _suiting(self, shop: Shop, days: list[dt.date]) -> list[dt.date]:
        if shop.closes is None and shop.opens <= days[0] and shop.id not in self.taken:
            return days
        return [day for day in days if self._suits(shop, day)]

    def _add(self, shop: Shop, day: dt.date, frequency: str, choice: str) -> None:
        self.found.visits.append(Visit(shop.id, day, frequency, choice))
        self.loads[day] += 1
        self._note_place(day, shop)

    def _cut(self, first: dt.date, last: dt.date) -> None:
        """Keep what lies in the period; name the visits that stand on another day than wished."""
        self.found.visits = [v for v in self.found.visits if first <= v.date <= last]
        for visit in self.found.visits:
            if visit.choice in (WEEKDAY_OFF, WEEKDAY_FULL):
                self.found.add_problem(visit.customer, visit.choice, 0)


def _is_open(shop: Shop, day: dt.date) -> bool:
    return day >= shop.opens and (shop.closes is None or day <= shop.closes)


def schedule_month(
    weeks: tuple[Week, ...],
    shops: Iterable[Shop],
    kept: Iterable[Kept],
    capacity: int,
    first: dt.date,
    last: dt.date,
) -> Schedule:
    """The new visits of a territory in [first, last], which must meet the month.

    `weeks`: those of the month, open from the first day that may be planned. `kept`: visits that
    stay, those of the whole month.
    """
    return _Month(weeks, shops, kept, capacity).plan(first, last)
