"""The one place for what differs between databases: bulk loading, upserts, exact arithmetic."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Join, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles

from app.kernel.exact import scaled_difference, scaled_quotient


def bulk_insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Append rows in storage form (dates as ISO texts, code lists as names), the fastest way.

    PostgreSQL: COPY, which takes an iterator without holding its rows. SQLite: one prepared statement. Neither applies the columns' Python types
    or defaults.
    """
    if not rows:
        return
    preparer = connection.dialect.identifier_preparer
    name = preparer.format_table(table)
    names = ", ".join(preparer.quote(column) for column in columns)
    if connection.dialect.name == "postgresql":
        driver = connection.connection.driver_connection
        assert driver is not None
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(columns))
    connection.exec_driver_sql(
        f"INSERT INTO {name} ({names}) VALUES ({places})",  # noqa: S608 -- names of our metadata
        list(rows),
    )


def refresh_statistics(connection: Connection, table: Table) -> None:
    """Tell PostgreSQL's planner about a table that has just been filled; SQLite needs none."""
    if connection.dialect.name == "postgresql":
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f"ANALYZE {name}")


def refresh_all_statistics(connection: Connection) -> None:
    """Tell the planner what all tables hold. SQLite never does so by itself, and chooses a bad
    order of joins without; a sample of each index suffices and takes moments.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
    connection.exec_driver_sql("ANALYZE")


def add_exact_arithmetic(connection: sqlite3.Connection) -> None:
    """Give SQLite the functions of `app.kernel.sql` that need numbers beyond 64 bits."""
    connection.create_function("scaled_quotient", 5, scaled_quotient, deterministic=True)
    connection.create_function("scaled_difference", 5, scaled_difference, deterministic=True)


def upsert(
    connection: Connection,
    table: Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Select[Any],
    *,
    values: Callable[[Any], Mapping[str, Any]] | None = None,
) -> None:
    """INSERT … SELECT … ON CONFLICT (keys) DO UPDATE, or DO NOTHING when all columns are keys.

    `rows` yields `columns` in order; `values`, called with the new row, replaces what a
    conflicting row gets. Never count its rowcount as rows created.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table).from_select(list(columns), rows)
    changes = {
        name: getattr(statement.excluded, name) for name in columns if name not in keys
    } | dict(values(statement.excluded) if values else {})
    if changes:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=changes)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    connection.execute(statement)


def insert_missing(
    connection: Connection, table: Table, keys: Sequence[str], rows: Select[Any]
) -> int:
    """INSERT … SELECT … ON CONFLICT (keys) DO NOTHING; how many rows were new.

    The columns are those of `rows`, by name.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    names = [column.key for column in rows.selected_columns]
    statement: Any = dialect.insert(table).from_select(names, rows)
    statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    inserted = connection.execute(statement.execution_options(preserve_rowcount=True))
    return inserted.rowcount


def upsert_rows(
    connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """INSERT … ON CONFLICT (keys) DO UPDATE for values at hand; all rows have the same columns.

    A changed record's version goes up, so that an open form notices.
    """
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table)
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if "version" in table.c:
        changes["version"] = table.c.version + 1
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(keys), set_=changes), list(rows)
    )


class OrderedJoin(Join):
    """An inner join that SQLite reads from left to right.

    Without statistics of tables that grew since they were last gathered it may choose an order
    that looks through a whole company for every row. PostgreSQL decides by itself.
    """

    inherit_cache = True

    def __init__(self, left: FromClause, right: FromClause, condition: ColumnElement[bool]) -> None:
        super().__init__(left, right, condition)


@compiles(OrderedJoin)
def _joined(join: OrderedJoin, compiler: Any, **options: Any) -> str:
    written: str = compiler.visit_join(join, **options)
    return written


@compiles(OrderedJoin, "sqlite")
def _cross_joined(join: OrderedJoin, compiler: Any, **options: Any) -> str:
    """SQLite: CROSS JOIN is the join that keeps its order."""
    options |= {"asfrom": True}
    left = join.left._compiler_dispatch(compiler, **options)
    right = join.right._compiler_dispatch(compiler, **options)
    condition = compiler.process(join.onclause, **options)
    return f"{left} CROSS JOIN {right} ON {condition}"
