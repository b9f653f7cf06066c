"""Carries out scheduled jobs: each run once, in one transaction with its record."""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import insert, select, update

from app.jobs import JOBS_BY_ID, Job, Period
from app.jobs.heartbeat import Heartbeat
from app.jobs.job_context import JobContext, Outcome
from app.jobs.job_notices import tell_of_failure
from app.jobs.job_runs import (
    BROKEN,
    Failure,
    RunClaim,
    RunKey,
    RunLost,
    beat,
    begin,
    fail,
    finish,
    give_back,
    new_run,
    waiting,
)
from app.jobs.schedule import last_due, period_at
from app.jobs.task_context import RunnerStopping, TaskCancelled, TaskLost
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db, read_only
from app.kernel.errors import N_, PlanningError
from app.kernel.period import to_local, utc_now
from app.models import Company, JobRun, RunState
from app.security.row_scope import UNRESTRICTED, RowScope, scoped_to

log = logging.getLogger(__name__)

INSTALLATION = 0
A_MOMENT = dt.timedelta(minutes=10)
STOPPED = N_("Stopped by the person who asked for it.")
WORKS_AGAIN = N_("Failed %(count)s times and works again.")

_run = JobRun.__table__
_at_work: set[int] = set()
_guard = threading.Lock()


def runs_at_work() -> frozenset[int]:
    """The runs this process is busy with."""
    with _guard:
        return frozenset(_at_work)


@contextmanager
def _marked_as_ours(run_id: int) -> Iterator[None]:
    with _guard:
        _at_work.add(run_id)
    try:
        yield
    finally:
        with _guard:
            _at_work.discard(run_id)


def function_of(job: Job) -> Callable[..., Any]:
    module, name = job.function.rsplit(".", 1)
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def companies_of(app: Flask, job: Job) -> list[int]:
    """For whom a job runs: every active company, or the installation."""
    if not job.is_per_company:
        return [INSTALLATION]
    table = Company.__table__
    query = select(table.c.id).where(table.c.is_active).order_by(table.c.id)
    with app.app_context(), read_only(), db.engine.connect() as connection:
        return list(connection.scalars(query))


def run_due(app: Flask, job: Job, is_stopping: Callable[[], bool]) -> None:
    """What the scheduler calls for a job with periods: the last one due, unless it is done."""
    assert job.period is not None
    due = last_due(job, app.config, utc_now())
    if due is None or (job.waits_first and _is_first(app, job, due)):
        return
    period = period_at(job.period, due)
    for company_id in companies_of(app, job):
        if is_stopping():
            return
        run_once(app, RunKey(job.id, company_id, period), is_stopping)


def _is_first(app: Flask, job: Job, due: dt.datetime) -> bool:
    """Whether the job has never run and its time is over: it was not missed, nothing was there."""
    if to_local(utc_now()) - due < A_MOMENT:
        return False
    with app.app_context(), read_only(), db.engine.connect() as connection:
        known = connection.execute(select(_run.c.id).where(_run.c.job == job.id).limit(1))
        return known.first() is None


def run_waiting(app: Flask, is_stopping: Callable[[], bool]) -> None:
    """Runs that failed before and those a person asked for."""
    with app.app_context():
        keys = waiting(db.engine, utc_now())
    for key in keys:
        if key.job in JOBS_BY_ID and not is_stopping():
            run_once(app, key, is_stopping)


def run_once(
    app: Flask,
    key: RunKey,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    actor: Actor | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> RunState | None:
    """Do the work of `key` unless it is done; the state in which this attempt ended.

    None: not begun (see `begin`), given back or lost. `actor`: to whom the changes of a run by the
    clock are attributed instead of the job.
    """
    with app.app_context():
        claim = begin(db.engine, key, utc_now())
        if claim is None:
            return None
        engine = db.engine
        locale = force_locale(app.config["BABEL_DEFAULT_LOCALE"])
        try:
            with (
                _marked_as_ours(claim.run_id),
                Heartbeat(lambda: beat(engine, claim)),
                acting_as(actor if actor is not None and key.run_no == 1 else claim.actor),
                locale,
            ):
                return _attempt(app, claim, is_stopping, progress)
        finally:
            db.session.rollback()
            db.session.remove()


def _attempt(
    app: Flask,
    claim: RunClaim,
    is_stopping: Callable[[], bool],
    progress: Callable[[int, int, str], None] | None,
) -> RunState | None:
    try:
        _work(app, claim, is_stopping, progress)
    except (RunnerStopping, TaskLost):
        db.session.rollback()
        give_back(db.engine, claim)
        return None
    except RunLost:
        db.session.rollback()
        log.warning("job %s was taken over by another process", claim.key)
        return None
    except TaskCancelled:
        return _record(claim, Failure(STOPPED, {}), is_final=True)
    except PlanningError as refusal:
        return _record(claim, Failure(refusal.message_id, refusal.params))
    except Exception:  # the boundary of all scheduled work: whatever happens is recorded
        number = secrets.token_hex(6)
        log.exception("job %s failed, number %s", claim.key, number)
        return _record(claim, Failure(BROKEN, {"number": number}, number))
    return RunState.DONE


def _work(
    app: Flask,
    claim: RunClaim,
    is_stopping: Callable[[], bool],
    progress: Callable[[int, int, str], None] | None,
) -> None:
    """The function and its DONE, committed together."""
    key, job = claim.key, JOBS_BY_ID[claim.key.job]
    function = function_of(job)
    if job.period is Period.NEWS:
        outcome = function(app) or Outcome()
    else:
        context = JobContext(
            app, db.session(), key.company_id, key.period, utc_now(), is_stopping=is_stopping
        )
        if progress is not None:
            context.progress = progress
        scope = RowScope(key.company_id, None) if key.company_id else UNRESTRICTED
        with scoped_to(scope):
            outcome = function(context)
            db.session.flush()
    finish(db.session.connection(), claim, outcome)
    db.session.commit()


def _record(claim: RunClaim, failure: Failure, *, is_final: bool = False) -> RunState:
    """Undo the work and write down that it failed; the last failure is told to people."""
    db.session.rollback()
    is_last = fail(db.session.connection(), claim, failure, utc_now(), is_final=is_final)
    if is_last and not is_final:
        tell_of_failure(db.session(), claim.key)
    db.session.commit()
    return RunState.FAILED if is_last else RunState.RETRYING


# ---------------------------------------------------------------------- jobs without periods


def run_news(app: Flask, job: Job) -> None:
    """What the scheduler calls for a job that keeps a history of news only."""
    try:
        outcome: Outcome | None = function_of(job)(app)
    except Exception:  # the boundary: recorded, and tried again at the job's next look
        number = secrets.token_hex(6)
        log.exception("job %s failed, number %s", job.id, number)
        with app.app_context():
            _note_failure(job, Failure(BROKEN, {"number": number}, number))
        return
    with app.app_context():
        _note_news(job, outcome)


def _note_failure(job: Job, failure: Failure) -> None:
    """One row and one notice for a day of failures, however often the job looks."""
    now = utc_now()
    key = RunKey(job.id, INSTALLATION, to_local(now).date().isoformat())
    values = {
        "state": RunState.FAILED,
        "finished_at": now,
        "sentence": failure.sentence,
        "sentence_values": dict(failure.values),
        "error_number": failure.number,
    }
    is_today = (_run.c.job == key.job) & (_run.c.company_id == 0) & (_run.c.period == key.period)
    connection = db.session.connection()
    again = connection.execute(
        update(_run).where(is_today).values(attempts=_run.c.attempts + 1, **values)
    )
    if not again.rowcount:
        connection.execute(insert(_run).values(new_run(key, now) | values))
        tell_of_failure(db.session(), key)
    db.session.commit()
    db.session.remove()


def _note_news(job: Job, outcome: Outcome | None) -> None:
    now = utc_now()
    is_failing = (
        (_run.c.job == job.id) & (_run.c.company_id == 0) & (_run.c.state == RunState.FAILED)
    )
    with read_only(), db.engine.connect() as connection:
        failed = connection.execute(select(_run.c.id, _run.c.attempts).where(is_failing)).all()
    if outcome is None and not failed:
        return
    with db.engine.begin() as connection:
        for row in failed:
            connection.execute(
                update(_run)
                .where(_run.c.id == row.id)
                .values(
                    state=RunState.DONE,
                    finished_at=now,
                    sentence=WORKS_AGAIN,
                    sentence_values={"count": str(row.attempts)},
                )
            )
        if outcome is not None:
            period = period_at(Period.NEWS, to_local(now))
            told = new_run(RunKey(job.id, outcome.company_id, period), now) | {
                "state": RunState.DONE,
                "finished_at": now,
                "rows": outcome.rows,
                "sentence": outcome.sentence,
                "sentence_values": dict(outcome.values),
            }
            connection.execute(insert(_run).values(told))
