"""One jobs process per installation: a file lock beside SQLite, an advisory lock in PostgreSQL.

Both vanish with their holder, however it dies. The file lock proves that the holder is dead; the
advisory lock only that its connection is, so a task of the former holder may still be running.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, func, select

ADVISORY_KEY = 135_0001


class RunnerLock(Protocol):
    """`proves_death`: whoever gets the lock knows that the former holder has ended."""

    proves_death: bool

    def acquire(self) -> bool: ...

    def is_held(self) -> bool: ...

    def release(self) -> None: ...


class FileLock:
    """A lock on a file in the data directory of this machine."""

    proves_death = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def is_held(self) -> bool:
        return self._file is not None

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class AdvisoryLock:
    """A lock of a PostgreSQL session that is kept open for nothing else."""

    proves_death = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        connection = self._engine.connect()
        if connection.execute(select(func.pg_try_advisory_lock(ADVISORY_KEY))).scalar():
            self._connection = connection
            return True
        connection.close()
        return False

    def is_held(self) -> bool:
        """Ask over the lock's own connection; raises when the connection is gone."""
        return self._connection is not None and self._connection.execute(select(1)).scalar() == 1

    def release(self) -> None:
        if self._connection is not None:
            self._connection.execute(select(func.pg_advisory_unlock(ADVISORY_KEY)))
            self._connection.close()
            self._connection = None


def runner_lock(engine: Engine, data_dir: Path) -> RunnerLock:
    """The lock that fits the database."""
    if engine.dialect.name == "sqlite":
        return FileLock(data_dir / "jobs.lock")
    return AdvisoryLock(engine)
