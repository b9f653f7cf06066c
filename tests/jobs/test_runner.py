"""The jobs process: its table of jobs, its lock, its clean end."""

import datetime as dt
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.jobs import JOBS
from app.jobs.job_context import JobContext
from app.jobs.old_files import KEPT_DAYS, remove_old_files
from app.jobs.queue import TASK_KINDS
from app.jobs.runner import Runner, build_scheduler
from app.jobs.runner_lock import FileLock, runner_lock
from app.kernel.db import db
from app.security.permissions import GRANTS_BY_ENTITY

ROOT = Path(__file__).resolve().parents[2]


def found(path: str) -> bool:
    module, name = path.rsplit(".", 1)
    return callable(getattr(importlib.import_module(module), name))


@pytest.mark.pure
def test_every_row_names_a_function():
    assert all(found(job.function) for job in JOBS)
    assert all(found(kind.function) for kind in TASK_KINDS.values())
    assert len({job.id for job in JOBS}) == len(JOBS)
    entities = {kind.entity for kind in TASK_KINDS.values()} - {None}
    assert entities <= set(GRANTS_BY_ENTITY)


def test_jobs_run_in_the_companys_time_and_only_with_what_they_need(app_factory, database_url):
    plain = build_scheduler(Runner(app_factory(database_url)))
    ids = {job.id for job in plain.get_jobs()}
    assert ids == {job.id for job in JOBS if job.needs is None}
    nightly = plain.get_job("old_files")
    assert str(nightly.trigger.timezone) == "Asia/Shanghai"
    assert all(job.coalesce and job.max_instances == 1 for job in plain.get_jobs())
    fed = app_factory(database_url, PORTAL_FEED_URL="file:///nowhere", PORTAL_FEED_SECONDS=7)
    feed = build_scheduler(Runner(fed)).get_job("feed")
    assert feed.trigger.interval == dt.timedelta(seconds=7)


@pytest.mark.sql
def test_only_one_holds_the_lock(app, tmp_path):
    with app.app_context():
        first, second = (runner_lock(db.engine, tmp_path) for _ in range(2))
        assert first.acquire()
        assert first.is_held()
        assert not second.acquire()
        assert not second.is_held()
        first.release()
        assert second.acquire()
        second.release()


def test_the_lock_of_a_dead_process_is_free(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from app.jobs.runner_lock import FileLock;"
        "print(FileLock(Path(sys.argv[1])).acquire(), flush=True); time.sleep(60)"
    )
    path = tmp_path / "jobs.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout:
        holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    lock = FileLock(path)
    assert lock.acquire()
    lock.release()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_cleanly(database_url, tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "run", "portal", "jobs"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_DATABASE_URL": database_url, "PORTAL_DATA_DIR": str(tmp_path)},
    )
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "jobs.lock").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(number)
        assert process.wait(25) == 0
    finally:
        process.kill()


def test_old_files_go_and_others_stay(app):
    now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    root = Path(app.config["PORTAL_DATA_DIR"])
    for folder, days in KEPT_DAYS.items():
        for name, age in (("old", days + 1), ("young", days - 0.5)):
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            moment = now.timestamp() - age * 86_400
            os.utime(path, (moment, moment))
    with app.app_context():
        moment = now.replace(tzinfo=None)
        outcome = remove_old_files(JobContext(app, db.session(), 0, "2026-11-24", moment))
    assert outcome.rows == len(KEPT_DAYS)
    left = {path.name for folder in KEPT_DAYS for path in (root / folder).iterdir()}
    assert left == {"young"}
