"""Step 11 in the demo: a record for every visit made or missed, ★ on what was done, follow-ups.

The planned visits say what became of them; times, minutes and texts are drawn by customer and
day. Every visit does about half of what is still open, as people do. The day of reference is left
open: today's visits are for whoever tries the portal.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.demo.plan import Dates, words
from app.execution import follow_ups
from app.kernel.actor import Actor, acting_as
from app.kernel.period import Month
from app.models import (
    AssignmentKind,
    Customer,
    DailyVisit,
    FollowUp,
    FollowUpStatus,
    ItemMark,
    PortalUser,
    ServicePlan,
    ServicePlanStatus,
    StrategyItem,
    TerritoryAssignment,
    UnvisitedReason,
    VisitOutcome,
    VisitPlan,
    VisitStatus,
)

PLAN, VISIT, CUSTOMER = VisitPlan.__table__, DailyVisit.__table__, Customer.__table__
ITEM, SERVICE = StrategyItem.__table__, ServicePlan.__table__
FIRST_HOUR, EACH_MINUTES = 9, 22
WITH_ISSUE, WITH_OPINION, WITH_EFFECT = 0.012, 0.02, 0.15
DONE_AT_A_VISIT = 0.55
HOURS_TO_UTC = 8


def add_daily_visits(session: Session, company_id: int, dates: Dates) -> None:
    """Records, marks and follow-ups of all visits before the day of reference."""
    holders = _holders(session, company_id)
    rows = session.execute(
        select(PLAN, CUSTOMER.c.code, CUSTOMER.c.visit_mode)
        .join(CUSTOMER, CUSTOMER.c.id == PLAN.c.customer_id)
        .where(
            PLAN.c.company_id == company_id,
            CUSTOMER.c.company_id == company_id,
            PLAN.c.date < dates.reference,
            PLAN.c.status.in_((VisitStatus.DONE, VisitStatus.MISSED)),
        )
        .order_by(PLAN.c.date, PLAN.c.id)
    ).all()
    if not rows:
        return
    session.execute(insert(VISIT), [_record(row, holders.get(row.territory_id)) for row in rows])
    _mark(session, company_id)
    _follow_up(session, company_id, dates, holders)


def _holders(session: Session, company_id: int) -> dict[int, PortalUser]:
    """Territory → whoever holds it as primary."""
    rows = session.execute(
        select(TerritoryAssignment.territory_id, PortalUser)
        .join(PortalUser, PortalUser.id == TerritoryAssignment.user_id)
        .where(
            TerritoryAssignment.company_id == company_id,
            TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        )
        .order_by(TerritoryAssignment.valid_from)
    )
    return {row.territory_id: row.PortalUser for row in rows}


def _record(row: Any, holder: PortalUser | None) -> dict[str, Any]:
    random = Random(f"record {row.code} {row.date}")  # noqa: S311 -- repeatable, not secret
    is_made = row.status is VisitStatus.DONE
    start = dt.datetime.combine(row.date, dt.time(FIRST_HOUR))
    start += dt.timedelta(minutes=((row.sequence or 1) - 1) * EACH_MINUTES + random.randint(0, 8))

    def drawn(share: float, kind: str) -> str | None:
        return random.choice(words(kind)) if is_made and random.random() < share else None

    at = start - dt.timedelta(hours=HOURS_TO_UTC) + dt.timedelta(minutes=20)
    user_id = holder.id if holder is not None else None
    return {
        "company_id": row.company_id,
        "territory_id": row.territory_id,
        "customer_id": row.customer_id,
        "date": row.date,
        "visit_plan_id": row.id,
        "mode": row.visit_mode,
        "outcome": VisitOutcome.VISITED if is_made else VisitOutcome.NOT_VISITED,
        "started_at": start if is_made else None,
        "minutes": random.randint(6, 24) if is_made else None,
        "unvisited_reason": None if is_made else random.choice(list(UnvisitedReason)[:4]),
        "market_issue": drawn(WITH_ISSUE, "visit_issue"),
        "opinion": drawn(WITH_OPINION, "visit_opinion"),
        "effect": drawn(WITH_EFFECT, "visit_effect"),
        "recorded_at": at,
        "recorded_by": user_id,
        "created_at": at,
        "created_by": user_id,
        "updated_at": at,
        "updated_by": user_id,
    }


def _mark(session: Session, company_id: int) -> None:
    """★ in approved plans, visit by visit."""
    items = session.execute(
        select(ITEM.c.id, ITEM.c.customer_id, ITEM.c.month)
        .join(SERVICE, SERVICE.c.id == ITEM.c.plan_id)
        .where(
            ITEM.c.company_id == company_id,
            SERVICE.c.company_id == company_id,
            SERVICE.c.status == ServicePlanStatus.APPROVED,
            ITEM.c.mark == ItemMark.OPEN,
            ~ITEM.c.is_removed,
        )
        .order_by(ITEM.c.id)
    )
    open_items: dict[tuple[int, Month], list[int]] = defaultdict(list)
    for item in items:
        open_items[item.customer_id, item.month].append(item.id)
    visits = session.execute(
        select(VISIT.c.id, VISIT.c.customer_id, VISIT.c.date)
        .where(VISIT.c.company_id == company_id, VISIT.c.outcome == VisitOutcome.VISITED)
        .order_by(VISIT.c.date, VISIT.c.id)
    )
    marks = []
    for visit in visits:
        remaining = open_items.get((visit.customer_id, Month.of(visit.date)), [])
        random = Random(f"marks {visit.customer_id} {visit.date}")  # noqa: S311 -- repeatable
        done = [key for key in remaining if random.random() < DONE_AT_A_VISIT]
        for key in done:
            remaining.remove(key)
            marks.append({"item": key, "day": visit.date, "visit": visit.id})
    if marks:
        session.connection().execute(
            update(ITEM)
            .where(ITEM.c.company_id == company_id, ITEM.c.id == bindparam("item"))
            .values(
                mark=ItemMark.DONE,
                done_on=bindparam("day"),
                visit_id=bindparam("visit"),
                version=ITEM.c.version + 1,
            ),
            marks,
        )


def _follow_up(
    session: Session, company_id: int, dates: Dates, holders: dict[int, PortalUser]
) -> None:
    """What the visits left: older ones are answered, newer ones in work, one is late."""
    records = session.scalars(
        select(DailyVisit)
        .where(
            DailyVisit.company_id == company_id,
            DailyVisit.market_issue.is_not(None) | DailyVisit.opinion.is_not(None),
        )
        .order_by(DailyVisit.date, DailyVisit.id)
    ).all()
    for record in records:
        holder = holders.get(record.territory_id)
        name = holder.display_name if holder is not None else ""
        actor = Actor(holder.id if holder is not None else None, name, "command")
        with acting_as(actor):
            follow_ups.take_up(session, record)
    session.flush()
    found = session.scalars(
        select(FollowUp).where(FollowUp.company_id == company_id).order_by(FollowUp.id)
    ).all()
    _settle(found, dates)
    session.flush()


def _settle(found: Sequence[FollowUp], dates: Dates) -> None:
    answers = words("follow_up_answer")
    for place, follow_up in enumerate(found):
        due = follow_up.due_date
        if due is None or due >= dates.reference:
            follow_up.status = (FollowUpStatus.OPEN, FollowUpStatus.IN_WORK)[place % 2]
        elif place % 8:
            is_told = place % 3 > 0
            follow_up.status = FollowUpStatus.ANSWERED if is_told else FollowUpStatus.RESOLVED
            follow_up.answer = answers[place % len(answers)]
            follow_up.resolved_at = dt.datetime.combine(due, dt.time(2))
            follow_up.resolved_by = follow_up.owner_id
            follow_up.answered_on = due if is_told else None
