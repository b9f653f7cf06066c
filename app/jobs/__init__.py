"""Background work: a queue of tasks people started, and scheduled jobs, in their own process.

`JOBS` lists the scheduled ones, a row each. They run in the jobs process only (`flask portal
jobs`), never in a web worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """`function` is the dotted path of a function of the application.

    `trigger` and `when` are APScheduler's, times are Asia/Shanghai; a value of `when` that starts
    with ``PORTAL_`` is the name of the setting that holds it. A run that was missed is made up for
    within `misfire_seconds`, once, however many were missed. `needs` names the setting without
    which there is nothing to do. `runs_at_start`: also when the process starts, to catch up with
    what fell into the time it was down.
    """

    id: str
    function: str
    trigger: str
    when: Mapping[str, Any]
    misfire_seconds: int
    description: str
    needs: str | None = None
    runs_at_start: bool = False


JOBS: tuple[Job, ...] = (
    Job(
        "tasks",
        "app.jobs.runner.start_waiting_tasks",
        "interval",
        {"seconds": 1},
        misfire_seconds=30,
        description="Start the background tasks that people asked for",
    ),
    Job(
        "orphans",
        "app.jobs.runner.recover_orphans",
        "interval",
        {"seconds": 20},
        misfire_seconds=60,
        description="Return the tasks of a jobs process that died to the queue",
    ),
    Job(
        "feed",
        "app.exchange.feed.poll_feed",
        "interval",
        {"seconds": "PORTAL_FEED_SECONDS"},
        misfire_seconds=300,
        description="Import new files of the marketing system from the watched place",
        needs="PORTAL_FEED_URL",
        runs_at_start=True,
    ),
    Job(
        "needs",
        "app.analysis.needs_extraction.extract_when_due",
        "cron",
        {"hour": 23, "minute": 59},
        misfire_seconds=24 * 3600,
        description="Extract the customers' needs from the ordering platform at the cut-off",
        needs="PORTAL_NEEDS_URL",
        runs_at_start=True,
    ),
    # Forms of the last minute before the cut-off; running twice changes nothing.
    Job(
        "needs_last_minute",
        "app.analysis.needs_extraction.extract_when_due",
        "cron",
        {"hour": 0, "minute": 10},
        misfire_seconds=24 * 3600,
        description="Extract the needs once more after the cut-off day has ended",
        needs="PORTAL_NEEDS_URL",
    ),
    Job(
        "old_files",
        "app.jobs.old_files.remove_old_files",
        "cron",
        {"hour": 3, "minute": 30},
        misfire_seconds=6 * 3600,
        description="Remove uploaded and exported files whose time is over",
        runs_at_start=True,
    ),
    Job(
        "key_brands",
        "app.master.key_brands.open_month",
        "cron",
        {"day": 1, "hour": 0, "minute": 10},
        misfire_seconds=24 * 3600,
        description="Keep the key-brand flags of the month that begins",
        runs_at_start=True,
    ),
    Job(
        "visits",
        "app.plan.visit_upkeep.follow_at_night",
        "cron",
        {"hour": 2, "minute": 20},
        misfire_seconds=24 * 3600,
        description="Let coming visits follow customers who closed, opened again or moved",
        runs_at_start=True,
    ),
    Job(
        "stale_imports",
        "app.exchange.stale_batches.remove_stale_batches",
        "cron",
        {"hour": 3, "minute": 40},
        misfire_seconds=6 * 3600,
        description="Forget imports that nobody finished",
        runs_at_start=True,
    ),
)
