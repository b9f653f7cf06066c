"""What the page "Scheduled work" tells of the jobs, and asking for a further run by hand.

A company's administrator is told of the company's own runs and of the jobs that work for the
whole installation; the administrator of the portal of everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, or_, select, true
from sqlalchemy.orm import Session

from app.jobs import JOBS, JOBS_BY_ID, Job, Period
from app.jobs.job_runs import RunKey, ask_again
from app.jobs.process_life import ProcessLife, process_life
from app.jobs.schedule import is_wanted, last_due, next_due, period_at, trigger_of
from app.kernel.actor import Actor
from app.kernel.errors import N_, OutOfScope, PlanningError
from app.kernel.period import Month, local_today, to_local, utc_now
from app.kernel.texts import TooLong
from app.models import ChangeAction, ChangeLog, Company, JobRun, RunState
from app.security.row_scope import RowScope

INSTALLATION = 0
LONGEST_REASON = 200
A_YEAR = 366 * 24 * 3600

_run = JobRun.__table__


class NoReason(PlanningError):
    """A run by hand says why."""

    msgid = N_("State why the job runs again.")


class NoSuchPeriod(PlanningError):
    """The period is none of the job's, or has not begun."""

    msgid = N_("Choose a month or day that has begun.")


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a job as pages tell it; times local, `seconds` None while it runs."""

    state: RunState
    started_at: dt.datetime
    seconds: float | None
    rows: int
    sentence: str
    next_try_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job of the table. `next_at` None: it runs every `every` seconds, or not at all.

    `missing`: the setting without which it does not run. `period`: the one a run by hand offers.
    """

    job: Job
    next_at: dt.datetime | None
    every: int | None
    missing: str | None
    last: LastRun | None
    may_run_again: bool
    period: str

    @property
    def asks_period(self) -> bool:
        """Whether the person chooses the month or day."""
        return self.job.period in (Period.MONTH, Period.DAY)


def sentence_of(run: Any) -> str:
    """A run's result or error in the reader's language."""
    if not run.sentence:
        return ""
    try:
        return _(run.sentence, **run.sentence_values)
    except (KeyError, ValueError, TypeError):  # written by a release with other placeholders
        return str(run.sentence)


def seconds_of(run: Any) -> float | None:
    """How long the last attempt took; None while it runs."""
    if run.finished_at is None:
        return None
    return max(float((run.finished_at - run.started_at).total_seconds()), 0.0)


def life(session: Session) -> ProcessLife | None:
    """The jobs process."""
    return process_life(session.connection(), utc_now())


def job_lines(session: Session, config: Mapping[str, Any], scope: RowScope) -> list[JobLine]:
    """The jobs the person is told of, in the order of `JOBS`."""
    now, newest = utc_now(), _newest(session, scope)
    return [
        JobLine(
            job,
            next_due(job, config, now) if is_wanted(job, config) else None,
            _seconds_between(job, config),
            None if is_wanted(job, config) else job.needs,
            newest.get(job.id),
            _may_run_again(job, config, scope),
            _offered_period(job, config, now),
        )
        for job in JOBS
        if job.period is not None or scope.company_id is None
    ]


def _newest(session: Session, scope: RowScope) -> dict[str, LastRun]:
    """Job → its newest run for the companies in scope."""
    seen = (
        true()
        if scope.company_id is None
        else or_(_run.c.company_id == scope.company_id, _run.c.company_id == INSTALLATION)
    )
    ids = select(func.max(_run.c.id)).where(seen, _run.c.attempts > 0).group_by(_run.c.job)
    rows = session.connection().execute(select(_run).where(_run.c.id.in_(ids)))
    return {
        row.job: LastRun(
            row.state,
            to_local(row.started_at),
            seconds_of(row),
            row.rows,
            sentence_of(row),
            to_local(row.next_try_at) if row.next_try_at is not None else None,
        )
        for row in rows
    }


def _seconds_between(job: Job, config: Mapping[str, Any]) -> int | None:
    if job.trigger != "interval":
        return None
    trigger: Any = trigger_of(job, config)
    return int(trigger.interval.total_seconds())


def _may_run_again(job: Job, config: Mapping[str, Any], scope: RowScope) -> bool:
    if job.period is None or not is_wanted(job, config):
        return False
    return job.is_per_company or scope.company_id is None


def _offered_period(job: Job, config: Mapping[str, Any], now: dt.datetime) -> str:
    if job.period not in (Period.MONTH, Period.DAY):
        return ""
    due = last_due(job, config, now, A_YEAR if job.period is Period.MONTH else 2 * 86_400)
    return period_at(job.period, due or to_local(now))


def run_again(
    session: Session,
    config: Mapping[str, Any],
    scope: RowScope,
    actor: Actor,
    *,
    job_id: str,
    company_id: int | None,
    period: str,
    reason: str,
) -> RunKey:
    """Ask for a further run and log who and why; the caller commits.

    Errors: `OutOfScope` for a job or company that is not the person's, `NoReason`, `TooLong`,
    `NoSuchPeriod`.
    """
    job = JOBS_BY_ID.get(job_id)
    if job is None or not _may_run_again(job, config, scope):
        raise OutOfScope
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise NoReason(field="reason")
    if len(reason) > LONGEST_REASON:
        raise TooLong(field="reason", most=LONGEST_REASON)
    company = INSTALLATION
    if job.is_per_company:
        found = session.scalar(select(Company.id).where(Company.id == company_id))
        if found is None:
            raise OutOfScope
        company = found
    key = RunKey(job.id, company, _checked_period(job, period))
    connection, now = session.connection(), utc_now()
    asked = ask_again(connection, key, Actor(actor.user_id, actor.name, actor.source, reason), now)
    connection.execute(
        insert(ChangeLog.__table__).values(
            company_id=company or scope.company_id,
            at=now,
            user_id=actor.user_id,
            user_name=actor.name,
            source=actor.source,
            reason=reason,
            entity=JobRun.__name__,
            record_id=0,
            record_label=f"{asked.job} {asked.period} #{asked.run_no}",
            action=ChangeAction.CREATED,
            changes={"job": [None, asked.job], "period": [None, asked.period]},
        )
    )
    return asked


def _checked_period(job: Job, text: str) -> str:
    """The key of a month or day that has begun; of the present moment where there are none."""
    if job.period is Period.NEWS:
        return period_at(Period.NEWS, to_local(utc_now()))
    today = local_today()
    try:
        if job.period is Period.MONTH:
            month = Month.parse(text)
            if month <= Month.of(today):
                return month.key
        else:
            day = dt.date.fromisoformat(text.strip())
            if day <= today:
                return day.isoformat()
    except ValueError as error:
        raise NoSuchPeriod(field="period") from error
    raise NoSuchPeriod(field="period")
