"""§2.2 step 6 — a territory's sums of month K and the market indicators made of them.

Reads: territory_sales (K, K−1, K−12), customer_sales (K), order_day (K), product,
key_product_snapshot (K), customer, customer_territory. `rules.indicators.market_figure` specifies the indicators. Sales count for the
territory of the order date; customers for the territory they stood in on the month's last day.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    or_,
    select,
    true,
    union_all,
)

from app.analysis.rules.computation import Computation
from app.analysis.rules.indicators import INDICATORS, Indicator
from app.analysis.statements.customer_figures import order_days_of, wares
from app.analysis.statements.judgement import judged_row, judging_columns
from app.analysis.statements.order_success import order_success_rows
from app.analysis.statements.watched_products import active_on_last_day
from app.kernel.period import Month
from app.kernel.quantity import FEN_PER_YUAN, STICKS_PER_CASE, STICKS_PER_STANDARD_CARTON
from app.kernel.scope import Scope
from app.kernel.sql import count_if, whole
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    CustomerSales,
    CustomerTerritory,
    MarketTarget,
    OrderMode,
    SettleMode,
    Territory,
    TerritorySales,
)

SALES, CUSTOMERS = TerritorySales.__table__, CustomerSales.__table__
CUSTOMER = Customer.__table__
STAY, TERRITORY, TARGET = (
    CustomerTerritory.__table__,
    Territory.__table__,
    MarketTarget.__table__,
)
COMPUTED = tuple(row for row in INDICATORS if not row.is_entered)


def territory_sums(scope: Scope, month: Month, ware: CTE, name: str) -> Subquery:
    """(company_id, territory_id, sums of a month); key brands and prices as in `ware`."""
    cartons = SALES.c.delivered_cartons
    sums = {
        "sticks": cartons * ware.c.sticks,
        "amount_fen": SALES.c.amount_fen,
        "key_sticks": cartons * ware.c.key_sticks,
        "margin_fen": cartons * ware.c.margin_fen,
        "retail_fen": cartons * ware.c.retail_fen,
        "demanded_lines": SALES.c.demanded_lines,
        "stockout_lines": SALES.c.stockout_lines,
        "bought_products": SALES.c.buyers,
    }
    return (
        select(
            SALES.c.company_id,
            SALES.c.territory_id,
            *(whole(func.sum(value)).label(column) for column, value in sums.items()),
        )
        .join(ware, ware.c.product_id == SALES.c.product_id)
        .where(scope.rows(SALES), SALES.c.month == month)
        .group_by(SALES.c.company_id, SALES.c.territory_id)
        .subquery(name)
    )


SUMS = (
    "sticks", "amount_fen", "key_sticks", "margin_fen", "retail_fen", "demanded_lines",
    "stockout_lines", "bought_products",
)  # fmt: skip


def buyer_sums(scope: Scope, month: Month) -> Subquery:
    """(company_id, territory_id, ordering_customers): customers whose net volume there is
    positive.
    """
    return (
        select(
            CUSTOMERS.c.company_id,
            CUSTOMERS.c.territory_id,
            count_if(CUSTOMERS.c.sticks > 0).label("ordering_customers"),
        )
        .where(scope.rows(CUSTOMERS), CUSTOMERS.c.month == month)
        .group_by(CUSTOMERS.c.company_id, CUSTOMERS.c.territory_id)
        .subquery("buyer_sums")
    )


def order_sums(scope: Scope, month: Month) -> Subquery:
    """(company_id, territory_id, order_days): days with an order, added up over the customers."""
    days = order_days_of(scope.company_id, month)
    return (
        select(days.c.company_id, days.c.territory_id, func.count().label("order_days"))
        .where(scope.rows(days))
        .group_by(days.c.company_id, days.c.territory_id)
        .subquery("order_sums")
    )


def resident_customers(company_id: int, month: Month) -> Subquery:
    """(company_id, territory_id, customer_id, order_mode, settle_mode): the customers active on
    the month's last day, in the territory they stood in on that day.
    """
    day = month.last_day
    stay = and_(
        STAY.c.company_id == CUSTOMER.c.company_id,
        STAY.c.customer_id == CUSTOMER.c.id,
        STAY.c.valid_from <= day,
        or_(STAY.c.valid_to.is_(None), STAY.c.valid_to >= day),
    )
    return (
        select(
            CUSTOMER.c.company_id,
            func.coalesce(STAY.c.territory_id, CUSTOMER.c.territory_id).label("territory_id"),
            CUSTOMER.c.id.label("customer_id"),
            CUSTOMER.c.order_mode,
            CUSTOMER.c.settle_mode,
        )
        .select_from(CUSTOMER.outerjoin(STAY, stay))
        .where(CUSTOMER.c.company_id == company_id, active_on_last_day(month))
        .subquery("residents")
    )


def success_sums(scope: Scope, computation: Computation) -> Subquery:
    """(company_id, territory_id, due_days, met_days): over the order days of the month."""
    rows = order_success_rows(scope, computation).subquery("success")
    return (
        select(
            rows.c.company_id,
            rows.c.territory_id,
            whole(func.sum(rows.c.due_days)).label("due_days"),
            whole(func.sum(rows.c.met_days)).label("met_days"),
        )
        .group_by(rows.c.company_id, rows.c.territory_id)
        .subquery("success_sums")
    )


def resident_sums(scope: Scope, month: Month) -> Subquery:
    """(company_id, territory_id, customers, online_customers, e_settle_customers)."""
    residents = resident_customers(scope.company_id, month)
    return (
        select(
            residents.c.company_id,
            residents.c.territory_id,
            func.count().label("customers"),
            count_if(residents.c.order_mode == OrderMode.ONLINE).label("online_customers"),
            count_if(residents.c.settle_mode == SettleMode.ELECTRONIC).label("e_settle_customers"),
        )
        .where(scope.rows(residents))
        .group_by(residents.c.company_id, residents.c.territory_id)
        .subquery("resident_sums")
    )


def territory_figures(scope: Scope, computation: Computation) -> CTE:
    """One row per territory in scope with the fields of `rules.indicators.TerritoryFigures`."""
    month = computation.month
    ware = wares(scope.company_id, month)
    sums = territory_sums(scope, month, ware, "sums")
    previous = territory_sums(scope, month.previous, ware, "previous")
    last_year = territory_sums(scope, month.shift(-12), ware, "last_year")
    buyers = buyer_sums(scope, month)
    orders = order_sums(scope, month)
    residents = resident_sums(scope, month)
    success = success_sums(scope, computation)

    def same(other: Subquery) -> ColumnElement[bool]:
        return and_(
            other.c.company_id == TERRITORY.c.company_id, other.c.territory_id == TERRITORY.c.id
        )

    given = {
        **{name: sums.c[name] for name in SUMS},
        "ordering_customers": buyers.c.ordering_customers,
        "previous_sticks": previous.c.sticks,
        "last_year_sticks": last_year.c.sticks,
        "key_last_year_sticks": last_year.c.key_sticks,
        "order_days": orders.c.order_days,
        **{
            name: residents.c[name]
            for name in ("customers", "online_customers", "e_settle_customers")
        },
        "due_days": success.c.due_days,
        "met_days": success.c.met_days,
    }
    rows = (
        select(
            TERRITORY.c.company_id,
            TERRITORY.c.id.label("territory_id"),
            *(func.coalesce(column, 0).label(name) for name, column in given.items()),
        )
        .select_from(
            TERRITORY.outerjoin(sums, same(sums))
            .outerjoin(previous, same(previous))
            .outerjoin(last_year, same(last_year))
            .outerjoin(buyers, same(buyers))
            .outerjoin(orders, same(orders))
            .outerjoin(residents, same(residents))
            .outerjoin(success, same(success))
        )
        .where(TERRITORY.c.company_id == scope.company_id)
    )
    if scope.territory_ids is not None:
        rows = rows.where(TERRITORY.c.id.in_(scope.territory_ids))
    return rows.cte("figures")


def indicator_pairs(f: Any) -> dict[str, tuple[Any, Any]]:
    """Indicator → (num, den) over the columns of `territory_figures`."""
    standard, case_sticks = STICKS_PER_STANDARD_CARTON, STICKS_PER_CASE
    return {
        "VOLUME": (f.sticks, literal(standard)),
        "AMOUNT": (f.amount_fen, literal(FEN_PER_YUAN)),
        "UNIT_VALUE": (f.amount_fen * (standard // FEN_PER_YUAN), f.sticks),
        "CASE_VALUE": (f.amount_fen * (case_sticks // FEN_PER_YUAN), f.sticks),
        "VOLUME_YEAR_GROWTH": (f.sticks - f.last_year_sticks, f.last_year_sticks),
        "VOLUME_MONTH_GROWTH": (f.sticks - f.previous_sticks, f.previous_sticks),
        "KEY_VOLUME": (f.key_sticks, literal(standard)),
        "KEY_SHARE": (f.key_sticks, f.sticks),
        "KEY_GROWTH": (f.key_sticks - f.key_last_year_sticks, f.key_last_year_sticks),
        "ORDER_SUCCESS": (f.met_days, f.due_days),
        "VOLUME_PER_CUSTOMER": (f.sticks, f.ordering_customers * standard),
        "ORDER_FREQUENCY": (f.order_days, f.ordering_customers),
        "WIDTH": (f.bought_products, f.ordering_customers),
        "ONLINE_RATE": (f.online_customers, f.customers),
        "E_SETTLE_RATE": (f.e_settle_customers, f.customers),
        "STOCKOUT_RATE": (f.stockout_lines, f.demanded_lines),
        "MARGIN_RATE": (f.margin_fen, f.retail_fen),
    }


def specification_of(indicators: Iterable[Indicator], parameters: Parameters) -> Subquery:
    """(indicator, formula_version, and how it is judged: `judging_columns`), a row each."""
    return union_all(
        *(
            select(
                literal(row.code).label("indicator"),
                literal(row.version).label("formula_version"),
                *judging_columns(row, parameters),
            )
            for row in indicators
        )
    ).subquery("specification")


def indicator_rows(scope: Scope, computation: Computation) -> Select[Any]:
    """One row per territory and computed indicator: (company_id, territory_id, indicator,
    actual_num, actual_den, target, status, formula_version).
    """
    figures = territory_figures(scope, computation)
    specification = specification_of(COMPUTED, computation.parameters)
    pairs = indicator_pairs(figures.c)

    def side(position: int) -> ColumnElement[int]:
        return case(
            *((specification.c.indicator == code, pair[position]) for code, pair in pairs.items())
        )

    rows = (
        select(
            figures.c.company_id,
            figures.c.territory_id,
            specification,
            side(0).label("actual_num"),
            side(1).label("actual_den"),
            TARGET.c.value.label("target"),
        )
        .select_from(
            figures.join(specification, true()).outerjoin(
                TARGET,
                and_(
                    TARGET.c.company_id == figures.c.company_id,
                    TARGET.c.territory_id == figures.c.territory_id,
                    TARGET.c.month == computation.month,
                    TARGET.c.indicator == specification.c.indicator,
                ),
            )
        )
        .subquery("rows")
    )
    return judged_lines(rows)


def judged_lines(rows: Subquery) -> Select[Any]:
    """The columns of a market analysis line, with the proposed status of each."""
    return select(
        rows.c.company_id,
        rows.c.territory_id,
        rows.c.indicator,
        rows.c.actual_num,
        rows.c.actual_den,
        rows.c.target,
        judged_row(rows).label("status"),
        rows.c.formula_version,
    )
