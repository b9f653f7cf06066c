"""Runs the approval flow: the one place where a record changes its state.

`perform` checks table, permission, person, version and guards, changes the state, runs the
effects, logs a `FlowEvent` and tells those concerned – all in the caller's transaction. Two
simultaneous approvals give one: the record's row is locked first and read anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, object_session

from app import models
from app.kernel.actor import current_actor
from app.kernel.errors import N_, InvalidTransition, OutOfScope, PlanningError, StaleVersion
from app.kernel.period import local_today, utc_now
from app.kernel.texts import TooLong
from app.models import AssignmentKind, FlowEvent, ReturnReason, TerritoryAssignment
from app.organisation.assignments import held_on
from app.workflow.flow_notices import tell
from app.workflow.machine import (
    COMMENT,
    CONTENT,
    MARKS,
    RECORDS,
    RETURN,
    RETURN_RESULT,
    SUBMIT,
    SUBMIT_RESULT,
    Transition,
    is_editable,
    permission_of,
    possible,
    transition,
)
from app.workflow.steps import STEP_BY_NUMBER, module_path

LONGEST_REASON = 500


class NotAllowed(PlanningError):
    """The person's role does not include the action."""

    msgid = N_("Your role does not include this action.")
    status = 403


class OwnRecord(PlanningError):
    """Nobody approves their own record."""

    msgid = N_(
        "You submitted this record or are responsible for its territory; somebody else "
        "has to decide on it."
    )
    status = 403


class ReasonMissing(PlanningError):
    """A record comes back only with a reason."""

    msgid = N_("Say why you return it: choose a reason or write one.")


class RecordLocked(InvalidTransition):
    """A submitted or approved record is read-only."""

    msgid = N_("An approved record cannot be changed.")


LOCKED_BECAUSE: Mapping[tuple[str, str], str] = {
    (CONTENT, "SUBMITTED"): N_(
        "The record was submitted and cannot be changed. Withdraw it first."
    ),
    (MARKS, "DRAFT"): N_("Tasks are marked when the plan is approved."),
    (MARKS, "SUBMITTED"): N_("Tasks are marked when the plan is approved."),
    (MARKS, "RESULT_SUBMITTED"): N_(
        "The result was submitted; marks cannot be changed. Withdraw the result first."
    ),
    (MARKS, "RESULT_APPROVED"): N_("The result was approved; marks cannot be changed."),
    (COMMENT, "DRAFT"): N_("A summary is commented on once it is submitted."),
}
"""Part and state → what to tell whoever tries to change it; `RecordLocked.msgid` otherwise."""


def refusal(part: str, state: str) -> RecordLocked:
    """Why this part cannot be changed in this state."""
    return RecordLocked(LOCKED_BECAUSE.get((part, state)))


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: `permissions` are (permission, entity) pairs as (“approve”, “MonthPlan”)."""

    user_id: int | None
    permissions: frozenset[tuple[str, str]]

    def may(self, row: Transition) -> bool:
        return (row.permission, row.record) in self.permissions


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `perform` did. `is_repeated`: nothing now, `event` tells who had done it before."""

    state: str
    event: FlowEvent
    is_repeated: bool = False


_running: ContextVar[bool] = ContextVar("transition_running", default=False)


def is_running() -> bool:
    """Whether a transition is under way: the write lock lets it pass."""
    return _running.get()


@contextmanager
def transition_running() -> Iterator[None]:
    """Writes inside the block are part of a transition."""
    token = _running.set(True)
    try:
        yield
    finally:
        _running.reset(token)


def record_of(kind: str, session: Session, record_id: int | None) -> Any:
    """The record, through the session and so within the row scope. Errors: `OutOfScope`."""
    entity = getattr(models, RECORDS[kind].entity)
    found = session.scalar(select(entity).where(entity.id == record_id))
    if found is None:
        raise OutOfScope
    return found


def perform(
    session: Session,
    record: Any,
    action: str,
    person: Person,
    *,
    version: int | None,
    reason: str = "",
    reason_id: int | None = None,
    at: dt.datetime | None = None,
) -> Outcome:
    """Take `action` on `record`, now or `at` (UTC). The caller commits.

    Errors: `NotAllowed`, `InvalidTransition` (not from this state), `OwnRecord`, `StaleVersion`
    (changed since the person saw `version`), `ReasonMissing`, and what the guards raise. A second
    click or a second person doing the same is no error: the outcome `is_repeated`.
    """
    kind = type(record).__name__
    session.flush()  # pending changes meet the write lock in the state they were made in
    session.refresh(record, with_for_update=True)
    state = record.status.name
    if (permission_of(kind, action), kind) not in person.permissions:
        raise NotAllowed
    row = transition(kind, state, action)
    if row is None:
        last = last_event(session, record)
        if last is not None and (last.action, last.to_state) == (action, state):
            return Outcome(state, last, is_repeated=True)
        raise InvalidTransition
    if row.is_decision and is_own(session, record, person.user_id):
        raise OwnRecord
    if version != record.version:
        raise StaleVersion
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise TooLong(field="reason", most=LONGEST_REASON)
    listed = _listed_reason(session, record, reason_id)
    if row.needs_reason and not (reason or listed):
        raise ReasonMissing(field="reason")
    step = import_module(module_path(STEP_BY_NUMBER[RECORDS[kind].step]))
    with transition_running():
        for name in row.guards:
            getattr(step, name)(session, record)
        event = _change(session, record, row, reason, listed, at or utc_now())
        for name in row.effects:
            getattr(step, name)(session, record)
        session.flush()
    tell(session, record, event)
    return Outcome(row.target, event)


def is_own(session: Session, record: Any, user_id: int | None) -> bool:
    """Whether the person submitted the record or holds its territory as primary today."""
    if user_id is None:
        return False
    if user_id in submitters(record):
        return True
    return record.territory_id in held_territories(session, user_id)


def submitters(record: Any) -> tuple[int | None, ...]:
    """Who submitted the record, and its result."""
    return record.submitted_by, getattr(record, "result_submitted_by", None)


def held_territories(session: Session, user_id: int) -> frozenset[int]:
    """The territories a person holds as primary today: their records are the person's own."""
    held = TerritoryAssignment
    return frozenset(
        session.scalars(
            select(held.territory_id).where(
                held.user_id == user_id,
                held.kind == AssignmentKind.PRIMARY,
                *held_on(local_today()),
            )
        )
    )


def _listed_reason(session: Session, record: Any, reason_id: int | None) -> ReturnReason | None:
    if reason_id is None:
        return None
    found: ReturnReason | None = session.scalar(
        select(ReturnReason).where(
            ReturnReason.id == reason_id, ReturnReason.company_id == record.company_id
        )
    )
    if found is None:
        raise PlanningError(N_("Please choose one of the offered values."), field="reason_id")
    return found


def _change(
    session: Session,
    record: Any,
    row: Transition,
    reason: str,
    listed: ReturnReason | None,
    now: dt.datetime,
) -> FlowEvent:
    actor = current_actor()
    event = FlowEvent(
        company_id=record.company_id,
        territory_id=record.territory_id,
        record=row.record,
        record_id=record.id,
        month=record.month,
        action=row.action,
        from_state=row.state,
        to_state=row.target,
        record_version=record.version,
        at=now,
        user_id=actor.user_id,
        user_name=actor.name,
        reason_id=listed.id if listed else None,
        reason=reason or None,
    )
    session.add(event)
    statuses = type(record.status)
    record.status = statuses[row.target]
    _stamp(record, row, actor.user_id, now)
    words = "; ".join(part for part in (listed.name if listed else "", reason) if part)
    if row.action in {RETURN, RETURN_RESULT}:
        record.return_reason = words[:LONGEST_REASON]
    elif row.action in {SUBMIT, SUBMIT_RESULT}:
        record.return_reason = None
    session.flush()
    return event


def _stamp(record: Any, row: Transition, user_id: int | None, now: dt.datetime) -> None:
    is_result = row.action.endswith("_result")
    prefix = "result_" if is_result else ""
    if row.action in {SUBMIT, SUBMIT_RESULT}:
        setattr(record, f"{prefix}submitted_at", now)
        setattr(record, f"{prefix}submitted_by", user_id)
        if not is_result:
            record.revision += 1
    elif row.is_decision:
        setattr(record, f"{prefix}decided_at", now)
        setattr(record, f"{prefix}decided_by", user_id)


def available(session: Session, record: Any, person: Person) -> list[Transition]:
    """The actions the person may take on the record now (guards are asked when they are taken)."""
    rows = [row for row in possible(type(record).__name__, record.status.name) if person.may(row)]
    if any(row.is_decision for row in rows) and is_own(session, record, person.user_id):
        rows = [row for row in rows if not row.is_decision]
    return rows


def require_editable(record: Any, part: str = CONTENT) -> None:
    """For what writes past the session, before it writes: the record's row is locked and read anew.

    Errors: `RecordLocked` when this part of the record may not be changed in its state.
    """
    session = object_session(record)
    if session is not None:
        session.refresh(record, ["status", "version"], with_for_update={"key_share": True})
    if not is_editable(type(record).__name__, record.status.name, part):
        raise refusal(part, record.status.name)


def _of_record(record: Any) -> Select[FlowEvent]:
    return select(FlowEvent).where(
        FlowEvent.company_id == record.company_id,
        FlowEvent.record == type(record).__name__,
        FlowEvent.record_id == record.id,
    )


def events_of(session: Session, record: Any) -> Sequence[FlowEvent]:
    """What happened to the record, oldest first."""
    return session.scalars(_of_record(record).order_by(FlowEvent.id)).all()


def last_event(session: Session, record: Any) -> FlowEvent | None:
    """What happened to the record last."""
    return session.scalar(_of_record(record).order_by(FlowEvent.id.desc()).limit(1))
