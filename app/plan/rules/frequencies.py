"""§2.2 step 8 — visit frequencies: key customers weekly; of the others, ranked by the number of
their service strategies, the first fifth weekly, the last three tenths monthly, the rest twice.

`app.plan.statements.frequencies` executes the same as one window-function statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.plan.rules.visit_dates_weeks import MONTHLY, SEMIMONTHLY, WEEKLY

UNRANKED = 0
"""The rank of key customers and of those opened within the month."""


@dataclass(frozen=True, slots=True)
class Bands:
    """How many of the ranked customers are visited weekly, twice and once a month."""

    top: int
    middle: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer is ranked by. `effect_score` in hundredths, None = none; `amount_fen` of
    the month before.
    """

    customer_id: int
    code: str
    strategies: int = 0
    direct: int = 0
    effect_score: int | None = None
    amount_fen: int = 0


def rounded_share(count: int, percent: int) -> int:
    """`percent` of `count`, a half rounded up: 30 % of 5 is 2 (1.5), 20 % of 12 is 2 (2.4)."""
    return (2 * percent * count + 100) // 200


def bands(count: int, top_percent: int, bottom_percent: int) -> Bands:
    """The sizes for `count` customers. Halves are rounded up twice, so shares that add up to 100
    can exceed the count by one: then the bottom gives way.
    """
    top = rounded_share(count, top_percent)
    bottom = min(rounded_share(count, bottom_percent), count - top)
    return Bands(top, count - top - bottom, bottom)


def ranking(standings: Iterable[Standing]) -> list[Standing]:
    """Most strategies first; then most direct needs, the lowest effect score (none last), the
    highest amount, the code.
    """
    return sorted(
        standings,
        key=lambda row: (
            -row.strategies,
            -row.direct,
            row.effect_score is None,
            row.effect_score or 0,
            -row.amount_fen,
            row.code,
        ),
    )


def frequency_of_rank(rank: int, sizes: Bands) -> str:
    """The frequency of the customer with this rank, from 1."""
    if rank <= sizes.top:
        return WEEKLY
    return SEMIMONTHLY if rank <= sizes.top + sizes.middle else MONTHLY


def frequencies(
    standings: Collection[Standing],
    *,
    weekly: Collection[int],
    top_percent: int,
    bottom_percent: int,
) -> dict[int, tuple[int, str]]:
    """Customer id → (rank, frequency). `weekly`: key customers and newly opened ones, who are
    visited weekly and do not count.
    """
    found = {row.customer_id: (UNRANKED, WEEKLY) for row in standings}
    others = ranking(row for row in standings if row.customer_id not in weekly)
    sizes = bands(len(others), top_percent, bottom_percent)
    for rank, row in enumerate(others, start=1):
        found[row.customer_id] = rank, frequency_of_rank(rank, sizes)
    return found
