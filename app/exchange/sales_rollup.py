"""What is kept of sales lines, each made by one statement: sums by customer, product, month and
territory; of those by territory and product, and by customer; the days on which customers ordered.
"""

from __future__ import annotations

import datetime as dt
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
    event,
    extract,
    func,
    insert,
    inspect,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.kernel.db import db
from app.kernel.period import Month
from app.kernel.sql import count_if, whole
from app.models import (
    Customer,
    CustomerSales,
    MonthlySales,
    OrderDay,
    Product,
    SalesLine,
    TerritorySales,
)

LINES = SalesLine.__table__
MONTHLY = MonthlySales.__table__
TERRITORIES = TerritorySales.__table__
CUSTOMERS = CustomerSales.__table__
ORDER_DAYS = OrderDay.__table__
PRODUCT, CUSTOMER = Product.__table__, Customer.__table__

COLUMNS = [
    "company_id", "month", "customer_id", "product_id", "territory_id", "demanded_cartons",
    "delivered_cartons", "amount_fen", "line_count", "demanded_lines", "stockout_lines",
]  # fmt: skip


ProductIds = Collection[int] | Select[Any]
Months = Collection[Month] | Select[Any]
Days = Collection[dt.date] | Select[Any]


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


def products_of(company_id: int) -> Select[Any]:
    """Every product of the company, for `territory_sums`."""
    return select(PRODUCT.c.id).where(PRODUCT.c.company_id == company_id)


def customers_of(company_id: int) -> Select[Any]:
    """Every customer of the company, for `customer_sums`."""
    return select(CUSTOMER.c.id).where(CUSTOMER.c.company_id == company_id)


def territory_sums(company_id: int, months: Months, product_ids: ProductIds) -> Select[Any]:
    """`TerritorySales` of some months and products as monthly sales say, in the columns' order.

    The products are always named, so that SQLite reads the index that has the order of the groups.
    """
    grain = (MONTHLY.c.company_id, MONTHLY.c.product_id, MONTHLY.c.month, MONTHLY.c.territory_id)
    return (
        select(
            MONTHLY.c.company_id,
            MONTHLY.c.month,
            MONTHLY.c.territory_id,
            MONTHLY.c.product_id,
            whole(func.sum(MONTHLY.c.delivered_cartons)).label("delivered_cartons"),
            whole(func.sum(MONTHLY.c.amount_fen)).label("amount_fen"),
            whole(func.sum(MONTHLY.c.demanded_lines)).label("demanded_lines"),
            whole(func.sum(MONTHLY.c.stockout_lines)).label("stockout_lines"),
            count_if(MONTHLY.c.delivered_cartons > 0).label("buyers"),
        )
        .where(
            MONTHLY.c.company_id == company_id,
            MONTHLY.c.month.in_(months),
            MONTHLY.c.product_id.in_(product_ids),
        )
        .group_by(*grain)
    )


def customer_sums(company_id: int, months: Months, customer_ids: Select[Any]) -> Select[Any]:
    """`CustomerSales` of some months and customers as monthly sales say, in the columns' order."""
    grain = (MONTHLY.c.company_id, MONTHLY.c.month, MONTHLY.c.customer_id, MONTHLY.c.territory_id)
    cartons = MONTHLY.c.delivered_cartons
    return (
        select(
            *grain,
            whole(func.sum(cartons * PRODUCT.c.sticks_per_carton)).label("sticks"),
            whole(func.sum(MONTHLY.c.amount_fen)).label("amount_fen"),
            count_if(cartons > 0).label("bought_products"),
        )
        .join(PRODUCT, PRODUCT.c.id == MONTHLY.c.product_id)
        .where(
            MONTHLY.c.company_id == company_id,
            MONTHLY.c.month.in_(months),
            MONTHLY.c.customer_id.in_(customer_ids),
        )
        .group_by(*grain)
    )


def ordered_days(company_id: int, days: Days) -> Select[Any]:
    """`OrderDay` of some days as the lines say, in the columns' order."""
    key = (LINES.c.company_id, LINES.c.order_date, LINES.c.territory_id, LINES.c.customer_id)
    return (
        select(*key)
        .where(
            LINES.c.company_id == company_id,
            LINES.c.order_date.in_(days),
            or_(LINES.c.delivered_cartons > 0, LINES.c.demanded_cartons > 0),
        )
        .group_by(*key)
    )


def refresh_territory_sales(
    connection: Connection, company_id: int, months: Collection[Month], product_ids: ProductIds
) -> None:
    """Make the sums of some months and products anew."""
    connection.execute(
        delete(TERRITORIES).where(
            TERRITORIES.c.company_id == company_id,
            TERRITORIES.c.month.in_(months),
            TERRITORIES.c.product_id.in_(product_ids),
        )
    )
    connection.execute(
        insert(TERRITORIES).from_select(
            [column.name for column in TERRITORIES.c],
            territory_sums(company_id, months, product_ids),
        )
    )


def refresh_customer_sales(
    connection: Connection, company_id: int, months: Collection[Month], customer_ids: Select[Any]
) -> None:
    """Make the sums of some months and customers anew."""
    connection.execute(
        delete(CUSTOMERS).where(
            CUSTOMERS.c.company_id == company_id,
            CUSTOMERS.c.month.in_(months),
            CUSTOMERS.c.customer_id.in_(customer_ids),
        )
    )
    connection.execute(
        insert(CUSTOMERS).from_select(
            [column.name for column in CUSTOMERS.c],
            customer_sums(company_id, months, customer_ids),
        )
    )


def resize_cartons(connection: Connection, company_id: int, changes: Any) -> None:
    """Follow other carton sizes; `changes` is a subquery (product_id, more_sticks per carton)."""
    key = (MONTHLY.c.company_id, MONTHLY.c.month, MONTHLY.c.customer_id, MONTHLY.c.territory_id)
    more = (
        select(
            *key,
            whole(func.sum(MONTHLY.c.delivered_cartons * changes.c.more_sticks)).label("sticks"),
        )
        .join(changes, changes.c.product_id == MONTHLY.c.product_id)
        .where(MONTHLY.c.company_id == company_id)
        .group_by(*key)
        .subquery("more")
    )
    connection.execute(
        update(CUSTOMERS)
        .where(
            CUSTOMERS.c.company_id == company_id,
            *(CUSTOMERS.c[column.name] == more.c[column.name] for column in key),
        )
        .values(sticks=CUSTOMERS.c.sticks + more.c.sticks)
    )


def follow_carton_sizes(session: Session, flush_context: Any) -> None:
    """`after_flush` listener: products whose carton got another size."""
    for item in session.dirty:
        if not isinstance(item, Product):
            continue
        sizes: Any = inspect(item).attrs.sticks_per_carton.history
        if sizes.added and sizes.deleted:
            more = literal(sizes.added[0] - sizes.deleted[0]).label("more_sticks")
            changes = select(literal(item.id).label("product_id"), more).subquery("changes")
            resize_cartons(session.connection(), item.company_id, changes)


def install(session: Any = None) -> None:
    """Attach the listener to the application's session factory, once per process."""
    target = session or db.session
    if not event.contains(target, "after_flush", follow_carton_sizes):
        event.listen(target, "after_flush", follow_carton_sizes)


def refresh_order_days(connection: Connection, company_id: int, days: Collection[dt.date]) -> None:
    """Find anew who ordered on some days."""
    connection.execute(
        delete(ORDER_DAYS).where(
            ORDER_DAYS.c.company_id == company_id, ORDER_DAYS.c.order_date.in_(days)
        )
    )
    connection.execute(
        insert(ORDER_DAYS).from_select(
            [column.name for column in ORDER_DAYS.c], ordered_days(company_id, days)
        )
    )


def wrong_rows(connection: Connection, company_id: int) -> dict[str, int]:
    """Table → how many rows of the sums and order days are not what sales and lines say."""
    months = select(MONTHLY.c.month).where(MONTHLY.c.company_id == company_id).distinct()
    days = select(LINES.c.order_date).where(LINES.c.company_id == company_id).distinct()
    made = {
        TERRITORIES: territory_sums(company_id, months, products_of(company_id)),
        CUSTOMERS: customer_sums(company_id, months, customers_of(company_id)),
        ORDER_DAYS: ordered_days(company_id, days),
    }
    found = {}
    for table, rows in made.items():
        kept = select(table).where(table.c.company_id == company_id)
        sides = (kept.except_(rows), rows.except_(kept))
        found[table.name] = sum(
            connection.scalar(select(func.count()).select_from(side.subquery())) or 0
            for side in sides
        )
    return found


def mend_sums(connection: Connection, company_id: int) -> None:
    """Make the sums and order days of every month anew, dropping what nothing stands behind."""
    for table in (TERRITORIES, CUSTOMERS, ORDER_DAYS):
        connection.execute(delete(table).where(table.c.company_id == company_id))
    months = connection.scalars(
        select(MONTHLY.c.month).where(MONTHLY.c.company_id == company_id).distinct()
    ).all()
    days = connection.scalars(
        select(LINES.c.order_date).where(LINES.c.company_id == company_id).distinct()
    ).all()
    refresh_sums(connection, company_id, months)
    refresh_order_days(connection, company_id, days)


def rebuild_sales(connection: Connection, company_id: int, months: Collection[Month]) -> None:
    """Make all that is kept of whole months what the company's lines say."""
    for month in months:
        connection.execute(
            delete(MONTHLY).where(MONTHLY.c.company_id == company_id, MONTHLY.c.month == month)
        )
        lines = rolled_up_lines(company_id).where(
            LINES.c.order_date.between(month.first_day, month.last_day)
        )
        connection.execute(insert(MONTHLY).from_select(COLUMNS, lines))
        refresh_order_days(connection, company_id, list(month.days()))
    refresh_sums(connection, company_id, months)


def refresh_sums(connection: Connection, company_id: int, months: Collection[Month]) -> None:
    """Make the sums by territory and by customer of whole months what monthly sales say."""
    refresh_territory_sales(connection, company_id, months, products_of(company_id))
    refresh_customer_sales(connection, company_id, months, customers_of(company_id))
