"""§2.2 steps 5 and 6 — thirteen months of a figure, from the data as they are now.

What no data give any more comes from the analyses stored at the time: entered values, and the
order and settlement modes of customers, of which only the present ones are known. A month that
nothing is known about is missing, and the chart says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.computation import computation_of
from app.analysis.rules.indicators import Pair, TerritoryFigures, market_figure
from app.analysis.statements.brand_rates import rate_trend_rows
from app.analysis.statements.market_figures import order_sums, success_sums
from app.analysis.statements.sales_trend import key_growth_trend, sales_trend
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.parameters import current_parameters
from app.models import (
    KeyProductSnapshot,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MarketTarget,
)

TREND_MONTHS = 13
FROM_SALES = frozenset(
    {
        "VOLUME", "AMOUNT", "UNIT_VALUE", "CASE_VALUE", "VOLUME_YEAR_GROWTH",
        "VOLUME_MONTH_GROWTH", "KEY_VOLUME", "KEY_SHARE", "VOLUME_PER_CUSTOMER", "WIDTH",
        "STOCKOUT_RATE", "MARGIN_RATE",
    }
)  # fmt: skip
"""Indicators whose past months follow from monthly sales."""


def trend_months(month: Month) -> list[Month]:
    """Thirteen months up to `month`: the same month of last year is the first."""
    return list(month.shift(1 - TREND_MONTHS).through(month))


def rate_trend(
    session: Session, scope: Scope, month: Month, product_id: int
) -> dict[tuple[Month, Any], Pair]:
    """(month, rate) → set sizes of a product."""
    parameters = current_parameters(session, scope.company_id)
    rows = session.connection().execute(
        rate_trend_rows(scope, trend_months(month), parameters, product_id)
    )
    return {
        (Month.from_number(row.month), row.rate): (row.actual_num, row.actual_den) for row in rows
    }


def indicator_trend(
    session: Session, scope: Scope, month: Month, indicator: MarketIndicator
) -> Mapping[Month, Pair]:
    """Month → figure of one territory; months that nothing is known about are missing."""
    months, code = trend_months(month), indicator.name
    if code in FROM_SALES:
        return _from_sales(session, scope, months, code)
    if code == "KEY_GROWTH":
        return _key_growth(session, scope, months)
    if code in ("ORDER_SUCCESS", "ORDER_FREQUENCY"):
        return _from_orders(session, scope, months, code)
    header, line = MarketAnalysis.__table__, MarketAnalysisLine.__table__
    rows = session.connection().execute(
        select(header.c.month, line.c.actual_num, line.c.actual_den)
        .join(
            line,
            (line.c.company_id == header.c.company_id) & (line.c.analysis_id == header.c.id),
        )
        .where(scope.rows(header), header.c.month.in_(months), line.c.indicator == indicator)
    )
    return {
        row.month: (row.actual_num, row.actual_den) for row in rows if row.actual_num is not None
    }


def targets_of(
    session: Session, scope: Scope, months: Sequence[Month], indicator: MarketIndicator
) -> dict[Month, int]:
    """Month → target in hundredths, of the one territory in scope."""
    table = MarketTarget.__table__
    rows = session.connection().execute(
        select(table.c.month, table.c.value).where(
            scope.rows(table), table.c.month.in_(months), table.c.indicator == indicator
        )
    )
    return {row.month: row.value for row in rows}


def _from_sales(
    session: Session, scope: Scope, months: Sequence[Month], code: str
) -> dict[Month, Pair]:
    needed = [month.shift(-12) for month in months] + [months[0].previous, *months]
    rows = session.connection().execute(sales_trend(scope, sorted(set(needed))))
    sums = {row.month: row._mapping for row in rows}
    found = {}
    for month in months:
        if month not in sums:
            continue
        values = {name: value for name, value in sums[month].items() if name != "month"}
        for name, base in (
            ("previous_sticks", month.previous),
            ("last_year_sticks", month.shift(-12)),
        ):
            values[name] = sums[base]["sticks"] if base in sums else 0
        found[month] = market_figure(code, TerritoryFigures(**values))
    if code in ("KEY_VOLUME", "KEY_SHARE"):
        known = _months_with_key_brands(session, scope, months)
        return {month: pair for month, pair in found.items() if month in known}
    return found


def _months_with_key_brands(
    session: Session, scope: Scope, months: Sequence[Month]
) -> frozenset[Month]:
    """The months whose key brands were recorded."""
    table = KeyProductSnapshot.__table__
    rows = session.connection().scalars(
        select(table.c.month).where(scope.company(table), table.c.month.in_(months)).distinct()
    )
    return frozenset(rows)


def _key_growth(session: Session, scope: Scope, months: Sequence[Month]) -> dict[Month, Pair]:
    rows = session.connection().execute(key_growth_trend(scope, months))
    return {
        Month.from_number(row.month): market_figure(
            "KEY_GROWTH",
            TerritoryFigures(
                key_sticks=row.key_sticks, key_last_year_sticks=row.key_last_year_sticks
            ),
        )
        for row in rows
    }


def _from_orders(
    session: Session, scope: Scope, months: Sequence[Month], code: str
) -> dict[Month, Pair]:
    """Months without any order are unknown, not without success: the data begin later."""
    connection, found = session.connection(), {}
    sums = {row.month: row for row in connection.execute(sales_trend(scope, months))}
    for month in months:
        if month not in sums:
            continue
        values = {"ordering_customers": sums[month].ordering_customers}
        statement: Any = order_sums(scope, month)
        if code == "ORDER_SUCCESS":
            statement = success_sums(scope, computation_of(session, scope.company_id, month))
        for row in connection.execute(select(statement)):
            for name in ("order_days", "due_days", "met_days"):
                if name in row._mapping:
                    values[name] = values.get(name, 0) + row._mapping[name]
        found[month] = market_figure(code, TerritoryFigures(**values))
    return found
