"""What was submitted is read-only: the session refuses to write it outside of a transition.

`LOCKS` names, for every entity that belongs to a record with a flow, the part of the record its
columns belong to; `app.workflow.machine.RECORDS` says in which states a part is open. The check
runs before every flush, so it holds for forms, bulk changes, imports and jobs alike. The records
are locked and read anew, so nobody submits a plan between another's check and commit. Core
statements do not pass here: who writes them asks `app.workflow.flow.require_editable` first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session

from app import models
from app.kernel.db import db
from app.models import FlowEvent, ItemSource, StrategyItem
from app.workflow.flow import RecordLocked, is_running, refusal
from app.workflow.machine import COMMENT, CONTENT, MARKS, RECORDS, is_editable

BOOKKEEPING = frozenset({"version", "created_at", "created_by", "updated_at", "updated_by"})
FLOW_COLUMNS = frozenset(
    {
        "status", "revision", "return_reason",
        "submitted_at", "submitted_by", "decided_at", "decided_by",
        "result_submitted_at", "result_submitted_by", "result_decided_at", "result_decided_by",
    }
)  # fmt: skip
"""Written by transitions only, whatever the state."""

FIRST_STATE = "DRAFT"
KIND_COLUMN = "source"


class UnguardedStatement(RuntimeError):
    """A programming error: this statement would write past the lock."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The rows of `entity` belong to the `record` their `key` points to.

    `parts`: column → part of the record; columns not named are content. `whole`: the part that
    a row belongs to as a whole, for additions, deletions and all of its columns; None = content
    and `parts` decide.
    """

    entity: str
    record: str
    key: str = "id"
    parts: Mapping[str, str] = field(default_factory=dict)
    whole: Callable[[Any], str | None] = lambda _row: None


def _temporary(row: StrategyItem) -> str | None:
    """A temporary task came up while the plan was carried out (§2.2 step 12)."""
    return MARKS if row.source is ItemSource.TEMPORARY else None


MARK_COLUMNS = ("mark", "done_on", "visit_id", "undone_reason", "undone_note")

LOCKS: Mapping[str, Lock] = {
    lock.entity: lock
    for lock in (
        Lock("ServicePlan", "ServicePlan"),
        Lock(
            "StrategyItem", "ServicePlan", "plan_id",
            parts=dict.fromkeys(MARK_COLUMNS, MARKS), whole=_temporary,
        ),
        Lock("StrategyItemReason", "ServicePlan", "plan_id"),
        Lock("MonthPlan", "MonthPlan"),
        Lock("KeyCustomer", "MonthPlan", "plan_id"),
        Lock("KeyCustomerReason", "MonthPlan", "plan_id"),
        Lock("PlannedFrequency", "MonthPlan", "plan_id"),
        Lock("WeekSummary", "WeekSummary", parts={"comment": COMMENT}),
        Lock("WeekSummaryLine", "WeekSummary", "summary_id"),
        Lock("MonthSummary", "MonthSummary", parts={"comment": COMMENT}),
        Lock("MonthSummaryFigure", "MonthSummary", "summary_id"),
    )
}  # fmt: skip


@cache
def _locked_entities() -> Mapping[type[Any], Lock]:
    return {getattr(models, name): lock for name, lock in LOCKS.items()}


def rows_of(session: Session, record: Any) -> list[tuple[type[Any], list[int]]]:
    """The record and its rows that have ids: (entity, ids), as the change log names them."""
    kind = type(record).__name__
    found: list[tuple[type[Any], list[int]]] = [(type(record), [record.id])]
    for entity, lock in _locked_entities().items():
        if lock.record == kind and lock.key != "id" and hasattr(entity, "id"):
            ids = select(entity.id).where(getattr(entity, lock.key) == record.id)
            found.append((entity, list(session.scalars(ids))))
    return found


@dataclass(frozen=True, slots=True)
class Write:
    """A row about to be written: the records it belongs or belonged to, the parts it concerns.

    All of one company: the references hold the company, and a row never changes it.
    """

    lock: Lock
    company_id: int
    record_ids: frozenset[int]
    parts: frozenset[str]


def check_locks(session: Session, context: Any, instances: Any) -> None:
    """`before_flush` listener. Errors: `RecordLocked`."""
    if is_running():
        return
    with session.no_autoflush:
        writes = list(_writes(session))
        wanted: dict[tuple[str, int], set[int]] = defaultdict(set)
        for write in writes:
            wanted[write.lock.record, write.company_id] |= write.record_ids
        states = {
            (kind, record_id): state
            for (kind, company_id), ids in wanted.items()
            for record_id, state in _states(session, kind, company_id, ids)
        }
    for write in writes:
        for record_id in write.record_ids:
            state = states.get((write.lock.record, record_id), FIRST_STATE)
            for part in write.parts:
                if not is_editable(write.lock.record, state, part):
                    raise refusal(part, state)


def _states(
    session: Session, kind: str, company_id: int, ids: set[int]
) -> Iterator[tuple[int, str]]:
    """The present states of records, their rows locked until the end of the transaction."""
    table = inspect(getattr(models, RECORDS[kind].entity)).local_table
    rows = session.connection().execute(
        select(table.c.id, table.c.status)
        .where(table.c.company_id == company_id, table.c.id.in_(ids))
        .order_by(table.c.id)
        .with_for_update(key_share=True)
    )
    return ((row.id, row.status.name) for row in rows)


def _writes(session: Session) -> Iterator[Write]:
    entities = _locked_entities()
    for row in session.new:
        if isinstance(row, FlowEvent):
            raise RecordLocked
        if (lock := entities.get(type(row))) is not None:
            if lock.key == "id":
                _refuse_later_state(row)
            else:
                yield Write(
                    lock,
                    row.company_id,
                    _owners(row, lock),
                    frozenset({lock.whole(row) or CONTENT}),
                )
    for row in session.dirty:
        lock = entities.get(type(row))
        if isinstance(row, FlowEvent) and session.is_modified(row):
            raise RecordLocked
        if lock is not None and (parts := _changed_parts(row, lock)):
            yield Write(lock, row.company_id, _owners(row, lock), parts)
    for row in session.deleted:
        if isinstance(row, FlowEvent):
            raise RecordLocked
        if (lock := entities.get(type(row))) is not None:
            yield Write(
                lock, row.company_id, _owners(row, lock), frozenset({lock.whole(row) or CONTENT})
            )


def _refuse_later_state(row: Any) -> None:
    """A record begins as a draft, with nothing that only transitions write."""
    set_early = [name for name in FLOW_COLUMNS if getattr(row, name, None) not in (None, 0)]
    if any(name != "status" or row.status.name != FIRST_STATE for name in set_early):
        raise RecordLocked


def _owners(row: Any, lock: Lock) -> frozenset[int]:
    """The record a row belongs to, and the one it is taken from."""
    history = inspect(row).attrs[lock.key].history
    values = {*(history.added or ()), *(history.unchanged or ()), *(history.deleted or ())}
    if not history.has_changes():
        values.add(getattr(row, lock.key))
    return frozenset(value for value in values if value is not None)


def _changed_parts(row: Any, lock: Lock) -> frozenset[str]:
    """The parts that the changed columns of a row belong to."""
    state = inspect(row)
    changed = {
        attribute.key
        for attribute in state.mapper.column_attrs
        if attribute.key not in BOOKKEEPING and state.attrs[attribute.key].history.has_changes()
    }
    if lock.key == "id" and changed & FLOW_COLUMNS:
        raise RecordLocked
    whole = lock.whole(row)
    if whole is None:
        return frozenset(lock.parts.get(name, CONTENT) for name in changed)
    # What turns a planned item into a temporary task changes the plan as well.
    return frozenset(CONTENT if name == KIND_COLUMN else whole for name in changed)


def refuse_unguarded(state: ORMExecuteState) -> None:
    """`do_orm_execute` listener: updates and deletes in bulk are not seen by a flush."""
    if not state.is_orm_statement or not (state.is_insert or state.is_update or state.is_delete):
        return
    entity = state.bind_mapper.class_ if state.bind_mapper is not None else object
    if entity in _locked_entities() or entity is FlowEvent:
        raise UnguardedStatement(f"a bulk statement on {entity.__name__} is not guarded")


def install(session: Any = None) -> None:
    """Attach the lock to the application's session factory, once per process."""
    target = session or db.session
    if not event.contains(target, "before_flush", check_locks):
        event.listen(target, "before_flush", check_locks)
        event.listen(target, "do_orm_execute", refuse_unguarded)
