"""Reading rows for the API: filters, sorting and paging by key; the session adds the row scope."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, Select, literal, select, tuple_
from sqlalchemy.orm import Session

from app.kernel.errors import N_, OutOfScope, PlanningError
from app.rest.resources import Resource
from app.rest.values import moment, plain, read, read_text

MOST = 200
USUAL = 50
PAGING = ("limit", "after", "sort")
LONGEST_CURSOR = 2000
LARGEST_ID = 2**63 - 1

UNKNOWN = N_("There is no such parameter: %(name)s.")
TWICE = N_("Send the parameter once: %(name)s.")
BAD_LIMIT = N_("A page has 1 to %(most)d rows.")
BAD_SORT = N_("Rows are sorted by one of: %(names)s; a minus sign before it turns the order round.")
BAD_CURSOR = N_("Follow the link of the page before; with another sorting begin anew.")
BAD_MOMENT = N_("Send a time such as 2026-11-24T08:00:00Z.")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as JSON objects, and the cursor of the next page when there is one."""

    rows: list[dict[str, Any]]
    after: str | None


def parameters(resource: Resource) -> list[str]:
    """Every query parameter the resource's list knows."""
    ranges = [f"{name}_{end}" for name in resource.ranges for end in ("from", "to")]
    since = ["updated_since"] if "updated_at" in resource.fields else []
    return [*PAGING, *resource.filters, *ranges, *since]


def sorts(resource: Resource) -> list[str]:
    """What `sort` may be."""
    names = dict.fromkeys([*(["id"] if resource.has_id else []), *resource.sorts])
    return [sign + name for name in names for sign in ("", "-")]


def page(session: Session, resource: Resource, given: Sequence[tuple[str, str]]) -> Page:
    """One page of the list. Errors: `PlanningError` naming the parameter."""
    arguments = _arguments(resource, given)
    limit = _limit(arguments.get("limit"))
    sort = arguments.get("sort", sorts(resource)[0] if resource.has_id else "")
    if sort and sort not in sorts(resource):
        raise PlanningError(BAD_SORT, field="sort", names=", ".join(sorts(resource)[::2]))
    names = list(dict.fromkeys([*([sort.lstrip("-")] if sort else []), *resource.key]))
    columns = [getattr(resource.model, name) for name in names]
    is_falling = sort.startswith("-")
    query = select(*resource.attributes()).order_by(
        *(column.desc() if is_falling else column.asc() for column in columns)
    )
    query = _filtered(query, resource, arguments)
    if "after" in arguments:
        last = tuple_(*_cursor(resource, names, sort, arguments["after"]))
        query = query.where(tuple_(*columns) < last if is_falling else tuple_(*columns) > last)
    found = session.execute(query.limit(limit + 1)).all()
    rows = [as_json(resource, row) for row in found[:limit]]
    after = None
    if len(found) > limit:
        values = [plain(getattr(found[limit - 1], name)) for name in names]
        after = _encode([sort, *values])
    return Page(rows, after)


def one(session: Session, resource: Resource, pk: int) -> dict[str, Any]:
    """One row as JSON object. Errors: `OutOfScope`."""
    if pk > LARGEST_ID:
        raise OutOfScope
    query = select(*resource.attributes()).where(resource.model.id == pk)
    row = session.execute(query).one_or_none()
    if row is None:
        raise OutOfScope
    return as_json(resource, row)


def record(session: Session, resource: Resource, pk: int) -> Any:
    """The entity itself, to be changed. Errors: `OutOfScope`."""
    if pk > LARGEST_ID:
        raise OutOfScope
    found = session.scalar(select(resource.model).where(resource.model.id == pk))
    if found is None:
        raise OutOfScope
    return found


def as_json(resource: Resource, row: Row[Any] | Any) -> dict[str, Any]:
    """The allowed columns of a row or record."""
    return {name: plain(getattr(row, name)) for name in resource.fields}


def _arguments(resource: Resource, given: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    known = parameters(resource)
    arguments: dict[str, str] = {}
    for name, text in given:
        if name not in known:
            raise PlanningError(UNKNOWN, field=name[:60], name=name[:60])
        if name in arguments:
            raise PlanningError(TWICE, field=name, name=name)
        arguments[name] = text
    return arguments


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise PlanningError(BAD_LIMIT, field="limit", most=MOST)
    return int(text)


def _filtered(query: Select[Any], resource: Resource, arguments: Mapping[str, str]) -> Select[Any]:
    for name in resource.filters:
        if name in arguments:
            value = read_text(resource.column(name), arguments[name], name)
            query = query.where(getattr(resource.model, name) == value)
    for name in resource.ranges:
        attribute = getattr(resource.model, name)
        for end in ("from", "to"):
            parameter = f"{name}_{end}"
            if parameter in arguments:
                value = read_text(resource.column(name), arguments[parameter], parameter)
                query = query.where(attribute >= value if end == "from" else attribute <= value)
    if "updated_since" in arguments:
        try:
            since = moment(arguments["updated_since"])
        except (ValueError, OverflowError) as error:
            raise PlanningError(BAD_MOMENT, field="updated_since") from error
        query = query.where(resource.model.updated_at >= since)
    return query


def _encode(values: list[Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _cursor(resource: Resource, names: list[str], sort: str, text: str) -> list[Any]:
    """The values a page begins after; they come back from outside and are read like any other."""
    wrong = PlanningError(BAD_CURSOR, field="after")
    if len(text) > LONGEST_CURSOR or not text.isascii():
        raise wrong
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise wrong from error
    if not isinstance(found, list) or len(found) != len(names) + 1 or found[0] != sort:
        raise wrong
    try:
        return [
            literal(_key_value(resource.column(name), value), resource.column(name).type)
            for name, value in zip(names, found[1:], strict=True)
        ]
    except PlanningError as error:
        raise wrong from error


def _key_value(column: Column[Any], value: Any) -> Any:
    """A part of a cursor; parts of a key may be empty texts."""
    if value == "" and column.type.python_type is str:
        return value
    return read(column, value, "after")
