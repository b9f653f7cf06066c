"""经营效果 and 经营能力: every formula by hand, bands at their edges, peers, properties."""

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.rules.ability import (
    ability_band,
    ability_score,
    operating_state,
    run_status,
    status_after_input,
)
from app.analysis.rules.effect import (
    EFFECT_WEIGHTS,
    PEER_LEVELS,
    EffectFigures,
    effect_band,
    effect_items,
    effect_score,
    growth_shortfall,
    is_rated,
    peer_level,
)
from app.analysis.seeding import SEED_FOLDER
from app.kernel.exact import clamp, reduced, scaled_difference, scaled_quotient
from app.kernel.period import Month
from app.kernel.seed_file import read_seed
from app.master.rules_parameters import Parameters

pytestmark = pytest.mark.pure

DEFAULT = Parameters()
EQUAL = EffectFigures(
    sticks=20_000,
    previous_sticks=20_000,
    last_year_sticks=20_000,
    amount_fen=1_000_000,
    key_sticks=4_000,
    width=20,
    margin_fen=150_000,
    retail_fen=1_150_000,
    order_weeks=4,
    due_weeks=4,
    peer_count=10,
    peer_sticks=200_000,
    peer_previous_sticks=200_000,
    peer_amount_fen=10_000_000,
    peer_width=200,
    peer_margin_fen=1_500_000,
    peer_retail_fen=11_500_000,
    area_sticks=100_000,
    area_key_sticks=20_000,
)
"""A customer exactly like the peers: 100 cartons, 50 yuan each, 20 % key brands."""


def scores(figures: EffectFigures, parameters: Parameters = DEFAULT) -> dict[str, int | None]:
    return {row.item: row.score for row in effect_items(figures, parameters)}


def test_equal_to_the_peers():
    assert scores(EQUAL) == {
        "VOLUME": 6000,
        "VOLUME_GROWTH": 6000,
        "UNIT_VALUE": 6000,
        "KEY_SHARE": 6000,
        "WIDTH": 6000,
        "ORDER_STABILITY": 10_000,
        "MARGIN": 6000,
    }
    # (85 × 60 + 10 × 100) / 95
    score = effect_score(effect_items(EQUAL, DEFAULT))
    assert (score.num, score.den, score.score) == (6_100_00, 95, 6421)


@pytest.mark.parametrize(
    ("changes", "item", "expected"),
    [
        ({"sticks": 30_000}, "VOLUME", 10_000),  # r = 1.5: 60 + 40
        ({"sticks": 29_999}, "VOLUME", 9999),  # 60 + 80 × 0.49995 = 99.996
        ({"sticks": 40_000}, "VOLUME", 10_000),  # not above 100
        ({"sticks": 15_000}, "VOLUME", 4000),  # r = 0.75: 60 − 20, not below 40
        ({"sticks": 14_999}, "VOLUME", 3999),
        ({"sticks": 5_000}, "VOLUME", 0),  # r = 0.25: 60 − 60
        ({"sticks": 0}, "VOLUME", 0),
        ({"sticks": -200}, "VOLUME", 0),  # more returned than bought
        ({"peer_sticks": 0}, "VOLUME", None),
        ({"peer_count": 0}, "VOLUME", None),
        ({"sticks": 22_000}, "VOLUME_GROWTH", 8000),  # +10 %: 60 + 20
        ({"sticks": 24_000}, "VOLUME_GROWTH", 10_000),  # +20 %
        ({"sticks": 14_000}, "VOLUME_GROWTH", 0),  # −30 %
        ({"sticks": 20_001}, "VOLUME_GROWTH", 6001),  # +0.005 %: 60.01
        ({"sticks": 19_999}, "VOLUME_GROWTH", 5999),
        # No sales last year: +10 % on the month before, the peers +4 %: 60 + 2 × 6.
        (
            {"last_year_sticks": 0, "sticks": 22_000, "peer_sticks": 208_000},
            "VOLUME_GROWTH",
            7200,
        ),
        ({"last_year_sticks": 0, "previous_sticks": 0}, "VOLUME_GROWTH", None),
        ({"last_year_sticks": -200, "previous_sticks": 0}, "VOLUME_GROWTH", None),
        ({"last_year_sticks": 0, "peer_previous_sticks": 0}, "VOLUME_GROWTH", None),
        ({"amount_fen": 1_125_000}, "UNIT_VALUE", 7000),  # r = 1.125
        ({"sticks": 0, "amount_fen": 0}, "UNIT_VALUE", None),
        ({"key_sticks": 3_000}, "KEY_SHARE", 4000),  # 15 % against 20 %
        ({"area_key_sticks": 0}, "KEY_SHARE", None),
        ({"width": 25}, "WIDTH", 8000),
        ({"order_weeks": 3}, "ORDER_STABILITY", 7500),
        ({"order_weeks": 5}, "ORDER_STABILITY", 10_000),  # an extra order is no bonus
        ({"due_weeks": 0}, "ORDER_STABILITY", None),
        ({"due_weeks": 3, "order_weeks": 1}, "ORDER_STABILITY", 3333),
        ({"margin_fen": 75_000}, "MARGIN", 2000),  # r = 0.5
        ({"retail_fen": 0, "margin_fen": 0}, "MARGIN", None),
    ],
)
def test_items_by_hand(changes, item, expected):
    assert scores(replace(EQUAL, **changes))[item] == expected


def test_items_without_data_share_their_weight():
    figures = replace(EQUAL, due_weeks=0, area_key_sticks=0, retail_fen=0)
    score = effect_score(effect_items(figures, DEFAULT))
    assert (score.den, score.score) == (20 + 15 + 15 + 10, 6000)
    nothing = effect_score(effect_items(EffectFigures(), DEFAULT))
    assert (nothing.num, nothing.den, nothing.score) == (0, 0, None)


@pytest.mark.parametrize(
    ("score", "band"),
    [(7000, "GOOD"), (6999, "FAIR"), (5000, "FAIR"), (4999, "POOR"), (0, "POOR"), (None, None)],
)
def test_effect_bands(score, band):
    assert effect_band(score, DEFAULT) == band


@pytest.mark.parametrize(
    ("own", "peers", "expected"),
    [
        ((95, 100), (100, 100), 500),  # exactly 5 points behind
        ((9501, 10_000), (100, 100), 499),
        ((9499, 10_000), (100, 100), 501),
        ((60, 100), (80, 100), 2000),  # after the festival everybody fell; this one 20 points more
        ((100, 100), (100, 100), 0),
        ((101, 100), (100, 100), -100),
        ((5, 0), (100, 100), None),
        ((5, 5), (100, 0), None),
    ],
)
def test_change_behind_the_peers(own, peers, expected):
    figures = EffectFigures(
        sticks=own[0],
        previous_sticks=own[1],
        peer_sticks=peers[0],
        peer_previous_sticks=peers[1],
    )
    assert growth_shortfall(figures) == expected


def test_peers_widen_scale_first_then_business_then_market():
    assert PEER_LEVELS == (
        ("market_type", "business_type", "scale"),
        ("market_type", "business_type"),
        ("market_type",),
        (),
    )
    assert [peer_level(counts, 5) for counts in ([5, 9, 20, 60], [4, 5, 20, 60], [1, 4, 5, 60])] == [
        0, 1, 2,
    ]  # fmt: skip
    assert peer_level([1, 2, 3, 4], 5) == 3  # the company is the widest there is


def test_a_customer_is_rated_from_the_first_full_month():
    october = Month(2026, 10)
    assert is_rated(dt.date(2026, 10, 1).toordinal(), october)
    assert not is_rated(dt.date(2026, 10, 2).toordinal(), october)
    assert is_rated(dt.date(2026, 9, 30).toordinal(), october)


WEIGHTS = {"A1": 10, "A2": 10, "A3": 15, "A4": 15, "A5": 15, "A6": 10, "A7": 10, "A8": 10, "A9": 5}


@pytest.mark.parametrize(
    ("given_scores", "score", "band"),
    [
        (dict.fromkeys(WEIGHTS, 5), 10_000, "STRONG"),
        (dict.fromkeys(WEIGHTS, 4), 8000, "STRONG"),
        ({**dict.fromkeys(WEIGHTS, 4), "A9": 3}, 7900, "MEDIUM"),
        (dict.fromkeys(WEIGHTS, 3), 6000, "MEDIUM"),
        ({**dict.fromkeys(WEIGHTS, 3), "A9": 2}, 5900, "WEAK"),
        (dict.fromkeys(WEIGHTS, 1), 2000, "WEAK"),
        ({**dict.fromkeys(WEIGHTS, 4), "old": 1}, 8000, "STRONG"),
    ],
)
def test_ability(given_scores, score, band):
    result = ability_score(WEIGHTS, given_scores)
    assert result.is_complete
    assert result.score == score
    assert ability_band(result.score, DEFAULT) == band


def test_ability_needs_every_item():
    result = ability_score(WEIGHTS, {"A1": 5})
    assert not result.is_complete
    assert result.score is None
    assert ability_band(None, DEFAULT) is None
    assert ability_score({}, {}).score is None


def test_the_state_matrix():
    matrix = {
        (row["effect_band"] or None, row["ability_band"] or None): row["name"]
        for row in read_seed(SEED_FOLDER / "operating_states.csv")
    }
    assert len(matrix) == 10
    rated = [
        [operating_state(matrix, e, a, is_new=False) for a in ("STRONG", "MEDIUM", "WEAK")]
        for e in ("GOOD", "FAIR", "POOR")
    ]
    assert rated == [
        ["标杆型", "成长型", "借势型"],
        ["潜力型", "稳定型", "帮扶型"],
        ["低效型", "下滑型", "困难型"],
    ]
    assert operating_state(matrix, "GOOD", "STRONG", is_new=True) == "新入网"
    assert operating_state(matrix, None, "STRONG", is_new=False) is None


def test_status():
    assert status_after_input("NOT_COMPUTED", is_complete=False) == "COMPUTED"
    assert status_after_input("COMPUTED", is_complete=True) == "EVALUATED"
    assert status_after_input("GENERATED", is_complete=True) == "STALE"
    assert status_after_input("STALE", is_complete=False) == "STALE"
    assert run_status([]) == "NOT_COMPUTED"
    assert run_status(["COMPUTED", "EVALUATED"]) == "COMPUTED"
    assert run_status(["EVALUATED", "EVALUATED"]) == "EVALUATED"
    assert run_status(["GENERATED", "GENERATED"]) == "GENERATED"
    assert run_status(["GENERATED", "EVALUATED"]) == "STALE"
    assert run_status(["GENERATED", "STALE"]) == "STALE"


sticks = st.integers(0, 10**7)
positive = st.integers(1, 10**9)


@given(sticks, positive, positive, positive)
def test_exact_floor(num, den, other_num, other_den):
    exact = Fraction(num, den) / Fraction(other_num, other_den)
    assert scaled_quotient(8000, num, den, other_num, other_den) == (8000 * exact).__floor__()
    difference = Fraction(num, den) - Fraction(other_num, other_den)
    assert (
        scaled_difference(10_000, num, den, other_num, other_den)
        == (10_000 * difference).__floor__()
    )


@given(st.integers(-100, 100), st.integers(-100, 100))
def test_a_denominator_of_zero_or_less_gives_nothing(num, den):
    if den <= 0:
        assert scaled_quotient(1, num, den, 1, 1) is None
        assert scaled_quotient(1, num, 1, den, 1) is None
        assert scaled_difference(1, num, den, 1, 1) is None


def test_clamp_and_reduced():
    assert [clamp(value, 0, 10) for value in (-1, 5, 11, None)] == [0, 5, 10, None]
    assert reduced(5, 100) == (1, 20)


@given(sticks, sticks)
def test_selling_more_never_lowers_the_volume_score(less, more):
    low, high = sorted((less, more))
    assert (scores(replace(EQUAL, sticks=low))["VOLUME"] or 0) <= (
        scores(replace(EQUAL, sticks=high))["VOLUME"] or 0
    )


@given(st.lists(st.integers(0, 40), min_size=7, max_size=7))
def test_the_effect_stays_within_its_items(weights):
    parameters = replace(DEFAULT, **dict(zip(EFFECT_WEIGHTS.values(), weights, strict=True)))
    items = effect_items(replace(EQUAL, sticks=27_000), parameters)
    score = effect_score(items)
    weighed = [row.score for row in items if row.weight and row.score is not None]
    if score.den:
        assert min(weighed) <= score.score <= max(weighed)
    else:
        assert score.score is None
