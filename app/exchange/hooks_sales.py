"""Sales lines: credited to the territory of the order date, then rolled up by month."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    func,
    or_,
    select,
)

from app.analysis.changed_inputs import sales_changed
from app.analysis.month_calculation import queue_after_import
from app.exchange.comparison import CHANGED, NEW, Comparison
from app.exchange.sales_rollup import (
    COLUMNS,
    CUSTOMERS,
    LINES,
    MONTHLY,
    ORDER_DAYS,
    TERRITORIES,
    month_of,
    refresh_customer_sales,
    refresh_order_days,
    refresh_territory_sales,
    rolled_up_lines,
)
from app.kernel.db import db
from app.kernel.dialect import refresh_statistics, upsert
from app.kernel.period import Month
from app.models import Customer, CustomerTerritory

CUSTOMER = Customer.__table__
HISTORY = CustomerTerritory.__table__


MANY_LINES = 2_000


def refresh_history(run: Comparison) -> None:
    """Customers may have come in a moment ago, before PostgreSQL looked at them by itself.

    Without statistics it takes the history for tiny and walks through all of it for every line.
    """
    refresh_many(run, HISTORY, CUSTOMER)


def refresh_many(run: Comparison, *tables: Table) -> None:
    """Statistics of the tables, when the batch is large enough to have changed them."""
    if run.writes >= MANY_LINES:
        for table in tables:
            refresh_statistics(run.connection, table)


def new_values(run: Comparison) -> dict[str, Any]:
    stage = run.stage.c
    return {
        "territory_id": territory_on_date(run),
        "demanded_cartons": func.coalesce(stage.demanded_cartons, stage.delivered_cartons),
    }


def territory_on_date(run: Comparison) -> ColumnElement[int]:
    """Where the customer stood on the order date; before any history, the earliest known place."""
    stage, then, first = run.stage.c, HISTORY.alias(), HISTORY.alias()
    on_date = (
        select(then.c.territory_id)
        .where(
            then.c.company_id == stage.company_id,
            then.c.customer_id == stage.customer_id,
            then.c.valid_from <= stage.order_date,
            or_(then.c.valid_to.is_(None), then.c.valid_to >= stage.order_date),
        )
        .order_by(then.c.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    earliest = (
        select(first.c.territory_id)
        .where(
            first.c.company_id == stage.company_id,
            first.c.customer_id == stage.customer_id,
        )
        .order_by(first.c.valid_from)
        .limit(1)
        .scalar_subquery()
    )
    # The statement has joined the customer already, for the fields that lines inherit.
    return func.coalesce(on_date, earliest, CUSTOMER.c.territory_id)


def roll_up(run: Comparison) -> None:
    """Sum up anew every customer, product and month that the batch touched.

    Imports add and change lines but never remove one, so each sum replaces one or is new.
    """
    stage = run.stage.c
    touched = (
        select(stage.customer_id, stage.product_id, stage.month)
        .where(run.of_batch(NEW, CHANGED))
        .distinct()
        .subquery()
    )
    lines = rolled_up_lines(run.company_id, touched.c.month).join(
        touched,
        and_(
            LINES.c.customer_id == touched.c.customer_id,
            LINES.c.product_id == touched.c.product_id,
            month_of(LINES.c.order_date) == touched.c.month,
        ),
    )
    keys = [column.name for column in MONTHLY.primary_key]
    upsert(run.connection, MONTHLY, keys, COLUMNS, lines)


def finish(run: Comparison) -> None:
    """Roll up; results that were made from the months of the batch are out of date."""
    roll_up(run)
    # Before the sums: without statistics PostgreSQL joins the new sales row by row.
    refresh_many(run, LINES, MONTHLY)
    stage, written = run.stage.c, run.of_batch(NEW, CHANGED)
    days, products = (
        run.connection.scalars(select(column).where(written).distinct()).all()
        for column in (stage.order_date, stage.product_id)
    )
    months = {Month.of(day) for day in days}
    customers = select(stage.customer_id).where(written)
    refresh_territory_sales(run.connection, run.company_id, months, products)
    refresh_customer_sales(run.connection, run.company_id, months, customers)
    refresh_order_days(run.connection, run.company_id, days)
    refresh_many(run, TERRITORIES, CUSTOMERS, ORDER_DAYS)
    sales_changed(db.session(), run.company_id, months)
    if months:
        queue_after_import(db.session(), run.company_id, run.batch_id, months)
