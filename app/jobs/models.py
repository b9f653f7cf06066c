"""The queue of background tasks 后台任务, and the record of scheduled jobs 定时任务.

A task is long work that a person started and may leave; a job run is a scheduled job's work for a
company and a period.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, DateTime, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.columns import BigId, Distribution, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import utc_now


class TaskState(LabelledEnum):
    """A task's life: queued → running → done, failed or cancelled."""

    QUEUED = ("queued", N_("Waiting"))
    RUNNING = ("running", N_("Running"))
    DONE = ("done", N_("Done"))
    FAILED = ("failed", N_("Failed"))
    CANCELLED = ("cancelled", N_("Cancelled"))


class Task(db.Model):
    """One piece of background work. `kind` names its row in `app.jobs.queue.TASK_KINDS`.

    `progress_total` 0 = not known yet. `result` holds what the page shows when it is done, e.g.
    a link. `seen_at` empty = the person has not been told yet. `attempts` counts how often a
    runner took it up: a runner that is killed leaves it to the next one.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_state", "state", "id"),
        Index("ix_task_person", "requested_by", "id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    company_id: Mapped[int | None] = mapped_column(BigId, **label("Company"))
    requested_by: Mapped[int | None] = mapped_column(Integer, **label("Requested by"))
    requested_name: Mapped[str] = mapped_column(String(130), default="", **label("Requested by"))
    kind: Mapped[str] = mapped_column(String(40), **label("Kind"))
    title: Mapped[str] = mapped_column(String(200), **label("Title"))
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Parameters"))
    state: Mapped[TaskState] = mapped_column(
        code_list(TaskState), default=TaskState.QUEUED, **label("State")
    )
    progress_done: Mapped[int] = mapped_column(Integer, default=0, **label("Done"))
    progress_total: Mapped[int] = mapped_column(Integer, default=0, **label("Of"))
    phase: Mapped[str] = mapped_column(String(80), default="", **label("Phase"))
    cancel_requested: Mapped[bool] = mapped_column(default=False, **label("Cancel requested"))
    attempts: Mapped[int] = mapped_column(Integer, default=0, **label("Attempts"))
    requested_at: Mapped[dt.datetime] = mapped_column(
        DateTime, default=utc_now, **label("Requested at")
    )
    started_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Started at"))
    heartbeat_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Last sign of life"))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Finished at"))
    seen_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Seen at"))
    error: Mapped[str | None] = mapped_column(String(2000), **label("Error"))
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Result"))

    def __repr__(self) -> str:
        return self.title


class RunState(LabelledEnum):
    """A job run's life: running → done; or failed, tried again and in the end given up."""

    RUNNING = ("running", N_("Running"))
    DONE = ("done", N_("Done"))
    RETRYING = ("retrying", N_("Failed, will be tried again"))
    FAILED = ("failed", N_("Failed"))


class JobRun(db.Model):
    """A scheduled job's work for a company and a period. Grain: job × company × period × number.

    `company_id` 0 = the whole installation. `period` is a text that sorts ("2026-11",
    "2026-11-24"). `run_no` 1 = by the clock; further ones by hand, with `reason` and person. DONE
    is written in the transaction of the work itself, so that both exist or neither. `attempts`
    counts how often the work was begun and is the proof of who has it. `sentence` is the msgid of
    the result or the error, `sentence_values` its placeholders; `error_number` is the one in the
    log.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "company_id", "period", "run_no"),
        Index("ix_job_run_state", "state", "id"),
        Index("ix_job_run_company", "company_id", "id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    job: Mapped[str] = mapped_column(String(40), **label("Scheduled job"))
    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    period: Mapped[str] = mapped_column(String(40), **label("Period"))
    run_no: Mapped[int] = mapped_column(Integer, **label("Run number"))
    state: Mapped[RunState] = mapped_column(
        code_list(RunState), default=RunState.RUNNING, **label("State")
    )
    attempts: Mapped[int] = mapped_column(Integer, default=1, **label("Attempts"))
    started_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Started at"))
    heartbeat_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Last sign of life"))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Finished at"))
    next_try_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Next attempt"))
    rows: Mapped[int] = mapped_column(Integer, default=0, **label("Rows"))
    sentence: Mapped[str] = mapped_column(String(500), default="", **label("Result"))
    sentence_values: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, **label("Values of the result")
    )
    error_number: Mapped[str | None] = mapped_column(String(12), **label("Error number"))
    requested_by: Mapped[int | None] = mapped_column(Integer, **label("Requested by"))
    requested_name: Mapped[str] = mapped_column(String(130), default="", **label("Requested by"))
    reason: Mapped[str | None] = mapped_column(String(200), **label("Reason"))

    def __repr__(self) -> str:
        return f"{self.job} {self.period}"


class JobsProcess(db.Model):
    """The jobs process at work, or the last one. Grain: installation (one row, id 1)."""

    __tablename__ = "jobs_process"
    __table_args__ = (table_info(Distribution.LOCAL),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    host: Mapped[str] = mapped_column(String(100), **label("Host"))
    pid: Mapped[int] = mapped_column(Integer, **label("Process number"))
    started_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Started at"))
    seen_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Last sign of life"))
    ended_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Ended at"))
