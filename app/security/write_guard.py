"""The write half of the row scope: nothing outside the scope is created, changed or pointed at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import NO_VALUE

from app.kernel.errors import OutOfScope
from app.security.row_scope import RowScope, current_scope


def check_writes(session: Session, context: Any, instances: Any) -> None:
    """`before_flush` listener. Errors: `OutOfScope` when a row or a reference lies outside.

    New rows without a company get the scope's. The check looks at the old and at the new keys, so
    a row can neither be taken from somebody else nor be given away, and at every reference set by
    object or by bare id, so a foreign parent cannot be smuggled in.
    """
    from app.models import ROW_SCOPES

    scope = current_scope()
    if scope.is_unrestricted:
        return
    protected = tuple(ROW_SCOPES)
    for item in session.new:
        if isinstance(item, protected):
            _stamp(item, scope)
            _check_keys(item, scope, new_only=True)
            _check_references(session, item, protected)
    for item in session.dirty:
        if isinstance(item, protected) and session.is_modified(item):
            _check_keys(item, scope)
            _check_references(session, item, protected)
    for item in session.deleted:
        if isinstance(item, protected):
            _check_keys(item, scope)


def _stamp(item: Any, scope: RowScope) -> None:
    if "company_id" in inspect(item).mapper.column_attrs and item.company_id is None:
        company = getattr(item, "company", None)
        item.company_id = company.id if company is not None else scope.company_id


def _check_keys(item: Any, scope: RowScope, *, new_only: bool = False) -> None:
    if scope.is_anonymous and not new_only and _is_login_bookkeeping(item):
        return
    mapper = inspect(item).mapper
    if "company_id" in mapper.column_attrs:
        company_ids = _values(item, "company_id", new_only)
    else:  # the company's own row
        company_ids = {item.id} if not new_only else {None}
    territory_ids: set[int | None] = {None}
    limited = scope.territory_ids is not None and "territory_id" in mapper.column_attrs
    if limited:
        territory_ids = _values(item, "territory_id", new_only)
        territory = (
            inspect(item).attrs.territory.loaded_value
            if "territory" in mapper.relationships
            else None
        )
        if territory is not NO_VALUE and territory is not None:
            territory_ids = {*territory_ids, territory.id} - {None}
    for company_id in company_ids:
        for territory_id in territory_ids:
            in_company = scope.company_id is None or company_id == scope.company_id
            in_territory = not limited or territory_id in (scope.territory_ids or ())
            if scope.is_anonymous or not (in_company and in_territory):
                raise OutOfScope


def _is_login_bookkeeping(item: Any) -> bool:
    """Before login only the user's own counters (last login, failures) may change."""
    state = inspect(item)
    changed = {attr.key for attr in state.attrs if attr.history.has_changes()}
    return state.mapper.local_table.name == "ab_user" and changed <= {
        "last_login",
        "login_count",
        "fail_login_count",
        "locked_until",
        "changed_on",
        "changed_by_fk",
    }


def _values(item: Any, key: str, new_only: bool) -> set[int | None]:
    """The present and, for stored rows, the previous value of a key column."""
    history = inspect(item).attrs[key].history
    present = getattr(item, key)
    old = set() if new_only else set(history.deleted or ())
    return {present, *old}


def _check_references(session: Session, item: Any, protected: tuple[type[Any], ...]) -> None:
    """Every changed many-to-one reference must lead to a row the scope can see."""
    state = inspect(item)
    for relation in state.mapper.relationships:
        target = relation.mapper.class_
        if relation.uselist or relation.viewonly or not issubclass(target, protected):
            continue
        history = state.attrs[relation.key].history
        for related in history.added or ():
            if related is not None and related not in session.new:
                _require_visible(session, target, inspect(related).identity)
        for column in relation.local_columns:
            attribute = state.mapper.get_property_by_column(column).key
            if attribute == "company_id" and target.__name__ != "Company":
                continue
            added = state.attrs[attribute].history.added or ()
            for value in added:
                if value is not None and len(relation.local_columns) == 1:
                    _require_visible(session, target, (value,))


def _require_visible(session: Session, target: type[Any], identity: tuple[Any, ...] | None) -> None:
    if identity is None:
        return
    with session.no_autoflush:
        # populate_existing would refresh; a count under the criteria asks the database afresh.
        from sqlalchemy import select

        keys = inspect(target).primary_key
        query = select(keys[0]).select_from(target)
        for column, value in zip(keys, identity, strict=True):
            query = query.where(column == value)
        if session.execute(query).first() is None:
            raise OutOfScope
