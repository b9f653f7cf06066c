"""Step 8's rules: the table of the manual's shares, ties, key customers, capacity by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.period import Month
from app.master.rules_parameters import Parameters
from app.master.rules_problem_codes import MARKING_CODES
from app.models import MarketIndicator, ProblemCode, RateKind
from app.plan.rules.capacity import RURAL, URBAN, Capacity, Demand, capacity, visits_of
from app.plan.rules.frequencies import (
    UNRANKED,
    Bands,
    Standing,
    bands,
    frequencies,
    frequency_of_rank,
    ranking,
    rounded_share,
)
from app.plan.rules.key_customers import INDICATOR_CODES, RATE_CODES, key_reasons
from app.plan.rules.visit_dates_weeks import MONTHLY, SEMIMONTHLY, WEEKLY

pytestmark = pytest.mark.pure

TABLE = [
    (0, 0, 0, 0), (1, 0, 1, 0), (2, 0, 1, 1), (3, 1, 1, 1), (4, 1, 2, 1), (5, 1, 2, 2),
    (7, 1, 4, 2), (10, 2, 5, 3), (15, 3, 7, 5), (100, 20, 50, 30),
]  # fmt: skip


# --- shares -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "top", "middle", "bottom"), TABLE)
def test_the_table_of_shares(count: int, top: int, middle: int, bottom: int):
    assert bands(count, 20, 30) == Bands(top, middle, bottom)


@given(st.integers(0, 5000), st.integers(0, 100), st.integers(0, 100))
def test_bands_are_the_nearest_shares_and_add_up(count: int, top: int, bottom: int):
    bottom = min(bottom, 100 - top)
    sizes = bands(count, top, bottom)
    assert sizes.top + sizes.middle + sizes.bottom == count
    assert min(sizes.top, sizes.middle, sizes.bottom) >= 0
    assert abs(100 * sizes.top - top * count) <= 50
    assert abs(100 * sizes.bottom - bottom * count) <= 100
    shares = [frequency_of_rank(rank, sizes) for rank in range(1, count + 1)]
    assert shares == sorted(shares, key=[WEEKLY, SEMIMONTHLY, MONTHLY].index)
    assert shares.count(MONTHLY) == sizes.bottom


def test_halves_are_rounded_up():
    assert [rounded_share(count, 30) for count in (1, 2, 5, 15)] == [0, 1, 2, 5]
    assert bands(1, 50, 50) == Bands(1, 0, 0)


def test_ties_are_decided_one_after_the_other():
    ordered = [
        Standing(1, "Z", strategies=3),
        Standing(2, "Y", strategies=2, direct=2),
        Standing(3, "X", strategies=2, direct=1, effect_score=0),
        Standing(4, "W", strategies=2, direct=1, effect_score=4000),
        Standing(5, "V", strategies=2, direct=1, effect_score=4000, amount_fen=-5),
        Standing(6, "T", strategies=2, direct=1, amount_fen=900),
        Standing(7, "A", strategies=2, direct=1, amount_fen=800),
        Standing(8, "B", strategies=2, direct=1, amount_fen=800),
        Standing(9, "C"),
    ]
    assert [row.customer_id for row in ranking(reversed(ordered))] == list(range(1, 10))


def test_key_customers_and_new_ones_are_weekly_and_do_not_count():
    rows = [Standing(number, f"{number:03d}", strategies=20 - number) for number in range(1, 13)]
    found = frequencies(rows, weekly={1, 12}, top_percent=20, bottom_percent=30)
    assert found[1] == found[12] == (UNRANKED, WEEKLY)
    assert [found[number] for number in (2, 3, 4)] == [(1, WEEKLY), (2, WEEKLY), (3, SEMIMONTHLY)]
    assert [found[number] for number in (8, 9, 11)] == [
        (7, SEMIMONTHLY), (8, MONTHLY), (10, MONTHLY),
    ]  # fmt: skip


# --- key customers ----------------------------------------------------------------------------


def test_every_rate_and_indicator_has_its_problem_code():
    assert set(RATE_CODES) == set(RateKind.__members__)
    assert set(MarketIndicator.__members__) - set(INDICATOR_CODES) == {"MARKET_ORDER_RATE"}
    codes = {*RATE_CODES.values(), *INDICATOR_CODES.values()}
    assert codes <= set(ProblemCode.__members__)
    assert codes | MARKING_CODES == set(ProblemCode.__members__) - {"VOL_LOW"}


def test_reasons_by_hand():
    problems = [("STATE_PROBLEM", 0), ("VOL_DOWN", 0), ("NOT_STOCKED", 7), ("STOCKOUT", 8)]

    def reasons(**more: object) -> set[tuple[str, str, str, int]]:
        given_ = {
            "is_problem_customer": False, "abnormal_rates": set(), "abnormal_indicators": set(),
        }  # fmt: skip
        return key_reasons(problems, **{**given_, **more})  # type: ignore[arg-type]

    assert reasons() == set()
    assert reasons(is_problem_customer=True) == {("PROBLEM_CUSTOMER", "STATE_PROBLEM", "", 0)}
    assert reasons(abnormal_rates={(7, "LISTING"), (8, "LISTING"), (7, "STOCKOUT")}) == {
        ("BRAND", "NOT_STOCKED", "LISTING", 7)
    }
    assert reasons(abnormal_indicators={"VOLUME", "AMOUNT", "WIDTH", "MARKET_ORDER_RATE"}) == {
        ("MARKET", "VOL_DOWN", "VOLUME", 0),
        ("MARKET", "VOL_DOWN", "AMOUNT", 0),
    }
    assert reasons(abnormal_indicators={"STOCKOUT_RATE"}) == {
        ("MARKET", "STOCKOUT", "STOCKOUT_RATE", 0)
    }


def test_without_abnormal_figures_only_problem_customers_are_key():
    for code in sorted(set(ProblemCode.__members__) - MARKING_CODES):
        assert not key_reasons(
            [(code, 0)], is_problem_customer=False, abnormal_rates=(), abnormal_indicators=()
        )


# --- capacity ---------------------------------------------------------------------------------

NOVEMBER, OCTOBER = Month(2026, 11), Month(2026, 10)
HOLIDAYS = {dt.date(2026, 10, day): False for day in range(1, 8)}


def load(month: Month, overrides: dict[dt.date, bool] | None = None, **more: object) -> Capacity:
    values: dict[str, object] = {"urban": Demand(), "rural": Demand(), "keys": 0, **more}
    demands = {URBAN: values["urban"], RURAL: values["rural"]}
    return capacity(month, overrides or {}, demands, values["keys"], Parameters())  # type: ignore[arg-type]


def test_four_weeks_of_a_town_territory():
    found = load(NOVEMBER, urban=Demand(weekly=60, twice=50, once=30), keys=56)
    assert (found.weeks, found.workdays, found.per_day) == (4, 20, 30)
    assert (found.needed, found.room, found.overload) == (240 + 100 + 30, 600, 0)
    assert found.load_percent == 62
    assert (found.key_percent, found.has_many_key_customers, found.is_tight) == (40, False, False)
    assert [(row.market_type, row.visits, row.day_tenths) for row in found.loads] == [
        (URBAN, 370, 124)
    ]


def test_five_weeks_with_the_national_holiday():
    found = load(OCTOBER, HOLIDAYS, rural=Demand(weekly=80, twice=50, once=10), keys=57)
    assert (found.weeks, found.workdays, found.per_day) == (5, 20, 25)
    assert (found.needed, found.room, found.overload) == (400 + 100 + 10, 500, 10)
    assert found.load_percent == 102
    assert [(week.number, week.workdays, week.missing) for week in found.short_weeks] == [
        (1, 3, 5), (2, 2, 30),
    ]  # fmt: skip
    assert found.short_weeks[0].monday == dt.date(2026, 9, 28)
    assert found.has_many_key_customers
    assert found.heaviest is not None
    assert found.heaviest.market_type == RURAL


def test_town_and_country_share_the_days():
    found = load(NOVEMBER, urban=Demand(weekly=10), rural=Demand(weekly=10))
    assert found.per_day == 27
    assert [(row.visits, row.per_day, row.day_tenths) for row in found.loads] == [
        (40, 30, 14), (40, 25, 16),
    ]  # fmt: skip
    assert found.heaviest is found.loads[1]


def test_a_month_without_workdays_or_customers():
    closed = {day: False for month in (OCTOBER, NOVEMBER) for day in month.days()}
    found = load(NOVEMBER, closed, urban=Demand(once=1))
    assert (found.room, found.overload, found.load_percent) == (0, 1, None)
    empty = load(NOVEMBER)
    assert (empty.needed, empty.load_percent, empty.heaviest, empty.is_tight) == (0, 0, None, False)


@given(
    st.builds(Demand, *[st.integers(0, 300)] * 3),
    st.builds(Demand, *[st.integers(0, 300)] * 3),
    st.integers(0, 900),
)
def test_the_load_is_over_100_exactly_when_visits_are_too_many(
    urban: Demand, rural: Demand, keys: int
):
    found = load(NOVEMBER, urban=urban, rural=rural, keys=keys)
    assert found.load_percent is not None
    assert (found.load_percent > 100) == (found.overload > 0)
    assert found.needed == sum(row.visits for row in found.loads)
    assert found.demand.visits(4) == found.demand.weekly * visits_of(WEEKLY, 4) + (
        found.demand.twice * visits_of(SEMIMONTHLY, 4) + found.demand.once * visits_of(MONTHLY, 4)
    )
