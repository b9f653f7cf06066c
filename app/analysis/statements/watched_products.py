"""§2.2 steps 2–5 — the watched products of a territory and who bought them month by month.

Watched in month K: products with a brand target covering K and those issued as 关注商品 for the
territory's department.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    exists,
    func,
    or_,
    select,
    union,
)

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import sum_if, whole
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

INDEX_ORDER = ("product_id", "territory_id", "customer_id")
"""As in the index of monthly_sales by product: grouping in this order sorts what is nearly sorted."""


def covering(table: Any, month: Month) -> ColumnElement[bool]:
    """Rows whose month range contains the month."""
    return and_(table.c.from_month <= month, table.c.to_month >= month)


def active_on_last_day(month: Month, customer: Any = CUSTOMER) -> ColumnElement[bool]:
    """Open on the month's last day and not closed by then, whatever happened later."""
    day = month.last_day
    still_open = and_(customer.c.status == CustomerStatus.ACTIVE, customer.c.close_date.is_(None))
    return and_(customer.c.open_date <= day, or_(still_open, customer.c.close_date > day))


def is_watched(row: Any, product_id: Any, month: Month) -> ColumnElement[bool]:
    """Whether a row's product is watched in its territory; `row` has company_id, territory_id."""
    targeted = exists().where(
        TARGET.c.company_id == row.c.company_id,
        TARGET.c.territory_id == row.c.territory_id,
        TARGET.c.product_id == product_id,
        covering(TARGET, month),
    )
    issued = exists().where(
        FOCUS.c.company_id == row.c.company_id,
        FOCUS.c.product_id == product_id,
        covering(FOCUS, month),
        TERRITORY.c.id == row.c.territory_id,
        TERRITORY.c.department_id == FOCUS.c.department_id,
    )
    return or_(targeted, issued)


def watched_product_ids(scope: Scope, month: Month) -> Any:
    """The products watched in any territory in scope, to read only their sales."""
    targeted = select(TARGET.c.product_id).where(scope.rows(TARGET), covering(TARGET, month))
    issued = select(FOCUS.c.product_id).where(scope.company(FOCUS), covering(FOCUS, month))
    return union(targeted, issued)


def lookback(month: Month, months: int) -> list[Month]:
    """K, K−1, … as far as the active rate looks back (at least to K−1)."""
    return [month.shift(-back) for back in range(max(months, 1) + 1)]


def sold_months(
    scope: Scope,
    months: Sequence[Month],
    keys: Sequence[str],
    conditions: Sequence[ColumnElement[bool]],
) -> Subquery:
    """(company_id, *keys, cartons_0 … cartons_n, demanded_lines, stockout_lines).

    `keys` are columns of monthly_sales besides company_id, `conditions` limit it; `cartons_i` is
    the net quantity of months[i], the lines are those of months[0].
    """
    group = [SALES.c[key] for key in INDEX_ORDER if key in keys]
    now = SALES.c.month == months[0]
    return (
        select(
            SALES.c.company_id,
            *group,
            *(
                sum_if(SALES.c.month == month, SALES.c.delivered_cartons).label(f"cartons_{back}")
                for back, month in enumerate(months)
            ),
            sum_if(now, SALES.c.demanded_lines).label("demanded_lines"),
            sum_if(now, SALES.c.stockout_lines).label("stockout_lines"),
        )
        .where(SALES.c.company_id == scope.company_id, SALES.c.month.in_(months), *conditions)
        # The company last: it is the same everywhere, and a sort that starts with it compares more.
        .group_by(*group, SALES.c.company_id)
        .subquery("sold_months")
    )


def bought_by_member(
    scope: Scope, month: Month, members: FromClause, keys: Sequence[str]
) -> ColumnElement[int]:
    """The net quantity that a member of a list bought in a month; `keys` are what the member and
    the sales have in common besides company_id. Without the territory: in all those in scope.

    A look-up by the key of monthly_sales for each member, whatever the database knows about the
    tables: sorting the members among the sales takes longer.
    """
    bought = select(whole(func.sum(SALES.c.delivered_cartons))).where(
        SALES.c.company_id == members.c.company_id,
        SALES.c.month == month,
        *(SALES.c[key] == members.c[key] for key in keys),
    )
    if "territory_id" not in keys and scope.territory_ids is not None:
        bought = bought.where(SALES.c.territory_id.in_(scope.territory_ids))
    return bought.correlate(members).scalar_subquery()


def bought_before(rows: Any, months: Sequence[Month]) -> ColumnElement[bool]:
    """Whether the row has a positive net quantity in a month before the first."""
    return or_(*(rows.c[f"cartons_{back}"] > 0 for back in range(1, len(months))))


def list_members(scope: Scope, month: Month) -> Select[Any]:
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
            scope.rows(TARGET),
            covering(TARGET, month),
            LISTED.c.removed_revision.is_(None),
            active_on_last_day(month),
        )
    )
