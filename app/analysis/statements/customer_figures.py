"""§2.2 step 2 — what a customer bought, ordered and is compared with, in one SELECT.

Reads: customer, customer_sales (K, K−1, K−12), monthly_sales (K), order_day (K), product,
key_product_snapshot (K).
Peers are the company's, so the months are added up for the whole company; only the customers in
scope come out. A customer's sales count wherever they stood when they ordered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    not_,
    select,
)

from app.analysis.rules.effect import PEER_LEVELS
from app.kernel.period import Month, WorkWeek
from app.kernel.scope import Scope
from app.kernel.sql import whole
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    CustomerSales,
    CustomerStatus,
    KeyProductSnapshot,
    MonthlySales,
    OrderDay,
    Product,
)

CUSTOMER, SALES, SUMS = Customer.__table__, MonthlySales.__table__, CustomerSales.__table__
DAY = OrderDay.__table__
PRODUCT, KEY = Product.__table__, KeyProductSnapshot.__table__

OWN_FIGURES = (
    "sticks", "previous_sticks", "last_year_sticks", "amount_fen", "key_sticks", "width",
    "margin_fen", "retail_fen", "order_weeks", "due_weeks",
)  # fmt: skip
PEER_FIGURES = ("sticks", "previous_sticks", "amount_fen", "width", "margin_fen", "retail_fen")
"""The figures that are also added up over the peers."""


def wares(company_id: int, month: Month) -> CTE:
    """(product_id, sticks, key_sticks, retail_fen, margin_fen): what a carton counts for.

    A product without both prices has no part in the margin. Made once: every row of the roll-up
    looks into it.
    """
    has_prices = and_(PRODUCT.c.retail_fen.is_not(None), PRODUCT.c.wholesale_fen.is_not(None))
    key = and_(
        KEY.c.company_id == PRODUCT.c.company_id,
        KEY.c.month == month,
        KEY.c.product_id == PRODUCT.c.id,
    )
    sticks = PRODUCT.c.sticks_per_carton
    return (
        select(
            PRODUCT.c.id.label("product_id"),
            sticks.label("sticks"),
            case((KEY.c.product_id.is_not(None), sticks), else_=0).label("key_sticks"),
            case((has_prices, PRODUCT.c.retail_fen), else_=0).label("retail_fen"),
            case((has_prices, PRODUCT.c.retail_fen - PRODUCT.c.wholesale_fen), else_=0).label(
                "margin_fen"
            ),
        )
        .select_from(PRODUCT.outerjoin(KEY, key))
        .where(PRODUCT.c.company_id == company_id)
        .cte("wares")
        .prefix_with("MATERIALIZED")
    )


def of_ware(ware: Any) -> ColumnElement[bool]:
    """Joins sales with `wares`. Adding zero keeps SQLite from reading a month product by product
    through the index on products: in the order of the key it is several times faster.
    """
    condition: ColumnElement[bool] = ware.c.product_id == SALES.c.product_id + 0
    return condition


def sales_of(company_id: int, month: Month) -> CTE:
    """(company_id, customer_id, sticks, amount_fen, rows_bought, is_split): the month's sums of
    each customer over all territories.

    `rows_bought` is the number of products bought, unless the customer moved within the month
    (`is_split`).
    """
    return (
        select(
            SUMS.c.company_id,
            SUMS.c.customer_id,
            whole(func.sum(SUMS.c.sticks)).label("sticks"),
            whole(func.sum(SUMS.c.amount_fen)).label("amount_fen"),
            whole(func.sum(SUMS.c.bought_products)).label("rows_bought"),
            case((func.count() > 1, 1), else_=0).label("is_split"),
        )
        .where(SUMS.c.company_id == company_id, SUMS.c.month == month)
        .group_by(SUMS.c.company_id, SUMS.c.customer_id)
        .cte("now")
    )


def priced_sales_of(company_id: int, month: Month) -> Subquery:
    """(company_id, customer_id, key_sticks, margin_fen, retail_fen): what key brands and prices
    make of the month's sales.

    The roll-up is read in the order of its key, so nothing is sorted.
    """
    ware = wares(company_id, month)
    cartons = SALES.c.delivered_cartons
    return (
        select(
            SALES.c.company_id,
            SALES.c.customer_id,
            *(
                whole(func.sum(cartons * ware.c[name])).label(name)
                for name in ("key_sticks", "margin_fen", "retail_fen")
            ),
        )
        .join(ware, of_ware(ware))
        .where(SALES.c.company_id == company_id, SALES.c.month == month)
        .group_by(SALES.c.company_id, SALES.c.customer_id)
        .subquery("priced")
    )


def split_widths(company_id: int, month: Month, now: CTE) -> Subquery:
    """(company_id, customer_id, width) of customers with sales in several territories: a product
    counts once, and only when its net quantity over all of them is positive.
    """
    split = select(now.c.customer_id).where(now.c.is_split == 1)
    bought = (
        select(SALES.c.company_id, SALES.c.customer_id, SALES.c.product_id)
        .where(
            SALES.c.company_id == company_id,
            SALES.c.month == month,
            SALES.c.customer_id.in_(split),
        )
        .group_by(SALES.c.company_id, SALES.c.customer_id, SALES.c.product_id)
        .having(func.sum(SALES.c.delivered_cartons) > 0)
        .subquery("bought")
    )
    return (
        select(bought.c.company_id, bought.c.customer_id, func.count().label("width"))
        .group_by(bought.c.company_id, bought.c.customer_id)
        .subquery("split_widths")
    )


def in_territories(scope: Scope, customer_id: Any) -> list[ColumnElement[bool]]:
    """Conditions on the customers in scope; none when that is everybody."""
    if scope.territory_ids is None:
        return []
    return [customer_id.in_(select(CUSTOMER.c.id).where(scope.rows(CUSTOMER)))]


def volume_of(scope: Scope, month: Month, name: str) -> Subquery:
    """(company_id, customer_id, sticks) of a base month, of the customers in scope."""
    return (
        select(
            SUMS.c.company_id, SUMS.c.customer_id, whole(func.sum(SUMS.c.sticks)).label("sticks")
        )
        .where(
            SUMS.c.company_id == scope.company_id,
            SUMS.c.month == month,
            *in_territories(scope, SUMS.c.customer_id),
        )
        .group_by(SUMS.c.company_id, SUMS.c.customer_id)
        .subquery(name)
    )


def week_number(day: Any, month: Month) -> ColumnElement[int]:
    """Which work week of the month a date lies in, 0 for the one the month begins in."""
    monday = WorkWeek.of(month.first_day).monday
    cases: list[tuple[ColumnElement[bool], int]] = []
    while monday <= month.last_day:
        monday += dt.timedelta(days=7)
        cases.append((day < monday, len(cases)))
    return case(*cases)


def order_days_of(company_id: int, month: Month) -> Subquery:
    """(company_id, order_date, territory_id, customer_id): one row per day with an order."""
    return (
        select(DAY)
        .where(
            DAY.c.company_id == company_id,
            DAY.c.order_date.between(month.first_day, month.last_day),
        )
        .subquery("order_days")
    )


def order_weeks_of(scope: Scope, month: Month) -> Subquery:
    """(company_id, customer_id, order_weeks): work weeks of the month with an order, of the
    customers in scope.
    """
    days = order_days_of(scope.company_id, month)
    return (
        select(
            days.c.company_id,
            days.c.customer_id,
            func.count(week_number(days.c.order_date, month).distinct()).label("order_weeks"),
        )
        .where(*in_territories(scope, days.c.customer_id + 0))
        .group_by(days.c.company_id, days.c.customer_id)
        .subquery("orders")
    )


def due_weeks(weekday: Any, due: Mapping[int, int]) -> ColumnElement[int]:
    """Order days due in the month by order weekday 1–7; 0 without a weekday."""
    cases = [(weekday == day, literal(count)) for day, count in sorted(due.items())]
    return case(*cases, else_=0) if cases else literal(0)


def valid_customers(company_id: int, month: Month) -> CTE:
    """One row per valid customer of the company with the figures that make peers and area."""
    now = sales_of(company_id, month)
    split, priced = split_widths(company_id, month, now), priced_sales_of(company_id, month)
    previous = volume_of(Scope(company_id), month.previous, "previous")

    def same(other: Any) -> ColumnElement[bool]:
        return and_(
            other.c.company_id == CUSTOMER.c.company_id, other.c.customer_id == CUSTOMER.c.id
        )

    return (
        select(
            CUSTOMER.c.company_id,
            CUSTOMER.c.id.label("customer_id"),
            CUSTOMER.c.territory_id,
            CUSTOMER.c.market_type,
            CUSTOMER.c.business_type,
            CUSTOMER.c.scale,
            CUSTOMER.c.order_weekday,
            (CUSTOMER.c.open_date > month.first_day).label("is_new"),
            *(given(now.c[name], name) for name in ("sticks", "amount_fen")),
            func.coalesce(split.c.width, now.c.rows_bought, 0).label("width"),
            *(given(priced.c[name], name) for name in ("key_sticks", "margin_fen", "retail_fen")),
            given(previous.c.sticks, "previous_sticks"),
        )
        .select_from(
            CUSTOMER.outerjoin(now, same(now))
            .outerjoin(priced, same(priced))
            .outerjoin(split, same(split))
            .outerjoin(previous, same(previous))
        )
        .where(CUSTOMER.c.company_id == company_id, CUSTOMER.c.status == CustomerStatus.ACTIVE)
        .cte("figures")
    )


def given(column: Any, name: str) -> ColumnElement[int]:
    """0 for a customer without a row."""
    return func.coalesce(column, 0).label(name)


def peer_groups(figures: CTE) -> list[CTE]:
    """Per level (company_id, what peers of the level have in common, peer_count, peer sums).

    Each level adds up the groups of the one before it, the first the customers.
    """
    sums = {"peer_count": literal(1)} | {f"peer_{name}": figures.c[name] for name in PEER_FIGURES}
    source, groups = figures, []
    for level, names in enumerate(PEER_LEVELS):
        common = [source.c.company_id, *(source.c[name] for name in names)]
        query = select(
            *common, *(whole(func.sum(value)).label(name) for name, value in sums.items())
        ).group_by(*common)
        if level == 0:
            query = query.where(not_(figures.c.is_new))
        source = query.cte(f"peers_{level}")
        sums = {name: source.c[name] for name in sums}
        groups.append(source)
    return groups


def figure_rows(
    scope: Scope, month: Month, due: Mapping[int, int], parameters: Parameters
) -> Select[Any]:
    """One row per valid customer in scope: company_id, customer_id, territory_id, is_new, the
    own figures, peer_level, peer_count, the peers' and the area's sums, named as in
    `CustomerState`. `month` is K; `due` = order days due in K by order weekday.
    """
    figures = valid_customers(scope.company_id, month)
    levels = peer_groups(figures)
    area = (
        select(
            figures.c.company_id,
            figures.c.territory_id,
            whole(func.sum(figures.c.sticks)).label("area_sticks"),
            whole(func.sum(figures.c.key_sticks)).label("area_key_sticks"),
        )
        .group_by(figures.c.company_id, figures.c.territory_id)
        .subquery("area")
    )
    source: Any = figures
    for level, peers in enumerate(levels):
        source = source.outerjoin(
            peers,
            and_(
                peers.c.company_id == figures.c.company_id,
                *(peers.c[name] == figures.c[name] for name in PEER_LEVELS[level]),
            ),
        )
    source = source.join(
        area,
        and_(
            area.c.company_id == figures.c.company_id,
            area.c.territory_id == figures.c.territory_id,
        ),
    )
    # What no peer is compared by is only made for the customers in scope.
    last_year = volume_of(scope, month.shift(-12), "last_year")
    orders = order_weeks_of(scope, month)
    for other in (last_year, orders):
        source = source.outerjoin(
            other,
            and_(
                other.c.company_id == figures.c.company_id,
                other.c.customer_id == figures.c.customer_id,
            ),
        )
    own: dict[str, Any] = {
        "last_year_sticks": given(last_year.c.sticks, "last_year_sticks"),
        "order_weeks": given(orders.c.order_weeks, "order_weeks"),
        "due_weeks": due_weeks(figures.c.order_weekday, due).label("due_weeks"),
    }
    enough = [peers.c.peer_count >= parameters.effect_peers_minimum for peers in levels[:-1]]

    def of_level(values: list[Any]) -> ColumnElement[int]:
        return case(*zip(enough, values[:-1], strict=True), else_=values[-1])

    return (
        select(
            figures.c.company_id,
            figures.c.customer_id,
            figures.c.territory_id,
            figures.c.is_new,
            *(own[name] if name in own else figures.c[name] for name in OWN_FIGURES),
            of_level(list(range(len(levels)))).label("peer_level"),
            *(
                func.coalesce(of_level([peers.c[name] for peers in levels]), 0).label(name)
                for name in ("peer_count", *(f"peer_{name}" for name in PEER_FIGURES))
            ),
            area.c.area_sticks,
            area.c.area_key_sticks,
        )
        .select_from(source)
        .where(scope.rows(figures))
    )
