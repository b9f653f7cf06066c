"""Writes the log of changes from the session itself, and reads a record's history."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, event, insert, inspect, or_, select, true
from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.period import Month, to_local, utc_now
from app.security import append_only
from app.security.change_words import ChangeWords, source_word
from app.security.models import ChangeAction, ChangeLog
from app.security.personal_data import HIDDEN, traced
from app.security.row_scope import current_scope
from app.security.statement_guard import BY_HAND

SECRET_COLUMNS = frozenset({"password", "key_hash", "lookup_hash", "secret", "recovery_hashes"})
BOOKKEEPING = frozenset(
    {
        "id", "version", "created_at", "created_by", "updated_at", "updated_by",
        "created_on", "changed_on", "created_by_fk", "changed_by_fk",
        "last_login", "login_count", "fail_login_count", "session_epoch", "locked_until",
        "uuid", "last_used_on", "search_words", "last_step",
    }
)  # fmt: skip


def record_changes(session: Session, flush_context: Any) -> None:
    """`after_flush` listener: one row per created, changed or deleted record of a logged entity."""
    from app.row_scopes import LOGGED_ENTITIES

    logged = LOGGED_ENTITIES
    for item in session.new:
        # A new record has only the ids of its neighbours; its name has their names.
        session.enable_relationship_loading(item)
    rows = [
        *(
            _row(item, ChangeAction.CREATED, _changes(item))
            for item in session.new
            if isinstance(item, logged)
        ),
        *(
            _row(item, ChangeAction.CHANGED, changes)
            for item in session.dirty
            if isinstance(item, logged) and (changes := _changes(item))
        ),
        *(
            _row(item, ChangeAction.DELETED, _snapshot(item))
            for item in session.deleted
            if isinstance(item, logged)
        ),
    ]
    if rows:
        session.connection().execute(insert(ChangeLog.__table__), rows)


def _row(item: Any, action: ChangeAction, changes: dict[str, Any]) -> dict[str, Any]:
    actor = current_actor()
    entity = entity_name(type(item))
    return {
        "company_id": _company_of(item, entity),
        "at": utc_now(),
        "user_id": actor.user_id,
        "user_name": actor.name,
        "source": actor.source,
        "reason": actor.reason,
        "entity": entity,
        "record_id": item.id,
        "record_label": str(item)[:200],
        "action": action,
        "changes": changes,
    }


def _company_of(item: Any, entity: str) -> int | None:
    """Whose log a change belongs to; what has no company belongs to that of the person."""
    if entity == "Company":
        return int(item.id)
    if hasattr(item, "company_id"):
        company_id: int | None = item.company_id
        return company_id
    return current_scope().company_id


def entity_name(model: type[Any]) -> str:
    """The entity's name in the log; the portal's user subclass is simply a User."""
    return "User" if model.__name__ == "PortalUser" else model.__name__


def _changes(item: Any) -> dict[str, list[Any]]:
    """Column → [old, new] of what this flush wrote; collections as sorted lists of names."""
    state = inspect(item)
    changes: dict[str, list[Any]] = {}
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        if attribute.key in BOOKKEEPING or not history.has_changes():
            continue
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if old != new:
            changes[attribute.key] = [plain(old, attribute.key), plain(new, attribute.key)]
    for relation in state.mapper.relationships:
        if relation.secondary is None:
            continue
        history = state.attrs[relation.key].history
        if history.added or history.deleted:
            kept = list(history.unchanged or ())
            changes[relation.key] = [
                sorted(str(related) for related in (*kept, *(history.deleted or ()))),
                sorted(str(related) for related in (*kept, *(history.added or ()))),
            ]
    return changes


def _snapshot(item: Any) -> dict[str, list[Any]]:
    """A deleted record's values, so that the log can still tell what it was."""
    state = inspect(item)
    return {
        attribute.key: [plain(value, attribute.key), None]
        for attribute in state.mapper.column_attrs
        if attribute.key not in BOOKKEEPING and (value := state.dict.get(attribute.key)) is not None
    }


def plain(value: Any, column: str = "") -> Any:
    """A value as JSON can hold it; secrets are not written at all, of personal data a trace."""
    if column in SECRET_COLUMNS:
        return None if value is None else HIDDEN
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, Month):
        return value.key
    if isinstance(value, decimal.Decimal):
        return str(value)
    return traced(column, value)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A line of a record's history, times in Asia/Shanghai."""

    at: dt.datetime
    user_name: str
    source: str
    reason: str | None
    action: ChangeAction
    changes: dict[str, list[str]]
    record: str = ""


def change_history(item: Any, limit: int = 100) -> list[HistoryEntry]:
    """The newest changes of a record the caller may already see, latest first, in words."""
    rows = _rows([(type(item), [item.id])], None, limit)
    words = ChangeWords((row.entity, row.changes) for row in rows)
    return [
        _entry(
            row, {name: [old, new] for name, (_l, old, new) in zip(row.changes, told, strict=True)}
        )
        for row in rows
        for told in [words.of(row.entity, row.changes)]
    ]


def changes_since(
    records: Sequence[tuple[type[Any], Sequence[int]]],
    moment: dt.datetime | None,
    limit: int,
    without: Collection[str] = (),
) -> list[HistoryEntry]:
    """The newest changes of several records the caller may already see, latest first, in words.

    `records` are (entity, ids); `moment` (UTC) None = whenever. The keys of `changes` are labels;
    columns in `without` are left out, and entries that changed nothing else.
    """
    told = [
        (row, changes)
        for row in _rows(records, moment, limit)
        if (changes := {name: pair for name, pair in row.changes.items() if name not in without})
    ]
    words = ChangeWords((row.entity, changes) for row, changes in told)
    return [
        _entry(row, {label: [old, new] for label, old, new in words.of(row.entity, changes)})
        for row, changes in told
    ]


def _rows(
    records: Sequence[tuple[type[Any], Sequence[int]]], moment: dt.datetime | None, limit: int
) -> Sequence[Any]:
    table = ChangeLog.__table__
    named = [(entity_name(model), ids) for model, ids in records]
    which = or_(*(and_(table.c.entity == name, table.c.record_id.in_(ids)) for name, ids in named))
    since = true() if moment is None else table.c.at > moment
    return db.session.execute(
        select(table)
        .where(which, since)
        .order_by(table.c.id.desc())
        .limit(limit)
        .execution_options(**{BY_HAND: True})
    ).all()


def _entry(row: Any, changes: dict[str, list[str]]) -> HistoryEntry:
    return HistoryEntry(
        to_local(row.at),
        row.user_name,
        source_word(row.source),
        row.reason,
        row.action,
        changes,
        row.record_label,
    )


def install(session: Any = None) -> None:
    """Attach the log to the application's session factory, once per process."""
    append_only.install()
    target = session or db.session
    if not event.contains(target, "after_flush", record_changes):
        event.listen(target, "after_flush", record_changes)
