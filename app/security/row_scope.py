"""Which rows a person sees and may write, enforced in the session for reads and writes.

The scope is resolved once per request from the user's roles and today's assignments:
customer manager = territories held today (primary or substitute); market manager = territories
of the departments headed; brand manager = the company's products and categories, and its brand
analyses to read; administrator = the company; platform administrator (no company) = everything. Several roles add up. Whoever is
not logged in sees nothing; the login reads the user table under a scope of its own.

The criteria reach every ORM statement of the session: selects with joins, aliases, subqueries and
loaders, updates and deletes. `app.security.statement_guard` refuses what they cannot reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from flask import g, has_request_context
from sqlalchemy import ColumnElement, false, inspect, or_, select
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from app.kernel.db import db
from app.security.scope_option import ScopeOption


@dataclass(frozen=True, slots=True)
class RowScope:
    """`company_id` None = every company; `territory_ids` None = every territory of it.

    `is_nothing`: no row at all, except the person's own account. `reads_brands`: the brand
    analyses of every territory of the company may be read besides.
    """

    company_id: int | None
    territory_ids: tuple[int, ...] | None
    user_id: int | None = None
    is_nothing: bool = False
    reads_brands: bool = False

    @property
    def for_writing(self) -> RowScope:
        """The rows that may be changed: what is only read is left out."""
        return replace(self, reads_brands=False) if self.reads_brands else self

    @property
    def is_unrestricted(self) -> bool:
        return self.company_id is None and self.territory_ids is None and not self.is_nothing


UNRESTRICTED = RowScope(None, None)
NOTHING = RowScope(None, (), is_nothing=True)

Criterion = Callable[[Any, RowScope], ColumnElement[bool] | None]
"""(entity, scope) → the condition its rows must meet; None = all of them."""


def company_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows of the company."""
    if scope.is_nothing:
        return false()
    return None if scope.company_id is None else model.company_id == scope.company_id


def territory_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows of the company's territories in scope."""
    company = company_rows(model, scope)
    if scope.is_nothing or scope.territory_ids is None:
        return company
    inside = model.territory_id.in_(scope.territory_ids)
    return inside if company is None else company & inside


def brand_analysis_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows of the territories in scope; whoever reads brands sees those of the company."""
    return (company_rows if scope.reads_brands else territory_rows)(model, scope)


def own_company(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """The company's own row."""
    if scope.is_nothing:
        return false()
    return None if scope.company_id is None else model.id == scope.company_id


def territories(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """The territories in scope."""
    company = company_rows(model, scope)
    if scope.is_nothing or scope.territory_ids is None:
        return company
    inside = model.id.in_(scope.territory_ids)
    return inside if company is None else company & inside


def users(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Colleagues and oneself. On the table: FAB's own User class lacks the column."""
    if scope.is_unrestricted:
        return None
    table = inspect(model).local_table
    own = table.c.id == scope.user_id
    if scope.is_nothing:
        return own if scope.user_id is not None else false()
    return or_(table.c.company_id == scope.company_id, own)


def keys_of_users(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Access keys of the users in scope."""
    from app.organisation.models import PortalUser

    return rows_of("user_id", lambda: PortalUser, users)(model, scope)


def own_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows a person asked for: own ones; administrators see the company's."""
    company = company_rows(model, scope)
    if scope.is_nothing or scope.territory_ids is None:
        return company
    own = model.requested_by == scope.user_id
    return own if company is None else company & own


def own_or_shared(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows a person owns, and those others of the company share."""
    if scope.is_nothing:
        return false()
    own: ColumnElement[bool] = model.owner_id == scope.user_id
    if scope.company_id is None:
        return None
    return own | (model.is_shared.is_(True) & (model.company_id == scope.company_id))


def rows_of_oneself(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """A person's own settings, nobody else's."""
    if scope.is_nothing:
        return false()
    return None if scope.company_id is None else model.user_id == scope.user_id


def personal_rows(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
    """Rows of one person; nobody who sees the whole company reads another's post."""
    if scope.is_unrestricted:
        return None
    return false() if scope.user_id is None else model.user_id == scope.user_id


def rows_of(key: str, parent: Callable[[], type[Any]], criterion: Criterion) -> Criterion:
    """Rows whose parent, found by `key`, meets the parent's `criterion`."""

    def through_parent(model: Any, scope: RowScope) -> ColumnElement[bool] | None:
        owner = parent()
        condition = criterion(owner, scope)
        if condition is None:
            return None
        ids = select(inspect(owner).local_table.c.id).where(condition)
        inside: ColumnElement[bool] = getattr(model, key).in_(ids.scalar_subquery())
        return inside

    return through_parent


def _criteria() -> Mapping[type[Any], Criterion]:
    # The registry imports every entity, and they import kernel.
    from app.row_scopes import ROW_SCOPES

    return ROW_SCOPES


_scope: ContextVar[RowScope | None] = ContextVar("row_scope", default=None)


def current_scope() -> RowScope:
    """The explicit scope if set, else the request's (nothing until resolved), else unrestricted."""
    explicit = _scope.get()
    if explicit is not None:
        return explicit
    if has_request_context():
        scope: RowScope = g.get("row_scope", NOTHING)
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


@lru_cache(maxsize=256)
def scope_option(scope: RowScope) -> ScopeOption:
    """The criteria of a scope; made once, because making them costs more than using them.

    On the base class of an entity: FAB's User and the portal's are one table.
    """
    options = []
    for model, criterion in _criteria().items():
        condition = criterion(model, scope)
        if condition is not None:
            entity = inspect(model).base_mapper.class_
            options.append(
                with_loader_criteria(
                    entity, condition, include_aliases=True, propagate_to_loaders=False
                )
            )
    return ScopeOption(options)


def limit_reads(state: ORMExecuteState) -> None:
    """`do_orm_execute` listener: add the row criteria to every ORM select, update and delete."""
    from app.security.statement_guard import refuse_unscoped

    if state.is_column_load:
        return
    scope = current_scope()
    if scope.is_unrestricted:
        return
    refuse_unscoped(state)
    if state.is_orm_statement and (state.is_select or state.is_update or state.is_delete):
        rows = scope if state.is_select else scope.for_writing
        state.statement = state.statement.options(scope_option(rows))


def install(session: Any = None) -> None:
    """Attach the guard to the application's session factory, once per process."""
    from sqlalchemy import event

    from app.security.write_guard import check_before, check_written

    target = session or db.session
    if not event.contains(target, "do_orm_execute", limit_reads):
        event.listen(target, "do_orm_execute", limit_reads)
        event.listen(target, "before_flush", check_before)
        event.listen(target, "after_flush", check_written)
