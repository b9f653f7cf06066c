"""What a database holds: rows and a content hash per table, equal on SQLite and PostgreSQL.

A row is hashed in a normal form that does not depend on the database: columns by name, booleans
as 0/1, times and dates as ISO text, JSON with sorted keys. The hash of a table is the sum of the
hashes of its rows (modulo 2^256), so it does not depend on the order of rows either, which text
collations and storage decide differently.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

ROWS_AT_ONCE = 5_000
MODULUS = 2**256
REVISION_TABLE = "alembic_version"

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: plain, boolean, time, date, json or decimal."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Digest:
    """`rows` and the hexadecimal `hash` of a table's content."""

    rows: int
    hash: str


Contents = Mapping[str, Digest]
"""Table → digest."""

KINDS = {
    "boolean": "boolean",
    "datetime": "time",
    "timestamp without time zone": "time",
    "date": "date",
    "json": "json",
    "jsonb": "json",
    "numeric": "decimal",
    "float": "decimal",
    "double precision": "decimal",
}


def kind_of(declared: str) -> str:
    """The kind of a column from the type the database declares for it."""
    return KINDS.get(declared.partition("(")[0].strip().lower(), "plain")


def _time(value: Any) -> str:
    text = value if isinstance(value, str) else value.isoformat(sep=" ", timespec="microseconds")
    return text if "." in text else f"{text}.000000"


def _date(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _json(value: Any) -> str:
    known = json.loads(value) if isinstance(value, str) else value
    return json.dumps(known, sort_keys=True, ensure_ascii=False)


def _decimal(value: Any) -> str:
    return f"{Decimal(str(value)):.6f}"


NORMAL: Mapping[str, Callable[[Any], Any]] = {
    "boolean": int,
    "time": _time,
    "date": _date,
    "json": _json,
    "decimal": _decimal,
}


class Digester:
    """Adds up the rows of one table, given in the order of `columns`."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.rows = 0
        self._sum = 0
        self._order = sorted(range(len(columns)), key=lambda place: columns[place].name)
        self._normal = [
            (place, NORMAL[column.kind])
            for place, column in enumerate(columns)
            if column.kind in NORMAL
        ]

    def add(self, row: Row) -> None:
        values = list(row)
        for place, normal in self._normal:
            if values[place] is not None:
                values[place] = normal(values[place])
        text = repr([values[place] for place in self._order])
        self._sum += int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest())
        self.rows += 1

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, added up as they pass."""
        for row in rows:
            self.add(row)
            yield row

    @property
    def digest(self) -> Digest:
        return Digest(self.rows, f"{self._sum % MODULUS:064x}")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def columns_of(driver: Any, table: str, *, is_sqlite: bool) -> list[Column]:
    """The columns of a table as the database itself knows them."""
    if is_sqlite:
        found = driver.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
        return [Column(row[1], kind_of(row[2])) for row in found]
    found = driver.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    return [Column(row[0], kind_of(row[1])) for row in found]


def tables_of(driver: Any, *, is_sqlite: bool) -> list[str]:
    """The names of all tables, in order."""
    if is_sqlite:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
            " ESCAPE '\\'"
        )
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return sorted(row[0] for row in driver.execute(query).fetchall())


def rows_of(
    driver: Any, table: str, columns: Sequence[Column], *, is_sqlite: bool
) -> Generator[Row, None, None]:
    """Every row of a table as the driver gives it, without holding them all."""
    names = ", ".join(
        # As text, so that the driver does not make an object of it first.
        f"{quoted(column.name)}::text"
        if column.kind == "json" and not is_sqlite
        else quoted(column.name)
        for column in columns
    )
    query = f"SELECT {names} FROM {quoted(table)}"  # noqa: S608 -- names of the database itself
    cursor = driver.cursor() if is_sqlite else driver.cursor(name="portal_rows")
    try:
        cursor.execute(query)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows
    finally:
        cursor.close()


def table_digest(driver: Any, table: str, *, is_sqlite: bool) -> Digest:
    """Rows and hash of one table."""
    columns = columns_of(driver, table, is_sqlite=is_sqlite)
    digester = Digester(columns)
    for row in rows_of(driver, table, columns, is_sqlite=is_sqlite):
        digester.add(row)
    return digester.digest


def contents_of(driver: Any, *, is_sqlite: bool) -> dict[str, Digest]:
    """Rows and hash of every table of an open connection of the driver (DB-API).

    On PostgreSQL inside a transaction; REPEATABLE READ makes it one moment.
    """
    return {
        table: table_digest(driver, table, is_sqlite=is_sqlite)
        for table in tables_of(driver, is_sqlite=is_sqlite)
    }


def revision_of(driver: Any, *, is_sqlite: bool) -> str | None:
    """The migration the database stands at; None before the first."""
    if REVISION_TABLE not in tables_of(driver, is_sqlite=is_sqlite):
        return None
    row = driver.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchone()  # noqa: S608
    return None if row is None else str(row[0])


def differences(before: Contents, after: Contents) -> list[str]:
    """A line per table whose content is not the same."""
    lines = []
    for table in sorted({*before, *after}):
        old, new = before.get(table), after.get(table)
        if old == new:
            continue
        if old is None or new is None:
            lines.append(f"{table}: only {'here' if old is None else 'there'}")
        elif old.rows != new.rows:
            lines.append(f"{table}: {old.rows} rows became {new.rows}")
        else:
            lines.append(f"{table}: the same number of rows ({old.rows}) with other content")
    return lines
