"""§2.2 step 9 — visits that were planned and that nobody recorded.

Reads: visit_plan, daily_visit, customer
Writes: visit_plan
Grain: company × customer × date
Units: days
Nulls: none
Errors: none of its own
Ambiguity: 未访 without a record; recording the visit later still makes it 完成 (step 11). A visit
    with an outcome is left alone, whatever its status

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, and_, exists, not_, select, update

from app.kernel.sql_lots import lots
from app.models import Customer, DailyVisit, VisitPlan, VisitStatus

VISIT, RECORD, CUSTOMER = VisitPlan.__table__, DailyVisit.__table__, Customer.__table__


def close_unrecorded(
    connection: Connection, company_id: int, before: dt.date, now: dt.datetime, user_id: int | None
) -> list[Any]:
    """Visits before the day that are still PLANNED become MISSED; returns (id, date, code, name)."""
    is_recorded = exists().where(
        RECORD.c.company_id == company_id,
        RECORD.c.customer_id == VISIT.c.customer_id,
        RECORD.c.date == VISIT.c.date,
        RECORD.c.outcome.is_not(None),
    )
    query = (
        select(VISIT.c.id, VISIT.c.date, CUSTOMER.c.code, CUSTOMER.c.name)
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id),
        )
        .where(
            VISIT.c.company_id == company_id,
            CUSTOMER.c.company_id == company_id,
            VISIT.c.status == VisitStatus.PLANNED,
            VISIT.c.date < before,
            not_(is_recorded),
        )
        .order_by(VISIT.c.id)
    )
    rows = list(connection.execute(query))
    for lot in lots({row.id for row in rows}):
        connection.execute(
            update(VISIT)
            .where(
                VISIT.c.company_id == company_id,
                VISIT.c.id.in_(lot),
                VISIT.c.status == VisitStatus.PLANNED,
            )
            .values(
                status=VisitStatus.MISSED,
                version=VISIT.c.version + 1,
                updated_at=now,
                updated_by=user_id,
            )
        )
    return rows
