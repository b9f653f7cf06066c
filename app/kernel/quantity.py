"""Money, cigarette quantities and ratios as integers (domain §0: integers decide, rounding shows).

Units: money in fen; quantity in whole cartons 条 with the product's sticks per carton;
1 箱 = 250 标准条 = 50,000 支; 1 标准条 = 200 支.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

STICKS_PER_STANDARD_CARTON = 200
STICKS_PER_CASE = 50_000
FEN_PER_YUAN = 100


def round_half_up(value: Decimal, places: int = 0) -> Decimal:
    """Commercial rounding, used for display and for the 20/50/30 counts only."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def yuan_to_fen(text: str | float | Decimal) -> int:
    """Yuan with at most two decimals to fen.

    Errors: `ValueError` when the value is no number, is not finite or has a fraction of a fen.
    """
    return scaled_integer(text, 2)


def scaled_integer(value: str | float | Decimal, places: int) -> int:
    """A decimal with at most `places` decimals as an integer of 10^-places units.

    Spreadsheets hand over binary floats (``19.9`` is 19.899999…), so floats go through their
    shortest decimal form first.
    Errors: `ValueError` when the value is no number, is not finite or has more decimals.
    """
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise ValueError(f"not a usable number: {value!r}")
    scaled = number.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"more than {places} decimals: {value!r}")
    return int(scaled)


def fen_to_yuan(fen: int) -> Decimal:
    """Fen as yuan with two decimals."""
    return Decimal(fen).scaleb(-2)


def standard_cartons(sticks: int) -> Decimal:
    """标准条: cartons of 200 sticks."""
    return Decimal(sticks) / STICKS_PER_STANDARD_CARTON


def cases(sticks: int) -> Decimal:
    """箱: cases of 50,000 sticks."""
    return Decimal(sticks) / STICKS_PER_CASE


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio kept as its two integers, so that thresholds never meet a rounded quotient."""

    num: int
    den: int

    @property
    def is_defined(self) -> bool:
        return self.den != 0

    def percent(self, places: int = 2) -> Decimal | None:
        """For display: the ratio × 100, half-up; None when the denominator is zero."""
        if self.den == 0:
            return None
        return round_half_up(Decimal(self.num) * 100 / Decimal(self.den), places)

    def at_least(self, other: Ratio) -> bool | None:
        """Whether this ratio ≥ `other`, by cross-multiplication; None when either is undefined.

        Denominators are counts or quantities and must not be negative.
        """
        if self.den == 0 or other.den == 0:
            return None
        if self.den < 0 or other.den < 0:
            raise ValueError("a ratio's denominator is a count and cannot be negative")
        return self.num * other.den >= other.num * self.den
