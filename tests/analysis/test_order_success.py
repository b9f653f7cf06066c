"""Order success by hand: order days of October 2026, whose first seven days are a holiday."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from app.analysis.decomposition import decompose_indicator
from app.analysis.rules.order_success import (
    DueCustomer,
    OrderWindow,
    Stay,
    order_success,
    order_windows,
)
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_calendar import order_days
from tests.analysis import world as w

OCTOBER = Month(2026, 10)
HOLIDAYS = {dt.date(2026, 10, day): False for day in range(1, 8)}
TUESDAY, WEDNESDAY, THURSDAY = 2, 3, 4
SHOP = DueCustomer(
    weekday=TUESDAY,
    open_date=dt.date(2020, 1, 1),
    closed_on=None,
    is_valid=True,
    territory_id=1,
)


def october(day: int) -> dt.date:
    return dt.date(2026, 10, day)


def windows(late_days: int = 0) -> tuple[OrderWindow, ...]:
    days = {
        weekday: [
            day
            for month in (OCTOBER, OCTOBER.next)
            for day in order_days(month, weekday, HOLIDAYS, move_to_next=True)
        ]
        for weekday in (TUESDAY, WEDNESDAY, THURSDAY)
    }
    return order_windows(OCTOBER, days, late_days)


def days_of(weekday: int, late_days: int = 0) -> list[tuple[int, int]]:
    """(day, last day) of a weekday, as days counted from the first of October on."""
    first = october(1)
    return [
        ((row.day - first).days + 1, (row.last_day - first).days + 1)
        for row in windows(late_days)
        if row.weekday == weekday
    ]


@pytest.mark.pure
def test_order_days_with_the_days_their_orders_may_come():
    # Tuesday 6 October is a holiday: due on Thursday the 8th. The first Thursday was the 1st; it
    # moves to the 8th as well, where two Thursdays fall together.
    assert days_of(TUESDAY) == [(8, 8), (13, 13), (20, 20), (27, 27)]
    assert days_of(THURSDAY) == [(8, 8), (15, 15), (22, 22), (29, 29)]
    # Late orders count until the day before the next order day: the 13th follows the 8th.
    assert days_of(TUESDAY, 2) == [(8, 10), (13, 15), (20, 22), (27, 29)]
    assert days_of(TUESDAY, 6) == [(8, 12), (13, 19), (20, 26), (27, 33)]  # into November
    assert order_windows(OCTOBER, {}, 0) == ()


@pytest.mark.pure
@pytest.mark.parametrize(
    ("late_days", "orders", "met"),
    [
        (0, [], 0),
        (0, [8, 13, 20, 27], 4),
        (0, [9, 14, 21, 28], 0),  # a day late each time: not on the order day
        (1, [9, 14, 21, 28], 4),
        (0, [7, 12, 19, 26], 0),  # the day before
        (0, [13, 14, 15], 1),  # three orders, one order day
        (2, [13, 14, 15], 1),
        (6, [8, 19], 2),  # the 19th is late for the 13th, not early for the 20th
        (0, [6, 8], 1),  # on the holiday itself and on the day it moved to
    ],
)
def test_order_days_met(late_days, orders, met):
    found = order_success(SHOP, OCTOBER, windows(late_days), [october(day) for day in orders])
    assert found == {1: (met, 4)}


@pytest.mark.pure
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"weekday": None}, {}),
        ({"weekday": 7}, {}),
        ({"is_valid": False}, {}),  # closed for the time being, no date known
        ({"open_date": october(13)}, {1: (1, 3)}),  # due from its first day on
        ({"open_date": october(14)}, {1: (0, 2)}),
        ({"closed_on": october(20)}, {1: (1, 2)}),  # not due on the day it closes
        ({"closed_on": october(21), "is_valid": False}, {1: (1, 3)}),
        ({"closed_on": OCTOBER.next.first_day}, {1: (1, 4)}),
        # Moved on the 20th: two days due in the old territory, two in the new one.
        (
            {"stays": (Stay(2, dt.date(2024, 1, 1), october(19)), Stay(1, october(20), None))},
            {2: (1, 2), 1: (0, 2)},
        ),
        ({"stays": (Stay(2, october(14), None),)}, {2: (0, 2)}),
        ({"stays": (Stay(2, dt.date(2024, 1, 1), dt.date(2024, 2, 1)),)}, {1: (1, 4)}),
    ],
)
def test_when_and_where_a_customer_is_due(changes, expected):
    found = order_success(replace(SHOP, **changes), OCTOBER, windows(), [october(13)])
    assert found == expected


@pytest.mark.sql
def test_parts_add_up_to_the_gap(connection: Connection):
    """Three shops due on Tuesdays, 4 + 2 + 0 of 12 order days met, target 95 %."""
    w.organisation(connection)
    world = w.World(
        customers=[w.customer(n) for n in (1, 2, 3)],
        products=[w.product(1)],
        lines=[w.line(1, october(day)) for day in (8, 13, 20, 27)]
        + [w.line(2, october(day)) for day in (8, 13)]
        + [
            w.line(3, october(13), delivered_cartons=-1, demanded_cartons=0),  # a return
            w.line(3, october(21)),  # late
        ],
    )
    w.write(connection, world)
    computation = w.computation(order_windows=windows())
    found = decompose_indicator(
        connection, Scope(1, (1,)), computation, "ORDER_SUCCESS", "customer", 9_500
    )
    assert (found.num, found.den) == (6, 12)
    assert found.gap == 4_500
    assert [(row.key, row.num, row.den) for row in found.contributions] == [
        (3, 0, 4),
        (2, 2, 4),
        (1, 4, 4),
    ]
    assert sum(row.shortfall for row in found.contributions) == found.gap
    territories = decompose_indicator(
        connection, Scope(1), computation, "ORDER_SUCCESS", "territory", 9_500
    )
    assert (territories.num, territories.den) == (6, 12)


@pytest.mark.sql
def test_a_month_without_order_days_cannot_be_judged(connection: Connection):
    w.organisation(connection)
    w.write(connection, w.World(customers=[w.customer(1)], products=[w.product(1)]))
    found = decompose_indicator(
        connection,
        Scope(1, (1,)),
        w.computation(order_windows=()),
        "ORDER_SUCCESS",
        "customer",
        9_500,
    )
    assert (found.num, found.den, found.gap, found.contributions) == (0, 0, None, ())
