"""§2.2 step 9 — visits of customers who closed, opened again or moved to another territory.

Reads: customer, visit_plan
Writes: visit_plan
Grain: company × customer × date
Units: days
Nulls: none
Errors: none of its own
Ambiguity: only visits after today; today's one is recorded on the spot (step 11). A cancellation by
    a person is marked `is_touched` and never undone here

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, not_, or_, select, update

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.models import Customer, CustomerStatus, VisitPlan, VisitStatus
from app.plan.statements.visit_plan_writing import order_days

VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__


@dataclass(frozen=True, slots=True)
class ChangedVisit:
    """A visit that followed its customer: `changes` is column → [old, new] of what was written."""

    id: int
    label: str
    changes: dict[str, list[Any]]


def follow_customers(
    connection: Connection,
    company_id: int,
    today: dt.date,
    now: dt.datetime,
    user_id: int | None,
    customer_ids: Collection[int] | None = None,
) -> list[ChangedVisit]:
    """Cancel the coming visits of closed customers, restore those of customers in business again,
    hand those of moved ones to the new territory. `customer_ids` None = the whole company's.
    """
    rows = _affected(connection, company_id, today, customer_ids)
    done: list[ChangedVisit] = []
    written: dict[tuple[VisitStatus, int], list[int]] = defaultdict(list)
    for row in rows:
        status = _status(row)
        written[status, row.home].append(row.id)
        changes: dict[str, list[Any]] = {}
        if status is not row.status:
            changes["status"] = [row.status.name, status.name]
        if row.home != row.territory_id:
            changes["territory_id"] = [row.territory_id, row.home]
        done.append(ChangedVisit(row.id, f"{row.date} {row.code} {row.name}", changes))
    for (status, home), ids in written.items():
        for lot in lots(ids):
            connection.execute(
                update(VISIT)
                .where(VISIT.c.company_id == company_id, VISIT.c.id.in_(lot))
                .values(
                    status=status,
                    territory_id=home,
                    version=VISIT.c.version + 1,
                    updated_at=now,
                    updated_by=user_id,
                )
            )
    if rows:
        territories = {row.territory_id for row in rows} | {row.home for row in rows}
        order_days(connection, Scope.of(company_id, territories), {row.date for row in rows})
    return done


def _status(row: Any) -> VisitStatus:
    is_open = row.customer_status is CustomerStatus.ACTIVE
    if row.status is VisitStatus.PLANNED and not is_open:
        return VisitStatus.CANCELLED
    if row.status is VisitStatus.CANCELLED and is_open:
        return VisitStatus.PLANNED
    status: VisitStatus = row.status
    return status


def _affected(
    connection: Connection, company_id: int, today: dt.date, customer_ids: Collection[int] | None
) -> list[Any]:
    is_open = CUSTOMER.c.status == CustomerStatus.ACTIVE
    is_planned = VISIT.c.status == VisitStatus.PLANNED
    # The month of the work week narrows the rows through an index; the date decides.
    coming = and_(VISIT.c.month >= Month.of(today).previous, VISIT.c.date > today)
    query = (
        select(
            VISIT.c.id, VISIT.c.date, VISIT.c.status, VISIT.c.territory_id, CUSTOMER.c.code,
            CUSTOMER.c.name, CUSTOMER.c.territory_id.label("home"),
            CUSTOMER.c.status.label("customer_status"),
        )
        .join(
            CUSTOMER,
            and_(
                CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id
            ),
        )
        .where(
            VISIT.c.company_id == company_id,
            CUSTOMER.c.company_id == company_id,
            coming,
            or_(
                and_(is_planned, not_(is_open)),
                and_(VISIT.c.status == VisitStatus.CANCELLED, not_(VISIT.c.is_touched), is_open),
                and_(is_planned, VISIT.c.territory_id != CUSTOMER.c.territory_id),
            ),
        )
        .order_by(VISIT.c.id)
    )  # fmt: skip
    if customer_ids is None:
        return list(connection.execute(query))
    found: list[Any] = []
    for lot in lots(customer_ids):
        found += connection.execute(query.where(VISIT.c.customer_id.in_(lot)))
    return found
