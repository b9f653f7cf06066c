"""§2.2 steps 10 and 11 — the visit content 拜访内容: all unfinished strategies of planned visits.

The one home of this question; the rule is `app.plan.rules.visit_content`. The content of a day
comes from the service plan of the calendar month the day lies in, also in a week that belongs to
another month. A customer who moved takes along the open items of the former territory's plan.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, literal, or_, select

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    ItemSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    VisitPlan,
    VisitStatus,
)
from app.plan.rules.visit_content import APPROVED_STATES, ContentGap

VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__
PLAN, ITEM, STRATEGY = ServicePlan.__table__, StrategyItem.__table__, ServiceStrategy.__table__
APPROVED = tuple(ServicePlanStatus[name] for name in APPROVED_STATES)
NEVER = Month(1900, 1).first_day


def month_of(day: Any, dates: Collection[dt.date]) -> ColumnElement[int]:
    """The calendar month ``yyyymm`` of a date column that holds one of `dates` (not empty)."""
    *earlier, last = sorted({Month.of(date) for date in dates})
    if not earlier:
        return literal(last.number)
    return case(
        *((day <= month.last_day, literal(month.number)) for month in earlier),
        else_=literal(last.number),
    )


def content_rows(
    scope: Scope, dates: Collection[dt.date], customer_ids: Collection[int] | None = None
) -> Select[Any]:
    """One row per planned visit × open item, or one without an item; in route order.

    Columns: date, territory_id, customer_id, customer_code, customer_name, visit_id, sequence,
    visit_status, visit_mode, plan_id, plan_status, revision (both of the territory's own plan of
    the month, NULL without one), item_id, strategy_id, strategy_code, strategy_name,
    strategy_name_en, content, source, reason (`ContentGap` name, NULL when there is content).
    Rows that `reason` leaves out have no item. Cancelled visits are no visits.
    """
    days = sorted(set(dates)) or [NEVER]
    month = month_of(VISIT.c.date, days)
    own_plan, items_plan = PLAN.alias("own_plan"), PLAN.alias("items_plan")
    open_item = (
        select(
            ITEM.c.company_id,
            ITEM.c.customer_id,
            ITEM.c.month,
            ITEM.c.id.label("item_id"),
            ITEM.c.sequence.label("item_sequence"),
            ITEM.c.content,
            ITEM.c.source,
            STRATEGY.c.id.label("strategy_id"),
            STRATEGY.c.code.label("strategy_code"),
            STRATEGY.c.name.label("strategy_name"),
            STRATEGY.c.name_en.label("strategy_name_en"),
        )
        .join(
            items_plan,
            and_(
                items_plan.c.company_id == ITEM.c.company_id,
                items_plan.c.id == ITEM.c.plan_id,
                items_plan.c.status.in_(APPROVED),
            ),
        )
        .join(STRATEGY, STRATEGY.c.id == ITEM.c.strategy_id)
        .where(
            scope.company(ITEM),
            ITEM.c.month.in_(sorted({Month.of(day) for day in days})),
            ITEM.c.mark == ItemMark.OPEN,
            ~ITEM.c.is_removed,
        )
        .subquery("open_item")
    )
    left_out = case(
        (
            CUSTOMER.c.status != CustomerStatus.ACTIVE,
            literal(ContentGap.CUSTOMER_CLOSED.name),
        ),
        (CUSTOMER.c.visit_mode.is_(None), literal(ContentGap.NO_VISIT_MODE.name)),
        (own_plan.c.id.is_(None), literal(ContentGap.NO_PLAN.name)),
        (own_plan.c.status.not_in(APPROVED), literal(ContentGap.PLAN_NOT_APPROVED.name)),
    )
    reason = case(
        (left_out.is_not(None), left_out),
        (open_item.c.item_id.is_(None), literal(ContentGap.NO_OPEN_STRATEGY.name)),
    )
    conditions = [
        scope.rows(VISIT),
        VISIT.c.date.in_(days),
        VISIT.c.status != VisitStatus.CANCELLED,
    ]
    if customer_ids is not None:
        conditions.append(VISIT.c.customer_id.in_(customer_ids))
    return (
        select(
            VISIT.c.date,
            VISIT.c.territory_id,
            VISIT.c.customer_id,
            CUSTOMER.c.code.label("customer_code"),
            CUSTOMER.c.name.label("customer_name"),
            VISIT.c.id.label("visit_id"),
            VISIT.c.sequence,
            VISIT.c.status.label("visit_status"),
            CUSTOMER.c.visit_mode,
            own_plan.c.id.label("plan_id"),
            own_plan.c.status.label("plan_status"),
            own_plan.c.revision,
            *(
                open_item.c[name]
                for name in (
                    "item_id",
                    "strategy_id",
                    "strategy_code",
                    "strategy_name",
                    "strategy_name_en",
                    "content",
                    "source",
                )
            ),
            reason.label("reason"),
        )
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id),
        )
        .outerjoin(
            own_plan,
            and_(
                own_plan.c.company_id == VISIT.c.company_id,
                own_plan.c.territory_id == VISIT.c.territory_id,
                own_plan.c.month == month,
            ),
        )
        .outerjoin(
            open_item,
            and_(
                open_item.c.company_id == VISIT.c.company_id,
                open_item.c.customer_id == VISIT.c.customer_id,
                open_item.c.month == month,
                left_out.is_(None),
            ),
        )
        .where(*conditions)
        .order_by(
            VISIT.c.date,
            VISIT.c.territory_id,
            VISIT.c.sequence.is_(None),
            VISIT.c.sequence,
            CUSTOMER.c.code,
            or_(open_item.c.source != ItemSource.DIRECT, open_item.c.source.is_(None)),
            open_item.c.strategy_code,
            open_item.c.item_sequence,
            open_item.c.item_id,
        )
    )


def unplanned_customers(scope: Scope, dates: Collection[dt.date]) -> Select[Any]:
    """Active customers without a visit on any of the dates: (territory_id, customer_id, code,
    name, visit_mode, visit_frequency), by territory and code.
    """
    days = sorted(set(dates)) or [NEVER]
    planned = exists().where(
        VISIT.c.company_id == CUSTOMER.c.company_id,
        VISIT.c.customer_id == CUSTOMER.c.id,
        VISIT.c.date.in_(days),
        VISIT.c.status != VisitStatus.CANCELLED,
    )
    return (
        select(
            CUSTOMER.c.territory_id,
            CUSTOMER.c.id.label("customer_id"),
            CUSTOMER.c.code,
            CUSTOMER.c.name,
            CUSTOMER.c.visit_mode,
            CUSTOMER.c.visit_frequency,
        )
        .where(scope.rows(CUSTOMER), CUSTOMER.c.status == CustomerStatus.ACTIVE, ~planned)
        .order_by(CUSTOMER.c.territory_id, CUSTOMER.c.code)
    )
