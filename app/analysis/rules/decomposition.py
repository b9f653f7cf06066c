"""§2.2 steps 5 and 6 — which customers and products make up a gap; the parts add up exactly.

For a figure N/D with N = Σnᵢ and D = Σdᵢ, the shortfall against the target T is
T − N/D = Σ (T·dᵢ − nᵢ)/D: each part owes T for its share of the denominator (the denominator
effect) and has delivered nᵢ (the numerator effect). Where the denominator does not belong to the
parts (a total, or a count of customers looked at by product), the target is shared out by a base.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from app.analysis.rules.judgement import Measure


@dataclass(frozen=True, slots=True)
class Part:
    """A customer's or a product's share of a figure. `den` None: not attributable to parts."""

    key: int
    num: int
    den: int | None
    base: int = 0


@dataclass(frozen=True, slots=True)
class Contribution:
    """In units of the figure, exact. `shortfall` = `expected` − `achieved`; positive = behind.

    For a figure that is better when low the sign is turned: positive = too much.
    """

    key: int
    num: int
    den: int | None
    expected: Fraction
    achieved: Fraction
    shortfall: Fraction


def shares(parts: list[Part]) -> list[Fraction]:
    """Each part's share of a whole, by base; equal shares when no base is positive."""
    bases = [max(part.base, 0) for part in parts]
    total = sum(bases)
    if total:
        return [Fraction(base, total) for base in bases]
    return [Fraction(1, len(parts)) for _ in parts]


def decompose(
    parts: Iterable[Part], num: int, den: int, target: int, measure: Measure
) -> list[Contribution]:
    """Contributions in hundredths of the unit, largest shortfall first.

    Their sum is exactly target − factor·num/den (turned when low is better). Errors:
    `ValueError` when the parts do not add up to the figure, `ZeroDivisionError` never: an
    undefined figure (`den` ≤ 0) has no decomposition and gives an empty list.
    """
    rows = list(parts)
    if den <= 0 or not rows:
        return []
    if sum(row.num for row in rows) != num:
        raise ValueError("the parts' numerators do not add up to the figure")
    by_denominator = all(row.den is not None for row in rows)
    if by_denominator and sum(row.den or 0 for row in rows) != den:
        raise ValueError("the parts' denominators do not add up to the figure")
    weights = [Fraction(row.den or 0, den) for row in rows] if by_denominator else shares(rows)
    sign = -1 if measure.low_is_better else 1
    result = []
    for row, weight in zip(rows, weights, strict=True):
        expected = target * weight
        achieved = Fraction(measure.factor * row.num, den)
        result.append(
            Contribution(
                row.key, row.num, row.den, expected, achieved, sign * (expected - achieved)
            )
        )
    return sorted(result, key=lambda row: (-row.shortfall, row.key))


def gap(num: int, den: int, target: int, measure: Measure) -> Fraction:
    """The whole shortfall in hundredths of the unit; positive = behind the target."""
    sign = -1 if measure.low_is_better else 1
    return sign * (target - Fraction(measure.factor * num, den))
