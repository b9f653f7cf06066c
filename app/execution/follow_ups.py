"""督办: what visits left to follow up, until the customer knows the answer (§2.2 step 11).

The caller commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.execution.rules import FOLLOW_UP_DAYS, follow_up_fault
from app.kernel.actor import current_actor
from app.kernel.errors import OutOfScope, PlanningError
from app.kernel.period import local_today, utc_now
from app.models import (
    Customer,
    DailyVisit,
    Department,
    FollowUp,
    FollowUpKind,
    FollowUpStatus,
    Territory,
    VisitPlan,
    VisitStatus,
)

WORKING = (FollowUpStatus.OPEN, FollowUpStatus.IN_WORK)


def take_up(session: Session, record: DailyVisit) -> None:
    """Make or change the follow-ups of a visit's anomaly and suggestion.

    A text taken out again removes a follow-up nobody has begun; any other stays as it is.
    """
    texts = {
        FollowUpKind.ANOMALY: record.market_issue,
        FollowUpKind.SUGGESTION: record.opinion,
    }
    present = {
        follow_up.kind: follow_up
        for follow_up in session.scalars(
            select(FollowUp).where(
                FollowUp.company_id == record.company_id, FollowUp.daily_visit_id == record.id
            )
        )
    }
    for kind, text in texts.items():
        follow_up = present.get(kind)
        if follow_up is None and text:
            session.add(
                FollowUp(
                    company_id=record.company_id,
                    territory_id=record.territory_id,
                    customer_id=record.customer_id,
                    daily_visit_id=record.id,
                    kind=kind,
                    text=text,
                    status=FollowUpStatus.OPEN,
                    owner_id=default_owner(session, kind, record.territory_id),
                    due_date=record.date + dt.timedelta(days=FOLLOW_UP_DAYS),
                )
            )
        elif follow_up is not None and follow_up.status is FollowUpStatus.OPEN:
            if text:
                follow_up.text = text
            else:
                session.delete(follow_up)


def begin(session: Session, item: FollowUp, customer: Customer, owner_id: int | None) -> None:
    """Complete a new follow-up written without a visit."""
    item.company_id, item.territory_id = customer.company_id, customer.territory_id
    item.customer_id = customer.id
    item.status = FollowUpStatus.OPEN
    if owner_id is None:
        owner_id = default_owner(session, item.kind, item.territory_id)
    item.owner_id = owner_id


def default_owner(session: Session, kind: FollowUpKind, territory_id: int) -> int | None:
    """Anomalies go to the territory's market manager, suggestions to whoever wrote them down."""
    if kind is FollowUpKind.ANOMALY:
        manager: int | None = session.scalar(
            select(Department.manager_id)
            .join(Territory, Territory.department_id == Department.id)
            .where(Territory.id == territory_id)
        )
        if manager is not None:
            return manager
    return current_actor().user_id


def tell(session: Session, customer_id: int, ids: Collection[int], day: dt.date) -> None:
    """The customer was told these answers on a day. Errors: `OutOfScope`."""
    if not ids:
        return
    found = session.scalars(
        select(FollowUp).where(FollowUp.id.in_(ids), FollowUp.customer_id == customer_id)
    ).all()
    if len(found) != len(ids):
        raise OutOfScope
    for follow_up in found:
        if follow_up.status is FollowUpStatus.RESOLVED:
            follow_up.status, follow_up.answered_on = FollowUpStatus.ANSWERED, day


def change_state(follow_up: FollowUp, old: FollowUpStatus) -> None:
    """Check a change of state against the rules and stamp it. `old`: the state before.

    Errors: `PlanningError` naming the field.
    """
    new = follow_up.status
    fault = follow_up_fault(old.name, new.name, follow_up.answer)
    if fault is not None:
        is_known = new is old or new.name in ("RESOLVED", "ANSWERED")
        raise PlanningError(fault, field="answer" if is_known else "status")
    if new is old:
        return
    if new is FollowUpStatus.RESOLVED:
        follow_up.resolved_at, follow_up.resolved_by = utc_now(), current_actor().user_id
    elif new in WORKING:
        follow_up.resolved_at = follow_up.resolved_by = follow_up.answered_on = None
    if new is FollowUpStatus.ANSWERED and follow_up.answered_on is None:
        follow_up.answered_on = local_today()


@dataclass(frozen=True, slots=True)
class FollowUpCounts:
    """Of the person's row scope: own unfinished ones, overdue among all, answers to tell."""

    own: int
    overdue: int
    to_tell: int


def open_today(session: Session) -> int:
    """Planned visits of today nobody has recorded, in the row scope; for the home page."""
    found = session.scalar(
        select(func.count(VisitPlan.id)).where(
            VisitPlan.date == local_today(), VisitPlan.status == VisitStatus.PLANNED
        )
    )
    return found or 0


def counts(session: Session) -> FollowUpCounts:
    """For the home page."""
    user_id, today = current_actor().user_id, local_today()
    is_working = FollowUp.status.in_(WORKING)
    row = session.execute(
        select(
            func.count(FollowUp.id).filter(is_working, FollowUp.owner_id == user_id),
            func.count(FollowUp.id).filter(is_working, FollowUp.due_date < today),
            func.count(FollowUp.id).filter(FollowUp.status == FollowUpStatus.RESOLVED),
        ).select_from(FollowUp)
    ).one()
    return FollowUpCounts(*(int(value) for value in row))
