"""A process that does one job's run and is killed (SIGKILL, by itself) at a chosen point."""

import datetime as dt
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

from app import create_app
from app.jobs import JOBS_BY_ID, Job, Period, job_work
from app.jobs.job_context import JobContext, Outcome
from app.jobs.job_runs import RunKey
from app.models import Company
from config import load_settings

BEFORE, BETWEEN, AFTER, SOON = "before", "between", "after", "soon"
"""Before DONE is written; before its commit; after it; at a random moment of the work."""


def add_a_company(context: JobContext) -> Outcome:
    """Done twice it leaves two rows: nothing in the work itself keeps it from doubling."""
    number = len(context.session.query(Company).filter(Company.name == "counted").all())
    context.session.add(Company(code=f"N{number}", name="counted"))
    return Outcome(1)


COUNTED = Job(
    "counted",
    "tests.jobs.killed_run.add_a_company",
    "cron",
    {"hour": 1},
    60,
    "counted",
    period=Period.DAY,
)


def settings(url: str, data_dir: Path) -> dict[str, Any]:
    environment = {
        "PORTAL_ENV": "test",
        "PORTAL_DATABASE_URL": url,
        "PORTAL_DATA_DIR": str(data_dir),
        "PORTAL_SECRET_KEY": "tests-sign-their-cookies-with-this-0123456789",
    }
    return load_settings(environment)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(url: str, data_dir: Path, key: RunKey, moment: dt.datetime, point: str, seed: int) -> None:
    app = create_app(settings(url, data_dir))
    JOBS_BY_ID[COUNTED.id] = COUNTED  # type: ignore[index]
    finish = job_work.finish
    # One moment for all attempts, whatever the day of the test.
    job_work.utc_now = lambda: moment  # type: ignore[assignment]

    def at_finish(connection: Any, *rest: Any) -> None:
        if point == BEFORE:
            die()
        finish(connection, *rest)
        if point == BETWEEN:
            die()

    job_work.finish = at_finish
    if point == SOON:
        wait = random.Random(seed).uniform(0, 0.25)  # noqa: S311 -- no secret
        threading.Timer(wait, die).start()
    job_work.run_once(app, key)
    die()
