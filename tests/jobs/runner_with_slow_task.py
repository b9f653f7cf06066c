"""A jobs process with one more kind of task: it waits for a file, then writes one record."""

import os
import sys
import time
from pathlib import Path

from app import create_app
from app.jobs import queue
from app.jobs.queue import TaskKind
from app.jobs.runner import run_forever
from app.jobs.task_context import TaskContext
from app.kernel.db import db
from app.models import Company

FOLDER = Path(os.environ["PORTAL_DATA_DIR"])


def slow(context: TaskContext) -> None:
    (FOLDER / "started").touch()
    while not (FOLDER / "go").exists():
        context.progress(1, 2)
        time.sleep(0.05)
    db.session.add(Company(code="SLOW", name="slow"))
    db.session.commit()


if __name__ == "__main__":
    queue.TASK_KINDS["slow"] = TaskKind("tests.jobs.runner_with_slow_task.slow", "slow", None)  # type: ignore[index]
    sys.exit(run_forever(create_app()))
