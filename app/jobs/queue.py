"""Background tasks: which kinds there are, how one is asked for, watched and cancelled.

A task runs in the jobs process (`app.jobs.runner`) as the person who asked for it. `TASK_KINDS`
names the function of each kind; it gets a `TaskContext` and returns the task's result, a dict
with the keys ``text`` (a sentence), ``warning`` and ``endpoint`` + ``values`` (where to go next),
all optional.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale
from sqlalchemy import func, select

from app.kernel.actor import Actor
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.period import utc_now
from app.models import NoticeKind, Task, TaskState

RUNNER_SILENT_SECONDS = 30
OPEN_STATES = (TaskState.QUEUED, TaskState.RUNNING)


@dataclass(frozen=True, slots=True)
class TaskKind:
    """One kind of work. The person must hold `permission` on `entity` when it runs.

    `entity` None: the function checks more exactly itself. `is_restartable`: after the death of
    the jobs process it simply runs again from the start. `notice`: what the inbox says when it is
    done; None = only the bell tells.
    """

    function: str
    title: str
    entity: str | None
    permission: str = "read"
    is_restartable: bool = True
    notice: NoticeKind | None = None


TASK_KINDS: Mapping[str, TaskKind] = {
    "import_check": TaskKind(
        "app.exchange.import_tasks.check_batch", N_("Check of a file"), "ImportBatch", "create"
    ),
    # Restartable because all of it is one transaction and a committed batch is left alone.
    "import_commit": TaskKind(
        "app.exchange.import_tasks.commit_batch",
        N_("Import of a file"),
        "ImportBatch",
        "create",
        notice=NoticeKind.IMPORT_FINISHED,
    ),
    "needs_extraction": TaskKind(
        "app.analysis.needs_extraction.run_extraction",
        N_("Extraction of needs"),
        "NeedsExtraction",
        "update",
        notice=NoticeKind.CALCULATION_FINISHED,
    ),
    # Restartable because running it again changes nothing that is right already.
    "service_plans": TaskKind(
        "app.plan.plan_generation.run",
        N_("Generation of service strategies"),
        "ServicePlan",
        "update",
        notice=NoticeKind.CALCULATION_FINISHED,
    ),
    # Checks nothing of the person's: it follows from sales that the person was allowed to import.
    "calculation": TaskKind(
        "app.analysis.month_calculation.run",
        N_("Calculation of effect and anomalies"),
        None,
        notice=NoticeKind.CALCULATION_FINISHED,
    ),
    "export": TaskKind("app.exchange.export_task.write_export", N_("Export to Excel"), None),
}


def enqueue(
    kind: str, title: str, params: Mapping[str, Any], actor: Actor, company_id: int | None
) -> Task:
    """Put a task into the queue; the caller commits.

    The same request by the same person while the first one is waiting or running is the same
    task, so a double click does not work twice. `params` must be JSON; the language of the
    request is kept with them, for the texts written later.
    """
    if kind not in TASK_KINDS:
        raise KeyError(kind)
    kept = {**params, "locale": str(get_locale() or "zh")}
    same = select(Task).where(
        Task.kind == kind, Task.requested_by == actor.user_id, Task.state.in_(OPEN_STATES)
    )
    for task in db.session.scalars(same):
        if task.params == kept and not task.cancel_requested:
            return task
    task = Task(
        kind=kind,
        title=title[:200],
        params=kept,
        requested_by=actor.user_id,
        requested_name=actor.name,
        company_id=company_id,
    )
    db.session.add(task)
    db.session.flush()
    return task


def request_cancel(task: Task) -> None:
    """Stop a task: at once when it waits, at its next step when it runs. The caller commits."""
    if task.state is TaskState.QUEUED:
        task.state = TaskState.CANCELLED
        task.finished_at = utc_now()
    elif task.state is TaskState.RUNNING:
        task.cancel_requested = True
    else:
        raise PlanningError(N_("This work has ended already; there is nothing to cancel."))


def is_runner_missing(now: dt.datetime | None = None) -> bool:
    """Whether tasks wait and nobody works: the jobs process is not running.

    Looks at everybody's tasks, hence Core: a running task of another company proves a runner.
    """
    table = Task.__table__
    since = (now or utc_now()) - dt.timedelta(seconds=RUNNER_SILENT_SECONDS)
    waiting = select(func.count()).where(
        table.c.state == TaskState.QUEUED, table.c.requested_at < since
    )
    alive = select(func.count()).where(
        table.c.state == TaskState.RUNNING, table.c.heartbeat_at >= since
    )
    connection = db.session.connection()
    return bool(connection.execute(waiting).scalar()) and not connection.execute(alive).scalar()
