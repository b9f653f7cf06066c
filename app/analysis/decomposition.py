"""§2.2 steps 5 and 6 — which customers, products or territories make up an abnormal figure.

Every call reads the facts as they are now. The contributions are exact fractions in hundredths of
the figure's unit, largest shortfall first, and add up to the gap; `rules.decomposition` says how.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction

from sqlalchemy import Connection

from app.analysis.rules.computation import Computation
from app.analysis.rules.decomposition import Contribution, Part, decompose, gap
from app.analysis.rules.indicators import (
    INDICATOR_BY_CODE,
    RATE_BY_CODE,
    TerritoryFigures,
    four_rates,
    market_figure,
)
from app.analysis.statements.figure_parts import By, figures_by, product_months_by_customer
from app.kernel.errors import N_, PlanningError
from app.kernel.scope import Scope

TOTALS = frozenset({"VOLUME", "AMOUNT", "KEY_VOLUME"})
"""Figures whose denominator is a constant: the target is shared out by the base month."""

CUSTOMERS_ONLY = frozenset({"ORDER_SUCCESS", "ORDER_FREQUENCY", "ONLINE_RATE", "E_SETTLE_RATE"})
"""Figures that no product is part of."""

PER_CUSTOMER = frozenset({"VOLUME_PER_CUSTOMER", "WIDTH"})
"""Figures whose denominator counts customers: by product the target is shared out as well."""


class NotDecomposable(PlanningError):
    """The figure has no parts of this kind."""

    msgid = N_("This figure cannot be taken apart in this way.")


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A figure num/den, its target and gap in hundredths of the unit, and the parts of the gap.

    `contributions` is empty when the figure is undefined; then `gap` is None.
    """

    num: int
    den: int
    target: int
    gap: Fraction | None
    contributions: tuple[Contribution, ...]


def _result(
    parts: list[Part], num: int, den: int, target: int, code: str, *, is_rate: bool
) -> Decomposition:
    measure = (RATE_BY_CODE if is_rate else INDICATOR_BY_CODE)[code].measure
    if den <= 0:
        return Decomposition(num, den, target, None, ())
    rows = decompose(parts, num, den, target, measure)
    return Decomposition(num, den, target, gap(num, den, target, measure), tuple(rows))


def decompose_rate(
    connection: Connection,
    scope: Scope,
    computation: Computation,
    product_id: int,
    rate: str,
    target: int,
) -> Decomposition:
    """One of the four rates of a product by customer; keys are customer ids."""
    customers = product_months_by_customer(connection, scope, computation, product_id)
    num, den = four_rates(list(customers.values()))[rate]
    parts = []
    for key, row in customers.items():
        own_num, own_den = four_rates([row])[rate]
        if own_num or own_den:
            parts.append(Part(key, own_num, own_den))
    return _result(parts, num, den, target, rate, is_rate=True)


def decompose_indicator(
    connection: Connection,
    scope: Scope,
    computation: Computation,
    indicator: str,
    by: By,
    target: int,
) -> Decomposition:
    """A market indicator of the scope's territories by customer, product or territory.

    Errors: `NotDecomposable` for entered indicators and for customers' figures by product.
    """
    if INDICATOR_BY_CODE[indicator].is_entered or (by == "product" and indicator in CUSTOMERS_ONLY):
        raise NotDecomposable
    rows = figures_by(connection, scope, computation, by)
    whole = _added_up(
        figures_by(connection, scope, computation, "territory") if by == "product" else rows
    )
    num, den = market_figure(indicator, whole)
    shared = indicator in TOTALS or (by == "product" and indicator in PER_CUSTOMER)
    parts = []
    for key, figures in rows.items():
        own_num, own_den = market_figure(indicator, figures)
        base = figures.last_year_sticks if whole.last_year_sticks > 0 else figures.previous_sticks
        if indicator == "KEY_VOLUME":
            base = figures.key_last_year_sticks
        parts.append(Part(key, own_num, None if shared else own_den, base))
    return _result(parts, num, den, target, indicator, is_rate=False)


def _added_up(rows: dict[int, TerritoryFigures]) -> TerritoryFigures:
    return TerritoryFigures(
        **{
            item.name: sum(getattr(row, item.name) for row in rows.values())
            for item in fields(TerritoryFigures)
        }
    )
