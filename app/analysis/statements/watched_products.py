"""§2.2 steps 2–5 — the watched products of a territory and who bought them month by month.

Watched in month K: products with a brand target covering K (`target_id` given) and those issued
as 关注商品 for the territory's department.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import sum_if
from app.models import (
    BrandTarget,
    Customer,
    CustomerStatus,
    FocusProduct,
    MonthlySales,
    TargetCustomer,
    Territory,
)

SALES, CUSTOMER = MonthlySales.__table__, Customer.__table__
TARGET, LISTED = BrandTarget.__table__, TargetCustomer.__table__
FOCUS, TERRITORY = FocusProduct.__table__, Territory.__table__


def covering(table: Any, month: Month) -> ColumnElement[bool]:
    """Rows whose month range contains the month."""
    return and_(table.c.from_month <= month, table.c.to_month >= month)


def active_on_last_day(month: Month, customer: Any = CUSTOMER) -> ColumnElement[bool]:
    """Open on the month's last day and not closed by then, whatever happened later."""
    day = month.last_day
    still_open = and_(customer.c.status == CustomerStatus.ACTIVE, customer.c.close_date.is_(None))
    return and_(customer.c.open_date <= day, or_(still_open, customer.c.close_date > day))


def watched_rows(scope: Scope, month: Month) -> Subquery:
    """(company_id, territory_id, product_id, target_id or NULL), one row per watched product."""
    targeted: Select[Any] = select(
        TARGET.c.company_id, TARGET.c.territory_id, TARGET.c.product_id, TARGET.c.id.label("target")
    ).where(scope.rows(TARGET), covering(TARGET, month))
    issued = (
        select(
            FOCUS.c.company_id,
            TERRITORY.c.id.label("territory_id"),
            FOCUS.c.product_id,
            null().label("target"),
        )
        .join(
            TERRITORY,
            and_(
                TERRITORY.c.company_id == FOCUS.c.company_id,
                TERRITORY.c.department_id == FOCUS.c.department_id,
            ),
        )
        .where(scope.company(FOCUS), covering(FOCUS, month))
    )
    if scope.territory_ids is not None:
        issued = issued.where(TERRITORY.c.id.in_(scope.territory_ids))
    both = union_all(targeted, issued).subquery("both")
    return (
        select(
            both.c.company_id,
            both.c.territory_id,
            both.c.product_id,
            func.max(both.c.target).label("target_id"),
        )
        .group_by(both.c.company_id, both.c.territory_id, both.c.product_id)
        .subquery("watched")
    )


def lookback(month: Month, months: int) -> list[Month]:
    """K, K−1, … as far as the active rate looks back (at least to K−1)."""
    return [month.shift(-back) for back in range(max(months, 1) + 1)]


def product_months(
    company_id: int,
    months: Sequence[Month],
    keys: Sequence[Any],
    conditions: Sequence[ColumnElement[bool]],
    name: str = "product_months",
) -> Subquery:
    """(company_id, *keys, cartons_0 … cartons_n, demanded_lines, stockout_lines).

    `keys` are columns of monthly_sales besides company_id; `cartons_i` is the net quantity of
    months[i], the lines are those of months[0].
    """
    cartons = [
        sum_if(SALES.c.month == month, SALES.c.delivered_cartons).label(f"cartons_{back}")
        for back, month in enumerate(months)
    ]
    now = SALES.c.month == months[0]
    return (
        select(
            SALES.c.company_id,
            *keys,
            *cartons,
            sum_if(now, SALES.c.demanded_lines).label("demanded_lines"),
            sum_if(now, SALES.c.stockout_lines).label("stockout_lines"),
        )
        .where(SALES.c.company_id == company_id, SALES.c.month.in_(months), *conditions)
        .group_by(SALES.c.company_id, *keys)
        .subquery(name)
    )


def bought_before(rows: Any, months: Sequence[Month]) -> ColumnElement[bool]:
    """Whether the row has a positive net quantity in a month before the first."""
    return or_(*(rows.c[f"cartons_{back}"] > 0 for back in range(1, len(months))))


def list_members(company_id: int, month: Month) -> Select[Any]:
    """(company_id, territory_id, product_id, customer_id): target customers of the targets that
    cover the month, who were active on its last day.
    """
    return (
        select(
            TARGET.c.company_id,
            TARGET.c.territory_id,
            TARGET.c.product_id,
            LISTED.c.customer_id,
        )
        .join(
            LISTED,
            and_(LISTED.c.company_id == TARGET.c.company_id, LISTED.c.target_id == TARGET.c.id),
        )
        .join(
            CUSTOMER,
            and_(
                CUSTOMER.c.company_id == LISTED.c.company_id,
                CUSTOMER.c.id == LISTED.c.customer_id,
            ),
        )
        .where(
            TARGET.c.company_id == company_id,
            covering(TARGET, month),
            LISTED.c.removed_revision.is_(None),
            active_on_last_day(month),
        )
    )


def always() -> ColumnElement[bool]:
    """A condition for joining every row with every row."""
    return literal(1) == literal(1)
