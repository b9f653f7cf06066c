"""The one statement that rolls sales lines up to customer × product × month × territory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    cast,
    delete,
    extract,
    func,
    insert,
    select,
)

from app.kernel.period import Month
from app.models import MonthlySales, SalesLine

LINES = SalesLine.__table__
MONTHLY = MonthlySales.__table__

COLUMNS = [
    "company_id", "month", "customer_id", "product_id", "territory_id", "demanded_cartons",
    "delivered_cartons", "amount_fen", "line_count", "demanded_lines", "stockout_lines",
]  # fmt: skip


def month_of(day: ColumnElement[Any]) -> ColumnElement[int]:
    """``yyyymm`` of a date column."""
    return cast(extract("year", day) * 100 + extract("month", day), Integer)


def rolled_up_lines(company_id: int, month: ColumnElement[Any] | None = None) -> Select[Any]:
    """One row per grain of the roll-up, in the order of `COLUMNS`; callers narrow the lines.

    `month`: where a caller has the month of each line at hand already.
    """
    has_demand = LINES.c.demanded_cartons > 0
    got_nothing = and_(has_demand, LINES.c.delivered_cartons == 0)
    grain = (
        LINES.c.company_id,
        month_of(LINES.c.order_date) if month is None else month,
        LINES.c.customer_id,
        LINES.c.product_id,
        LINES.c.territory_id,
    )
    return (
        select(
            *grain,
            func.sum(LINES.c.demanded_cartons),
            func.sum(LINES.c.delivered_cartons),
            func.sum(LINES.c.amount_fen),
            func.count(),
            func.sum(case((has_demand, 1), else_=0)),
            func.sum(case((got_nothing, 1), else_=0)),
        )
        .select_from(LINES)
        .where(LINES.c.company_id == company_id)
        .group_by(*grain)
    )


def rebuild_monthly_sales(
    connection: Connection, company_id: int, months: Collection[Month]
) -> None:
    """Make the roll-up of whole months what the company's lines say."""
    for month in months:
        connection.execute(
            delete(MONTHLY).where(MONTHLY.c.company_id == company_id, MONTHLY.c.month == month)
        )
        lines = rolled_up_lines(company_id).where(
            LINES.c.order_date.between(month.first_day, month.last_day)
        )
        connection.execute(insert(MONTHLY).from_select(COLUMNS, lines))
