"""状态判断: cases worked by hand, every boundary, and properties against exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.rules.indicators import INDICATORS, RATES
from app.analysis.rules.judgement import (
    Measure,
    final_after_recomputation,
    is_short,
    judge,
    needs_reason,
)
from app.master.rules_parameters import Parameters

pytestmark = pytest.mark.pure

DEFAULT = Parameters()
HIGH = Measure(10_000)
LOW = Measure(10_000, low_is_better=True)
GROWTH = Measure(10_000, in_points=True)
PLAIN = Measure(100)


@pytest.mark.parametrize(
    ("measure", "num", "den", "target", "expected"),
    [
        # Target 80.00 %: 76.00 % is 5.00 % short, 76.01 % is 4.99 %, 75.99 % is 5.01 %.
        (HIGH, 7600, 10_000, 8000, "ABNORMAL"),
        (HIGH, 7601, 10_000, 8000, "NORMAL"),
        (HIGH, 7599, 10_000, 8000, "ABNORMAL"),
        # The same as sets: 19 of 25 = 76 %; 20 of 26 = 76.92 %; 3 of 4 = 75 %.
        (HIGH, 19, 25, 8000, "ABNORMAL"),
        (HIGH, 20, 26, 8000, "NORMAL"),
        (HIGH, 3, 4, 8000, "ABNORMAL"),
        # Out of stock, target 4.00 %: 4.20 % is exactly 5 % more, 4.19 % is 4.75 % more.
        (LOW, 420, 10_000, 400, "ABNORMAL"),
        (LOW, 419, 10_000, 400, "NORMAL"),
        (LOW, 380, 10_000, 400, "NORMAL"),
        # Out of stock, target 0: any is abnormal, none is normal.
        (LOW, 0, 50, 0, "NORMAL"),
        (LOW, 1, 1_000_000, 0, "ABNORMAL"),
        # Growth, target +3.00 %: −2.00 % is 5 points short, −1.99 % is not.
        (GROWTH, -200, 10_000, 300, "ABNORMAL"),
        (GROWTH, -199, 10_000, 300, "NORMAL"),
        # Growth, target −4 %: −9 % is 5 points short.
        (GROWTH, -900, 10_000, -400, "ABNORMAL"),
        (GROWTH, -899, 10_000, -400, "NORMAL"),
        # A plain figure with target 0 is compared in units: 5 below is abnormal.
        (PLAIN, 0, 1, 0, "NORMAL"),
        (PLAIN, -5, 1, 0, "ABNORMAL"),
        (PLAIN, -499, 100, 0, "NORMAL"),
        # Volume, target 1000.00 cartons: 950 cartons is exactly 5 % short.
        (PLAIN, 950 * 200, 200, 100_000, "ABNORMAL"),
        (PLAIN, 950 * 200 + 1, 200, 100_000, "NORMAL"),
        # Nothing to compare with, nothing to compare: both are states of their own.
        (HIGH, 1, 2, None, "NO_TARGET"),
        (HIGH, None, None, None, "NO_TARGET"),
        (HIGH, 0, 0, 5000, "UNDETERMINED"),
        (HIGH, 1, 0, 0, "UNDETERMINED"),
        (GROWTH, 5, -3, 100, "UNDETERMINED"),
        (HIGH, None, None, 5000, "UNDETERMINED"),
        # n = 1 and 2: one customer of one, of two.
        (HIGH, 1, 1, 10_000, "NORMAL"),
        (HIGH, 0, 1, 10_000, "ABNORMAL"),
        (HIGH, 1, 2, 5263, "NORMAL"),
        (HIGH, 1, 2, 5264, "ABNORMAL"),
    ],
)
def test_by_hand(measure, num, den, target, expected):
    assert judge(measure, num, den, target, DEFAULT) == expected


CHOSEN = Parameters(
    points_listing=1,
    tolerance_listing=3,
    points_key_growth=0,
    tolerance_volume=10,
    points_satisfaction=1,
)
BY_CODE = {row.code: row for row in (*RATES, *INDICATORS)}


@pytest.mark.parametrize(
    ("code", "num", "den", "target", "expected"),
    [
        # A rate in points, from 3 on: 77.00 % of 80.00 % is abnormal, 77.01 % is not.
        ("LISTING", 7700, 10_000, 8000, "ABNORMAL"),
        ("LISTING", 7701, 10_000, 8000, "NORMAL"),
        # The other rates as before, relative and from 5 % on.
        ("ACTIVE", 7601, 10_000, 8000, "NORMAL"),
        ("ACTIVE", 7600, 10_000, 8000, "ABNORMAL"),
        # Growth relative to its target: 9.50 % of 10.00 % is exactly 5 % short.
        ("KEY_GROWTH", 950, 10_000, 1000, "ABNORMAL"),
        ("KEY_GROWTH", 951, 10_000, 1000, "NORMAL"),
        # Volume from 10 % on.
        ("VOLUME", 901 * 200, 200, 100_000, "NORMAL"),
        ("VOLUME", 900 * 200, 200, 100_000, "ABNORMAL"),
        # A score in points, the common 5: 85.00 of 90.00 is abnormal.
        ("SATISFACTION", 8500, 100, 9000, "ABNORMAL"),
        ("SATISFACTION", 8501, 100, 9000, "NORMAL"),
        # A relative tolerance of its own leaves targets of zero to the common points.
        ("VOLUME", -5, 1, 0, "ABNORMAL"),
        ("VOLUME", -499, 100, 0, "NORMAL"),
    ],
)
def test_mode_and_tolerance_are_a_company_s_choice(code, num, den, target, expected):
    assert judge(BY_CODE[code].judged_with(CHOSEN).measure, num, den, target, CHOSEN) == expected


def test_defaults_are_those_of_the_indicators():
    for row in (*RATES, *INDICATORS):
        assert row.judged_with(DEFAULT) == row


counts = st.integers(0, 100_000)


@given(counts, st.integers(1, 100_000), st.integers(1, 20_000), st.integers(1, 50))
def test_relative_shortfall_is_the_fraction(num, den, target, percent):
    parameters = Parameters(abnormal_shortfall_percent=percent)
    actual, aim = Fraction(num, den), Fraction(target, 10_000)
    limit = Fraction(percent, 100)
    assert is_short(HIGH, num, den, target, parameters) == ((aim - actual) / aim >= limit)
    assert is_short(LOW, num, den, target, parameters) == ((actual - aim) / aim >= limit)


@given(
    st.integers(-100_000, 100_000),
    st.integers(1, 100_000),
    st.integers(-20_000, 20_000),
    st.integers(1, 50),
)
def test_points_are_the_difference(num, den, target, points):
    parameters = Parameters(abnormal_growth_points=points)
    behind = Fraction(target, 100) - Fraction(100 * num, den)
    assert is_short(GROWTH, num, den, target, parameters) == (behind >= points)


@given(counts, st.integers(1, 1000), st.integers(1, 20_000), st.integers(1, 1000))
def test_a_better_figure_is_never_judged_worse(num, den, target, more):
    if not is_short(HIGH, num, den, target, DEFAULT):
        assert not is_short(HIGH, num + more, den, target, DEFAULT)
    if is_short(LOW, num, den, target, DEFAULT):
        assert is_short(LOW, num + more, den, target, DEFAULT)


@given(counts, st.integers(1, 1000), st.integers(0, 20_000), st.integers(2, 9))
def test_the_judgement_depends_on_the_ratio_only(num, den, target, factor):
    for measure in (HIGH, LOW, GROWTH, PLAIN):
        assert is_short(measure, num, den, target, DEFAULT) == is_short(
            measure, num * factor, den * factor, target, DEFAULT
        )


def test_a_person_s_judgement_survives_a_recomputation():
    assert final_after_recomputation("ABNORMAL", "NORMAL", "ABNORMAL") == ("NORMAL", True)
    assert final_after_recomputation("NORMAL", "NORMAL", "ABNORMAL") == ("ABNORMAL", False)
    assert needs_reason("NORMAL", "ABNORMAL")
    assert not needs_reason("NORMAL", "NORMAL")


def test_directions_of_the_figures():
    low = {row.code for row in (*RATES, *INDICATORS) if row.low_is_better}
    assert low == {"STOCKOUT", "STOCKOUT_RATE"}
    points = {row.code for row in INDICATORS if row.in_points}
    assert points == {"VOLUME_YEAR_GROWTH", "VOLUME_MONTH_GROWTH", "KEY_GROWTH"}
    assert {row.code for row in INDICATORS if row.is_entered} == {
        "SATISFACTION",
        "PRICE_TAG_RATE",
        "MARKET_ORDER_RATE",
    }
