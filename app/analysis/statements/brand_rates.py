"""§2.2 step 5 — the four rates of products, per territory or over the whole company.

Reads: monthly_sales, brand_target, target_customer, customer. `rules.indicators.four_rates`
specifies them. A sales line counts for the territory its customer stood in on the order date; the
quantity of a month is net, so a customer who returned everything is no buyer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)

from app.analysis.rules.indicators import RATES
from app.analysis.statements.judgement import judged_row, judging_columns
from app.analysis.statements.watched_products import (
    bought_before,
    bought_by_member,
    covering,
    list_members,
    lookback,
    sold_months,
)
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if, whole
from app.master.rules_parameters import Parameters
from app.models import BrandAnalysisLine, BrandTarget, MonthlySales

SALES, TARGET = MonthlySales.__table__, BrandTarget.__table__
RATE_TYPE = BrandAnalysisLine.__table__.c.rate.type

TARGET_COLUMNS = {
    "LISTING": TARGET.c.listing_target,
    "ACTIVE": TARGET.c.active_target,
    "STOCKOUT": TARGET.c.stockout_target,
    "REPURCHASE": TARGET.c.repurchase_target,
}


def targeted_products(scope: Scope, month: Month) -> Subquery:
    """(company_id, territory_id, product_id, the four targets) of the targets covering a month."""
    return (
        select(
            TARGET.c.company_id,
            TARGET.c.territory_id,
            TARGET.c.product_id,
            *(column.label(rate) for rate, column in TARGET_COLUMNS.items()),
        )
        .where(scope.rows(TARGET), covering(TARGET, month))
        .subquery("targeted")
    )


def set_sizes(
    scope: Scope, months: Sequence[Month], product_ids: Any, *, by_territory: bool
) -> Subquery:
    """Set sizes of months[0] by (territory and) product: (company_id, [territory_id], product_id,
    buyers, earlier_buyers, previous_buyers, kept_buyers, demanded_lines, stockout_lines, listed,
    listed_buyers). `product_ids` is a collection or a select.
    """
    keys = ["territory_id", "product_id"] if by_territory else ["product_id"]
    group = ["company_id", *keys]
    parts = union_all(
        _sizes_of_sales(scope, months, product_ids, keys),
        _sizes_of_lists(scope, months[0], product_ids, keys),
    ).subquery("parts")
    return (
        select(
            *(parts.c[key] for key in group),
            *(
                whole(func.sum(column)).label(column.name)
                for column in parts.c
                if column.name not in group
            ),
        )
        .group_by(*(parts.c[key] for key in group))
        .subquery("sizes")
    )


def _sizes_of_sales(
    scope: Scope, months: Sequence[Month], product_ids: Any, keys: Sequence[str]
) -> Select[Any]:
    conditions = [SALES.c.product_id.in_(product_ids)]
    if scope.territory_ids is not None:
        conditions.append(SALES.c.territory_id.in_(scope.territory_ids))
    customers = sold_months(scope, months, (*keys, "customer_id"), conditions)
    bought, before = customers.c.cartons_0 > 0, customers.c.cartons_1 > 0
    group = [customers.c[key] for key in keys]
    return select(
        customers.c.company_id,
        *group,
        count_if(bought).label("buyers"),
        count_if(bought_before(customers, months)).label("earlier_buyers"),
        count_if(before).label("previous_buyers"),
        count_if(and_(bought, before)).label("kept_buyers"),
        whole(func.sum(customers.c.demanded_lines)).label("demanded_lines"),
        whole(func.sum(customers.c.stockout_lines)).label("stockout_lines"),
        literal(0).label("listed"),
        literal(0).label("listed_buyers"),
    ).group_by(*group, customers.c.company_id)


def _sizes_of_lists(
    scope: Scope, month: Month, product_ids: Any, keys: Sequence[str]
) -> Select[Any]:
    """A customer on the lists of two territories is one when the territories are one figure."""
    columns = (*keys, "customer_id")
    listing = (
        list_members(scope, month).where(TARGET.c.product_id.in_(product_ids)).subquery("listing")
    )
    members = select(listing.c.company_id, *(listing.c[key] for key in columns))
    if "territory_id" not in keys:
        members = members.distinct()
    member = members.subquery("members")
    rows = select(
        member.c.company_id,
        *(member.c[key] for key in keys),
        bought_by_member(scope, month, member, columns).label("cartons"),
    ).subquery("rows")
    return select(
        rows.c.company_id,
        *(rows.c[key] for key in keys),
        *(literal(0) for _ in range(6)),
        func.count(),
        count_if(rows.c.cartons > 0),
    ).group_by(*(rows.c[key] for key in keys), rows.c.company_id)


def _pair(rate: Any, sizes: Subquery) -> tuple[Any, Any]:
    """(num, den) of the rate named by a column; 0/0 where nothing was sold or listed."""
    terms = {
        "LISTING": (sizes.c.listed_buyers, sizes.c.listed),
        "ACTIVE": (sizes.c.buyers, sizes.c.earlier_buyers),
        "STOCKOUT": (sizes.c.stockout_lines, sizes.c.demanded_lines),
        "REPURCHASE": (sizes.c.kept_buyers, sizes.c.previous_buyers),
    }

    def side(position: int) -> ColumnElement[int]:
        return func.coalesce(
            case(*((rate == name, pair[position]) for name, pair in terms.items())), 0
        )

    return side(0), side(1)


def _rates(parameters: Parameters) -> Subquery:
    """(rate, and how it is judged: `judging_columns`), a row each."""
    return union_all(
        *(
            select(literal(row.code).label("rate"), *judging_columns(row, parameters))
            for row in RATES
        )
    ).subquery("rates")


def rate_rows(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    """Four rows per targeted product of a territory: (company_id, territory_id, product_id, rate,
    actual_num, actual_den, target, status). `month` is K.
    """
    months = lookback(month, parameters.abnormal_active_base_months)
    targeted, rates = targeted_products(scope, month), _rates(parameters)
    sizes = set_sizes(scope, months, select(targeted.c.product_id), by_territory=True)

    def same(other: Subquery) -> ColumnElement[bool]:
        return and_(
            other.c.company_id == targeted.c.company_id,
            other.c.territory_id == targeted.c.territory_id,
            other.c.product_id == targeted.c.product_id,
        )

    num, den = _pair(rates.c.rate, sizes)
    rows = (
        select(
            targeted.c.company_id,
            targeted.c.territory_id,
            targeted.c.product_id,
            rates,
            num.label("actual_num"),
            den.label("actual_den"),
            case(*((rates.c.rate == row.code, targeted.c[row.code]) for row in RATES)).label(
                "target"
            ),
        )
        .select_from(targeted.join(rates, true()).outerjoin(sizes, same(sizes)))
        .subquery("rows")
    )
    return select(
        rows.c.company_id,
        rows.c.territory_id,
        rows.c.product_id,
        rows.c.rate,
        rows.c.actual_num,
        rows.c.actual_den,
        rows.c.target,
        judged_row(rows).label("status"),
    )


def company_rate_rows(
    scope: Scope, month: Month, parameters: Parameters, product_ids: Collection[int]
) -> Select[Any]:
    """Four rows per product over all territories in scope together: (company_id, product_id,
    rate, actual_num, actual_den). Read-only, for the brand manager and for trends.
    """
    months = lookback(month, parameters.abnormal_active_base_months)
    rates = _rates(parameters)
    sizes = set_sizes(scope, months, product_ids, by_territory=False)
    wanted = union_all(
        *(select(literal(product).label("product_id")) for product in sorted(set(product_ids)))
    ).subquery("wanted")

    def same(other: Subquery) -> ColumnElement[bool]:
        return and_(
            other.c.company_id == scope.company_id, other.c.product_id == wanted.c.product_id
        )

    num, den = _pair(rates.c.rate, sizes)
    return (
        select(
            literal(scope.company_id).label("company_id"),
            wanted.c.product_id,
            cast(rates.c.rate, RATE_TYPE).label("rate"),
            num.label("actual_num"),
            den.label("actual_den"),
        )
        .select_from(wanted.join(rates, true()).outerjoin(sizes, same(sizes)))
        .order_by(wanted.c.product_id)
    )


def rate_trend_rows(
    scope: Scope, months: Sequence[Month], parameters: Parameters, product_id: int
) -> Select[Any]:
    """(month, rate, actual_num, actual_den) of a product, one block per month, for the chart."""
    blocks = []
    for month in months:
        block = (
            company_rate_rows(scope, month, parameters, [product_id])
            .order_by(None)
            .subquery(f"m{month.number}")
        )
        blocks.append(
            select(
                literal(month.number).label("month"),
                block.c.rate,
                block.c.actual_num,
                block.c.actual_den,
            )
        )
    return select(union_all(*blocks).subquery("trend"))
