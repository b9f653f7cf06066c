"""§2.2 steps 5 and 6 — monthly sums of territories for the trend charts, and names of customers.

Reads: monthly_sales, territory_sales, product, key_product_snapshot, customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select, union_all

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if, sum_if, whole
from app.models import Customer, KeyProductSnapshot, MonthlySales, Product, TerritorySales

SALES, CUSTOMER, PRODUCT = MonthlySales.__table__, Customer.__table__, Product.__table__
KEY, SOLD = KeyProductSnapshot.__table__, TerritorySales.__table__


def customer_names(scope: Scope, territory_ids: Sequence[int]) -> Select[Any]:
    """(id, code, name) of every customer with sales in, or a place in, the territories."""
    sold = select(SALES.c.customer_id).where(
        scope.company(SALES), SALES.c.territory_id.in_(territory_ids)
    )
    return select(CUSTOMER.c.id, CUSTOMER.c.code, CUSTOMER.c.name).where(
        scope.company(CUSTOMER),
        (CUSTOMER.c.territory_id.in_(territory_ids)) | CUSTOMER.c.id.in_(sold),
    )


def key_growth_trend(scope: Scope, months: Sequence[Month]) -> Select[Any]:
    """(month, key_sticks, key_last_year_sticks): the volume of the products that are key brands in
    the month, in it and a year before; only months whose key brands were recorded.
    """
    blocks = []
    for month in months:
        before = month.shift(-12)
        sticks = SOLD.c.delivered_cartons * PRODUCT.c.sticks_per_carton
        blocks.append(
            select(
                literal(month.number).label("month"),
                sum_if(SOLD.c.month == month, sticks).label("key_sticks"),
                sum_if(SOLD.c.month == before, sticks).label("key_last_year_sticks"),
            )
            .join(PRODUCT, PRODUCT.c.id == SOLD.c.product_id)
            .join(
                KEY,
                and_(
                    KEY.c.company_id == SOLD.c.company_id,
                    KEY.c.month == month,
                    KEY.c.product_id == SOLD.c.product_id,
                ),
            )
            .where(scope.rows(SOLD), SOLD.c.month.in_([month, before]))
            .having(func.count() > 0)
        )
    return select(union_all(*blocks).subquery("trend"))


def sales_trend(scope: Scope, months: Sequence[Month]) -> Select[Any]:
    """(month, sums) of the territories in scope together, for the trend of the indicators made of
    monthly sales; key brands are those of each month.
    """
    cartons, sticks = SALES.c.delivered_cartons, PRODUCT.c.sticks_per_carton
    has_prices = and_(PRODUCT.c.retail_fen.is_not(None), PRODUCT.c.wholesale_fen.is_not(None))
    margin = PRODUCT.c.retail_fen - PRODUCT.c.wholesale_fen
    customers = (
        select(
            SALES.c.month,
            SALES.c.territory_id,
            SALES.c.customer_id,
            whole(func.sum(cartons * sticks)).label("sticks"),
            whole(func.sum(SALES.c.amount_fen)).label("amount_fen"),
            whole(func.sum(case((KEY.c.product_id.is_not(None), cartons * sticks), else_=0))).label(
                "key_sticks"
            ),
            whole(func.sum(case((has_prices, cartons * margin), else_=0))).label("margin_fen"),
            whole(func.sum(case((has_prices, cartons * PRODUCT.c.retail_fen), else_=0))).label(
                "retail_fen"
            ),
            whole(func.sum(SALES.c.demanded_lines)).label("demanded_lines"),
            whole(func.sum(SALES.c.stockout_lines)).label("stockout_lines"),
            count_if(cartons > 0).label("bought_products"),
        )
        .select_from(
            SALES.join(PRODUCT, PRODUCT.c.id == SALES.c.product_id).outerjoin(
                KEY,
                and_(
                    KEY.c.company_id == SALES.c.company_id,
                    KEY.c.month == SALES.c.month,
                    KEY.c.product_id == SALES.c.product_id,
                ),
            )
        )
        .where(scope.rows(SALES), SALES.c.month.in_(months))
        .group_by(SALES.c.month, SALES.c.territory_id, SALES.c.customer_id)
        .subquery("customers")
    )
    sums = (
        "sticks", "amount_fen", "key_sticks", "margin_fen", "retail_fen", "demanded_lines",
        "stockout_lines", "bought_products",
    )  # fmt: skip
    return (
        select(
            customers.c.month,
            *(whole(func.sum(customers.c[name])).label(name) for name in sums),
            count_if(customers.c.sticks > 0).label("ordering_customers"),
        )
        .group_by(customers.c.month)
        .order_by(customers.c.month)
    )
