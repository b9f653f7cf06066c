"""Puts a backup back, all of it or nothing, and proves it by counting and hashing again.

SQLite: the database is made beside the present one, compared with the manifest, and takes its
place in one step; the replaced file is kept. PostgreSQL: one transaction removes the old tables
and fills the new ones. Uploaded files are added first; none is ever removed or overwritten.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, Engine

from app.jobs.runner_lock import runner_lock
from app.kernel.db import db, migrate, read_only
from app.operation import postgresql_programs
from app.operation.archive import Manifest, extract, extract_files, read_manifest
from app.operation.backup import opened, require_sound
from app.operation.contents import contents_of, differences, quoted, revision_of, tables_of
from app.operation.refusal import OperationRefused
from app.security.chain_witness import forget_witness


@dataclass(frozen=True, slots=True)
class Restored:
    """`replaced`: where the former SQLite database is now. `needs_upgrade`: an older schema."""

    manifest: Manifest
    files: int
    replaced: Path | None
    needs_upgrade: bool


def verify_backup(app: Flask, path: Path, *, other_key: bool = False) -> Manifest:
    """Check every byte of a backup; a SQLite database is opened, counted and hashed as well.

    Errors: `OperationRefused`.
    """
    manifest = read_manifest(path, app.config["SECRET_KEY"], other_key=other_key)
    with tempfile.TemporaryDirectory(prefix="portal-verify-") as work:
        database = Path(work, manifest.database_member)
        extract(path, manifest.database_member, database)
        if manifest.database == "sqlite":
            require_contents(database, manifest)
    return manifest


def require_contents(database: Path, manifest: Manifest) -> None:
    """The SQLite file holds what the manifest says. Errors: `OperationRefused`."""
    with opened(database) as copy:
        require_sound(copy)
        wrong = differences(manifest.tables, contents_of(copy, is_sqlite=True))
    if wrong:
        raise OperationRefused("The backup does not hold what it says: " + "; ".join(wrong))


def restore_backup(
    app: Flask, path: Path, *, replace: bool = False, other_key: bool = False
) -> Restored:
    """Put the backup at `path` in the place of the portal's database.

    `replace` is needed where people or companies exist already. Errors: `OperationRefused`,
    before anything is changed.
    """
    manifest = read_manifest(path, app.config["SECRET_KEY"], other_key=other_key)
    with app.app_context():
        engine = db.engine
        _require_same_database(engine, manifest)
        revisions = _known_revisions()
        if manifest.revision not in revisions:
            raise OperationRefused(
                f"The backup has schema {manifest.revision}, which this release does not know."
                " Install the release that made it, or a newer one."
            )
        with _jobs_stopped(app, engine):
            if engine.dialect.name == "sqlite":
                files, replaced = _restore_sqlite(app, engine, path, manifest, replace=replace)
            else:
                files, replaced = _restore_postgresql(app, engine, path, manifest, replace=replace)
        forget_witness(Path(app.config["PORTAL_DATA_DIR"]))
        return Restored(manifest, files, replaced, manifest.revision != revisions[0])


def _require_same_database(engine: Engine, manifest: Manifest) -> None:
    if manifest.database != engine.dialect.name:
        raise OperationRefused(
            f"The backup is of {manifest.database}, the portal's database is"
            f" {engine.dialect.name}. Restore it to a {manifest.database} database;"
            " `flask portal move` carries SQLite over to PostgreSQL."
        )


def _known_revisions() -> list[str]:
    """The schema's revisions, the present one first."""
    scripts = ScriptDirectory.from_config(migrate.get_config())
    return [script.revision for script in scripts.walk_revisions()]


@contextmanager
def _jobs_stopped(app: Flask, engine: Engine) -> Iterator[None]:
    lock = runner_lock(engine, Path(app.config["PORTAL_DATA_DIR"]))
    if not lock.acquire():
        raise OperationRefused("The jobs process is at work. Stop it and the web server first.")
    try:
        yield
    finally:
        lock.release()


def require_replaceable(people: int, companies: int, *, replace: bool) -> None:
    """Errors: `OperationRefused` when somebody's data would be replaced unasked."""
    if (people or companies) and not replace:
        raise OperationRefused(
            f"The database holds {companies} companies and {people} people. With --yes they are"
            " replaced by the backup."
        )


def _restore_sqlite(
    app: Flask, engine: Engine, path: Path, manifest: Manifest, *, replace: bool
) -> tuple[int, Path | None]:
    assert engine.url.database
    target = Path(engine.url.database).resolve()
    engine.dispose()
    exists = target.exists() and target.stat().st_size > 0
    if exists:
        require_replaceable(*_holds(target), replace=replace)
    draft = target.with_name(f"{target.name}.restoring")
    draft.unlink(missing_ok=True)
    try:
        extract(path, manifest.database_member, draft)
        require_contents(draft, manifest)
        _sync(draft)
        files = extract_files(path, manifest, Path(app.config["PORTAL_DATA_DIR"]))
        replaced = _put_in_place(draft, target, exists=exists)
    finally:
        draft.unlink(missing_ok=True)
    return files, replaced


def _holds(target: Path) -> tuple[int, int]:
    """(people, companies) of a SQLite database."""
    with closing(sqlite3.connect(f"{target.as_uri()}?mode=ro", uri=True)) as connection:
        tables = tables_of(connection, is_sqlite=True)
        people, companies = (
            connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]  # noqa: S608
            if name in tables
            else 0
            for name in ("ab_user", "company")
        )
    return people, companies


def _put_in_place(draft: Path, target: Path, *, exists: bool) -> Path | None:
    """Rename the finished database over the old one, which keeps a second name."""
    if not exists:
        draft.replace(target)
        return None
    _close_journal(target)
    shutil.copymode(target, draft)
    now = dt.datetime.now(dt.UTC)
    replaced = target.with_name(f"{target.name}.replaced-{now:%Y%m%dT%H%M%S%fZ}")
    replaced.hardlink_to(target)
    draft.replace(target)
    _sync(target.parent)
    return replaced


def _close_journal(target: Path) -> None:
    """Fold the write-ahead log into the old file; it must not be taken for that of the new one.

    Leaving the WAL mode needs the database for oneself, which proves that no process has it open.
    """
    try:
        with closing(sqlite3.connect(target, timeout=2)) as connection:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError:
        mode = "locked"
    if mode != "delete":
        raise OperationRefused("Another process has the database open. Stop the web server first.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _restore_postgresql(
    app: Flask, engine: Engine, path: Path, manifest: Manifest, *, replace: bool
) -> tuple[int, None]:
    for name in ("pg_restore", "psql"):
        postgresql_programs.program(name)
    with read_only(), engine.connect() as connection:
        driver = connection.connection.driver_connection
        tables = tables_of(driver, is_sqlite=False)
        require_replaceable(
            *(_count(connection, name, tables) for name in ("ab_user", "company")),
            replace=replace,
        )
    with tempfile.TemporaryDirectory(prefix="portal-restore-") as work:
        dump, script = Path(work, manifest.database_member), Path(work, "restore.sql")
        extract(path, manifest.database_member, dump)
        postgresql_programs.run(
            ["pg_restore", "--no-owner", "--no-privileges", "--file=-", str(dump)],
            engine.url,
            output=script,
        )
        files = extract_files(path, manifest, Path(app.config["PORTAL_DATA_DIR"]))
        names = ", ".join(quoted(name) for name in tables)
        # A web server that still works holds locks: give up rather than wait for its end.
        drop = (
            ["--command", f"SET LOCAL lock_timeout = '30s'; DROP TABLE {names} CASCADE"]
            if tables
            else []
        )
        postgresql_programs.run(
            [
                "psql",
                "--no-psqlrc",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                "--single-transaction",
                *drop,
                f"--file={script}",
            ],
            engine.url,
        )
    with read_only(), engine.connect() as connection:
        driver = connection.connection.driver_connection
        after = contents_of(driver, is_sqlite=False)
        assert revision_of(driver, is_sqlite=False) == manifest.revision
    wrong = differences(manifest.tables, after)
    if wrong:
        raise OperationRefused(
            "The database was restored, but it is not what was backed up: " + "; ".join(wrong)
        )
    return files, None


def _count(connection: Connection, table: str, tables: list[str]) -> int:
    if table not in tables:
        return 0
    count: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
    return count
