"""§2.2 step 6 — order success 订货成功率: customers ordering ÷ customers due, per order day.

A customer is due on every order day of its weekday on which it is open and stands in a territory.
The due day is met by an order from that day on for as many days as the parameter
`order_late_days` allows, 0 = on the day itself, and never as late as the customer's next order
day. An order before the due day meets the due day before it, if any.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.analysis.rules.indicators import Pair
from app.kernel.period import Month

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OrderWindow:
    """Customers with this order weekday 1–7 are due on `day`; an order until `last_day` counts."""

    weekday: int
    day: dt.date
    last_day: dt.date


def order_windows(
    month: Month, days: Mapping[int, Sequence[dt.date]], late_days: int
) -> tuple[OrderWindow, ...]:
    """The order days of a month with the days on which their orders may come.

    `days`: order weekday → its order days in order, those of the month and of the next one.
    """
    return tuple(
        OrderWindow(weekday, day, min([day + late_days * DAY, *(later - DAY for later in after)]))
        for weekday, own in sorted(days.items())
        for day, after in ((day, own[place + 1 : place + 2]) for place, day in enumerate(own))
        if Month.of(day) == month
    )


@dataclass(frozen=True, slots=True)
class Stay:
    """A customer in a territory from a day to a day, both included; None = until now."""

    territory_id: int
    first: dt.date
    last: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCustomer:
    """`closed_on`: the first day the customer is not open any more; `is_valid`: without one, it is
    open today. `stays`: the history of territories; without one the present territory counts.
    """

    weekday: int | None
    open_date: dt.date
    closed_on: dt.date | None
    is_valid: bool
    territory_id: int
    stays: tuple[Stay, ...] = ()

    def is_open(self, day: dt.date) -> bool:
        still = self.is_valid if self.closed_on is None else day < self.closed_on
        return self.open_date <= day and still

    def territory_on(self, day: dt.date, month: Month) -> int | None:
        """Where it stood on a day of the month; None while the history has no place for it."""
        known = [
            stay
            for stay in self.stays
            if stay.first <= month.last_day and (stay.last is None or stay.last >= month.first_day)
        ]
        if not known:
            return self.territory_id
        return next(
            (
                stay.territory_id
                for stay in known
                if stay.first <= day and (stay.last is None or day <= stay.last)
            ),
            None,
        )


def order_success(
    customer: DueCustomer,
    month: Month,
    windows: Sequence[OrderWindow],
    orders: Collection[dt.date],
) -> dict[int, Pair]:
    """Territory → (order days met, order days due) of a customer, from the dates of its orders.

    The due day counts for the territory the customer stood in on it, wherever the order was booked.
    """
    found: dict[int, Pair] = {}
    for window in windows:
        if window.weekday != customer.weekday or not customer.is_open(window.day):
            continue
        territory = customer.territory_on(window.day, month)
        if territory is None:
            continue
        met, due = found.get(territory, (0, 0))
        is_met = any(window.day <= day <= window.last_day for day in orders)
        found[territory] = (met + is_met, due + 1)
    return found
