"""§2.2 step 8 — whether the visits a month plan asks for fit into the month's workdays.

A month's visits lie in its work weeks (those whose Thursday lies in it), as the visit plan of
step 9 places them; a day takes as many as step 9 puts on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.period import Month
from app.master.rules_calendar import Overrides
from app.master.rules_parameters import Parameters
from app.plan.rules.visit_dates import daily_capacity
from app.plan.rules.visit_dates_weeks import MONTHLY, SEMIMONTHLY, WEEKLY, Week, weeks_of

URBAN, RURAL = "URBAN", "RURAL"
MARKET_TYPES = (URBAN, RURAL)


@dataclass(frozen=True, slots=True)
class Demand:
    """Customers of one market type by visit frequency."""

    weekly: int = 0
    twice: int = 0
    once: int = 0

    @property
    def customers(self) -> int:
        return self.weekly + self.twice + self.once

    def visits(self, weeks: int) -> int:
        """Visits in a month of `weeks` work weeks."""
        return self.weekly * weeks + self.twice * 2 + self.once


@dataclass(frozen=True, slots=True)
class MarketLoad:
    """What one market type takes: `day_tenths` tenths of days, rounded up, at `per_day` visits."""

    market_type: str
    customers: int
    visits: int
    per_day: int
    day_tenths: int


@dataclass(frozen=True, slots=True)
class ShortWeek:
    """A week whose workdays cannot take even the weekly visits."""

    number: int
    monday: dt.date
    workdays: int
    room: int
    visits: int

    @property
    def missing(self) -> int:
        return self.visits - self.room


@dataclass(frozen=True, slots=True)
class Capacity:
    """Visits needed against room. `loads` only of market types with customers."""

    weeks: int
    workdays: int
    per_day: int
    demand: Demand
    needed: int
    loads: tuple[MarketLoad, ...]
    short_weeks: tuple[ShortWeek, ...]
    key_customers: int
    key_limit_percent: int

    @property
    def room(self) -> int:
        return self.workdays * self.per_day

    @property
    def overload(self) -> int:
        """Visits too many; 0 = they fit."""
        return max(0, self.needed - self.room)

    @property
    def load_percent(self) -> int | None:
        """Needed of room, rounded up: 101 is too much, however little; None without any room."""
        return -(-100 * self.needed // self.room) if self.room else None

    @property
    def has_many_key_customers(self) -> bool:
        """Whether key customers are more than the given share of all."""
        return 100 * self.key_customers > self.key_limit_percent * self.demand.customers

    @property
    def key_percent(self) -> int:
        """Share of key customers, rounded up."""
        return -(-100 * self.key_customers // max(1, self.demand.customers))

    @property
    def heaviest(self) -> MarketLoad | None:
        """The market type that takes most days."""
        return max(self.loads, key=lambda load: load.day_tenths, default=None)

    @property
    def is_tight(self) -> bool:
        """Whether anything has to be warned of."""
        return bool(self.overload or self.short_weeks or self.has_many_key_customers)


def visits_of(frequency: str, weeks: int) -> int:
    """Visits a month of `weeks` work weeks brings a customer."""
    return {WEEKLY: weeks, SEMIMONTHLY: 2, MONTHLY: 1}[frequency]


def capacity(
    month: Month,
    overrides: Overrides,
    demands: Mapping[str, Demand],
    key_customers: int,
    parameters: Parameters,
) -> Capacity:
    """`demands` by market type; `overrides` of the calendar over the month's work weeks."""
    weeks = weeks_of(month, overrides, month.first_day)
    urban, rural = (demands.get(name, Demand()) for name in MARKET_TYPES)
    limits = (parameters.visit_capacity_urban, parameters.visit_capacity_rural)
    per_day = daily_capacity(urban.customers, rural.customers, *limits)
    demand = Demand(urban.weekly + rural.weekly, urban.twice + rural.twice, urban.once + rural.once)
    loads = tuple(
        MarketLoad(
            name,
            own.customers,
            own.visits(len(weeks)),
            limit,
            -(-10 * own.visits(len(weeks)) // limit),
        )
        for name, own, limit in zip(MARKET_TYPES, (urban, rural), limits, strict=True)
        if own.customers
    )
    return Capacity(
        weeks=len(weeks),
        workdays=sum(len(week.workdays) for week in weeks),
        per_day=per_day,
        demand=demand,
        needed=demand.visits(len(weeks)),
        loads=loads,
        short_weeks=tuple(_short_weeks(weeks, demand.weekly, per_day)),
        key_customers=key_customers,
        key_limit_percent=parameters.key_share_warning_percent,
    )


def _short_weeks(weeks: tuple[Week, ...], weekly: int, per_day: int) -> list[ShortWeek]:
    return [
        ShortWeek(week.number, week.monday, len(week.workdays), room, weekly)
        for week in weeks
        if weekly > (room := len(week.workdays) * per_day)
    ]
