"""The write half of the row scope: nothing outside the scope is created, changed or pointed at.

Three rules, all judged by the read criteria themselves, so that there is one home for them:
what is changed or deleted must be visible before the flush; what was written must be visible
after it; and every row pointed at must be visible and of the same company – the latter for
platform administrators too, who see everything and could otherwise tie companies together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import has_request_context
from sqlalchemy import func, inspect, select, tuple_
from sqlalchemy.orm import Session

from app.kernel.errors import OutOfScope
from app.security.row_scope import RowScope, current_scope, scoped_to

LOT = 500
"""Rows per question to the database."""

Identity = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of an entity into a scoped one: own attributes → the target's columns."""

    keys: tuple[str, ...]
    target: type[Any]
    columns: tuple[str, ...]


@cache
def _scoped() -> dict[Any, type[Any]]:
    """Table → scoped entity."""
    from app.row_scopes import ROW_SCOPES

    return {inspect(model).local_table: model for model in ROW_SCOPES}


@cache
def references_of(model: type[Any]) -> tuple[Reference, ...]:
    """The foreign keys of `model` that lead to scoped entities, relationships or not."""
    mapper = inspect(model)
    found = []
    for constraint in mapper.local_table.foreign_key_constraints:
        target = _scoped().get(constraint.referred_table)
        if target is None:
            continue
        elements = constraint.elements
        if not all(element.parent in mapper.columns.values() for element in elements):
            continue  # FAB's User does not map the columns of the portal's
        found.append(
            Reference(
                tuple(mapper.get_property_by_column(e.parent).key for e in elements),
                target,
                tuple(inspect(target).get_property_by_column(e.column).key for e in elements),
            )
        )
    return tuple(found)


def check_before(session: Session, context: Any, instances: Any) -> None:
    """`before_flush` listener. Errors: `OutOfScope`."""
    scope = current_scope()
    if scope.is_unrestricted and not has_request_context():
        return
    with session.no_autoflush, scoped_to(scope.for_writing):
        written = [*session.new, *_modified(session)]
        for item in session.new:
            _stamp(item, scope)
        if not scope.is_unrestricted:
            _check_visible(session, [*_modified(session), *session.deleted])
        _check_references(session, written)


def check_written(session: Session, context: Any) -> None:
    """`after_flush` listener: what was written must still be visible. Errors: `OutOfScope`."""
    scope = current_scope()
    if not scope.is_unrestricted:
        with session.no_autoflush, scoped_to(scope.for_writing):
            _check_visible(session, [*session.new, *_modified(session)])


def _modified(session: Session) -> list[Any]:
    return [item for item in session.dirty if session.is_modified(item)]


def _stamp(item: Any, scope: RowScope) -> None:
    """A new row without a company gets that of its company object, else the scope's."""
    if "company_id" in inspect(item).mapper.column_attrs and item.company_id is None:
        company = getattr(item, "company", None)
        item.company_id = company.id if company is not None else scope.company_id


def _check_visible(session: Session, items: Iterable[Any]) -> None:
    keys: dict[type[Any], set[Identity]] = defaultdict(set)
    for item in items:
        mapper = inspect(item).mapper
        model = _scoped().get(mapper.local_table)
        if model is not None:
            identity = inspect(item).identity or tuple(mapper.primary_key_from_instance(item))
            keys[model].add(identity)
    for model, identities in keys.items():
        names = tuple(
            inspect(model).get_property_by_column(column).key
            for column in inspect(model).primary_key
        )
        require_visible(session, model, names, identities)


def require_visible(
    session: Session,
    model: type[Any],
    names: tuple[str, ...],
    values: Collection[Identity],
    company_id: int | None = None,
) -> None:
    """Every value of the columns `names` is a row in scope (and of the company, where given)."""
    columns = [getattr(model, name) for name in names]
    pending = list(values)
    for start in range(0, len(pending), LOT):
        lot = pending[start : start + LOT]
        where = (
            columns[0].in_([value[0] for value in lot])
            if len(columns) == 1
            else tuple_(*columns).in_(lot)
        )
        query = select(func.count()).select_from(model).where(where)
        if company_id is not None:
            query = query.where(model.company_id == company_id)
        if session.scalar(query) != len(lot):
            raise OutOfScope


def _check_references(session: Session, items: Iterable[Any]) -> None:
    """Ask once per entity, columns and company for all rows newly pointed at."""
    asked: dict[tuple[type[Any], tuple[str, ...], int | None], set[Identity]] = defaultdict(set)
    for item in items:
        own = getattr(item, "company_id", None)
        for target, names, identity in (*_keys_set(item), *_objects_set(session, item)):
            has_company = "company_id" in inspect(target).column_attrs
            asked[target, names, own if has_company else None].add(identity)
    for (target, names, company_id), identities in asked.items():
        require_visible(session, target, names, identities, company_id)


def _keys_set(item: Any) -> Iterator[tuple[type[Any], tuple[str, ...], Identity]]:
    """References set by value."""
    state = inspect(item)
    for reference in references_of(state.mapper.class_):
        if not any(state.attrs[key].history.added for key in reference.keys):
            continue
        identity = tuple(getattr(item, key) for key in reference.keys)
        if None not in identity:
            yield reference.target, reference.columns, identity


def _objects_set(
    session: Session, item: Any
) -> Iterator[tuple[type[Any], tuple[str, ...], Identity]]:
    """References set by object, members added to collections included."""
    state = inspect(item)
    for relation in state.mapper.relationships:
        target = _scoped().get(relation.mapper.local_table)
        if relation.viewonly or target is None:
            continue
        for related in state.attrs[relation.key].history.added or ():
            if related is None or related in session.new:
                continue
            identity = inspect(related).identity
            if identity is not None:
                names = tuple(
                    inspect(target).get_property_by_column(column).key
                    for column in inspect(target).primary_key
                )
                yield target, names, identity
