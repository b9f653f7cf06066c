"""Figures for a monitoring system (Prometheus): requests, statements, background work.

Labels are addresses of the program, methods and status classes – never people, customers or
search words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel.period import utc_now
from app.models import JobsProcess, Task, TaskState

REQUESTS = CollectorRegistry()

REQUEST_SECONDS = Histogram(
    "portal_request_seconds",
    "Server time of a request in seconds",
    ("endpoint", "method", "status"),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REQUESTS,
)
REQUEST_STATEMENTS = Histogram(
    "portal_request_statements",
    "SQL statements of a request",
    ("endpoint",),
    buckets=(2, 5, 8, 12, 15, 20, 40),
    registry=REQUESTS,
)


def observe(
    endpoint: str | None, method: str, status: int, seconds: float, statements: int
) -> None:
    """Count one answered request."""
    name = endpoint or "unknown"
    REQUEST_SECONDS.labels(name, method, f"{status // 100}xx").observe(seconds)
    REQUEST_STATEMENTS.labels(name).observe(statements)


class _WorkCollector:
    """The queue and the jobs process, read from the database when somebody looks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        """Tasks by state, the age of the oldest waiting one, the silence of the jobs process."""
        now = utc_now()
        task = Task.__table__.c
        tasks = GaugeMetricFamily("portal_tasks", "Background tasks by state", labels=["state"])
        rows = self._session.connection().execute(
            select(task.state, func.count(), func.min(task.requested_at)).group_by(task.state)
        )
        found = {state: (count, oldest) for state, count, oldest in rows}
        for state in TaskState:
            tasks.add_metric([state.name.lower()], found.get(state, (0, None))[0])
        yield tasks
        oldest = found.get(TaskState.QUEUED, (0, None))[1]
        waiting = (now - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily(
            "portal_oldest_waiting_task_seconds", "Age of the oldest waiting task", waiting
        )
        seen = (
            self._session.connection()
            .execute(select(func.max(JobsProcess.__table__.c.seen_at)))
            .scalar()
        )
        if seen is not None:
            yield GaugeMetricFamily(
                "portal_jobs_silent_seconds",
                "Seconds since the jobs process gave a sign of life",
                (now - seen).total_seconds(),
            )


def exposition(session: Session) -> bytes:
    """Everything in the text format of Prometheus; over all web processes of this machine."""
    registry = REQUESTS
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    work = CollectorRegistry()
    work.register(_WorkCollector(session))
    return generate_latest(registry) + generate_latest(work)
