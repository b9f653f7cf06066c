"""§2.2 step 11 — recording a visit: the record, the planned visit, ★ marks, follow-ups.

Everything happens in the caller's transaction and through the session, which keeps row scope,
change log and the lock of submitted plans.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.execution import follow_ups
from app.execution.rules import (
    VISITED,
    DraftFate,
    StoredVisit,
    VisitWords,
    draft_fate,
    faults,
    marks_are_open,
)
from app.execution.visit_days import DayVisit, visit_of
from app.kernel.actor import current_actor
from app.kernel.errors import N_, GateClosed, OutOfScope, PlanningError
from app.kernel.period import WorkWeek, local_today, utc_now
from app.models import (
    Customer,
    DailyVisit,
    ItemMark,
    RowOrigin,
    StrategyItem,
    UnvisitedReason,
    VisitOutcome,
    VisitPlan,
    VisitStatus,
)


class VisitIncomplete(PlanningError):
    """Something the outcome requires is missing; `faults`: field → msgid."""

    msgid = N_("The visit record is not complete.")

    def __init__(self, found: dict[str, str]) -> None:
        super().__init__(field=next(iter(found)))
        self.faults = found


class VisitConflict(PlanningError):
    """Somebody recorded the same customer and day meanwhile; `theirs` is what is stored."""

    msgid = N_("This visit was recorded meanwhile. Compare both and decide.")
    status = 409

    def __init__(self, theirs: DailyVisit) -> None:
        super().__init__()
        self.theirs = theirs


class MarksClosed(GateClosed):
    """★ after the result was submitted."""

    msgid = N_("The result of the month is submitted: ★ marks cannot be changed any more.")


@dataclass(frozen=True, slots=True)
class VisitEntry:
    """What a form or a phone's draft says. `done`: items with ★ among those `shown`; `told`:
    follow-ups whose answer the customer was told; `version`: of the record seen, 0 for none.
    """

    words: VisitWords
    version: int = 0
    client_key: str | None = None
    shown: frozenset[int] = frozenset()
    done: frozenset[int] = frozenset()
    told: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Saved:
    """`fate` tells whether the entry created or changed the record, or had arrived before."""

    record: DailyVisit
    fate: DraftFate


def record_of(session: Session, customer: Customer, day: dt.date) -> DailyVisit | None:
    """The record of a customer's day."""
    found: DailyVisit | None = session.scalar(
        select(DailyVisit).where(
            DailyVisit.company_id == customer.company_id,
            DailyVisit.customer_id == customer.id,
            DailyVisit.date == day,
        )
    )
    return found


def save(session: Session, customer: Customer, entry: VisitEntry) -> Saved:
    """Record a visit. The caller commits.

    Errors: `GateClosed` (plan, visit mode, future day, approved result), `VisitIncomplete`,
    `VisitConflict`, `MarksClosed`, `OutOfScope` (an item or follow-up of another customer).
    """
    words = entry.words
    visit = visit_of(session, customer, words.day)
    stored = visit.record
    fate = draft_fate(
        None
        if stored is None
        else StoredVisit(stored.version, stored.client_key, stored.outcome is not None),
        entry.client_key,
        entry.version,
    )
    if fate is DraftFate.REPEATED:
        assert stored is not None
        return Saved(stored, fate)
    if visit.gate is not None:
        raise GateClosed(visit.gate.value)
    if found := faults(words, local_today()):
        raise VisitIncomplete(found)
    if fate is DraftFate.CONFLICT:
        assert stored is not None
        raise VisitConflict(stored)
    plan = _planned(session, customer, words.day)
    record = stored or DailyVisit(
        company_id=customer.company_id,
        territory_id=customer.territory_id,
        customer_id=customer.id,
        date=words.day,
    )
    if stored is None:
        session.add(record)
    record.visit_plan_id = plan.id if plan is not None else None
    moved_before = record.moved_to
    _write(record, entry, visit)
    if plan is not None:
        plan.status = VisitStatus.DONE if words.outcome == VISITED else VisitStatus.MISSED
    session.flush()
    _move(session, customer, record, moved_before)
    _mark(session, record, visit, entry)
    follow_ups.take_up(session, record)
    follow_ups.tell(session, customer.id, entry.told, words.day)
    session.flush()
    return Saved(record, fate)


def _write(record: DailyVisit, entry: VisitEntry, visit: DayVisit) -> None:
    words = entry.words
    is_visited = words.outcome == VISITED
    record.outcome = VisitOutcome[words.outcome or VISITED]
    record.mode = visit.mode
    record.started_at = (
        dt.datetime.combine(words.day, words.started) if is_visited and words.started else None
    )
    record.minutes = words.minutes if is_visited else None
    record.unvisited_reason = None if is_visited else UnvisitedReason[words.reason or "OTHER"]
    record.market_issue = words.market_issue.strip() or None
    record.opinion = words.opinion.strip() or None
    record.effect = words.effect.strip() or None
    record.moved_to = None if is_visited else words.moved_to
    if entry.client_key:
        record.client_key = entry.client_key
    record.recorded_at = utc_now()
    record.recorded_by = current_actor().user_id


def _planned(session: Session, customer: Customer, day: dt.date) -> VisitPlan | None:
    found: VisitPlan | None = session.scalar(
        select(VisitPlan).where(
            VisitPlan.company_id == customer.company_id,
            VisitPlan.customer_id == customer.id,
            VisitPlan.date == day,
        )
    )
    return found


def _move(session: Session, customer: Customer, record: DailyVisit, before: dt.date | None) -> None:
    """The visit of the new date; one planned for an earlier new date goes again."""
    if before == record.moved_to:
        return
    if before is not None:
        old = _planned(session, customer, before)
        if old is not None and old.moved_from == record.date and old.status is VisitStatus.PLANNED:
            old.status = VisitStatus.CANCELLED
    if record.moved_to is None:
        return
    plan = _planned(session, customer, record.moved_to)
    if plan is None:
        session.add(
            VisitPlan(
                company_id=customer.company_id,
                territory_id=customer.territory_id,
                customer_id=customer.id,
                date=record.moved_to,
                month=WorkWeek.of(record.moved_to).month,
                origin=RowOrigin.MANUAL,
                status=VisitStatus.PLANNED,
                moved_from=record.date,
                is_touched=True,
            )
        )
    elif plan.status is VisitStatus.CANCELLED:
        plan.status, plan.moved_from = VisitStatus.PLANNED, record.date
        plan.is_touched = True


def _mark(session: Session, record: DailyVisit, visit: DayVisit, entry: VisitEntry) -> None:
    """★ on what was done; what this visit had done and is no longer ticked is open again."""
    done = entry.done if entry.words.outcome == VISITED else frozenset()
    had = {item.item_id for item in visit.content if item.is_done}
    shown = entry.shown if entry.words.outcome == VISITED else had
    changing = (done - had) | ((had & shown) - done)
    if not changing:
        return
    if not marks_are_open(visit.plan_state):
        raise MarksClosed
    _require_own(session, record, changing - {item.item_id for item in visit.content})
    for item in session.scalars(select(StrategyItem).where(StrategyItem.id.in_(changing))):
        if item.id in done:
            if item.mark is ItemMark.OPEN:
                item.mark, item.done_on, item.visit_id = ItemMark.DONE, record.date, record.id
        elif item.visit_id == record.id:
            item.mark, item.done_on, item.visit_id = ItemMark.OPEN, None, None


def _require_own(session: Session, record: DailyVisit, ids: Collection[int]) -> None:
    """Items that are not offered any more – done or removed meanwhile – are passed over; others
    than this customer's are refused.
    """
    if not ids:
        return
    own = set(
        session.scalars(
            select(StrategyItem.id).where(
                StrategyItem.id.in_(ids),
                StrategyItem.company_id == record.company_id,
                StrategyItem.customer_id == record.customer_id,
            )
        )
    )
    if set(ids) - own:
        raise OutOfScope
