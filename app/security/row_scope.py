"""Which rows a person sees and may write, enforced in the session for reads and writes.

The scope is resolved once per request from the user's roles and today's assignments:
customer manager = territories held today (primary or substitute); market manager = territories
of the departments headed; brand manager = the company's products and categories; administrator =
the company; platform administrator (no company) = everything. Several roles add up.

Not covered, hence rules of the house: Core statements, `text()` and bulk inserts are not scoped
– steps take an explicit scope; an object already in the session is returned unfiltered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from flask import g, has_request_context
from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from app.kernel.db import db


@dataclass(frozen=True, slots=True)
class RowScope:
    """`company_id` None = every company; `territory_ids` None = every territory of it.

    `is_anonymous`: nobody is logged in; only the user table can be read, to log in.
    """

    company_id: int | None
    territory_ids: tuple[int, ...] | None
    user_id: int | None = None
    is_anonymous: bool = False

    @property
    def is_unrestricted(self) -> bool:
        return self.company_id is None and self.territory_ids is None and not self.is_anonymous

    def allows(self, company_id: int | None, territory_id: int | None) -> bool:
        """Whether a row with these keys lies inside; a missing territory is outside a limited scope."""
        if self.is_anonymous:
            return False
        if self.company_id is not None and company_id != self.company_id:
            return False
        return self.territory_ids is None or territory_id in self.territory_ids


UNRESTRICTED = RowScope(None, None)
ANONYMOUS = RowScope(None, (), is_anonymous=True)

Criterion = Callable[[Any, RowScope], ColumnElement[bool] | None]


def company_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows of the company."""
    if scope.is_anonymous:
        return false()
    return None if scope.company_id is None else model.company_id == scope.company_id


def territory_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows of the company's territories in scope."""
    if scope.is_anonymous:
        return false()
    company = company_rows(model, scope)
    if scope.territory_ids is None:
        return company
    inside = model.territory_id.in_(scope.territory_ids)
    return inside if company is None else company & inside


def own_company(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """The company's own row."""
    if scope.is_anonymous:
        return false()
    return None if scope.company_id is None else model.id == scope.company_id


def territories(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """The territories in scope."""
    company = company_rows(model, scope)
    if scope.is_anonymous or scope.territory_ids is None:
        return company
    inside = model.id.in_(scope.territory_ids)
    return inside if company is None else company & inside


def users(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Colleagues; before login the whole table, because login looks a name up."""
    return None if scope.is_anonymous else company_rows(model, scope)


def own_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows a person asked for: own ones; administrators see the company's."""
    if scope.is_anonymous:
        return false()
    company = company_rows(model, scope)
    if scope.territory_ids is None:
        return company
    own = model.requested_by == scope.user_id
    return own if company is None else company & own


def _criteria() -> Mapping[type[Any], Criterion]:
    from app.models import ROW_SCOPES  # the registry imports every entity, and they import kernel

    return ROW_SCOPES


_scope: ContextVar[RowScope | None] = ContextVar("row_scope", default=None)


def current_scope() -> RowScope:
    """The explicit scope if set, else the request's (anonymous until resolved), else unrestricted."""
    explicit = _scope.get()
    if explicit is not None:
        return explicit
    if has_request_context():
        scope: RowScope = g.get("row_scope", ANONYMOUS)
        return scope
    return UNRESTRICTED


@contextmanager
def scoped_to(scope: RowScope) -> Iterator[None]:
    """Run a block under `scope` (jobs acting for a company, background exports for a person)."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def limit_reads(state: ORMExecuteState) -> None:
    """`do_orm_execute` listener: add the row criteria to every ORM select, update and delete."""
    if state.is_column_load or not (state.is_select or state.is_update or state.is_delete):
        return
    scope = current_scope()
    if scope.is_unrestricted:
        return
    options = []
    for model, criterion in _criteria().items():
        condition = criterion(model, scope)
        if condition is not None:
            options.append(
                with_loader_criteria(
                    model, condition, include_aliases=True, propagate_to_loaders=False
                )
            )
    state.statement = state.statement.options(*options)


def install(session: Any = None) -> None:
    """Attach the guard to the application's session factory, once per process."""
    from sqlalchemy import event

    from app.security.write_guard import check_writes

    target = session or db.session
    if not event.contains(target, "do_orm_execute", limit_reads):
        event.listen(target, "do_orm_execute", limit_reads)
        event.listen(target, "before_flush", check_writes)
