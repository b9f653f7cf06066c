"""pg_dump, pg_restore and psql: found, and run with the address of a database.

The password goes into the environment, never into the arguments, which other users of the machine
can read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from app.operation.refusal import OperationRefused

SECONDS = 6 * 3600


def program(name: str) -> str:
    """The path of a program of PostgreSQL. Errors: `OperationRefused`."""
    path = shutil.which(name)
    if path is None:
        raise OperationRefused(
            f"The program {name} was not found. Install PostgreSQL's client programs of the"
            " server's version or newer, and put their folder on the PATH."
        )
    return path


def environment(url: URL) -> dict[str, str]:
    """The address of the database as libpq's variables."""
    options = {name: str(value) for name, value in url.query.items()}
    known = {
        "PGHOST": options.get("host") or url.host,
        "PGPORT": options.get("port") or (str(url.port) if url.port else None),
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
        "PGSSLMODE": options.get("sslmode"),
        "PGSSLROOTCERT": options.get("sslrootcert"),
    }
    return {**os.environ, **{name: value for name, value in known.items() if value}}


def run(words: Sequence[str], url: URL, *, output: Path | None = None) -> None:
    """Run one of the programs to its end. Errors: `OperationRefused` with what it said."""
    command = [program(words[0]), *words[1:]]
    with (output or Path(os.devnull)).open("wb") as target:
        done = subprocess.run(  # noqa: S603 -- our own words; names are arguments, not shell text
            command,
            env=environment(url),
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=subprocess.PIPE,
            check=False,
            timeout=SECONDS,
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-2000:]
        raise OperationRefused(f"{words[0]} failed:\n{said}")
