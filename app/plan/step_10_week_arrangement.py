"""§2.2 step 10 — week arrangement: focus of the week, line and remarks of each day.

Reads: visit_plan, service_plan, strategy_item, customer (through `statements.visit_content`)
Writes: week_arrangement, week_arrangement_day
Grain: territory × first day; day
Units: days
Nulls: a day without line or remark has no row
Errors: none of its own
Ambiguity: "一般是周一" – any day may start a week of seven days, weeks of one territory do not
    overlap; the content of a day comes from the plan of the calendar month the day lies in

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, and_, func, select

from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import Customer, VisitPlan, VisitStatus

VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__


def line_rows(scope: Scope, dates: Collection[dt.date]) -> Select[Any]:
    """(territory_id, date, line, visits): the lines the planned visits of the days lie on, most
    visited first; what is proposed as the line of a day.
    """
    return (
        select(
            VISIT.c.territory_id,
            VISIT.c.date,
            CUSTOMER.c.line,
            func.count().label("visits"),
        )
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id),
        )
        .where(
            scope.rows(VISIT),
            VISIT.c.date.in_(sorted(dates)),
            VISIT.c.status != VisitStatus.CANCELLED,
            CUSTOMER.c.line.is_not(None),
        )
        .group_by(VISIT.c.territory_id, VISIT.c.date, CUSTOMER.c.line)
        .order_by(VISIT.c.date, func.count().desc(), CUSTOMER.c.line)
    )


def visit_counts(scope: Scope, first: dt.date, last: dt.date) -> Select[Any]:
    """(territory_id, date, visits, without_mode): planned visits a day, and those of customers
    whose visit mode is not maintained.
    """
    return (
        select(
            VISIT.c.territory_id,
            VISIT.c.date,
            func.count().label("visits"),
            count_if(CUSTOMER.c.visit_mode.is_(None)).label("without_mode"),
        )
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id),
        )
        .where(
            scope.rows(VISIT),
            VISIT.c.date.between(first, last),
            VISIT.c.status != VisitStatus.CANCELLED,
        )
        .group_by(VISIT.c.territory_id, VISIT.c.date)
    )
