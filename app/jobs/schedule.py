"""When a job is due, as pure functions of its row, the settings and the time.

The jobs process and the page "Scheduled work" ask the same functions, so the page needs no
scheduler to tell when a job runs next. Times are Asia/Shanghai.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.jobs import Job, Period
from app.kernel.period import COMPANY_ZONE, Month, to_local

TRIGGERS: Mapping[str, Any] = {"cron": CronTrigger, "interval": IntervalTrigger}


def trigger_of(job: Job, config: Mapping[str, Any]) -> BaseTrigger:
    """The job's trigger with the values of the settings it names."""
    when = {
        key: config[value] if str(value).startswith("PORTAL_") else value
        for key, value in job.when.items()
    }
    trigger: BaseTrigger = TRIGGERS[job.trigger](timezone=COMPANY_ZONE, **when)
    return trigger


def is_wanted(job: Job, config: Mapping[str, Any]) -> bool:
    """Whether the job has the setting without which there is nothing to do."""
    return job.needs is None or bool(config[job.needs])


def last_due(
    job: Job, config: Mapping[str, Any], now: dt.datetime, within: int | None = None
) -> dt.datetime | None:
    """The last time (local) a job was due, at most `within` seconds (the job's `misfire_seconds`)
    before `now` (UTC, as stored).

    However many times were missed, only the last one is made up for.
    """
    trigger, local = trigger_of(job, config), to_local(now)
    seconds = job.misfire_seconds if within is None else within
    found, previous = None, None
    due = trigger.get_next_fire_time(None, local - dt.timedelta(seconds=seconds))
    while due is not None and due <= local:
        found, previous = due, due
        due = trigger.get_next_fire_time(previous, due)
    return found


def next_due(job: Job, config: Mapping[str, Any], now: dt.datetime) -> dt.datetime | None:
    """The next time (local) of a job with a clock time; None when it runs every few seconds."""
    if job.trigger != "cron":
        return None
    found: dt.datetime | None = trigger_of(job, config).get_next_fire_time(None, to_local(now))
    return found


def period_at(period: Period, due: dt.datetime) -> str:
    """The key of the period a due time (local) stands for."""
    if period is Period.MONTH:
        return Month.of(due.date()).key
    if period is Period.DAY:
        return due.date().isoformat()
    return due.strftime("%Y-%m-%d %H:%M:%S")
