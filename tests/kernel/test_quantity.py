"""Units: what is typed comes back exactly, and no threshold meets a rounded figure."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantity import (
    Ratio,
    cases,
    fen_to_yuan,
    round_half_up,
    scaled_integer,
    standard_cartons,
    yuan_to_fen,
)

pytestmark = pytest.mark.pure

FEN = st.integers(-(10**14), 10**14)
COUNTS = st.integers(0, 10**9)


@given(FEN)
def test_money_survives_typing_and_spreadsheets(fen):
    yuan = fen_to_yuan(fen)
    assert yuan_to_fen(str(yuan)) == fen
    assert yuan_to_fen(yuan) == fen
    if abs(fen) < 10**12:  # a binary float tells that many fen apart
        assert yuan_to_fen(float(yuan)) == fen


@given(st.integers(-(10**9), 10**9), st.integers(0, 4))
def test_a_scaled_integer_is_the_number_in_smaller_units(number, places):
    assert scaled_integer(Decimal(number).scaleb(-places), places) == number


@pytest.mark.parametrize("text", ["", "abc", "1.234", "nan", "inf", "1e20", "１２。５"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match=r"not a|more than"):
        yuan_to_fen(text)


@given(st.integers(0, 10**12))
def test_sticks_cartons_and_cases_agree(sticks):
    assert standard_cartons(sticks) * 200 == sticks
    assert cases(sticks) * 250 == standard_cartons(sticks)


def test_a_carton_of_160_sticks_is_four_fifths_of_a_standard_one():
    assert standard_cartons(160) == Decimal("0.8")
    assert cases(50_000) == 1


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_ratios_are_compared_exactly(num, den, other_num, other_den):
    found = Ratio(num, den).at_least(Ratio(other_num, other_den))
    if den == 0 or other_den == 0:
        assert found is None
    else:
        assert found is (Fraction(num, den) >= Fraction(other_num, other_den))


@given(COUNTS, st.integers(1, 10**6))
def test_a_percentage_is_within_half_a_step_of_the_ratio(num, den):
    shown = Ratio(num, den).percent(2)
    assert shown is not None
    assert abs(Fraction(shown) - Fraction(num * 100, den)) <= Fraction(1, 200)


def test_half_goes_up_and_undefined_stays_undefined():
    assert [round_half_up(Decimal(text)) for text in ("0.5", "1.5", "2.5")] == [1, 2, 3]
    assert Ratio(1, 0).percent() is None
    assert not Ratio(1, 0).is_defined
