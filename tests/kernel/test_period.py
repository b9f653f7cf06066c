"""Months, work weeks and days of the company's time zone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.period import Month, WorkWeek, local_today, start_of, to_local

pytestmark = pytest.mark.pure

MONTHS = st.builds(Month, st.integers(1950, 2900), st.integers(1, 12))
DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2900, 12, 31))


@given(MONTHS, st.integers(-500, 500))
def test_shifting_there_and_back_is_the_same_month(month, count):
    assert month.shift(count).shift(-count) == month


@given(MONTHS)
def test_number_and_texts_lead_back(month):
    assert Month.from_number(month.number) == month
    for text in (
        month.key,
        f"{month.number}",
        f"{month.year}年{month.month}月",
        f" {month.year}/{month.month} ",
    ):
        assert Month.parse(text) == month


@given(MONTHS)
def test_days_are_the_whole_month(month):
    days = list(month.days())
    assert days[0] == month.first_day
    assert days[-1] == month.last_day
    assert days[-1] + dt.timedelta(days=1) == month.next.first_day
    assert {Month.of(day) for day in days} == {month}


@given(MONTHS, MONTHS)
def test_order_is_that_of_time(one, other):
    assert (one < other) == (one.first_day < other.first_day)
    assert len(list(one.through(other))) == max(
        0, (other.year - one.year) * 12 + other.month - one.month + 1
    )


@pytest.mark.parametrize("text", ["", "2026-13", "2026-00", "26-1", "11月", "2026-1-1", "x"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match="not a month"):
        Month.parse(text)


@given(DAYS)
def test_a_week_has_its_day_and_the_month_of_its_thursday(day):
    week = WorkWeek.of(day)
    days = list(week.days())
    assert day in days
    assert days[0].weekday() == 0
    assert days[-1] == week.sunday
    assert sum(Month.of(inside) == week.month for inside in days) >= 4


def test_a_week_across_months():
    assert WorkWeek(dt.date(2026, 9, 28)).month == Month(2026, 10)
    assert WorkWeek(dt.date(2026, 6, 29)).month == Month(2026, 7)
    assert WorkWeek(dt.date(2026, 11, 30)).month == Month(2026, 12)
    assert WorkWeek(dt.date(2026, 12, 28)).month == Month(2026, 12)


def test_a_week_starts_on_monday():
    with pytest.raises(ValueError, match="Monday"):
        WorkWeek(dt.date(2026, 11, 24))


def test_today_is_that_of_shanghai():
    assert local_today(dt.datetime(2026, 11, 24, 15, 59)) == dt.date(2026, 11, 24)  # noqa: DTZ001
    assert local_today(dt.datetime(2026, 11, 24, 16, 0)) == dt.date(2026, 11, 25)  # noqa: DTZ001


@given(st.dates(dt.date(1992, 1, 1), dt.date(2900, 12, 31)))
def test_a_local_day_starts_at_its_own_midnight(day):
    begin = start_of(day)
    assert to_local(begin).date() == day
    assert to_local(begin - dt.timedelta(microseconds=1)).date() == day - dt.timedelta(days=1)
