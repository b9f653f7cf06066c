"""§2.2 — what the step board counts per territory: watched products and targets, visits.

Reads: territory, focus_product, brand_target, target_customer, visit_plan, customer
Writes: nothing
Grain: one row per territory
Units: products, targets, customers, visits; local dates
Nulls: a territory without visits of the month has no row of visits; no open visit = no date
Errors: none
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select

from app.kernel.period import Month, WorkWeek
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import (
    BrandTarget,
    Customer,
    CustomerStatus,
    FocusProduct,
    TargetCustomer,
    Territory,
    VisitPlan,
    VisitStatus,
)

TERRITORY, FOCUS = Territory.__table__, FocusProduct.__table__
TARGET, LISTED = BrandTarget.__table__, TargetCustomer.__table__
VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__
RECORDED = (VisitStatus.DONE, VisitStatus.MISSED)


def place_rows(scope: Scope, month: Month) -> Select[Any]:
    """(id, code, name, department_id, watched, targeted, targets, listed, next_first_visit), by code.

    `watched`: products issued for the territory's department in the month, `targeted` of them have
    a target; `targets` cover the month, `listed` of them have customers on their list.
    `next_first_visit`: the first planned visit in the calendar month after.
    """
    in_month = and_(FOCUS.c.from_month <= month, FOCUS.c.to_month >= month)
    watched = _watched(in_month)
    own_targets = and_(
        TARGET.c.company_id == TERRITORY.c.company_id,
        TARGET.c.territory_id == TERRITORY.c.id,
        TARGET.c.from_month <= month,
        TARGET.c.to_month >= month,
    )
    has_target = exists().where(own_targets, TARGET.c.product_id == FOCUS.c.product_id)
    has_customers = exists().where(
        LISTED.c.company_id == TARGET.c.company_id,
        LISTED.c.target_id == TARGET.c.id,
        LISTED.c.removed_revision.is_(None),
    )
    targets = select(func.count(TARGET.c.id)).where(own_targets)
    first_visit = select(func.min(VISIT.c.date)).where(
        VISIT.c.company_id == TERRITORY.c.company_id,
        VISIT.c.territory_id == TERRITORY.c.id,
        VISIT.c.date.between(month.next.first_day, month.next.last_day),
        VISIT.c.status != VisitStatus.CANCELLED,
    )
    query = select(
        TERRITORY.c.id,
        TERRITORY.c.code,
        TERRITORY.c.name,
        TERRITORY.c.department_id,
        watched.scalar_subquery().label("watched"),
        watched.where(has_target).scalar_subquery().label("targeted"),
        targets.scalar_subquery().label("targets"),
        targets.where(has_customers).scalar_subquery().label("listed"),
        first_visit.scalar_subquery().label("next_first_visit"),
    ).where(scope.company(TERRITORY))
    if scope.territory_ids is not None:
        query = query.where(TERRITORY.c.id.in_(scope.territory_ids))
    return query.order_by(TERRITORY.c.code)


def _watched(in_month: ColumnElement[bool]) -> Select[Any]:
    return (
        select(func.count(FOCUS.c.product_id.distinct()))
        .where(
            FOCUS.c.company_id == TERRITORY.c.company_id,
            FOCUS.c.department_id == TERRITORY.c.department_id,
            in_month,
        )
        .correlate(TERRITORY)
    )


def visit_rows(
    scope: Scope, month: Month, weeks: Sequence[WorkWeek], today: dt.date
) -> Select[Any]:
    """(territory_id, customers, due, recorded, open_since, first_visit, week_0 … week_n).

    Visits of the work month, cancelled ones aside. `customers`: valid customers of the territory
    with one; `due` up to today, `recorded` of these; `open_since`: the earliest day before today
    with one not recorded; `first_visit` in the calendar month; `week_i`: visits of weeks[i].
    """
    is_due = VISIT.c.date <= today
    is_recorded = VISIT.c.status.in_(RECORDED)
    is_valid = and_(
        CUSTOMER.c.status == CustomerStatus.ACTIVE,
        CUSTOMER.c.territory_id == VISIT.c.territory_id,
    )
    is_open = and_(VISIT.c.date < today, ~is_recorded)
    return (
        select(
            VISIT.c.territory_id,
            func.count(case((is_valid, VISIT.c.customer_id)).distinct()).label("customers"),
            count_if(is_due).label("due"),
            count_if(and_(is_due, is_recorded)).label("recorded"),
            func.min(case((is_open, VISIT.c.date))).label("open_since"),
            func.min(case((VISIT.c.date >= month.first_day, VISIT.c.date))).label("first_visit"),
            *(
                count_if(VISIT.c.date.between(week.monday, week.sunday)).label(f"week_{number}")
                for number, week in enumerate(weeks)
            ),
        )
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id),
        )
        .where(scope.rows(VISIT), VISIT.c.month == month, VISIT.c.status != VisitStatus.CANCELLED)
        .group_by(VISIT.c.territory_id)
    )
