"""§2.2 step 12 — task marks: ★ done, ● temporary tasks, reasons for what was not done.

Reads: service_plan, strategy_item
Writes: service_plan (through the approval flow), strategy_item
Grain: territory × month for the progress; items one by one
Units: counts
Nulls: a territory without a service plan has no row
Errors: none of its own
Ambiguity: ● is a kind of item, not a degree of progress: a temporary task is logged when it is
    done and is no part of the ★ rate; every planned item without ★ needs a reason when the
    result is submitted

The caller owns the transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, select

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import ItemMark, ItemSource, ServicePlan, StrategyItem

PLAN, ITEM = ServicePlan.__table__, StrategyItem.__table__


def mark_progress(scope: Scope, month: Month) -> Select[Any]:
    """One row per service plan: (territory_id, plan_id, status, planned, done, explained, open,
    temporary). planned = done + explained + open; temporary tasks come in addition.
    """
    is_temporary = ITEM.c.source == ItemSource.TEMPORARY
    is_open = and_(~is_temporary, ITEM.c.mark == ItemMark.OPEN)
    items = and_(
        ITEM.c.company_id == PLAN.c.company_id,
        ITEM.c.plan_id == PLAN.c.id,
        ITEM.c.is_removed.is_(False),
    )
    return (
        select(
            PLAN.c.territory_id,
            PLAN.c.id.label("plan_id"),
            PLAN.c.status,
            count_if(and_(ITEM.c.id.is_not(None), ~is_temporary)).label("planned"),
            count_if(and_(~is_temporary, ITEM.c.mark == ItemMark.DONE)).label("done"),
            count_if(and_(is_open, ITEM.c.undone_reason.is_not(None))).label("explained"),
            count_if(and_(is_open, ITEM.c.undone_reason.is_(None))).label("open"),
            count_if(is_temporary).label("temporary"),
        )
        .select_from(PLAN.outerjoin(ITEM, items))
        .where(scope.rows(PLAN), PLAN.c.month == month)
        .group_by(PLAN.c.territory_id, PLAN.c.id, PLAN.c.status)
    )


def next_sequence(item: Any) -> Select[Any]:
    """The next free number among the rows of one plan, customer and strategy."""
    return select(func.coalesce(func.max(ITEM.c.sequence), 0) + 1).where(
        ITEM.c.company_id == item.company_id,
        ITEM.c.plan_id == item.plan_id,
        ITEM.c.customer_id == item.customer_id,
        ITEM.c.strategy_id == item.strategy_id,
    )
