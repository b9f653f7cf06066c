"""The runner's side of the task table: claim, sign of life, progress, end, return to the queue.

Every change is its own short transaction on its own connection and is conditional on the claim
(`started_at`), so that a runner that lost a task – it slept, another one took over – can no
longer touch it. Statements are Core on purpose: the runner serves everybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, select, update
from sqlalchemy.exc import OperationalError

from app.jobs.queue import TASK_KINDS
from app.kernel.db import read_only
from app.kernel.errors import N_
from app.kernel.period import utc_now
from app.models import Task, TaskState

STALE_SECONDS = 60
MOST_ATTEMPTS = 3
INTERRUPTED = N_(
    "The work was interrupted several times. Start it again; if it stops again, tell support."
)
"""Stored as it is and translated where it is shown: nobody's language is known here."""

_task = Task.__table__


@dataclass(frozen=True, slots=True)
class Claim:
    """A task this process works on; `started_at` is the proof."""

    task_id: int
    started_at: dt.datetime

    @property
    def is_ours(self) -> ColumnElement[bool]:
        return and_(
            _task.c.id == self.task_id,
            _task.c.state == TaskState.RUNNING,
            _task.c.started_at == self.started_at,
        )


def claim_next(engine: Engine) -> Claim | None:
    """Take the oldest waiting task. Two runners never get the same one.

    The UPDATE names the state it expects, so the second of two finds no row to change.
    """
    oldest = select(_task.c.id).where(_task.c.state == TaskState.QUEUED).order_by(_task.c.id)
    while True:
        with read_only(), engine.connect() as connection:  # no write lock while there is no work
            task_id = connection.execute(oldest.limit(1)).scalar()
        if task_id is None:
            return None
        now = utc_now()
        statement = (
            update(_task)
            .where(_task.c.id == task_id, _task.c.state == TaskState.QUEUED)
            .values(
                state=TaskState.RUNNING,
                started_at=now,
                heartbeat_at=now,
                attempts=_task.c.attempts + 1,
                progress_done=0,
                progress_total=0,
                phase="",
            )
        )
        with engine.begin() as connection:
            if connection.execute(statement).rowcount == 1:
                return Claim(task_id, now)


@contextmanager
def without_waiting(engine: Engine) -> Iterator[Connection]:
    """A connection that gives up at once where SQLite is being written, by this task itself even."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        raw: Any = connection.connection.dbapi_connection
        usual = raw.execute("PRAGMA busy_timeout").fetchone()[0]
        raw.execute("PRAGMA busy_timeout=0")
        try:
            yield connection
        finally:
            connection.rollback()
            raw.execute(f"PRAGMA busy_timeout={usual}")


def report(engine: Engine, claim: Claim, **values: Any) -> bool:
    """Write progress or just a sign of life; False when the task is no longer ours.

    Skipped where the database is busy: progress is news, not a record.
    """
    statement = update(_task).where(claim.is_ours).values(heartbeat_at=utc_now(), **values)
    try:
        with without_waiting(engine) as connection:
            written = connection.execute(statement).rowcount == 1
            connection.commit()
            return written
    except OperationalError:
        if engine.dialect.name == "sqlite":
            return True
        raise


def is_cancel_requested(engine: Engine, claim: Claim) -> bool:
    """Whether the person has asked to stop it."""
    with read_only(), engine.connect() as connection:
        return bool(
            connection.execute(select(_task.c.cancel_requested).where(claim.is_ours)).scalar()
        )


def finish(
    engine: Engine,
    claim: Claim,
    state: TaskState,
    also: Callable[[Connection], None] | None = None,
    **values: Any,
) -> bool:
    """End a task, and do `also` in the same transaction; False when it was no longer ours."""
    statement = update(_task).where(claim.is_ours)
    with engine.begin() as connection:
        done = connection.execute(statement.values(state=state, finished_at=utc_now(), **values))
        if done.rowcount == 1 and also is not None:
            also(connection)
        return done.rowcount == 1


def give_back(engine: Engine, claim: Claim) -> None:
    """Return a task to the queue because this runner stops; it does not count as an attempt."""
    with engine.begin() as connection:
        connection.execute(
            update(_task)
            .where(claim.is_ours)
            .values(state=TaskState.QUEUED, attempts=_task.c.attempts - 1)
        )


def recover(
    engine: Engine, silent_seconds: float = STALE_SECONDS, ours: frozenset[int] = frozenset()
) -> int:
    """Deal with running tasks whose runner has died; how many there were.

    Restartable ones go back to the queue, others fail, and so does one that took three runners
    with it. `ours` are the tasks of this very process, which lives even when it is too busy to
    say so.
    """
    limit = utc_now() - dt.timedelta(seconds=silent_seconds)
    columns = (
        _task.c.id,
        _task.c.kind,
        _task.c.attempts,
        _task.c.started_at,
        _task.c.cancel_requested,
    )
    stale = select(*columns).where(
        _task.c.state == TaskState.RUNNING, _task.c.heartbeat_at <= limit
    )
    with read_only(), engine.connect() as connection:
        rows = [row for row in connection.execute(stale) if row.id not in ours]
    for row in rows:
        kind = TASK_KINDS.get(row.kind)
        values: dict[str, Any]
        if row.cancel_requested:
            values = {"state": TaskState.CANCELLED, "finished_at": utc_now()}
        elif kind is not None and kind.is_restartable and row.attempts < MOST_ATTEMPTS:
            values = {"state": TaskState.QUEUED, "phase": ""}
        else:
            values = {
                "state": TaskState.FAILED,
                "finished_at": utc_now(),
                "error": INTERRUPTED,
            }
        claim = Claim(row.id, row.started_at)
        with engine.begin() as connection:
            connection.execute(update(_task).where(claim.is_ours).values(**values))
    return len(rows)
