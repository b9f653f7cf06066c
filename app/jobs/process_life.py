"""The jobs process says that it lives, so that pages can tell when nobody works."""

from __future__ import annotations

import datetime as dt
import os
import socket
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import OperationalError

from app.jobs.task_claims import without_waiting
from app.kernel.period import utc_now
from app.models import JobsProcess

THE_ROW = 1
SILENT_SECONDS = 90
"""Signs of life come every ten seconds, except while SQLite is being written."""

_process = JobsProcess.__table__


@dataclass(frozen=True, slots=True)
class ProcessLife:
    """What is known of the jobs process; times as stored (UTC)."""

    started_at: dt.datetime
    seen_at: dt.datetime
    ended_at: dt.datetime | None
    is_alive: bool


def start_life(engine: Engine) -> None:
    """Whoever holds the lock writes itself down."""
    now = utc_now()
    values = {
        "host": socket.gethostname()[:100],
        "pid": os.getpid(),
        "started_at": now,
        "seen_at": now,
        "ended_at": None,
    }
    with engine.begin() as connection:
        written = connection.execute(
            update(_process).where(_process.c.id == THE_ROW).values(values)
        )
        if not written.rowcount:
            connection.execute(insert(_process).values(id=THE_ROW, **values))


def sign_of_life(engine: Engine) -> None:
    """Skipped where the database is busy."""
    statement = update(_process).where(_process.c.id == THE_ROW, _process.c.pid == os.getpid())
    try:
        with without_waiting(engine) as connection:
            connection.execute(statement.values(seen_at=utc_now()))
            connection.commit()
    except OperationalError:
        if engine.dialect.name != "sqlite":
            raise


def end_life(engine: Engine) -> None:
    """The process ends in good order."""
    with engine.begin() as connection:
        connection.execute(
            update(_process)
            .where(_process.c.id == THE_ROW, _process.c.pid == os.getpid())
            .values(ended_at=utc_now())
        )


def process_life(connection: Connection, now: dt.datetime) -> ProcessLife | None:
    """The process at work or the last one; None before the first."""
    row = connection.execute(select(_process).where(_process.c.id == THE_ROW)).first()
    if row is None:
        return None
    is_fresh = now - row.seen_at < dt.timedelta(seconds=SILENT_SECONDS)
    return ProcessLife(row.started_at, row.seen_at, row.ended_at, row.ended_at is None and is_fresh)
