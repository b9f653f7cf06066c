"""What has to be done to spread the tables over several nodes with Citus: from metadata to SQL.

Every table says in its metadata whether it is distributed by company, copied to every node or
local (`app.kernel.columns.Distribution`). The plan is the difference between that and what the
database is now, so it is empty when all is done and continues where it was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, MetaData, Table
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.engine import Dialect

from app.kernel.columns import Distribution

KEY = "company_id"
ANCHOR = "customer"
"""The table whose shards all others lie beside."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key that is there: its owner, its name, the table it leads to, own columns."""

    table: str
    name: str
    target: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Live:
    """What the database is now. `spread`: table → distributed or reference."""

    tables: frozenset[str]
    primary_keys: Mapping[str, tuple[str, tuple[str, ...]]]
    """Table → (name of the constraint, columns)."""
    foreign_keys: tuple[ForeignKey, ...]
    spread: Mapping[str, Distribution] = field(default_factory=dict)


def distribution_of(table: Table) -> Distribution:
    """FAB's own tables declare nothing: they are local."""
    return Distribution(table.info.get("distribution", Distribution.LOCAL.value))


def problems(metadata: MetaData) -> list[str]:
    """What of the metadata cannot be distributed; empty when the portal is as it should be."""
    found = []
    for table in metadata.sorted_tables:
        if distribution_of(table) is not Distribution.DISTRIBUTED:
            found += [
                f"{table.name}: a {distribution_of(table).value} table points at the distributed"
                f" {key.referred_table.name}"
                for key in table.foreign_key_constraints
                if distribution_of(key.referred_table) is Distribution.DISTRIBUTED
            ]
            continue
        if KEY not in table.c or table.c[KEY].nullable:
            found.append(f"{table.name}: a distributed table needs {KEY}, which is never empty")
        found += [
            f"{table.name}: unique ({', '.join(columns)}) does not begin with {KEY}"
            for columns in _unique_columns(table)
            if columns[0] != KEY
        ]
        found += [
            f"{table.name}: a foreign key to {key.referred_table.name} without {KEY}"
            for key in table.foreign_key_constraints
            if distribution_of(key.referred_table) is Distribution.DISTRIBUTED
            and KEY not in _pairs(key)
        ]
        found += [
            f"{table.name}: a foreign key that sets its columns to NULL"
            for key in table.foreign_key_constraints
            if "SET" in (key.ondelete or "").upper()
        ]
    return found


def _unique_columns(table: Table) -> Iterator[tuple[str, ...]]:
    for constraint in table.constraints:
        if isinstance(constraint, Unique):
            yield tuple(column.name for column in constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield _index_columns(index)


def _index_columns(index: Index) -> tuple[str, ...]:
    return tuple(getattr(part, "name", "") or "" for part in index.expressions)


def _pairs(key: ForeignKeyConstraint) -> dict[str, str]:
    """Own column → the column it leads to."""
    return {element.parent.name: element.column.name for element in key.elements}


def live_problems(metadata: MetaData, live: Live) -> list[str]:
    """What is wrong with the database itself before anything is done."""
    known = {table.name for table in metadata.sorted_tables}
    found = [
        f"{name}: the table is missing; run `flask portal setup`" for name in known - live.tables
    ]
    for table in metadata.sorted_tables:
        wanted, now = distribution_of(table), live.spread.get(table.name)
        if now is not None and now is not wanted:
            found.append(f"{table.name}: it is {now.value} already, not {wanted.value}")
    return sorted(found)


def widened_key(table: Table) -> tuple[str, ...]:
    """The primary key with the company first: (company_id, id)."""
    own = tuple(column.name for column in table.primary_key)
    return own if KEY in own else (KEY, *own)


def widened_pairs(key: ForeignKeyConstraint) -> dict[str, str]:
    """The columns of a foreign key, with the company on both sides where both are distributed."""
    pairs = _pairs(key)
    owner: Any = key.parent
    spread = {distribution_of(owner), distribution_of(key.referred_table)}
    if KEY in pairs or spread != {Distribution.DISTRIBUTED}:
        return pairs
    return {KEY: KEY, **pairs}


def comes_back(key: ForeignKeyConstraint) -> bool:
    """A distributed table cannot point at a local one: the session checks those references."""
    owner: Any = key.parent
    return not (
        distribution_of(owner) is Distribution.DISTRIBUTED
        and distribution_of(key.referred_table) is Distribution.LOCAL
    )


def plan(metadata: MetaData, live: Live, dialect: Dialect) -> list[str]:
    """The statements that are still needed, in order; each is harmless to interrupt."""
    quote = dialect.identifier_preparer.quote
    tables = metadata.sorted_tables
    moving = {
        table.name: distribution_of(table)
        for table in tables
        if distribution_of(table) is not Distribution.LOCAL and table.name not in live.spread
    }
    dropped = [key for key in live.foreign_keys if key.table in moving or key.target in moving]
    statements = [
        f"ALTER TABLE {quote(key.table)} DROP CONSTRAINT IF EXISTS {quote(key.name)}"
        for key in dropped
    ]
    statements += [
        statement
        for table in tables
        if moving.get(table.name) is Distribution.DISTRIBUTED
        and (statement := _widen(table, live, quote))
    ]
    statements += [
        f"SELECT create_reference_table('{quote(name)}')"
        for name, kind in moving.items()
        if kind is Distribution.REFERENCE
    ]
    statements += _distribute(moving, live, quote)
    # By shape, not by name: a migration may have named one differently.
    kept = {(key.table, key.columns, key.target) for key in live.foreign_keys if key not in dropped}
    statements += _foreign_keys(tables, kept, dialect)
    return statements


def _widen(table: Table, live: Live, quote: Any) -> str:
    name, columns = live.primary_keys[table.name]
    wanted = widened_key(table)
    if set(columns) == set(wanted):
        return ""
    listed = ", ".join(quote(column) for column in wanted)
    return (
        f"ALTER TABLE {quote(table.name)} DROP CONSTRAINT {quote(name)},"
        f" ADD CONSTRAINT {quote(name)} PRIMARY KEY ({listed})"
    )


def _distribute(moving: Mapping[str, Distribution], live: Live, quote: Any) -> list[str]:
    names = [name for name, kind in moving.items() if kind is Distribution.DISTRIBUTED]
    # The anchor first: the others are laid beside it.
    names.sort(key=lambda name: name != ANCHOR)
    return [
        f"SELECT create_distributed_table('{quote(name)}', '{KEY}', colocate_with =>"
        f" '{'none' if name == ANCHOR else quote(ANCHOR)}')"
        for name in names
    ]


def _foreign_keys(
    tables: list[Table], kept: set[tuple[str, frozenset[str], str]], dialect: Dialect
) -> list[str]:
    """Every foreign key of the metadata that is not there, widened."""
    preparer = dialect.identifier_preparer
    statements = []
    for table in tables:
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.column_keys)):
            pairs = widened_pairs(key)
            shape = (table.name, frozenset(pairs), key.referred_table.name)
            if shape in kept or not comes_back(key):
                continue
            name = preparer.format_constraint(key)
            own, other = (", ".join(map(preparer.quote, side)) for side in (pairs, pairs.values()))
            cascade = f" ON DELETE {key.ondelete}" if key.ondelete else ""
            statements.append(
                f"ALTER TABLE {preparer.quote(table.name)} ADD CONSTRAINT {name}"
                f" FOREIGN KEY ({own}) REFERENCES {preparer.quote(key.referred_table.name)}"
                f" ({other}){cascade}"
            )
    return statements
