"""§2.2 step 13: periods, proportional targets and their boundaries, worked by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.rules import WeekPeriod, WeekSums, period_of, status_of, week_figures
from app.kernel.period import Month, WorkWeek
from app.master.rules_parameters import Parameters

pytestmark = pytest.mark.pure

NOVEMBER = Month(2026, 11)
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))


def period(elapsed: int, total: int) -> WeekPeriod:
    return WeekPeriod(dt.date(2026, 11, 9), NOVEMBER, dt.date(2026, 11, 15), elapsed, total)


def test_a_week_inside_the_month_counts_to_its_sunday():
    found = period_of(dt.date(2026, 11, 9), dt.date(2026, 12, 1), {})
    assert (found.month, found.as_of, found.end) == (
        NOVEMBER,
        dt.date(2026, 11, 15),
        dt.date(2026, 11, 15),
    )
    assert (found.elapsed, found.total) == (10, 21)


def test_a_running_week_counts_to_today():
    found = period_of(dt.date(2026, 11, 9), dt.date(2026, 11, 11), {})
    assert (found.as_of, found.elapsed) == (dt.date(2026, 11, 11), 8)


def test_the_last_week_ends_with_the_month():
    """30 November 2026 is a Monday: its week belongs to December, the one before to November."""
    found = period_of(dt.date(2026, 11, 23), dt.date(2026, 12, 5), {})
    assert found.as_of == dt.date(2026, 11, 29)
    thursday_inside = period_of(dt.date(2026, 12, 28), dt.date(2027, 1, 9), {})
    assert (thursday_inside.month, thursday_inside.as_of) == (
        Month(2026, 12),
        dt.date(2026, 12, 31),
    )


def test_a_week_that_begins_before_its_month_has_no_figures_yet():
    found = period_of(dt.date(2026, 11, 30), dt.date(2026, 11, 30), {})
    assert (found.month, found.as_of, found.elapsed) == (Month(2026, 12), dt.date(2026, 11, 30), 0)
    assert found.last_year_as_of == dt.date(2025, 11, 30)


def test_holidays_do_not_elapse():
    overrides = {dt.date(2026, 11, 10): False, dt.date(2026, 11, 14): True}
    found = period_of(dt.date(2026, 11, 9), dt.date(2026, 12, 1), overrides)
    assert (found.elapsed, found.total) == (10, 21)


@given(DAYS, DAYS)
def test_the_period_lies_in_its_month(start: dt.date, today: dt.date):
    found = period_of(start, today, {})
    assert found.month == WorkWeek.of(start).month
    assert found.as_of >= found.month.first_day - dt.timedelta(days=1)
    assert found.as_of <= min(found.month.last_day, max(found.end, found.month.first_day))
    assert 0 <= found.elapsed <= found.total
    before = found.month.shift(-12)
    assert before.first_day - dt.timedelta(days=1) <= found.last_year_as_of <= before.last_day


def test_the_29th_of_february_is_compared_with_the_28th():
    leap = WeekPeriod(dt.date(2028, 2, 28), Month(2028, 2), dt.date(2028, 2, 29), 20, 21)
    assert leap.last_year_as_of == dt.date(2027, 2, 28)


@pytest.mark.parametrize(
    ("sticks", "expected"),
    [
        # The month's target of 2,100 cartons, 10 of 21 workdays: 1,000 are due, 950 are 5 % less.
        (950 * 200, "ABNORMAL"),
        (950 * 200 + 1, "NORMAL"),
        (1000 * 200, "NORMAL"),
        (0, "ABNORMAL"),
    ],
)
def test_volume_is_compared_in_proportion(sticks: int, expected: str):
    figures = week_figures(WeekSums(sticks=sticks))
    status = status_of("VOLUME", figures["VOLUME"], 210_000, period(10, 21), Parameters())
    assert status == expected


def test_value_per_carton_is_compared_with_the_whole_target():
    sums = WeekSums(sticks=2000, amount_fen=95_000)  # 10 cartons, 950 yuan: 95.00 a carton
    pair = week_figures(sums)["UNIT_VALUE"]
    assert pair == (190_000, 2000)
    assert status_of("UNIT_VALUE", pair, 10_000, period(1, 21), Parameters()) == "ABNORMAL"
    assert status_of("UNIT_VALUE", pair, 9_999, period(1, 21), Parameters()) == "NORMAL"


def test_growth_is_compared_in_points():
    pair = week_figures(WeekSums(key_sticks=1_050, key_last_year_sticks=1_000))["KEY_GROWTH"]
    assert pair == (50, 1_000)
    assert status_of("KEY_GROWTH", pair, 1_000, period(5, 21), Parameters()) == "ABNORMAL"
    assert status_of("KEY_GROWTH", pair, 999, period(5, 21), Parameters()) == "NORMAL"


@pytest.mark.parametrize("code", ["VOLUME", "UNIT_VALUE", "KEY_GROWTH"])
def test_without_target_or_data_nothing_is_abnormal(code: str):
    nothing = week_figures(WeekSums())[code]
    assert status_of(code, nothing, None, period(5, 21), Parameters()) == "NO_TARGET"
    if code != "VOLUME":
        assert status_of(code, nothing, 100, period(5, 21), Parameters()) == "UNDETERMINED"


def test_before_the_first_workday_volume_cannot_be_judged():
    figure = week_figures(WeekSums())["VOLUME"]
    assert status_of("VOLUME", figure, 210_000, period(0, 21), Parameters()) == "UNDETERMINED"
