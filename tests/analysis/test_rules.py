"""Rates, indicators, problem codes, questionnaires, targets and decomposition, by hand."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.rules import judgement
from app.analysis.rules.decomposition import Part, decompose, gap
from app.analysis.rules.effect import EFFECT_WEIGHTS, EffectFigures, effect_items
from app.analysis.rules.indicators import (
    INDICATORS,
    RATES,
    ProductMonths,
    TerritoryFigures,
    brand_volumes,
    four_rates,
    market_figure,
)
from app.analysis.rules.judgement import Measure
from app.analysis.rules.needs import Form, Stored, may_extract, month_of_form, plan_extraction
from app.analysis.rules.problems import (
    CustomerSituation,
    customer_problems,
    is_problem_customer,
    product_problems,
)
from app.analysis.rules.targets import MonthRange, TargetDraft, is_locked, target_problems
from app.kernel.period import Month
from app.master.rules_parameters import Parameters
from app.master.rules_problem_codes import MARKING_CODES
from app.models import EffectItem, Judgement, MarketIndicator, ProblemCode, RateKind

pytestmark = pytest.mark.pure

DEFAULT = Parameters()


def test_code_lists_and_rules_name_the_same_things():
    assert [row.code for row in RATES] == list(RateKind.__members__)
    assert [row.code for row in INDICATORS] == list(MarketIndicator.__members__)
    assert list(EFFECT_WEIGHTS) == list(EffectItem.__members__)
    assert set(ProblemCode.__members__) >= MARKING_CODES
    assert set(Judgement.__members__) == {
        judgement.NORMAL, judgement.ABNORMAL, judgement.NO_TARGET, judgement.UNDETERMINED,
    }  # fmt: skip


def months(*cartons: int, **more) -> ProductMonths:
    return ProductMonths(cartons, **more)


def test_four_rates_by_hand():
    customers = [
        months(2, 1, 0, 0, is_target=True, demanded_lines=3, stockout_lines=0),
        months(0, 3, 0, 0, is_target=True, demanded_lines=1, stockout_lines=1),
        months(1, 0, 0, 4, demanded_lines=2),
        months(0, 0, 2, 0, is_target=True),
        months(5, 0, 0, 0),  # a new buyer
        months(-1, 0, 0, 0, is_target=True),  # returned more than bought: no buyer
        months(1, -1, 0, 0),  # net negative in K−1: was no buyer then
    ]
    assert four_rates(customers) == {
        "LISTING": (1, 4),
        "ACTIVE": (4, 4),
        "STOCKOUT": (1, 6),
        "REPURCHASE": (1, 2),
    }


@pytest.mark.parametrize(
    ("customers", "expected"),
    [
        ([], {"LISTING": (0, 0), "ACTIVE": (0, 0), "STOCKOUT": (0, 0), "REPURCHASE": (0, 0)}),
        (
            [months(1, 0, 0, 0)],  # first month: nobody bought before
            {"LISTING": (0, 0), "ACTIVE": (1, 0), "STOCKOUT": (0, 0), "REPURCHASE": (0, 0)},
        ),
        (
            [months(1, 1, 0, 0, is_target=True), months(1, 0, 0, 0)],
            {"LISTING": (1, 1), "ACTIVE": (2, 1), "STOCKOUT": (0, 0), "REPURCHASE": (1, 1)},
        ),
    ],
    ids=["n=0", "n=1", "n=2, above 100 %"],
)
def test_four_rates_of_few(customers, expected):
    assert four_rates(customers) == expected


TERRITORY = TerritoryFigures(
    sticks=100_000,
    previous_sticks=80_000,
    last_year_sticks=125_000,
    amount_fen=5_000_000,
    key_sticks=20_000,
    key_last_year_sticks=16_000,
    margin_fen=900_000,
    retail_fen=6_000_000,
    demanded_lines=400,
    stockout_lines=10,
    ordering_customers=50,
    bought_products=600,
    order_days=190,
    met_days=180,
    due_days=200,
    customers=60,
    online_customers=45,
    e_settle_customers=57,
)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("VOLUME", Fraction(500)),  # cartons
        ("AMOUNT", Fraction(50_000)),  # yuan
        ("UNIT_VALUE", Fraction(100)),  # yuan per standard carton
        ("CASE_VALUE", Fraction(25_000)),  # × 250
        ("VOLUME_YEAR_GROWTH", Fraction(-20, 100)),
        ("VOLUME_MONTH_GROWTH", Fraction(25, 100)),
        ("KEY_VOLUME", Fraction(100)),
        ("KEY_SHARE", Fraction(20, 100)),
        ("KEY_GROWTH", Fraction(25, 100)),
        ("ORDER_SUCCESS", Fraction(90, 100)),
        ("VOLUME_PER_CUSTOMER", Fraction(10)),
        ("ORDER_FREQUENCY", Fraction(38, 10)),
        ("WIDTH", Fraction(12)),
        ("ONLINE_RATE", Fraction(75, 100)),
        ("E_SETTLE_RATE", Fraction(95, 100)),
        ("STOCKOUT_RATE", Fraction(25, 1000)),
        ("MARGIN_RATE", Fraction(15, 100)),
    ],
)
def test_market_indicators_by_hand(code, value):
    num, den = market_figure(code, TERRITORY)
    assert Fraction(num, den) == value
    num, den = market_figure(code, TerritoryFigures())
    assert num == 0
    assert den in (0, 100, 200)


FIGURES = EffectFigures(
    sticks=20_000,
    previous_sticks=20_000,
    peer_count=10,
    peer_sticks=200_000,
    peer_previous_sticks=200_000,
    order_weeks=3,
    due_weeks=4,
    width=15,
    peer_width=200,
)


def codes(figures: EffectFigures, parameters: Parameters = DEFAULT, **more) -> set[str]:
    situation = CustomerSituation(
        figures=figures, items=tuple(effect_items(figures, parameters)), **more
    )
    return {code for code, product in customer_problems(situation, parameters) if product == 0}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),  # width 75 % and 3 of 4 weeks are just enough
        ({"width": 14}, {"WIDTH_LOW"}),
        ({"order_weeks": 2}, {"ORDER_UNSTABLE"}),
        ({"sticks": 14_999}, {"VOL_LOW", "VOL_DOWN", "FAR_BEHIND_PEERS"}),
        ({"sticks": 19_001}, set()),  # 4.995 points behind
        ({"sticks": 19_000}, {"VOL_DOWN"}),
        ({"sticks": 16_000}, {"VOL_DOWN", "FAR_BEHIND_PEERS"}),
        ({"sticks": 16_001}, {"VOL_DOWN"}),
    ],
)
def test_problem_codes_by_hand(changes, expected):
    assert codes(replace(FIGURES, **changes)) == expected


def test_flags_optional_rules_and_new_customers():
    flags = {
        "orders_online": False,
        "settles_electronically": False,
        "has_low_price_score": True,
        "has_complaint": True,
        "is_problem_state": True,
    }
    named = {"NO_ONLINE", "NO_ESETTLE", "NO_PRICETAG", "COMPLAINT", "STATE_PROBLEM"}
    assert codes(FIGURES, **flags) == named
    assert codes(replace(FIGURES, sticks=1), is_new=True, **flags) == named
    warned = replace(DEFAULT, problem_peer_growth_percent=80, problem_large_buyer_cartons=100)
    assert codes(replace(FIGURES, sticks=20_001), warned) == {"LARGE_BUYER"}
    assert codes(FIGURES, warned) == set()
    assert "GROWTH_SHARE_LOW" in codes(replace(FIGURES, sticks=15_999), warned)
    assert "GROWTH_SHARE_LOW" not in codes(replace(FIGURES, sticks=16_000), warned)


@pytest.mark.parametrize(
    ("cartons", "is_target", "stockouts", "expected"),
    [
        ((0, 0, 0, 0), True, 0, {"NOT_STOCKED"}),
        ((0, 0, 0, 0), False, 0, set()),
        ((0, 0, 0, 1), False, 0, {"NOT_ACTIVE"}),
        ((0, 1, 0, 0), True, 0, {"NOT_STOCKED", "NOT_ACTIVE", "NO_REPURCHASE"}),
        ((-1, 1, 0, 0), False, 0, {"NOT_ACTIVE", "NO_REPURCHASE"}),
        ((1, 1, 0, 0), True, 2, {"STOCKOUT"}),
    ],
)
def test_product_codes(cartons, is_target, stockouts, expected):
    found = product_problems(7, cartons, is_target=is_target, stockout_lines=stockouts)
    assert found == {(code, 7) for code in expected}


def test_problem_customers():
    assert is_problem_customer({("COMPLAINT", 0)}, MARKING_CODES)
    assert not is_problem_customer({("COMPLAINT", 0)}, set())
    assert not is_problem_customer({("VOL_DOWN", 0)}, MARKING_CODES)


@pytest.mark.parametrize(
    ("sent_on", "month"),
    [
        (dt.date(2026, 10, 25), Month(2026, 11)),
        (dt.date(2026, 10, 26), Month(2026, 12)),
        (dt.date(2026, 12, 1), Month(2027, 1)),
        (dt.date(2026, 12, 31), Month(2027, 2)),
    ],
)
def test_month_of_a_form(sent_on, month):
    assert month_of_form(sent_on, 25) == month


def test_extraction_waits_for_the_cutoff():
    assert not may_extract(dt.date(2026, 10, 24), Month(2026, 11), 25)
    assert may_extract(dt.date(2026, 10, 25), Month(2026, 11), 25)
    assert may_extract(dt.date(2026, 11, 3), Month(2026, 11), 25)


def form(no: str, customer: str, day: int, *needs: str, month: int = 10) -> Form:
    sent = dt.datetime(2026, month, day, 12, tzinfo=dt.UTC)
    return Form(no, customer, sent, dict.fromkeys(needs))


def test_extraction_takes_the_last_form_and_touches_no_person_s_work():
    forms = [
        form("1", "a", 10, "D01"),
        form("2", "a", 12, "D02"),
        form("2", "a", 12, "D02"),  # sent twice by the platform
        form("3", "b", 25, "D16"),
        form("4", "c", 26, "D01"),  # late: next month's
        form("5", "x", 9, "D01"),
        form("6", "d", 9, "D01", "D99"),
        form("7", "e", 9),
        form("8", "confirmed", 9, "D01"),
        form("9", "edited", 9, "D01"),
        form("10", "by hand", 9, "D01"),
        form("11", "again", 9, "D03"),
    ]
    untouched = Stored(
        is_confirmed=False, is_edited=False, is_from_platform=True, submitted_at=None
    )
    stored = {
        "confirmed": replace(untouched, is_confirmed=True),
        "edited": replace(untouched, is_edited=True),
        "by hand": replace(untouched, is_edited=True, is_from_platform=False),
        "again": untouched,
    }
    known = {"a", "b", "c", "d", "e", *stored}
    plan = plan_extraction(forms, stored, known, {"D01", "D02", "D03", "D16"}, Month(2026, 11), 25)
    assert {code: row.form_no for code, row in plan.write.items()} == {
        "a": "2", "b": "3", "again": "11",
    }  # fmt: skip
    assert plan.kept == ("by hand", "confirmed", "edited")
    assert [(row.form.form_no, row.reason) for row in plan.rejected] == [
        ("4", "late"), ("5", "customer"), ("6", "answer"), ("7", "empty"),
    ]  # fmt: skip


AUTUMN = MonthRange(Month(2026, 9), Month(2026, 11))


def refused(draft: TargetDraft, focus=(AUTUMN,), others=(), completed=()) -> set[str]:
    return {problem.field for problem in target_problems(draft, focus, others, completed)}


def test_targets():
    good = TargetDraft(1, MonthRange(Month(2026, 10), Month(2026, 11)), listing=8000)
    assert refused(good) == set()
    assert refused(good, focus=[]) == {"product"}
    halves = [
        MonthRange(Month(2026, 10), Month(2026, 10)),
        MonthRange(Month(2026, 11), Month(2027, 1)),
    ]
    assert refused(good, focus=halves) == set()
    gap_in_focus = target_problems(good, [halves[0]], [], [])
    assert [problem.months for problem in gap_in_focus] == [("2026-11",)]
    assert refused(good, others=[MonthRange(Month(2026, 11), Month(2026, 12))]) == {"from_month"}
    assert refused(good, others=[MonthRange(Month(2026, 12), Month(2026, 12))]) == set()
    assert refused(good, completed=[Month(2026, 10)]) == {"from_month"}
    assert refused(good, completed=[Month(2026, 9)]) == set()
    assert refused(replace(good, listing=None)) == {"listing"}
    assert refused(replace(good, listing=10_001)) == {"listing"}
    assert refused(replace(good, active=20_000, stockout=-1)) == {"stockout"}
    assert refused(replace(good, months=MonthRange(Month(2026, 11), Month(2026, 10)))) == {
        "to_month"
    }
    assert is_locked(AUTUMN, [Month(2026, 11)])
    assert not is_locked(AUTUMN, [Month(2026, 12)])


def test_decomposition_by_hand():
    """Listing rate 1 of 3, target 80 %: each of the two missing customers owes 80/3 points."""
    parts = [Part(1, 1, 1), Part(2, 0, 1), Part(3, 0, 1)]
    rows = decompose(parts, 1, 3, 8000, Measure(10_000))
    assert [row.key for row in rows] == [2, 3, 1]
    assert rows[0].shortfall == Fraction(8000, 3)
    assert rows[2].shortfall == Fraction(8000 - 10_000, 3)
    assert sum(row.shortfall for row in rows) == gap(1, 3, 8000, Measure(10_000))
    # Volume 300 of 500 cartons: the target is shared out by last year's volumes 3 : 1.
    parts = [Part(1, 20_000, None, 30), Part(2, 40_000, None, 10)]
    rows = decompose(parts, 60_000, 200, 50_000, Measure(100))
    assert [(row.key, row.expected, row.achieved) for row in rows] == [
        (1, 37_500, 10_000), (2, 12_500, 20_000),
    ]  # fmt: skip
    assert decompose([], 0, 0, 100, Measure(100)) == []
    assert decompose([Part(1, 5, None), Part(2, 5, None)], 10, 1, 40, Measure(1))[0].expected == 20
    with pytest.raises(ValueError, match="numerators"):
        decompose([Part(1, 1, 1)], 2, 1, 100, Measure(100))
    with pytest.raises(ValueError, match="denominators"):
        decompose([Part(1, 1, 1)], 1, 2, 100, Measure(100))


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 50), st.integers(-5, 50)), min_size=1),
    st.integers(-20_000, 20_000),
    st.booleans(),
    st.booleans(),
)
def test_contributions_add_up_exactly(rows, target, low, is_shared):
    parts = [
        Part(n, num, None if is_shared else den, base) for n, (num, den, base) in enumerate(rows)
    ]
    num, den = sum(row[0] for row in rows), sum(row[1] for row in rows)
    measure = Measure(10_000, low_is_better=low)
    found = decompose(parts, num, den, target, measure)
    if den > 0:
        assert sum(row.shortfall for row in found) == gap(num, den, target, measure)
        assert [row.shortfall for row in found] == sorted(
            (row.shortfall for row in found), reverse=True
        )
    else:
        assert found == []


def test_brand_shares_by_hand():
    # Sold: 1 and 2 of one brand, 3 without a brand, 4 returned more than it sold.
    sticks = {1: 600, 2: 400, 3: 1000, 4: -100}
    brands = {1: "Crane", 2: "Crane", 3: None, 4: "Pine", 5: "Crane", 6: None}
    assert brand_volumes(sticks, brands) == {
        1: (600, 1000, 1900),
        2: (400, 1000, 1900),
        3: (1000, 1000, 1900),
        4: (-100, -100, 1900),
        5: (0, 1000, 1900),
        6: (0, 0, 1900),
    }
    assert brand_volumes({}, {1: "Crane"}) == {1: (0, 0, 0)}
