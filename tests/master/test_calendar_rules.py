"""Workdays and order days as plain functions (property-based)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.period import Month
from app.master.rules_calendar import (
    is_weekend,
    is_workday,
    next_workday,
    order_days,
    workdays,
    workdays_between,
)

pytestmark = pytest.mark.pure

DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31))
MONTHS = st.builds(Month, st.integers(2024, 2026), st.integers(1, 12))
OVERRIDES = st.dictionaries(DAYS, st.booleans(), max_size=60)


@given(DAYS, OVERRIDES)
def test_an_override_decides_else_the_weekday(day, overrides):
    expected = overrides[day] if day in overrides else day.isoweekday() <= 5
    assert is_workday(day, overrides) is expected


@given(MONTHS, OVERRIDES)
def test_workdays_are_the_months_own_in_order(month, overrides):
    found = workdays(month, overrides)
    assert found == sorted(set(found))
    assert {day for day in month.days() if is_workday(day, overrides)} == set(found)
    assert found == workdays_between(month.first_day, month.last_day, overrides)


def test_no_days_between_a_day_and_an_earlier_one():
    assert workdays_between(dt.date(2026, 1, 5), dt.date(2026, 1, 4), {}) == []


@given(MONTHS, st.integers(1, 7), OVERRIDES, st.booleans())
def test_order_days_are_workdays_of_the_month(month, weekday, overrides, moves):
    found = order_days(month, weekday, overrides, move_to_next=moves)
    assert found == sorted(set(found))
    for day in found:
        assert Month.of(day) == month
        assert is_workday(day, overrides)
        if not moves:
            assert day.isoweekday() == weekday


@given(MONTHS, st.integers(1, 5))
def test_without_holidays_every_such_weekday_is_an_order_day(month, weekday):
    expected = [day for day in month.days() if day.isoweekday() == weekday]
    assert order_days(month, weekday, {}, move_to_next=True) == expected


@given(st.integers(1, 7), OVERRIDES)
def test_moved_order_days_neither_vanish_nor_multiply(weekday, overrides):
    """Over a year every week lands once, except weeks that fall together on one day."""
    year = [Month(2025, number) for number in range(1, 13)]
    found = [d for m in year for d in order_days(m, weekday, overrides, move_to_next=True)]
    assert len(found) == len(set(found))
    wanted = {
        next_workday(day, overrides)
        for month in [year[0].previous, *year]
        for day in month.days()
        if day.isoweekday() == weekday
    }
    assert set(found) == {day for day in wanted if day is not None and day.year == 2025}


def test_spring_festival_moves_the_order_day_behind_the_holidays():
    holidays = {dt.date(2026, 2, 15) + dt.timedelta(days=n): False for n in range(9)}
    found = order_days(Month(2026, 2), 3, holidays, move_to_next=True)
    assert found == [
        dt.date(2026, 2, 4),
        dt.date(2026, 2, 11),
        dt.date(2026, 2, 24),
        dt.date(2026, 2, 25),
    ]
    kept = order_days(Month(2026, 2), 3, holidays, move_to_next=False)
    assert kept == [dt.date(2026, 2, 4), dt.date(2026, 2, 11), dt.date(2026, 2, 25)]


def test_a_weekend_is_saturday_and_sunday():
    assert [is_weekend(dt.date(2026, 11, 16) + dt.timedelta(days=n)) for n in range(7)] == [
        False, False, False, False, False, True, True,
    ]  # fmt: skip
