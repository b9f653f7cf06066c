"""§2.2 step 7 — carrying last month's unfinished strategies over into a plan; the caller commits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, OutOfScope, PlanningError
from app.models import ItemSource, ReasonSource, ServicePlan, StrategyItem, StrategyItemReason
from app.plan.service_plans import own_scope, same_items
from app.plan.statements.left_over_items import left_over_rows
from app.workflow.flow import require_editable


class NothingChosen(PlanningError):
    """The form was sent without a choice."""

    msgid = N_("Choose at least one entry.")


@dataclass(frozen=True, slots=True)
class LeftOver:
    """An unfinished item of last month. `is_listed`: the strategy is in this month's plan too."""

    item_id: int
    customer_id: int
    strategy_id: int
    content: str
    undone_reason: Any
    undone_note: str | None
    is_listed: bool


def left_overs(session: Session, plan: ServicePlan) -> list[LeftOver]:
    """Last month's unfinished items of the territory's present customers, by customer code."""
    listed = {
        tuple(row)
        for row in session.execute(
            select(StrategyItem.customer_id, StrategyItem.strategy_id).where(
                StrategyItem.company_id == plan.company_id,
                StrategyItem.plan_id == plan.id,
                StrategyItem.is_removed.is_(False),
            )
        )
    }
    rows = session.connection().execute(left_over_rows(own_scope(plan), plan.month))
    return [
        LeftOver(
            row.item_id,
            row.customer_id,
            row.strategy_id,
            row.content,
            row.undone_reason,
            row.undone_note,
            (row.customer_id, row.strategy_id) in listed,
        )
        for row in rows
    ]


def carry_over(session: Session, plan: ServicePlan, item_ids: Collection[int]) -> int:
    """Take last month's chosen items into the plan; returns how many.

    An item the plan has already keeps its content and learns where it comes from; a removed one
    comes back. Errors: `RecordLocked`, `NothingChosen`, `OutOfScope` (not offered).
    """
    require_editable(plan)
    if not item_ids:
        raise NothingChosen
    offered = {row.item_id: row for row in left_overs(session, plan)}
    if set(item_ids) - set(offered):
        raise OutOfScope
    for item_id in sorted(set(item_ids)):
        _carry(session, plan, offered[item_id])
    plan.is_empty_accepted = False
    session.flush()
    return len(set(item_ids))


def _carry(session: Session, plan: ServicePlan, left: LeftOver) -> None:
    same = same_items(session, plan, left.customer_id, left.strategy_id)
    first = next((row for row in same if row.sequence == 0), None)
    if first is None:
        session.add(
            StrategyItem(
                company_id=plan.company_id,
                plan_id=plan.id,
                territory_id=plan.territory_id,
                month=plan.month,
                customer_id=left.customer_id,
                strategy_id=left.strategy_id,
                sequence=0,
                source=ItemSource.CARRIED,
                content=left.content,
                carried_from_id=left.item_id,
            )
        )
    else:
        first.carried_from_id = left.item_id
        first.is_removed = False
    session.merge(
        StrategyItemReason(
            company_id=plan.company_id,
            plan_id=plan.id,
            customer_id=left.customer_id,
            strategy_id=left.strategy_id,
            source=ReasonSource.CARRIED,
            code=plan.month.previous.key,
            details=left.content,
        )
    )
    session.flush()


def count_left_overs(session: Session, plan: ServicePlan) -> int:
    """How many of last month's items are offered."""
    rows = left_over_rows(own_scope(plan), plan.month).order_by(None).subquery()
    return session.connection().execute(select(func.count()).select_from(rows)).scalar_one()
