"""The database handle and how SQLite is opened.

SQLite's default transaction mode lets two writers read the same row and silently lose one of the
updates. Here a transaction says at its BEGIN what it is: a reader (GET requests: plain BEGIN with
`query_only`, so it can neither block nor write) or a writer (everything else: BEGIN IMMEDIATE,
which waits its turn). PostgreSQL needs none of this.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import has_request_context, request
from flask_appbuilder import Model
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine, event

from app.kernel.dialect import add_exact_arithmetic

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# Before FAB's own tables are declared, so that theirs follow the convention too.
Model.metadata.naming_convention = NAMING_CONVENTION

db = SQLAlchemy(model_class=Model)
migrate = Migrate(compare_type=True, render_as_batch=True)
csrf = CSRFProtect()

SQLITE_BUSY_TIMEOUT_MS = 20_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_read_only: ContextVar[bool | None] = ContextVar("read_only", default=None)


@contextmanager
def read_only() -> Iterator[None]:
    """Transactions begun inside the block are readers (commands, jobs and tests)."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


def is_read_only() -> bool:
    explicit = _read_only.get()
    if explicit is not None:
        return explicit
    return has_request_context() and request.method in SAFE_METHODS


@event.listens_for(Engine, "connect")
def _open_sqlite(dbapi_connection: Any, connection_record: Any) -> None:
    if not isinstance(dbapi_connection, sqlite3.Connection):
        return
    dbapi_connection.isolation_level = None  # the begin event below is the only one to say BEGIN
    for pragma in (
        f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-32768",
        "temp_store=MEMORY",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")
    add_exact_arithmetic(dbapi_connection)
    connection_record.info["query_only"] = False


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name != "sqlite":
        return
    reading = is_read_only()
    info = connection.connection.record_info
    if info.get("query_only") is not reading:
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        info["query_only"] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
