"""§2.2 steps 5 and 6 — the customers, products or territories behind a figure.

Reads: monthly_sales (K, K−1, K−12), sales_line, customer, customer_territory, target_customer. The
parts are sums over the same rows as the figure, so they add up to it.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from app.analysis.rules.computation import Computation
from app.analysis.rules.indicators import ProductMonths, TerritoryFigures
from app.analysis.statements.customer_figures import of_ware, order_days_of, wares
from app.analysis.statements.market_figures import resident_customers, territory_figures
from app.analysis.statements.order_success import order_success_rows
from app.analysis.statements.watched_products import list_members, lookback, sold_months
from app.kernel.scope import Scope
from app.kernel.sql import count_if, whole
from app.models import BrandTarget, MonthlySales, OrderMode, SettleMode

SALES, TARGET = MonthlySales.__table__, BrandTarget.__table__

By = Literal["customer", "product", "territory"]


def product_months_by_customer(
    connection: Connection, scope: Scope, computation: Computation, product_id: int
) -> dict[int, ProductMonths]:
    """Customer → the months of a product, as `rules.indicators.four_rates` takes them.

    A customer who moved within the scope is one row: what counts is the net quantity of both
    places, as in the figure of several territories together.
    """
    months = lookback(computation.month, computation.parameters.abnormal_active_base_months)
    conditions: list[ColumnElement[bool]] = [SALES.c.product_id == product_id]
    if scope.territory_ids is not None:
        conditions.append(SALES.c.territory_id.in_(scope.territory_ids))
    sales = sold_months(scope, months, ("product_id", "customer_id"), conditions)
    members = list_members(scope, computation.month).where(TARGET.c.product_id == product_id)
    listed = {row.customer_id for row in connection.execute(members)}
    found = {
        row.customer_id: ProductMonths(
            tuple(getattr(row, f"cartons_{back}") for back in range(len(months))),
            row.customer_id in listed,
            row.demanded_lines,
            row.stockout_lines,
        )
        for row in connection.execute(select(sales))
    }
    nothing = (0,) * len(months)
    return {
        **{customer: ProductMonths(nothing, is_target=True) for customer in listed},
        **found,
    }


def figures_by(
    connection: Connection, scope: Scope, computation: Computation, by: By
) -> dict[int, TerritoryFigures]:
    """Customer, product or territory → its part of the sums of the territories in scope.

    By product there are sums of sales only: orders and customers have no product.
    """
    if by == "territory":
        cte = territory_figures(scope, computation)
        rows = connection.execute(select(cte))
        return {row.territory_id: _figures(row) for row in rows}
    parts: dict[int, dict[str, int]] = {}
    statements = [_sales_by(scope, computation, f"{by}_id")]
    if by == "customer":
        statements += [
            make(scope, computation) for make in (_order_days, _residents, _order_success)
        ]
    for statement in statements:
        for row in connection.execute(statement):
            values = dict(row._mapping)
            parts.setdefault(values.pop("part"), {}).update(values)
    return {key: TerritoryFigures(**values) for key, values in parts.items()}


def _figures(row: Any) -> TerritoryFigures:
    names = TerritoryFigures.__dataclass_fields__
    return TerritoryFigures(**{name: getattr(row, name) for name in names})


def _sales_by(scope: Scope, computation: Computation, key: str) -> Select[Any]:
    month = computation.month
    before, last_year = month.previous, month.shift(-12)
    ware = wares(scope.company_id, month)
    cartons = SALES.c.delivered_cartons
    now = SALES.c.month == month

    def total(condition: ColumnElement[bool], value: Any) -> ColumnElement[int]:
        return whole(func.sum(case((condition, value), else_=0)))

    sums = {
        "sticks": total(now, cartons * ware.c.sticks),
        "previous_sticks": total(SALES.c.month == before, cartons * ware.c.sticks),
        "last_year_sticks": total(SALES.c.month == last_year, cartons * ware.c.sticks),
        "amount_fen": total(now, SALES.c.amount_fen),
        "key_sticks": total(now, cartons * ware.c.key_sticks),
        "key_last_year_sticks": total(SALES.c.month == last_year, cartons * ware.c.key_sticks),
        "margin_fen": total(now, cartons * ware.c.margin_fen),
        "retail_fen": total(now, cartons * ware.c.retail_fen),
        "demanded_lines": total(now, SALES.c.demanded_lines),
        "stockout_lines": total(now, SALES.c.stockout_lines),
        "bought_products": count_if(and_(now, cartons > 0)),
    }
    # By territory first: whoever bought in two territories is an ordering customer of both.
    rows = (
        select(
            SALES.c[key].label("part"),
            *(value.label(name) for name, value in sums.items()),
        )
        .join(ware, of_ware(ware))
        .where(scope.rows(SALES), SALES.c.month.in_([month, before, last_year]))
        .group_by(SALES.c[key], SALES.c.territory_id)
        .subquery("rows")
    )
    columns = [whole(func.sum(rows.c[name])).label(name) for name in sums]
    if key == "customer_id":
        columns.append(count_if(rows.c.sticks > 0).label("ordering_customers"))
    return select(rows.c.part, *columns).group_by(rows.c.part)


def _order_days(scope: Scope, computation: Computation) -> Select[Any]:
    days = order_days_of(scope.company_id, computation.month)
    return (
        select(days.c.customer_id.label("part"), func.count().label("order_days"))
        .where(scope.rows(days))
        .group_by(days.c.customer_id)
    )


def _residents(scope: Scope, computation: Computation) -> Select[Any]:
    residents = resident_customers(scope.company_id, computation.month)
    return (
        select(
            residents.c.customer_id.label("part"),
            case((residents.c.customer_id.is_not(None), 1)).label("customers"),
            case((residents.c.order_mode == OrderMode.ONLINE, 1), else_=0).label(
                "online_customers"
            ),
            case((residents.c.settle_mode == SettleMode.ELECTRONIC, 1), else_=0).label(
                "e_settle_customers"
            ),
        )
        .select_from(residents)
        .where(scope.rows(residents))
    )


def _order_success(scope: Scope, computation: Computation) -> Select[Any]:
    rows = order_success_rows(scope, computation).subquery("success")
    return select(
        rows.c.customer_id.label("part"),
        whole(func.sum(rows.c.due_days)).label("due_days"),
        whole(func.sum(rows.c.met_days)).label("met_days"),
    ).group_by(rows.c.customer_id)
