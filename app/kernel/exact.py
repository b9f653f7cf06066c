"""Exact arithmetic on ratios of integers: floors and comparisons, no rounded quotient anywhere.

A floor to a whole unit decides every whole-unit threshold as the exact value does: for an
integer t, x ≥ t if and only if floor(x) ≥ t, and x < t if and only if floor(x) < t.
"""

from __future__ import annotations

from fractions import Fraction


def scaled_quotient(
    factor: int, num: int | None, den: int | None, other_num: int | None, other_den: int | None
) -> int | None:
    """floor(factor · (num/den) ÷ (other_num/other_den)).

    None unless den, other_num and other_den are given and positive: a mean, a base or a
    reference of zero or less gives no ratio.
    """
    if num is None or not den or not other_num or not other_den:
        return None
    if den < 0 or other_num < 0 or other_den < 0:
        return None
    return (factor * num * other_den) // (den * other_num)


def scaled_difference(
    factor: int, num: int | None, den: int | None, other_num: int | None, other_den: int | None
) -> int | None:
    """floor(factor · (num/den − other_num/other_den)); None unless both denominators are positive."""
    if num is None or other_num is None or not den or not other_den or den < 0 or other_den < 0:
        return None
    return (factor * (num * other_den - other_num * den)) // (den * other_den)


def clamp(value: int | None, least: int, most: int) -> int | None:
    """The value, or the nearer bound when it lies outside; None stays None."""
    return None if value is None else max(least, min(most, value))


def reduced(numerator: int, denominator: int) -> tuple[int, int]:
    """A tolerance in lowest terms, so that cross-multiplication stays within 64 bits."""
    ratio = Fraction(numerator, denominator)
    return ratio.numerator, ratio.denominator
