"""§2.2 step 12 for pages: marking items, reasons, temporary tasks.

Everything goes through the session, which keeps row scope, change log and the lock of plans: marks
are open while the plan is approved and its result not submitted. The caller commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.work_area import WorkArea
from app.execution.rules import marks_are_open
from app.execution.step_12_task_marks import mark_progress, next_sequence
from app.kernel.errors import N_, GateClosed, OutOfScope, PlanningError
from app.kernel.period import local_today
from app.models import (
    Customer,
    ItemMark,
    ItemSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    UndoneReason,
)

LONGEST_CONTENT, LONGEST_NOTE = 500, 200


class MarksNotOpen(GateClosed):
    """§2.2 step 12: records in the state 计划审核 are marked."""

    msgid = N_(
        "Only strategies of an approved plan whose result is not submitted yet can be marked."
    )


class DayNotPast(PlanningError):
    """What was done was done today or earlier."""

    msgid = N_("The day must not lie in the future.")


class TaskIncomplete(PlanningError):
    """A temporary task needs a customer of the territory, a strategy and words."""

    msgid = N_("Say what was done.")


@dataclass(frozen=True, slots=True)
class MarkProgress:
    """A territory's marks of the month; planned = done + explained + open."""

    territory_id: int
    plan_id: int
    status: ServicePlanStatus
    planned: int
    done: int
    explained: int
    open: int
    temporary: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.planned if self.planned else 0


def progress_of(session: Session, area: WorkArea) -> list[MarkProgress]:
    """One entry per service plan of the area, in the order of the territories."""
    rows = session.connection().execute(mark_progress(area.scope, area.month))
    places = {place: index for index, place in enumerate(area.ids)}
    found = [MarkProgress(*row) for row in rows]
    return sorted(found, key=lambda entry: places[entry.territory_id])


def is_open(plan: ServicePlan) -> bool:
    """Whether items of the plan can be marked now."""
    return marks_are_open(plan.status.name)


def _require_open(items: Iterable[StrategyItem]) -> None:
    if not all(is_open(item.plan) for item in items):
        raise MarksNotOpen


def mark_done(session: Session, items: Sequence[StrategyItem], day: dt.date) -> int:
    """★ on planned items; returns how many changed. Errors: `MarksNotOpen`, `DayNotPast`."""
    _require_open(items)
    if day > local_today():
        raise DayNotPast(field="done_on")
    changed = [item for item in items if item.mark is ItemMark.OPEN and not item.is_removed]
    for item in changed:
        item.mark, item.done_on = ItemMark.DONE, day
        item.undone_reason = item.undone_note = None
    session.flush()
    return len(changed)


def reopen(session: Session, items: Sequence[StrategyItem]) -> int:
    """Take ★ back; temporary tasks stay what they are. Errors: `MarksNotOpen`."""
    _require_open(items)
    changed = [item for item in items if item.mark is ItemMark.DONE]
    for item in changed:
        item.mark, item.done_on, item.visit_id = ItemMark.OPEN, None, None
    session.flush()
    return len(changed)


def explain(
    session: Session, items: Sequence[StrategyItem], reason: UndoneReason | None, note: str = ""
) -> int:
    """Why items were not done; None takes the reason back. Done items are left alone.

    Errors: `MarksNotOpen`.
    """
    _require_open(items)
    changed = [item for item in items if item.mark is ItemMark.OPEN]
    for item in changed:
        item.undone_reason = reason
        item.undone_note = (note.strip()[:LONGEST_NOTE] or None) if reason else None
    session.flush()
    return len(changed)


def add_temporary(
    session: Session,
    plan: ServicePlan,
    customer_id: int | None,
    strategy_id: int | None,
    content: str,
    day: dt.date,
) -> StrategyItem:
    """● a task that came up during the month, done on `day`.

    Errors: `MarksNotOpen`, `DayNotPast`, `TaskIncomplete`, `OutOfScope` (a customer of another
    territory, a strategy of another company).
    """
    if not is_open(plan):
        raise MarksNotOpen
    if day > local_today():
        raise DayNotPast(field="done_on")
    content = content.strip()[:LONGEST_CONTENT]
    if not content:
        raise TaskIncomplete(field="content")
    customer = session.scalar(
        select(Customer).where(
            Customer.id == customer_id, Customer.territory_id == plan.territory_id
        )
    )
    strategy = session.scalar(
        select(ServiceStrategy).where(
            ServiceStrategy.id == strategy_id, ServiceStrategy.company_id == plan.company_id
        )
    )
    if customer is None or strategy is None:
        raise OutOfScope
    item = StrategyItem(
        company_id=plan.company_id,
        plan_id=plan.id,
        territory_id=plan.territory_id,
        month=plan.month,
        customer_id=customer.id,
        strategy_id=strategy.id,
        source=ItemSource.TEMPORARY,
        content=content,
        is_touched=True,
        mark=ItemMark.TEMPORARY,
        done_on=day,
    )
    item.sequence = session.connection().execute(next_sequence(item)).scalar_one()
    session.add(item)
    session.flush()
    return item


def remove_temporary(session: Session, item: StrategyItem) -> None:
    """Delete a temporary task logged by mistake. Errors: `MarksNotOpen`, `OutOfScope`."""
    _require_open([item])
    if item.source is not ItemSource.TEMPORARY:
        raise OutOfScope
    session.delete(item)
    session.flush()
