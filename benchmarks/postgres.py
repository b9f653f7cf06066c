"""A PostgreSQL server of the benchmarks' own: the tests' one, with the settings of a real one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.database import Postgres


class BenchmarkServer(Postgres):
    """Writes survive a power cut, as in production; memory as a small server would be given."""

    settings = "max_connections=200\nshared_buffers=512MB\nwork_mem=32MB\nmax_wal_size=4GB\n"


@contextmanager
def running_server() -> Iterator[Callable[[], str]]:
    """A function that makes an empty database and gives its URL."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        path = Path(folder)
        path.chmod(0o755)  # the server may be another user
        server = BenchmarkServer(path / "pg")
        server.start()
        numbers = count(1)

        def new_database() -> str:
            name = f"b{next(numbers)}"
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            return server.address(name)

        try:
            yield new_database
        finally:
            server.stop()
