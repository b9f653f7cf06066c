"""Makes a backup while people work: one moment of the database, then the uploaded files.

SQLite: its online backup in one step, which reads a snapshot beside the writers. PostgreSQL:
pg_dump over an exported snapshot, in which the rows are counted and hashed too. The archive gets
its name only when it is complete and on the disk.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import platform
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from app.kernel.db import db, read_only
from app.operation import postgresql_programs
from app.operation.archive import (
    FILES,
    MANIFEST,
    POSTGRESQL_MEMBER,
    SIGNATURE,
    SQLITE_MEMBER,
    Manifest,
    add_member,
    signature,
)
from app.operation.contents import Digest, contents_of, revision_of
from app.operation.refusal import OperationRefused

log = logging.getLogger(__name__)

KEPT_FOLDERS = ("uploads", "exports")
"""What of the data folder belongs to the data: files that rows point at."""
PATTERN = "portal-*.zip"
DRAFT_PREFIX = ".backup-"
PACKAGES = ("flask", "flask-appbuilder", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database as a file, and what is in it."""

    member: str
    path: Path
    revision: str
    tables: dict[str, Digest]
    engine_version: str


def backup_folder(app: Flask) -> Path:
    """Where the nightly backups lie: PORTAL_BACKUP_DIR, or `backups` in the data folder."""
    chosen = app.config["PORTAL_BACKUP_DIR"]
    return Path(chosen) if chosen else Path(app.config["PORTAL_DATA_DIR"], "backups")


def create_backup(app: Flask, folder: Path | None = None) -> Path:
    """A new archive in `folder` (default: that of the nightly backups); its path.

    In the default folder only the newest PORTAL_BACKUPS_KEPT archives stay.
    Errors: `OperationRefused`, `OSError`.
    """
    target_folder = folder or backup_folder(app)
    target_folder.mkdir(parents=True, exist_ok=True)
    moment = dt.datetime.now(dt.UTC)
    _remove_unfinished(target_folder, moment)
    target = target_folder / f"portal-{moment:%Y%m%dT%H%M%S%fZ}.zip"
    with (
        tempfile.TemporaryDirectory(prefix=DRAFT_PREFIX, dir=target_folder) as work,
        app.app_context(),
    ):
        snapshot = _snapshot(db.engine, Path(work))
        draft = Path(work, "draft.zip")
        _write(app, draft, snapshot, moment)
        draft.replace(target)
    _sync(target_folder)
    if folder is None:
        remove_oldest(target_folder, app.config["PORTAL_BACKUPS_KEPT"])
    log.info("backup written: %s", target.name)
    return target


def remove_oldest(folder: Path, kept: int) -> None:
    """Leave the newest `kept` archives; names sort by time."""
    for path in sorted(folder.glob(PATTERN))[:-kept]:
        path.unlink(missing_ok=True)


def _remove_unfinished(folder: Path, moment: dt.datetime) -> None:
    """What a backup that was killed left behind a day ago or earlier."""
    for path in folder.glob(f"{DRAFT_PREFIX}*"):
        if moment.timestamp() - path.stat().st_mtime > 86_400:
            shutil.rmtree(path, ignore_errors=True)


def _snapshot(engine: Engine, work: Path) -> Snapshot:
    if engine.dialect.name == "sqlite":
        return _sqlite_snapshot(engine, work / SQLITE_MEMBER)
    return _postgresql_snapshot(engine, work / POSTGRESQL_MEMBER)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A complete SQLite file that nobody else uses, to read."""
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        yield connection


def _sqlite_snapshot(engine: Engine, path: Path) -> Snapshot:
    with read_only(), engine.connect() as connection:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        with closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
    with opened(path) as copy:
        require_sound(copy)
        revision = revision_of(copy, is_sqlite=True)
        _require_tables(revision)
        return Snapshot(
            SQLITE_MEMBER,
            path,
            str(revision),
            contents_of(copy, is_sqlite=True),
            sqlite3.sqlite_version,
        )


def require_sound(copy: sqlite3.Connection) -> None:
    """Errors: `OperationRefused` when SQLite finds damage."""
    try:
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise OperationRefused(f"The SQLite database is damaged: {found}")


def _require_tables(revision: str | None) -> None:
    if revision is None:
        raise OperationRefused("The database holds no portal yet; run `flask portal setup` first.")


def _postgresql_snapshot(engine: Engine, path: Path) -> Snapshot:
    postgresql_programs.program("pg_dump")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        exported = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
        driver = connection.connection.driver_connection
        revision = revision_of(driver, is_sqlite=False)
        _require_tables(revision)
        postgresql_programs.run(
            [
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={exported}",
                f"--file={path}",
            ],
            engine.url,
        )
        server = connection.exec_driver_sql("SHOW server_version").scalar()
        return Snapshot(
            POSTGRESQL_MEMBER,
            path,
            str(revision),
            contents_of(driver, is_sqlite=False),
            str(server),
        )


def _write(app: Flask, draft: Path, snapshot: Snapshot, moment: dt.datetime) -> None:
    data_dir = Path(app.config["PORTAL_DATA_DIR"])
    # The archive holds everything there is about people and customers.
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "w+b") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        members = {snapshot.member: add_member(archive, snapshot.path, snapshot.member)}
        for path in _files(data_dir):
            name = FILES + path.relative_to(data_dir).as_posix()
            # A file whose time was over a moment ago: its row says so as well.
            if path.exists():
                members[name] = add_member(archive, path, name)
        text = Manifest(
            database="sqlite" if snapshot.member == SQLITE_MEMBER else "postgresql",
            revision=snapshot.revision,
            made_at=moment.isoformat(timespec="seconds"),
            versions={
                "python": platform.python_version(),
                "database": snapshot.engine_version,
                **{name: version(name) for name in PACKAGES},
            },
            tables=snapshot.tables,
            members=members,
        ).to_json()
        archive.writestr(MANIFEST, text)
        archive.writestr(SIGNATURE, signature(text, app.config["SECRET_KEY"]))
        archive.close()
        file.flush()
        os.fsync(file.fileno())


def _files(data_dir: Path) -> list[Path]:
    return sorted(
        path
        for name in KEPT_FOLDERS
        for path in (data_dir / name).rglob("*")
        if path.is_file() and path.suffix != ".part"
    )


def _sync(folder: Path) -> None:
    """Put the folder's new name on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
