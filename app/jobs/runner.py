"""`flask portal jobs`: the process that runs scheduled jobs and the tasks people asked for.

One per installation works; further ones wait for its lock and take over when it ends. On SIGTERM
or SIGINT running tasks stop at their next step and go back to the queue.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.jobs import JOBS, Job, Period
from app.jobs.job_notices import tell_of_failure
from app.jobs.job_runs import recover_runs
from app.jobs.job_work import function_of, run_due, run_news, run_waiting, runs_at_work
from app.jobs.process_life import end_life, sign_of_life, start_life
from app.jobs.runner_lock import RunnerLock, runner_lock
from app.jobs.schedule import is_wanted, trigger_of
from app.jobs.task_claims import STALE_SECONDS, Claim, claim_next, recover
from app.jobs.task_run import run_claimed
from app.kernel.db import db
from app.kernel.period import COMPANY_ZONE, to_local, utc_now

log = logging.getLogger(__name__)

TASKS_AT_ONCE = 2
"""A long import must not keep a colleague's export waiting; more would only wait for SQLite."""
SECONDS_BETWEEN_TRIES = 2
SECONDS_TO_STOP = 20


class Runner:
    """The tasks at work in this process."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.stopping = threading.Event()
        self._at_work: dict[int, threading.Thread] = {}
        self._guard = threading.Lock()

    @property
    def ours(self) -> frozenset[int]:
        with self._guard:
            return frozenset(self._at_work)

    def start_waiting(self) -> None:
        """Claim tasks while there is a free place, each in a thread of its own."""
        while not self.stopping.is_set() and len(self.ours) < TASKS_AT_ONCE:
            with self.app.app_context():
                claim = claim_next(db.engine)
            if claim is None:
                return
            thread = threading.Thread(target=self._work, args=(claim,), daemon=True)
            with self._guard:
                self._at_work[claim.task_id] = thread
            thread.start()

    def _work(self, claim: Claim) -> None:
        try:
            run_claimed(self.app, claim, self.stopping.is_set)
        except Exception:  # the database itself failed; the task's silence returns it to the queue
            log.exception("task %d could not be recorded", claim.task_id)
        finally:
            with self._guard:
                self._at_work.pop(claim.task_id, None)

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether all tasks and job runs have ended within that time."""
        deadline = time.monotonic() + seconds
        while (self.ours or runs_at_work()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.ours and not runs_at_work()


def start_waiting_tasks(runner: Runner) -> None:
    """The job that empties the queue."""
    runner.start_waiting()


def start_waiting_runs(runner: Runner) -> None:
    """The job that takes up job runs that failed before or that a person asked for."""
    run_waiting(runner.app, runner.stopping.is_set)


def recover_orphans(runner: Runner, silent_seconds: float = STALE_SECONDS) -> None:
    """The job that looks for tasks and job runs of dead runners."""
    with runner.app.app_context():
        found = recover(db.engine, silent_seconds, runner.ours)
        given_up = recover_runs(db.engine, silent_seconds, runs_at_work())
        for claim in given_up:
            tell_of_failure(db.session(), claim.key)
        if given_up:
            db.session.commit()
    if found:
        log.warning("%d tasks of a dead jobs process were taken back", found)


def show_life(runner: Runner) -> None:
    """The job that writes the process's sign of life."""
    with runner.app.app_context():
        sign_of_life(db.engine)


def job_function(job: Job, runner: Runner) -> Callable[[], None]:
    """The callable APScheduler gets."""

    def run() -> None:
        try:
            if job.period is None:
                function_of(job)(runner)
            elif job.period is Period.NEWS:
                run_news(runner.app, job)
            else:
                run_due(runner.app, job, runner.stopping.is_set)
        except Exception:
            log.exception("job %s failed", job.id)

    return run


def build_scheduler(runner: Runner) -> BlockingScheduler:
    """The scheduler with every job of `JOBS` that has what it needs."""
    # The queue's job is skipped while its last run is still busy; that is no news every second.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BlockingScheduler(timezone=COMPANY_ZONE)
    config = runner.app.config
    for job in JOBS:
        if not is_wanted(job, config):
            continue
        # Jobs with periods ask at the start whether the last one due was missed.
        at_once = job.runs_at_start or job.period in (Period.MONTH, Period.DAY)
        start = {"next_run_time": to_local(utc_now())} if at_once else {}
        scheduler.add_job(
            job_function(job, runner),
            trigger_of(job, config),
            id=job.id,
            name=job.description,
            misfire_grace_time=job.misfire_seconds,
            coalesce=True,
            max_instances=1,
            **start,
        )
    return scheduler


def run_forever(app: Flask) -> int:
    """Wait for the lock, work until told to stop; the exit status of the process."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    runner = Runner(app)
    scheduler: BlockingScheduler | None = None

    def stop(_number: int, _frame: Any) -> None:
        runner.stopping.set()
        # Not from here: the scheduler's own lock may be held by the interrupted code.
        if scheduler is not None:
            threading.Thread(target=scheduler.shutdown, kwargs={"wait": False}, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with app.app_context():
        engine = db.engine
        lock = runner_lock(engine, app.config["PORTAL_DATA_DIR"])
    if not wait_for_lock(lock, runner.stopping):
        return 0
    log.info("jobs process at work")
    try:
        start_life(engine)
        recover_orphans(runner, 0 if lock.proves_death else STALE_SECONDS)
        scheduler = build_scheduler(runner)
        scheduler.add_job(watch_lock, "interval", (lock, scheduler), seconds=5, max_instances=1)
        if not runner.stopping.is_set():
            scheduler.start()
        lost = not runner.stopping.is_set()
        runner.stopping.set()
        runner.wait_until_idle(SECONDS_TO_STOP)
        end_life(engine)
        return 1 if lost else 0
    finally:
        try:
            lock.release()
        except SQLAlchemyError:
            log.warning("the database was gone already")


def wait_for_lock(lock: RunnerLock, stopping: threading.Event) -> bool:
    """Try until the lock is ours (True) or the process must end (False)."""
    told = False
    while not stopping.is_set():
        try:
            if lock.acquire():
                return True
            if not told:
                log.warning("another jobs process is at work; this one waits for its end")
                told = True
        except SQLAlchemyError:
            log.warning("the database does not answer; trying again")
        stopping.wait(SECONDS_BETWEEN_TRIES)
    return False


def watch_lock(lock: RunnerLock, scheduler: BlockingScheduler) -> None:
    """End the process when its lock is lost: another one may be at work already."""
    try:
        if lock.is_held():
            return
    except SQLAlchemyError:
        pass
    log.error("the lock of the jobs process is lost; ending")
    scheduler.shutdown(wait=False)
