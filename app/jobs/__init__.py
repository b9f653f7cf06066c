"""Background work: a queue of tasks people started, and scheduled jobs, in their own process.

`JOBS` lists the scheduled ones, a row each (docs/jobs.md). They run in the jobs process only (`flask portal
jobs`), never in a web worker.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.kernel.errors import N_


class Period(enum.Enum):
    """What a job's run is once for. NEWS: it looks often, and its history tells only when
    something was done or failed.
    """

    MONTH = "month"
    DAY = "day"
    NEWS = "news"


@dataclass(frozen=True, slots=True)
class Job:
    """`function` is the dotted path of a function of the application.

    `trigger` and `when` are APScheduler's, times are Asia/Shanghai; a value of `when` that starts
    with ``PORTAL_`` is the name of the setting that holds it. A run that was missed is made up for
    within `misfire_seconds`, once, however many were missed; also when the process starts.

    `period`: with MONTH or DAY the function gets a `JobContext` and runs once for each period
    (`app.jobs.job_runs`), for every active company if `is_per_company`. With NEWS it gets the
    application and commits itself, each part of its work once; with None it keeps no history and
    is the runner's own. `needs` names the setting without which there is nothing to do.
    `runs_at_start`: a job without periods that also runs when the process starts. `waits_first`: a
    new installation has nothing to make up for; the first run is that of the clock.
    """

    id: str
    function: str
    trigger: str
    when: Mapping[str, Any]
    misfire_seconds: int
    description: str
    period: Period | None = None
    is_per_company: bool = False
    needs: str | None = None
    runs_at_start: bool = False
    waits_first: bool = False


HOUR = 3600
DAY = 24 * HOUR

JOBS: tuple[Job, ...] = (
    Job(
        "tasks",
        "app.jobs.runner.start_waiting_tasks",
        "interval",
        {"seconds": 1},
        misfire_seconds=30,
        description=N_("Start the background tasks that people asked for"),
    ),
    Job(
        "runs",
        "app.jobs.runner.start_waiting_runs",
        "interval",
        {"seconds": 3},
        misfire_seconds=30,
        description=N_("Start jobs that failed before or that a person asked for"),
    ),
    Job(
        "orphans",
        "app.jobs.runner.recover_orphans",
        "interval",
        {"seconds": 20},
        misfire_seconds=60,
        description=N_("Return the work of a jobs process that died to the queue"),
    ),
    Job(
        "alive",
        "app.jobs.runner.show_life",
        "interval",
        {"seconds": 10},
        misfire_seconds=60,
        description=N_("Tell the pages that the jobs process is at work"),
        runs_at_start=True,
    ),
    Job(
        "feed",
        "app.exchange.feed.poll_feed",
        "interval",
        {"seconds": "PORTAL_FEED_SECONDS"},
        misfire_seconds=300,
        description=N_("Import new files of the marketing system from the watched place"),
        period=Period.NEWS,
        needs="PORTAL_FEED_URL",
        runs_at_start=True,
    ),
    Job(
        "needs",
        "app.analysis.needs_extraction.extract_when_due",
        "cron",
        {"hour": 23, "minute": 59},
        misfire_seconds=DAY,
        description=N_("Extract the customers' needs from the ordering platform at the cut-off"),
        period=Period.NEWS,
        needs="PORTAL_NEEDS_URL",
        runs_at_start=True,
    ),
    # Forms of the last minute before the cut-off; running twice changes nothing.
    Job(
        "needs_last_minute",
        "app.analysis.needs_extraction.extract_when_due",
        "cron",
        {"hour": 0, "minute": 10},
        misfire_seconds=DAY,
        description=N_("Extract the needs once more after the cut-off day has ended"),
        period=Period.NEWS,
        needs="PORTAL_NEEDS_URL",
    ),
    Job(
        "notices",
        "app.notices.delivery.deliver",
        "interval",
        {"seconds": 20},
        misfire_seconds=60,
        description=N_("Send notices to the addresses people gave"),
        period=Period.NEWS,
    ),
    Job(
        "notice_digest",
        "app.notices.digest.prepare",
        "cron",
        {"hour": "PORTAL_NOTICE_DIGEST_HOUR", "minute": 0},
        misfire_seconds=12 * HOUR,
        description=N_("Prepare the daily digests of notices"),
        period=Period.DAY,
    ),
    Job(
        "old_notices",
        "app.notices.old_notices.remove_old_notices",
        "cron",
        {"hour": 3, "minute": 50},
        misfire_seconds=DAY,
        description=N_("Remove notices whose time is over"),
        period=Period.DAY,
    ),
    Job(
        "statistics",
        "app.operation.statistics.refresh",
        "cron",
        {"hour": 4, "minute": 40},
        misfire_seconds=DAY,
        description=N_("Refresh the database's statistics, by which it plans"),
        period=Period.DAY,
    ),
    Job(
        "old_files",
        "app.jobs.old_files.remove_old_files",
        "cron",
        {"hour": 3, "minute": 30},
        misfire_seconds=DAY,
        description=N_("Remove uploaded and exported files whose time is over"),
        period=Period.DAY,
    ),
    Job(
        "key_brands",
        "app.master.key_brands.open_month",
        "cron",
        {"day": 1, "hour": 0, "minute": 10},
        misfire_seconds=31 * DAY,
        description=N_("Keep the key-brand flags of the month that begins"),
        period=Period.MONTH,
        is_per_company=True,
    ),
    Job(
        "visits",
        "app.plan.visit_upkeep.follow_at_night",
        "cron",
        {"hour": 2, "minute": 20},
        misfire_seconds=DAY,
        description=N_("Let coming visits follow customers who closed, opened again or moved"),
        period=Period.DAY,
        is_per_company=True,
    ),
    Job(
        "close_visits",
        "app.plan.visit_closing.close_visits",
        "cron",
        {"hour": 2, "minute": 40},
        misfire_seconds=DAY,
        description=N_("Close past visits that nobody recorded as not visited"),
        period=Period.DAY,
        is_per_company=True,
    ),
    Job(
        "calculation",
        "app.analysis.month_calculation.calculate",
        "cron",
        {"day": 1, "hour": 4, "minute": 10},
        misfire_seconds=5 * DAY,
        description=N_("Compute effect and anomalies of the month that ended"),
        period=Period.MONTH,
        is_per_company=True,
    ),
    Job(
        "reminders",
        "app.workflow.reminders.remind",
        "cron",
        {"hour": 7, "minute": 30},
        misfire_seconds=16 * HOUR,
        description=N_("Remind of steps due tomorrow and of overdue ones"),
        period=Period.DAY,
        is_per_company=True,
    ),
    Job(
        "personal_data",
        "app.master.personal_retention.remove_old_personal_data",
        "cron",
        {"hour": 3, "minute": 20},
        misfire_seconds=DAY,
        description=N_("Remove personal data of closed customers and deactivated people"),
        period=Period.DAY,
        is_per_company=True,
        needs="PORTAL_PERSONAL_DATA_MONTHS",
    ),
    Job(
        "backup",
        "app.operation.nightly_backup.backup_nightly",
        "cron",
        {"hour": 1, "minute": 0},
        misfire_seconds=DAY,
        description=N_("Back up the database and the uploaded files"),
        period=Period.DAY,
        waits_first=True,
    ),
    Job(
        "stale_imports",
        "app.exchange.stale_batches.remove_stale_batches",
        "cron",
        {"hour": 3, "minute": 40},
        misfire_seconds=DAY,
        description=N_("Forget imports that nobody finished"),
        period=Period.DAY,
    ),
    Job(
        "change_seal",
        "app.security.change_seal.seal_by_the_clock",
        "interval",
        {"seconds": 60},
        misfire_seconds=60,
        description=N_("Seal the newest entries of the change log into its chain"),
        period=Period.NEWS,
        runs_at_start=True,
    ),
    Job(
        "change_check",
        "app.security.change_seal.check_at_night",
        "cron",
        {"hour": 4, "minute": 10},
        misfire_seconds=DAY,
        description=N_("Check every entry of the change log against its chain"),
        period=Period.NEWS,
    ),
)

JOBS_BY_ID: Mapping[str, Job] = {job.id: job for job in JOBS}
