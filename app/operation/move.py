"""Carries an SQLite portal over to an empty PostgreSQL database, compared row by row.

The target is migrated first, which may be repeated; then every table is copied in one transaction,
in the order of the foreign keys, and hashed on both sides before it is committed. A move that ends
early leaves an empty schema, and simply runs again. The source is only read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, Sequence, Table, select
from sqlalchemy.exc import DBAPIError

from app.jobs.runner_lock import runner_lock
from app.kernel.db import db, read_only
from app.kernel.dialect import bulk_insert, refresh_statistics
from app.operation.contents import (
    REVISION_TABLE,
    Digest,
    Digester,
    columns_of,
    quoted,
    revision_of,
    rows_of,
    table_digest,
    tables_of,
)
from app.operation.refusal import OperationRefused
from config import database_url

Say = Callable[[str], None]


def move_portal(app: Flask, target: str, say: Say) -> dict[str, Digest]:
    """Copy the portal's database to the PostgreSQL address `target`; table → what was copied.

    Errors: `OperationRefused`; the target is then as it was, at most with empty tables.
    """
    from app import create_app

    try:
        url = database_url(target)
    except ValueError as error:
        raise OperationRefused(f"--to: {error}") from None
    if not url.startswith("postgresql"):
        raise OperationRefused("--to must be the address of a PostgreSQL database.")
    with app.app_context():
        source_path = _source(db.engine)
    lock = runner_lock(_engine(app), Path(app.config["PORTAL_DATA_DIR"]))
    if not lock.acquire():
        raise OperationRefused("The jobs process is at work. Stop it and the web server first.")
    other = create_app({**app.config, "SQLALCHEMY_DATABASE_URI": url, "PORTAL_DATABASE_URL": url})
    try:
        with other.app_context():
            engine = db.engine
            _require_empty(engine)
            say("Making the tables …")
            upgrade()
            with closing(_opened(source_path)) as source:
                _require_same_schema(source, engine)
                return _copied(source, engine, say)
    except DBAPIError as error:
        raise OperationRefused(f"PostgreSQL refused: {str(error.orig).strip()}") from error
    finally:
        lock.release()
        with other.app_context():
            db.engine.dispose()


def _engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def _source(engine: Engine) -> Path:
    if engine.dialect.name != "sqlite" or not engine.url.database:
        raise OperationRefused("The portal's database is not SQLite; there is nothing to move.")
    return Path(engine.url.database).resolve()


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)


def _require_empty(engine: Engine) -> None:
    with read_only(), engine.connect() as connection:
        driver = connection.connection.driver_connection
        full = [
            table
            for table in tables_of(driver, is_sqlite=False)
            if table != REVISION_TABLE
            and connection.exec_driver_sql(f"SELECT 1 FROM {quoted(table)} LIMIT 1").first()  # noqa: S608
        ]
    if full:
        raise OperationRefused(
            f"The target is not empty: {', '.join(full[:5])}"
            f"{' and others' if len(full) > 5 else ''} hold rows. Name an empty database."
        )


def _require_same_schema(source: sqlite3.Connection, engine: Engine) -> None:
    with read_only(), engine.connect() as connection:
        there = revision_of(connection.connection.driver_connection, is_sqlite=False)
    here = revision_of(source, is_sqlite=True)
    if here != there:
        raise OperationRefused(
            f"The portal's database has schema {here}, this release {there}: run"
            " `flask portal setup` first."
        )
    known = {table.name for table in db.metadata.sorted_tables} | {REVISION_TABLE}
    if strange := sorted(set(tables_of(source, is_sqlite=True)) - known):
        raise OperationRefused(
            f"The portal's database has tables of somebody else: {', '.join(strange)}."
        )


def _copied(source: sqlite3.Connection, engine: Engine, say: Say) -> dict[str, Digest]:
    tables = db.metadata.sorted_tables
    copied: dict[str, Digest] = {}
    version = _version(source)
    source.execute("BEGIN")
    with engine.begin() as connection:
        for number, table in enumerate(tables, 1):
            digest = _copy_table(source, connection, table)
            copied[table.name] = digest
            if digest.rows:
                say(f"[{number}/{len(tables)}] {table.name}: {digest.rows} rows, equal")
        for table in tables:
            _set_sequences(connection, table)
        source.execute("COMMIT")
        if _version(source) != version:
            raise OperationRefused(
                "Somebody saved while the portal was moved; nothing was moved. Stop the web server"
                " and try again."
            )
    with engine.begin() as connection:
        for table in tables:
            refresh_statistics(connection, table)
    say(f"{sum(digest.rows for digest in copied.values())} rows moved and compared.")
    return copied


def _copy_table(source: sqlite3.Connection, connection: Connection, table: Table) -> Digest:
    """COPY a table and hash both sides; the rows of the source are hashed as they pass."""
    columns = columns_of(source, table.name, is_sqlite=True)
    digester = Digester(columns)
    names = [column.name for column in columns]
    try:
        with closing(rows_of(source, table.name, columns, is_sqlite=True)) as rows:
            bulk_insert(connection, table, names, map(tuple, digester.watch(rows)))
    except connection.dialect.loaded_dbapi.Error as error:
        raise OperationRefused(
            f"{table.name}: PostgreSQL refused a row, nothing was moved: {error}"
        ) from error
    here = digester.digest
    driver = connection.connection.driver_connection
    there = table_digest(driver, table.name, is_sqlite=False)
    if here != there:
        raise OperationRefused(
            f"{table.name}: {here.rows} rows became {there.rows} on PostgreSQL, or others. Nothing"
            " was moved."
        )
    return here


def _set_sequences(connection: Connection, table: Table) -> None:
    """The next id of a table follows the highest one."""
    for column in table.columns:
        name = _sequence_of(connection, table, column)
        if name is None:
            continue
        highest = connection.execute(select(column).order_by(column.desc()).limit(1)).scalar()
        if highest is not None:
            connection.exec_driver_sql("SELECT setval(%s, %s)", (name, highest))


def _sequence_of(connection: Connection, table: Table, column: Any) -> str | None:
    """The sequence a column's ids come from: named by FAB, or owned by the column."""
    if isinstance(column.default, Sequence):
        return str(column.default.name)
    found = connection.exec_driver_sql(
        "SELECT pg_get_serial_sequence(%s, %s)", (quoted(table.name), column.name)
    ).scalar()
    return None if found is None else str(found)


def _version(source: sqlite3.Connection) -> int:
    """A number that changes when another connection has written."""
    version: int = source.execute("PRAGMA data_version").fetchone()[0]
    return version
