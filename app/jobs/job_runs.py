"""The record of scheduled jobs: who may begin a run, how it ends, what is tried again.

A run is begun by inserting its row, or by taking up a row that waits; two processes never begin
the same one, because a row's key is unique and taking up names the number of attempts it expects.
That number is the proof: `finish` writes DONE only while it still holds, in the transaction of the
work itself. All other changes are short transactions of their own. Statements are Core on
purpose: the runner serves every company.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from app.jobs.job_context import Outcome
from app.jobs.task_claims import STALE_SECONDS, without_waiting
from app.kernel.actor import Actor
from app.kernel.db import read_only
from app.kernel.errors import N_
from app.kernel.period import utc_now
from app.models import JobRun, RunState

MOST_ATTEMPTS = 5
BACK_OFF = (60, 300, 1800, 3600)
"""Seconds before the second, third … attempt."""
BY_THE_CLOCK = 1
INTERRUPTED = N_("The work was interrupted several times; nothing of it was kept.")
BROKEN = N_("Something went wrong; nothing of this work was kept. Number for support: %(number)s.")

_run = JobRun.__table__


class RunLost(Exception):
    """Another process has taken the run over; what this one did must not be kept."""


@dataclass(frozen=True, slots=True)
class RunKey:
    """Which work: a job, for a company (0 = the installation) and a period."""

    job: str
    company_id: int
    period: str
    run_no: int = BY_THE_CLOCK


@dataclass(frozen=True, slots=True)
class RunClaim:
    """A run this process works on; `attempt` is the proof."""

    run_id: int
    key: RunKey
    attempt: int
    actor: Actor

    @property
    def is_ours(self) -> ColumnElement[bool]:
        return and_(
            _run.c.id == self.run_id,
            _run.c.state == RunState.RUNNING,
            _run.c.attempts == self.attempt,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed: a msgid with placeholders; `number` is the one in the log."""

    sentence: str
    values: Mapping[str, Any]
    number: str | None = None


def _actor(job: str, row: Any = None) -> Actor:
    """The person who asked for the run, else the job itself."""
    if row is None or row.requested_by is None:
        return Actor(None, job, "job")
    return Actor(row.requested_by, row.requested_name, "job", row.reason)


def begin(engine: Engine, key: RunKey, now: dt.datetime) -> RunClaim | None:
    """Take a run that never began or waits for its next attempt. None: done, running, given up,
    waiting for its time, or somebody else was faster.
    """
    with read_only(), engine.connect() as connection:
        row = connection.execute(select(_run).where(_matches(key))).first()
    if row is not None:
        return _take_up(engine, row, now)
    try:
        with engine.begin() as connection:
            made = connection.execute(insert(_run).values(new_run(key, now)).returning(_run.c.id))
            return RunClaim(made.scalar_one(), key, 1, _actor(key.job))
    except IntegrityError:
        return None


def new_run(key: RunKey, now: dt.datetime) -> dict[str, Any]:
    """The columns of a run that begins."""
    return {
        "job": key.job,
        "company_id": key.company_id,
        "period": key.period,
        "run_no": key.run_no,
        "state": RunState.RUNNING,
        "attempts": 1,
        "started_at": now,
        "heartbeat_at": now,
        "requested_name": "",
        "rows": 0,
        "sentence": "",
        "sentence_values": {},
    }


def _matches(key: RunKey) -> ColumnElement[bool]:
    return and_(
        _run.c.job == key.job,
        _run.c.company_id == key.company_id,
        _run.c.period == key.period,
        _run.c.run_no == key.run_no,
    )


def _take_up(engine: Engine, row: Any, now: dt.datetime) -> RunClaim | None:
    if row.state is not RunState.RETRYING or (row.next_try_at or now) > now:
        return None
    attempt = row.attempts + 1
    statement = (
        update(_run)
        .where(
            _run.c.id == row.id,
            _run.c.state == RunState.RETRYING,
            _run.c.attempts == row.attempts,
        )
        .values(
            state=RunState.RUNNING,
            attempts=attempt,
            started_at=now,
            heartbeat_at=now,
            next_try_at=None,
            finished_at=None,
        )
    )
    with engine.begin() as connection:
        if connection.execute(statement).rowcount != 1:
            return None
    key = RunKey(row.job, row.company_id, row.period, row.run_no)
    return RunClaim(row.id, key, attempt, _actor(row.job, row))


def waiting(engine: Engine, now: dt.datetime) -> list[RunKey]:
    """The runs whose next attempt is due, in the order in which they were asked for."""
    due = or_(_run.c.next_try_at.is_(None), _run.c.next_try_at <= now)
    columns = (_run.c.job, _run.c.company_id, _run.c.period, _run.c.run_no)
    query = select(*columns).where(_run.c.state == RunState.RETRYING, due).order_by(_run.c.id)
    with read_only(), engine.connect() as connection:
        return [RunKey(*row) for row in connection.execute(query)]


def note_task(
    connection: Connection,
    key: RunKey,
    actor: Actor,
    started_at: dt.datetime,
    result: Outcome | Failure,
) -> None:
    """Work that a background task did for a job, in the history: a run of its own when a person
    gave a reason, else the clock's, which counts its attempts. The caller commits.
    """
    is_done = isinstance(result, Outcome)
    values: dict[str, Any] = {
        "state": RunState.DONE if is_done else RunState.FAILED,
        "started_at": started_at,
        "finished_at": utc_now(),
        "rows": result.rows if isinstance(result, Outcome) else 0,
        "sentence": result.sentence[:500],
        "sentence_values": {name: str(value) for name, value in result.values.items()},
    }
    if actor.reason is None:
        again = connection.execute(
            update(_run).where(_matches(key)).values(attempts=_run.c.attempts + 1, **values)
        )
        if again.rowcount:
            return
        number = BY_THE_CLOCK
    else:
        number = next_number(connection, key)
        values |= {
            "requested_by": actor.user_id,
            "requested_name": actor.name,
            "reason": actor.reason,
        }
    named = RunKey(key.job, key.company_id, key.period, number)
    connection.execute(insert(_run).values(new_run(named, started_at) | values))


def next_number(connection: Connection, key: RunKey) -> int:
    """The number of a further run; 1 belongs to the clock, also when it has not run yet."""
    before = connection.execute(
        select(func.max(_run.c.run_no)).where(
            _run.c.job == key.job,
            _run.c.company_id == key.company_id,
            _run.c.period == key.period,
        )
    ).scalar()
    return max(before or 0, BY_THE_CLOCK) + 1


def ended(engine: Engine, key: RunKey) -> tuple[RunState, str, dict[str, Any]] | None:
    """State, msgid and placeholders of a run; None when there is none."""
    columns = (_run.c.state, _run.c.sentence, _run.c.sentence_values)
    with read_only(), engine.connect() as connection:
        row = connection.execute(select(*columns).where(_matches(key))).first()
    return None if row is None else (row.state, row.sentence, row.sentence_values)


def ask_again(connection: Connection, key: RunKey, actor: Actor, now: dt.datetime) -> RunKey:
    """A further run of `key` by hand, for the jobs process to take up. The caller commits.

    `actor` has the reason.
    """
    number = next_number(connection, key)
    again = RunKey(key.job, key.company_id, key.period, number)
    values: dict[str, Any] = {
        "state": RunState.RETRYING,
        "attempts": 0,
        "requested_by": actor.user_id,
        "requested_name": actor.name,
        "reason": actor.reason,
    }
    connection.execute(insert(_run).values(new_run(again, now) | values))
    return again


def finish(connection: Connection, claim: RunClaim, outcome: Outcome) -> None:
    """Write DONE into the transaction of the work. Errors: `RunLost`, which must undo it."""
    written = connection.execute(
        update(_run)
        .where(claim.is_ours)
        .values(
            state=RunState.DONE,
            finished_at=utc_now(),
            rows=outcome.rows,
            sentence=outcome.sentence,
            sentence_values=dict(outcome.values),
            error_number=None,
        )
    )
    if written.rowcount != 1:
        raise RunLost


def fail(
    connection: Connection,
    claim: RunClaim,
    failure: Failure,
    now: dt.datetime,
    *,
    is_final: bool = False,
) -> bool:
    """Record a failed attempt; True when there will be no other. The caller commits."""
    is_last = is_final or claim.attempt >= MOST_ATTEMPTS
    later = None if is_last else now + dt.timedelta(seconds=BACK_OFF[claim.attempt - 1])
    written = connection.execute(
        update(_run)
        .where(claim.is_ours)
        .values(
            state=RunState.FAILED if is_last else RunState.RETRYING,
            finished_at=now,
            next_try_at=later,
            sentence=failure.sentence[:500],
            sentence_values={name: str(value) for name, value in failure.values.items()},
            error_number=failure.number,
        )
    )
    return is_last and written.rowcount == 1


def give_back(engine: Engine, claim: RunClaim) -> None:
    """Return a run because this process stops; the next one takes it up at once."""
    with engine.begin() as connection:
        connection.execute(
            update(_run)
            .where(claim.is_ours)
            .values(state=RunState.RETRYING, next_try_at=None, attempts=_run.c.attempts - 1)
        )


def beat(engine: Engine, claim: RunClaim) -> None:
    """A sign of life; skipped where the database is busy."""
    try:
        with without_waiting(engine) as connection:
            connection.execute(update(_run).where(claim.is_ours).values(heartbeat_at=utc_now()))
            connection.commit()
    except OperationalError:
        if engine.dialect.name != "sqlite":
            raise


def recover_runs(
    engine: Engine, silent_seconds: float = STALE_SECONDS, ours: frozenset[int] = frozenset()
) -> list[RunClaim]:
    """Make the runs of dead processes wait for their next attempt, at once; returns those given up.

    `ours` are the runs of this very process, which lives even when it is too busy to say so.
    """
    now = utc_now()
    limit = now - dt.timedelta(seconds=silent_seconds)
    stale = select(_run).where(_run.c.state == RunState.RUNNING, _run.c.heartbeat_at <= limit)
    with read_only(), engine.connect() as connection:
        rows = [row for row in connection.execute(stale) if row.id not in ours]
    given_up = []
    for row in rows:
        key = RunKey(row.job, row.company_id, row.period, row.run_no)
        claim = RunClaim(row.id, key, row.attempts, _actor(row.job, row))
        values: dict[str, Any] = {"state": RunState.RETRYING, "next_try_at": None}
        if row.attempts >= MOST_ATTEMPTS:
            values = {"state": RunState.FAILED, "finished_at": now, "sentence": INTERRUPTED}
        with engine.begin() as connection:
            written = connection.execute(update(_run).where(claim.is_ours).values(**values))
        if row.attempts >= MOST_ATTEMPTS and written.rowcount == 1:
            given_up.append(claim)
    return given_up
