"""Refuses the statements that row criteria cannot reach.

Criteria are added to ORM selects, updates and deletes. They do not reach Core statements, bulk
inserts, bulk updates by key, nor the values an update writes. Inside a request, under a limited
scope, those are refused – unless a statement says ``execution_options(scoped_by_hand=True)``,
which the builders of steps do that filter by an explicit scope themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import has_request_context
from sqlalchemy import BindParameter, Table, inspect
from sqlalchemy.orm import ORMExecuteState
from sqlalchemy.sql import visitors

from app.kernel.errors import OutOfScope

BY_HAND = "scoped_by_hand"


class UnscopedStatement(RuntimeError):
    """A programming error: this statement would read or write rows of everybody."""


def refuse_unscoped(state: ORMExecuteState) -> None:
    """Errors: `UnscopedStatement` for what cannot be scoped, `OutOfScope` for rows given away."""
    if not state.is_orm_statement:
        _refuse_core(state)
    elif state.is_insert:
        raise UnscopedStatement("bulk inserts are not scoped; add objects to the session")
    elif state.is_update:
        if isinstance(state.parameters, list):
            raise UnscopedStatement("bulk updates by key are not scoped; change objects")
        _check_assignments(state)


def _refuse_core(state: ORMExecuteState) -> None:
    if not has_request_context() or state.execution_options.get(BY_HAND):
        return
    statement: Any = state.statement
    if statement.__visit_name__ == "textclause":
        raise UnscopedStatement("text statements are not scoped")
    touched = {element for element in visitors.iterate(statement) if isinstance(element, Table)}
    if touched & _scoped_tables():
        raise UnscopedStatement(
            f"a Core statement on {', '.join(sorted(t.name for t in touched))} is not scoped"
        )


@cache
def _scoped_tables() -> frozenset[Table]:
    from app.row_scopes import ROW_SCOPES

    return frozenset(inspect(model).local_table for model in ROW_SCOPES)


def _check_assignments(state: ORMExecuteState) -> None:
    """An update may set a key only to a visible row; an expression cannot be judged."""
    from app.security.row_scope import current_scope
    from app.security.write_guard import references_of, require_visible

    mapper: Any = state.bind_mapper
    if mapper is None:
        raise UnscopedStatement("an update of an unknown entity is not scoped")
    assigned = dict(_assignments(state))
    if "company_id" in assigned and assigned["company_id"] != current_scope().company_id:
        raise OutOfScope
    for reference in references_of(mapper.class_):
        changed = [key for key in reference.keys if key in assigned]
        if not changed:
            continue
        if len(reference.keys) > 1 and len(changed) < len(reference.keys):
            raise UnscopedStatement("part of a composite reference cannot be judged")
        values = [assigned[key] for key in reference.keys]
        if any(value is not None and not isinstance(value, int | str) for value in values):
            raise UnscopedStatement("a reference set to an expression cannot be judged")
        if None not in values:
            require_visible(state.session, reference.target, reference.columns, {tuple(values)})
        elif "territory_id" in changed:
            raise OutOfScope


def _assignments(state: ORMExecuteState) -> Iterator[tuple[str, Any]]:
    """(column key, literal value or expression) of what an UPDATE sets."""
    statement: Any = state.statement
    ordered = getattr(statement, "_ordered_values", None) or ()  # SQLAlchemy 2.0 keeps them apart
    pairs = [*(statement._values or {}).items(), *ordered]
    for column, value in pairs:
        literal = value.value if isinstance(value, BindParameter) else value
        yield getattr(column, "key", column), literal
    if isinstance(state.parameters, dict):
        yield from state.parameters.items()
