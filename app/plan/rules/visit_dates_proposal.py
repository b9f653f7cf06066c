"""§2.2 step 9 — what a generation of visits is given, and what it proposes per territory."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.kernel.period import Month
from app.master.rules_calendar import Overrides
from app.master.rules_parameters import Parameters
from app.plan.rules.visit_dates import Visit
from app.plan.rules.visit_dates_weeks import months_between
from app.plan.rules.visit_route import Stop, route

CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Planning:
    """A period and what its planning needs besides the database's rows.

    `now`: naive UTC; `overrides`: the company's calendar over the work weeks of the period.
    """

    first: dt.date
    last: dt.date
    today: dt.date
    overrides: Overrides
    parameters: Parameters
    now: dt.datetime
    user_id: int | None = None

    @property
    def start(self) -> dt.date:
        """The first day that may be planned."""
        return max(self.first, self.today + dt.timedelta(days=1))

    @property
    def months(self) -> list[Month]:
        return list(months_between(self.first, self.last))


@dataclass(slots=True)
class Proposal:
    """What generation would do to a territory.

    `added` are new visits; `removed` rows of visit_plan; `kept` visits of the period that stay.
    `problems`: (customer, obstacle) → visits missing. `stops`: where the
    customers are, for the routes. `run_id`: set once it is written.
    """

    territory_id: int
    capacity: int
    added: list[Visit] = field(default_factory=list)
    removed: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    problems: dict[tuple[int, str], int] = field(default_factory=dict)
    stops: dict[int, Stop] = field(default_factory=dict)
    run_id: int | None = None

    @property
    def changes_anything(self) -> bool:
        return bool(self.added or self.removed)

    @property
    def digest(self) -> str:
        """Two proposals that do the same have the same digest."""
        parts = sorted(f"+{visit.customer} {visit.date}" for visit in self.added)
        parts += sorted(f"-{row.id}" for row in self.removed)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]

    def numbers(self) -> dict[tuple[int, dt.date], int]:
        """(customer, day) → place in the route, of every visit of the days that change."""
        going: dict[dt.date, list[Stop]] = {
            day: [] for day in {v.date for v in self.added} | {row.date for row in self.removed}
        }
        on_the_way = [
            (row.customer_id, row.date) for row in self.kept if row.status.name != CANCELLED
        ]
        on_the_way += [(visit.customer, visit.date) for visit in self.added]
        for customer, day in on_the_way:
            if day in going:
                stop = self.stops.get(customer)
                going[day].append(stop or Stop(("", "", ""), customer, None))
        return {
            (stop.customer, day): number
            for day, stops in going.items()
            for number, stop in enumerate(route(stops), start=1)
        }

    def loads(self) -> tuple[Counter[dt.date], Counter[dt.date]]:
        """Visits per day of the period: (as it is, as it would be)."""
        kept = Counter(row.date for row in self.kept if row.status.name != CANCELLED)
        before = kept + Counter(row.date for row in self.removed)
        return before, kept + Counter(visit.date for visit in self.added)
