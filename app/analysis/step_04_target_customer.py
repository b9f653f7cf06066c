"""§2.2 step 4 — target customers of a brand target: filter, preview, save the explicit list.

Reads: brand_target, customer, monthly_sales
Writes: target_customer, target_list_revision, brand_target.list_revision
Grain: target × customer; a saved change is a revision
Units: none
Nulls: without a list the listing rate is undetermined
Errors: `OutOfScope`, `TargetLocked`
Ambiguity: the list is fixed when saved; a customer who meets the filter later is not added

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    insert,
    not_,
    select,
    update,
)

from app.analysis.rules.targets import MonthRange, is_locked
from app.kernel.errors import N_, InvalidTransition, OutOfScope
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    BrandTarget,
    BusinessType,
    Customer,
    CustomerStatus,
    MarketType,
    MonthlySales,
    Scale,
    TargetCustomer,
    TargetListRevision,
)

TARGET, LISTED = BrandTarget.__table__, TargetCustomer.__table__
REVISION, ANALYSIS = TargetListRevision.__table__, BrandAnalysis.__table__
CUSTOMER, SALES = Customer.__table__, MonthlySales.__table__
ROWS_PER_STATEMENT = 5_000


class ListLocked(InvalidTransition):
    """A completed analysis used the list."""

    msgid = N_("A completed brand analysis uses this list; it can no longer be changed.")


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Empty collections and None do not limit. `has_bought`: the target's product, net, in the
    months from `bought_since`.
    """

    market_types: tuple[MarketType, ...] = ()
    business_types: tuple[BusinessType, ...] = ()
    scales: tuple[Scale, ...] = ()
    grade_from: int | None = None
    grade_to: int | None = None
    lines: tuple[str, ...] = ()
    has_bought: bool | None = None
    bought_since: Month | None = None

    def as_json(self) -> dict[str, Any]:
        """What is kept with the saved revision."""
        return {
            "market_types": [item.name for item in self.market_types],
            "business_types": [item.name for item in self.business_types],
            "scales": [item.name for item in self.scales],
            "grade_from": self.grade_from,
            "grade_to": self.grade_to,
            "lines": list(self.lines),
            "has_bought": self.has_bought,
            "bought_since": self.bought_since.key if self.bought_since else None,
        }


def target_of(connection: Connection, scope: Scope, target_id: int) -> Any:
    """The target's row. Errors: `OutOfScope`."""
    found = connection.execute(
        select(TARGET).where(scope.rows(TARGET), TARGET.c.id == target_id)
    ).one_or_none()
    if found is None:
        raise OutOfScope
    return found


def matching_customers(scope: Scope, target: Any, chosen: CustomerFilter) -> Select[Any]:
    """(id, code, name) of the valid customers of the target's territory that meet the filter."""
    conditions: list[ColumnElement[bool]] = [
        CUSTOMER.c.company_id == scope.company_id,
        CUSTOMER.c.territory_id == target.territory_id,
        CUSTOMER.c.status == CustomerStatus.ACTIVE,
    ]
    for column, members in (
        (CUSTOMER.c.market_type, chosen.market_types),
        (CUSTOMER.c.business_type, chosen.business_types),
        (CUSTOMER.c.scale, chosen.scales),
        (CUSTOMER.c.line, chosen.lines),
    ):
        if members:
            conditions.append(column.in_(members))
    if chosen.grade_from is not None:
        conditions.append(CUSTOMER.c.grade >= chosen.grade_from)
    if chosen.grade_to is not None:
        conditions.append(CUSTOMER.c.grade <= chosen.grade_to)
    if chosen.has_bought is not None:
        bought = _bought(target.product_id, chosen.bought_since)
        conditions.append(bought if chosen.has_bought else not_(bought))
    return (
        select(CUSTOMER.c.id, CUSTOMER.c.code, CUSTOMER.c.name)
        .where(*conditions)
        .order_by(CUSTOMER.c.code)
    )


def _bought(product_id: int, since: Month | None) -> ColumnElement[bool]:
    sales = select(SALES.c.customer_id).where(
        SALES.c.company_id == CUSTOMER.c.company_id,
        SALES.c.customer_id == CUSTOMER.c.id,
        SALES.c.product_id == product_id,
    )
    if since is not None:
        sales = sales.where(SALES.c.month >= since)
    return (
        sales.group_by(SALES.c.company_id, SALES.c.customer_id)
        .having(func.sum(SALES.c.delivered_cartons) > 0)
        .exists()
    )


def preview_count(
    connection: Connection, scope: Scope, target_id: int, chosen: CustomerFilter
) -> int:
    """How many customers the filter finds."""
    target = target_of(connection, scope, target_id)
    found = matching_customers(scope, target, chosen).order_by(None).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def present_list(scope: Scope, target_id: int, revision: int | None = None) -> Select[Any]:
    """(customer_id, code, name) on the list, now or after a revision."""
    on_list = (
        LISTED.c.removed_revision.is_(None)
        if revision is None
        else and_(
            LISTED.c.added_revision <= revision,
            func.coalesce(LISTED.c.removed_revision, revision + 1) > revision,
        )
    )
    return (
        select(LISTED.c.customer_id, CUSTOMER.c.code, CUSTOMER.c.name)
        .join(
            TARGET,
            and_(TARGET.c.company_id == LISTED.c.company_id, TARGET.c.id == LISTED.c.target_id),
        )
        .join(
            CUSTOMER,
            and_(
                CUSTOMER.c.company_id == LISTED.c.company_id,
                CUSTOMER.c.id == LISTED.c.customer_id,
            ),
        )
        .where(scope.rows(TARGET), TARGET.c.id == target_id, on_list)
        .order_by(CUSTOMER.c.code)
    )


def history_rows(scope: Scope, target_id: int) -> Select[Any]:
    """(revision, added, removed, customers, filters, saved_by, saved_at), newest first."""
    return (
        select(
            REVISION.c.revision,
            REVISION.c.added,
            REVISION.c.removed,
            REVISION.c.customers,
            REVISION.c.filters,
            REVISION.c.saved_by,
            REVISION.c.saved_at,
        )
        .join(
            TARGET,
            and_(TARGET.c.company_id == REVISION.c.company_id, TARGET.c.id == REVISION.c.target_id),
        )
        .where(scope.rows(TARGET), TARGET.c.id == target_id)
        .order_by(REVISION.c.revision.desc())
    )


def save_list(
    connection: Connection,
    scope: Scope,
    target_id: int,
    customer_ids: Collection[int],
    chosen: CustomerFilter,
    now: dt.datetime,
    user_id: int | None,
) -> int:
    """Make `customer_ids` the target's list and return the revision; unchanged lists stay as
    they are. Errors: `OutOfScope` when a customer is not a valid one of the territory, `ListLocked`.
    """
    target = target_of(connection, scope, target_id)
    completed = connection.scalars(
        select(ANALYSIS.c.month).where(
            scope.company(ANALYSIS),
            ANALYSIS.c.territory_id == target.territory_id,
            ANALYSIS.c.status == AnalysisStatus.COMPLETED,
        )
    )
    if is_locked(MonthRange(target.from_month, target.to_month), completed):
        raise ListLocked
    wanted = set(customer_ids)
    present = set(
        connection.scalars(
            present_list(scope, target_id).with_only_columns(LISTED.c.customer_id).order_by(None)
        )
    )
    added, removed = sorted(wanted - present), sorted(present - wanted)
    if not added and not removed:
        return int(target.list_revision)
    known = set(
        connection.scalars(
            matching_customers(scope, target, CustomerFilter())
            .with_only_columns(CUSTOMER.c.id)
            .order_by(None)
        )
    )
    if set(added) - known:
        raise OutOfScope
    revision = int(target.list_revision) + 1
    own = and_(LISTED.c.company_id == scope.company_id, LISTED.c.target_id == target_id)
    for start in range(0, len(removed), ROWS_PER_STATEMENT):
        connection.execute(
            update(LISTED)
            .where(
                own,
                LISTED.c.removed_revision.is_(None),
                LISTED.c.customer_id.in_(removed[start : start + ROWS_PER_STATEMENT]),
            )
            .values(removed_revision=revision)
        )
    keys = {"company_id": scope.company_id, "target_id": target_id}
    if added:
        connection.execute(
            insert(LISTED),
            [{**keys, "customer_id": number, "added_revision": revision} for number in added],
        )
    connection.execute(
        insert(REVISION),
        {
            **keys,
            "revision": revision,
            "added": len(added),
            "removed": len(removed),
            "customers": len(wanted),
            "filters": chosen.as_json(),
            "saved_by": user_id,
            "saved_at": now,
        },
    )
    connection.execute(
        update(TARGET)
        .where(scope.rows(TARGET), TARGET.c.id == target_id)
        .values(list_revision=revision, version=TARGET.c.version + 1, updated_at=now)
    )
    return revision
