"""`flask scale distribute`: reads what the database is, carries the plan out, compares the totals.

Each statement is a transaction of its own, so an interrupted run is simply started again; it asks
for its locks at most `LOCK_SECONDS` and then gives up without harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.exc import DBAPIError

from app.kernel.columns import Distribution
from app.kernel.db import read_only
from app.operation.contents import columns_of, quoted
from app.operation.distribution_plan import (
    ForeignKey,
    Live,
    distribution_of,
    live_problems,
    plan,
    problems,
)
from app.operation.refusal import OperationRefused

LOCK_SECONDS = 10
SETTINGS = (
    f"SET lock_timeout = '{LOCK_SECONDS}s'",
    "SET search_path TO {schema}, pg_catalog",
)
Say = Callable[[str], None]
Totals = dict[str, tuple[int, int]]
"""Table → (rows, sum of the hashes of its rows)."""

FOREIGN_KEYS = """
SELECT owner.relname, c.conname, target.relname, array(
    SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
)
FROM pg_constraint c
JOIN pg_class owner ON owner.oid = c.conrelid
JOIN pg_class target ON target.oid = c.confrelid
WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace
ORDER BY 1, 2
"""
PRIMARY_KEYS = """
SELECT t.relname, c.conname, array_agg(a.attname::text ORDER BY k.place)
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, place)
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
WHERE c.contype = 'p' AND c.connamespace = current_schema()::regnamespace
GROUP BY t.relname, c.conname
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
SPREAD = """
SELECT c.relname, p.partmethod, p.repmodel
FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
"""
COORDINATOR = "SELECT count(*) FROM pg_dist_node WHERE groupid = 0"


def read_live(connection: Connection) -> Live:
    """What the database is now; without Citus no table is spread."""
    rows = connection.exec_driver_sql
    return Live(
        frozenset(rows(TABLES).scalars()),
        {table: (name, tuple(columns)) for table, name, columns in rows(PRIMARY_KEYS)},
        tuple(
            ForeignKey(table, name, target, frozenset(columns))
            for table, name, target, columns in rows(FOREIGN_KEYS)
        ),
        _spread(connection) if has_citus(connection) else {},
    )


def has_citus(connection: Connection) -> bool:
    found = connection.exec_driver_sql("SELECT to_regclass('pg_dist_partition')").scalar()
    return found is not None


def _spread(connection: Connection) -> dict[str, Distribution]:
    """Citus: method h = by hash of a column; n with replication t = a reference table."""
    kinds = {("h", "s"): Distribution.DISTRIBUTED, ("n", "t"): Distribution.REFERENCE}
    return {
        name: kinds[method, model]
        for name, method, model in connection.exec_driver_sql(SPREAD)
        if (method, model) in kinds
    }


def preflight(connection: Connection, metadata: MetaData) -> Live:
    """The state of the database, if it can be distributed. Errors: `OperationRefused`."""
    live = read_live(connection)
    found = problems(metadata) + live_problems(metadata, live)
    if found:
        raise OperationRefused("Nothing was done:\n  " + "\n  ".join(found))
    return live


def require_citus(connection: Connection) -> None:
    """Errors: `OperationRefused` without the extension, or without the coordinator as a node."""
    if not has_citus(connection):
        raise OperationRefused(
            "The database has no Citus: install it on every node and run"
            " `CREATE EXTENSION citus` first (docs/operations.md)."
        )
    if not connection.exec_driver_sql(COORDINATOR).scalar():
        raise OperationRefused(
            "The coordinator is not known to Citus; run"
            " `SELECT citus_set_coordinator_host('<its name>')` first."
        )


def totals(connection: Connection, metadata: MetaData) -> Totals:
    """Rows and a checksum of every table that is spread; the same before and after."""
    found: Totals = {}
    driver = connection.connection.driver_connection
    for table in metadata.sorted_tables:
        if distribution_of(table) is Distribution.LOCAL:
            continue
        columns = sorted(column.name for column in columns_of(driver, table.name, is_sqlite=False))
        listed = ", ".join(quoted(name) for name in columns)
        query = (
            f"SELECT count(*), coalesce(sum(hashtextextended(ROW({listed})::text, 0)::numeric), 0)"  # noqa: S608
            f" FROM {quoted(table.name)}"
        )
        rows, checksum = connection.exec_driver_sql(query).one()
        found[table.name] = (int(rows), int(checksum))
    return found


def dry_run(engine: Engine, metadata: MetaData) -> list[str]:
    """The statements that would be run. Errors: `OperationRefused`."""
    _require_postgresql(engine)
    with read_only(), engine.connect() as connection:
        live = preflight(connection, metadata)
        return [*_settings(connection), *plan(metadata, live, engine.dialect)]


def distribute(engine: Engine, metadata: MetaData, say: Say) -> int:
    """Carry out what is missing; how many statements. Errors: `OperationRefused`."""
    _require_postgresql(engine)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        live = preflight(connection, metadata)
        require_citus(connection)
        statements = plan(metadata, live, engine.dialect)
        if not statements:
            say("All tables are where they belong; there is nothing to do.")
            return 0
        for statement in _settings(connection):
            connection.exec_driver_sql(statement)
        before = totals(connection, metadata)
        for number, statement in enumerate(statements, 1):
            say(f"[{number}/{len(statements)}] {statement}")
            _run(connection, statement)
        after = totals(connection, metadata)
    wrong = [name for name in before if before[name] != after[name]]
    if wrong:
        raise OperationRefused(
            f"These tables do not hold what they held: {', '.join(wrong)}. Stop the portal and put"
            " the backup back."
        )
    say(
        f"{len(before)} tables hold what they held: {sum(rows for rows, _ in after.values())} rows."
    )
    return len(statements)


def _settings(connection: Connection) -> list[str]:
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    return [setting.format(schema=schema) for setting in SETTINGS]


def _run(connection: Connection, statement: str) -> None:
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise OperationRefused(
            f"{statement}\n{str(error.orig).strip()}\nWhat was done stays; run the command again."
        ) from error


def _require_postgresql(engine: Any) -> None:
    if engine.dialect.name != "postgresql":
        raise OperationRefused(
            "Only a PostgreSQL database can be distributed; move it there first."
        )
