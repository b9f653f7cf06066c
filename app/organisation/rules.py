"""Assignment rules (domain §0): one primary holder per territory at a time; substitutes may overlap."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included; `last` None = until further notice."""

    first: dt.date
    last: dt.date | None = None

    @property
    def is_valid(self) -> bool:
        return self.last is None or self.last >= self.first

    def contains(self, day: dt.date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def overlaps(self, other: Period) -> bool:
        starts_before_other_ends = other.last is None or self.first <= other.last
        ends_after_other_starts = self.last is None or other.first <= self.last
        return starts_before_other_ends and ends_after_other_starts


def conflicting_primary(wanted: Period, primaries: Iterable[Period]) -> Period | None:
    """The earliest of the territory's other primary periods that `wanted` collides with."""
    colliding = (period for period in primaries if period.overlaps(wanted))
    return min(colliding, key=lambda period: period.first, default=None)


def day_before(wanted: Period, running: Period) -> Period | None:
    """`running` cut to end the day before `wanted` starts: the handover of a territory.

    None when nothing of `running` would remain, so that it has to be changed by hand.
    """
    if wanted.first <= running.first:
        return None
    return Period(running.first, wanted.first - dt.timedelta(days=1))
