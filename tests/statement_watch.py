"""Which Core statements touch a distributed table without naming its company.

`watched()` listens to every statement of a block. Whatever Core statement reads or changes a table
that is spread by company must tie each use of it to a given company: directly
(``customer.company_id = ?``) or through joins (``visit.company_id = customer.company_id``). On one
server the answer is the same without; on many nodes the statement is refused or reads them all.

ORM statements are not judged: the session adds the company. Nor are the updates of a flush.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import BindParameter, Delete, Engine, Select, Update, event
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, ColumnElement
from sqlalchemy.sql.selectable import Alias, FromClause, Join

from tests import database

KEY = "company_id"
GIVEN = "a given company"


class Ties:
    """Which uses of tables have the same company (union–find)."""

    def __init__(self) -> None:
        self._root: dict[str, str] = {}

    def root(self, name: str) -> str:
        while (above := self._root.get(name, name)) != name:
            name = above
        return name

    def tie(self, one: str, other: str) -> None:
        self._root[self.root(one)] = self.root(other)


def name_of(table: Any) -> str:
    return str(getattr(table, "name", id(table)))


def leaves(source: FromClause) -> Iterator[FromClause]:
    if isinstance(source, Join):
        yield from leaves(source.left)
        yield from leaves(source.right)
    else:
        yield source


def distributed(source: Any) -> bool:
    base = source.element if isinstance(source, Alias) else source
    return getattr(base, "info", {}).get("distribution") == "distributed"


def sides(expression: BinaryExpression[Any]) -> Iterator[tuple[Any, Any]]:
    """Pairs of what must be equal; a comparison of tuples has several."""
    left, right = expression.left, expression.right
    if hasattr(left, "clauses") and hasattr(right, "clauses"):
        yield from zip(left.clauses, right.clauses, strict=False)
    else:
        yield left, right


def company_of(side: Any) -> str | None:
    """The use of a table whose company a side of a comparison is; GIVEN for a value."""
    if isinstance(side, BindParameter):
        return GIVEN
    if getattr(side, "key", None) == KEY and getattr(side, "table", None) is not None:
        return name_of(side.table)
    return None


def untied(statement: Any) -> list[str]:
    """The uses of distributed tables that no given company reaches."""
    ties, used = Ties(), {}
    for element in visitors.iterate(statement):
        if isinstance(element, Select):
            sources = [leaf for source in element.get_final_froms() for leaf in leaves(source)]
        elif isinstance(element, Update | Delete):
            sources = [element.table]
        else:
            sources = []
        used.update({name_of(source): source for source in sources if distributed(source)})
        if isinstance(element, BinaryExpression) and element.operator in (
            operators.eq,
            operators.in_op,
        ):
            for one, other in sides(element):
                names = (company_of(one), company_of(other))
                if None not in names:
                    ties.tie(*names)
        if isinstance(element, ColumnElement) and getattr(element, "key", None) == KEY:
            # A column of a subquery has the company of the column it shows.
            for base in getattr(element, "proxy_set", ()):
                if getattr(base, "table", None) is not None and base is not element:
                    ties.tie(name_of(element.table), name_of(base.table))
    return sorted(name for name in used if ties.root(name) != ties.root(GIVEN))


def is_of_the_session(statement: Any) -> bool:
    """An ORM statement, or one that a flush sends."""
    if statement._propagate_attrs.get("compile_state_plugin") == "orm":
        return True
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == "sqlalchemy.orm.persistence":
            return True
        frame = frame.f_back
    return False


def origin() -> str:
    """The function of the portal that sent the statement."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("app.") and not name.startswith("app.kernel"):
            return f"{name}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"


@contextmanager
def watched() -> Iterator[dict[str, str]]:
    """What is found in the block: "function: tables" → the statement."""
    found: dict[str, str] = {}
    judged: set[Any] = set()

    def judge(connection: Any, statement: Any, *_rest: Any) -> None:
        if not hasattr(statement, "_propagate_attrs"):
            return
        key = statement._generate_cache_key()
        if key is not None and key.key in judged:
            return
        if key is not None:
            judged.add(key.key)
        tables = untied(statement)
        if tables and not is_of_the_session(statement):
            found[f"{origin()}: {', '.join(tables)}"] = str(statement)

    event.listen(Engine, "before_execute", judge)
    try:
        yield found
    finally:
        event.remove(Engine, "before_execute", judge)


def kept() -> Path:
    """What the making of the demo company sent."""
    return database.shared_folder() / "demo_statements.json"


def keep(found: dict[str, str]) -> None:
    kept().write_text(json.dumps(found), "utf-8")
