"""Real jobs processes: of three one works, and another takes over when it is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select

from app.models import JobRun, JobsProcess, RunState
from tests.conftest import ROOT

pytestmark = [pytest.mark.sql, pytest.mark.slow]

PROCESS, RUN = JobsProcess.__table__, JobRun.__table__


def start(url: str, data_dir: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "run", "portal", "jobs"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_DATABASE_URL": url, "PORTAL_DATA_DIR": str(data_dir)},
        stdin=subprocess.DEVNULL,
    )


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_of_three_processes_one_works_and_another_takes_over(database_url, tmp_path):
    engine = create_engine(database_url)

    def at_work() -> int | None:
        with engine.connect() as connection:
            return connection.execute(
                select(PROCESS.c.pid).where(PROCESS.c.ended_at.is_(None))
            ).scalar()

    def runs() -> list[tuple[str, int]]:
        with engine.connect() as connection:
            rows = connection.execute(
                select(RUN.c.job, func.count())
                .where(RUN.c.state == RunState.DONE)
                .group_by(RUN.c.job, RUN.c.company_id, RUN.c.period, RUN.c.run_no)
            )
            return [(row[0], row[1]) for row in rows]

    processes = [start(database_url, tmp_path) for _ in range(3)]
    pids = {process.pid: process for process in processes}
    try:
        wait_for(lambda: at_work() in pids)
        first = at_work()
        assert first is not None
        # What was missed while nothing ran is made up for once.
        wait_for(lambda: ("stale_imports", 1) in runs())
        assert at_work() == first
        pids[first].send_signal(signal.SIGKILL)
        pids[first].wait(10)
        wait_for(lambda: at_work() in set(pids) - {first})
        second = at_work()
        assert second is not None
        pids[second].terminate()
        assert pids[second].wait(30) == 0
        wait_for(lambda: at_work() in set(pids) - {first, second})
        assert all(count == 1 for _job, count in runs())
    finally:
        for process in processes:
            process.kill()
            process.wait(10)
        engine.dispose()
