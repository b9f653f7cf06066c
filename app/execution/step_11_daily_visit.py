"""§2.2 step 11 — what a day sheet says about customers, and how days and months of visits went.

Reads: customer, visit_plan, daily_visit, monthly_sales, sales_line, customer_state, follow_up; the
visit content (service_plan, strategy_item, service_strategy) comes from
`app.plan.statements.visit_content`.
Writes: nothing here. Recording writes daily_visit, visit_plan, strategy_item and follow_up through
the session (`app.execution.daily_visits`), printing daily_sheet and daily_sheet_line
(`app.execution.day_sheets`).
Grain: facts per customer; counts per territory × day; customers nobody visited per month.
Units: whole cartons, whole minutes; local dates.
Nulls: a customer without sales, orders, visits or a state has no row; unwritten minutes are counted
apart and add nothing.
Errors: none; gates and what an outcome requires are `app.execution.rules`.
Ambiguity: the manual says who is on the sheet and what is filled in, not which sales are shown nor
when a day is too short; both are shown for the month before and by a parameter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, and_, exists, func, literal, or_, select, union_all

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if, sum_if, whole
from app.models import (
    Customer,
    CustomerState,
    CustomerStatus,
    DailyVisit,
    FollowUp,
    FollowUpStatus,
    MonthlySales,
    OperatingState,
    SalesLine,
    StateStatus,
    VisitOutcome,
    VisitPlan,
    VisitStatus,
)

VISIT, PLAN, CUSTOMER = DailyVisit.__table__, VisitPlan.__table__, Customer.__table__
SALES, LINE, FOLLOW = MonthlySales.__table__, SalesLine.__table__, FollowUp.__table__
STATE, KIND = CustomerState.__table__, OperatingState.__table__


def sales_facts(scope: Scope, customer_ids: Collection[int], month: Month) -> Select[Any]:
    """Sales of the month before `month` and the one before that, per customer who bought.

    Columns: customer_id, cartons, earlier_cartons, width (products with a net delivery in the
    month before). A customer keeps the sales of a former territory: they are the shop's.
    """
    last, earlier = month.previous, month.previous.previous
    by_product = (
        select(
            SALES.c.customer_id,
            SALES.c.product_id,
            sum_if(SALES.c.month == last, SALES.c.delivered_cartons).label("cartons"),
            sum_if(SALES.c.month == earlier, SALES.c.delivered_cartons).label("earlier"),
        )
        .where(
            scope.company(SALES),
            SALES.c.month.in_((last, earlier)),
            SALES.c.customer_id.in_(customer_ids),
        )
        .group_by(SALES.c.customer_id, SALES.c.product_id)
        .subquery()
    )
    return select(
        by_product.c.customer_id,
        whole(func.sum(by_product.c.cartons)).label("cartons"),
        whole(func.sum(by_product.c.earlier)).label("earlier_cartons"),
        count_if(by_product.c.cartons > 0).label("width"),
    ).group_by(by_product.c.customer_id)


def last_orders(scope: Scope, customer_ids: Collection[int]) -> Select[Any]:
    """(customer_id, order_date) of the last order: something was asked for or came."""
    return (
        select(LINE.c.customer_id, func.max(LINE.c.order_date).label("order_date"))
        .where(
            scope.company(LINE),
            LINE.c.customer_id.in_(customer_ids),
            or_(LINE.c.demanded_cartons > 0, LINE.c.delivered_cartons > 0),
        )
        .group_by(LINE.c.customer_id)
    )


def last_visits(scope: Scope, customer_ids: Collection[int], before: dt.date) -> Select[Any]:
    """The last recorded visit before a day: (customer_id, date, outcome, unvisited_reason)."""
    place = (
        func.row_number()
        .over(partition_by=VISIT.c.customer_id, order_by=VISIT.c.date.desc())
        .label("place")
    )
    ranked = (
        select(VISIT.c.customer_id, VISIT.c.date, VISIT.c.outcome, VISIT.c.unvisited_reason, place)
        .where(
            scope.company(VISIT),
            VISIT.c.customer_id.in_(customer_ids),
            VISIT.c.date < before,
            VISIT.c.outcome.is_not(None),
        )
        .subquery()
    )
    return select(
        ranked.c.customer_id, ranked.c.date, ranked.c.outcome, ranked.c.unvisited_reason
    ).where(ranked.c.place == 1)


def operating_states(scope: Scope, customer_ids: Collection[int], month: Month) -> Select[Any]:
    """(customer_id, name, name_en) of the states generated for the month."""
    return (
        select(STATE.c.customer_id, KIND.c.name, KIND.c.name_en)
        .join(KIND, KIND.c.id == STATE.c.operating_state_id)
        .where(
            scope.company(STATE),
            STATE.c.month == month,
            STATE.c.customer_id.in_(customer_ids),
            STATE.c.status.in_((StateStatus.GENERATED, StateStatus.STALE)),
        )
    )


def answers_to_tell(scope: Scope, customer_ids: Collection[int]) -> Select[Any]:
    """Resolved follow-ups whose customer does not know yet: (customer_id, id, text, answer)."""
    return (
        select(FOLLOW.c.customer_id, FOLLOW.c.id, FOLLOW.c.kind, FOLLOW.c.text, FOLLOW.c.answer)
        .where(
            scope.company(FOLLOW),
            FOLLOW.c.customer_id.in_(customer_ids),
            FOLLOW.c.status == FollowUpStatus.RESOLVED,
        )
        .order_by(FOLLOW.c.customer_id, FOLLOW.c.id)
    )


def day_counts(scope: Scope, first: dt.date, last: dt.date) -> Select[Any]:
    """Per territory and day: what was planned and what became of it.

    Columns: territory_id, date, planned (without cancelled ones), done, missed, unplanned
    (visits made without a plan), visited, minutes (of visits made), without_minutes.
    """
    planned = (
        select(
            PLAN.c.territory_id,
            PLAN.c.date,
            count_if(PLAN.c.status != VisitStatus.CANCELLED).label("planned"),
            count_if(PLAN.c.status == VisitStatus.DONE).label("done"),
            count_if(PLAN.c.status == VisitStatus.MISSED).label("missed"),
            *(literal(0).label(name) for name in RECORD_COLUMNS),
        )
        .where(scope.rows(PLAN), PLAN.c.date.between(first, last))
        .group_by(PLAN.c.territory_id, PLAN.c.date)
    )
    is_visited = VISIT.c.outcome == VisitOutcome.VISITED
    made = (
        select(
            VISIT.c.territory_id,
            VISIT.c.date,
            *(literal(0).label(name) for name in ("planned", "done", "missed")),
            count_if(and_(is_visited, VISIT.c.visit_plan_id.is_(None))).label("unplanned"),
            count_if(is_visited).label("visited"),
            sum_if(is_visited, VISIT.c.minutes).label("minutes"),
            count_if(and_(is_visited, VISIT.c.minutes.is_(None))).label("without_minutes"),
        )
        .where(scope.rows(VISIT), VISIT.c.date.between(first, last))
        .group_by(VISIT.c.territory_id, VISIT.c.date)
    )
    both = union_all(planned, made).subquery()
    return (
        select(
            both.c.territory_id,
            both.c.date,
            *(
                whole(func.sum(both.c[name])).label(name)
                for name in ("planned", "done", "missed", *RECORD_COLUMNS)
            ),
        )
        .group_by(both.c.territory_id, both.c.date)
        .order_by(both.c.territory_id, both.c.date)
    )


RECORD_COLUMNS = ("unplanned", "visited", "minutes", "without_minutes")


def unvisited_customers(scope: Scope, month: Month, until: dt.date) -> Select[Any]:
    """Active customers nobody visited in the month up to a day: (territory_id, customer_id, code,
    name, planned), `planned` counting their uncancelled visits of the month; by code.
    """
    last = min(until, month.last_day)
    visited = exists().where(
        VISIT.c.company_id == CUSTOMER.c.company_id,
        VISIT.c.customer_id == CUSTOMER.c.id,
        VISIT.c.date.between(month.first_day, last),
        VISIT.c.outcome == VisitOutcome.VISITED,
    )
    planned = (
        select(func.count())
        .where(
            PLAN.c.company_id == CUSTOMER.c.company_id,
            PLAN.c.customer_id == CUSTOMER.c.id,
            PLAN.c.date.between(month.first_day, month.last_day),
            PLAN.c.status != VisitStatus.CANCELLED,
        )
        .scalar_subquery()
    )
    return (
        select(
            CUSTOMER.c.territory_id,
            CUSTOMER.c.id.label("customer_id"),
            CUSTOMER.c.code,
            CUSTOMER.c.name,
            planned.label("planned"),
        )
        .where(
            scope.rows(CUSTOMER),
            CUSTOMER.c.status == CustomerStatus.ACTIVE,
            CUSTOMER.c.open_date <= last,
            ~visited,
        )
        .order_by(CUSTOMER.c.territory_id, CUSTOMER.c.code)
    )
