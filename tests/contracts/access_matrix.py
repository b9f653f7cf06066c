"""Walks every address as every kind of person, at own, foreign and missing rows.

Nothing here names a page: addresses come from the url map, rows from `tests.security.world`,
columns and actions from the views. A new page is tried the day it is registered.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import inspect, select
from werkzeug.routing import Rule

from app.kernel.db import db
from app.models import PortalUser
from app.row_scopes import ROW_SCOPES
from app.security.access import load_access
from app.security.row_scope import scoped_to
from app.security.scope_resolution import resolve_scope
from tests.security.world import PLACES, found, mark

MISSING = 987_654
ENDS_THE_SESSION = {"LoginView.logout"}


@dataclass(frozen=True)
class Attempt:
    """One address to be tried. `pk` is the row it is about, if any; `sees` whether it is visible."""

    endpoint: str
    url: str
    method: str
    data: dict[str, Any]
    sees: bool | None = None


@dataclass(frozen=True)
class World:
    """What the database of the two companies holds, read without a scope."""

    rows: dict[type[Any], dict[str, int]]
    tokens: dict[tuple[type[Any], str], str]


def read_world(app: Flask) -> World:
    """Id and sentinel of every entity's row at every place."""
    rows: dict[type[Any], dict[str, int]] = {}
    tokens = {}
    with app.app_context():
        for model in ROW_SCOPES:
            table = inspect(model).local_table.name
            for place in PLACES:
                tokens[model, place] = mark(place, table)
            for item in db.session.scalars(select(model)):
                identity = inspect(item).identity
                for place in PLACES:
                    if tokens[model, place] in str(vars(item)) and len(identity) == 1:
                        rows.setdefault(model, {})[place] = identity[0]
        tokens = {key: token for key, token in tokens.items() if key[1] in rows.get(key[0], {})}
        rows[PortalUser] = {
            "a1": found(PortalUser, username="customer_a1").id,
            "a2": found(PortalUser, username="customer_a2").id,
            "b": found(PortalUser, username="customer_b").id,
        }
    return World(rows, tokens)


@dataclass
class Person:
    """Somebody's permissions and the rows that are theirs to see."""

    pairs: frozenset[tuple[str, str]]
    visible: dict[type[Any], set[Any]]

    @classmethod
    def of(cls, app: Flask, username: str) -> "Person":
        with app.app_context():
            user = found(PortalUser, username=username)
            roles, pairs = load_access(user.id)
            with scoped_to(resolve_scope(db.session(), user, roles)):
                visible = {
                    model: {inspect(item).identity for item in db.session.scalars(select(model))}
                    for model in ROW_SCOPES
                }
        return cls(pairs, visible)

    def sees(self, model: type[Any] | None, pk: int) -> bool:
        return model in self.visible and (pk,) in self.visible[model]


def model_of(app: Flask, endpoint: str) -> type[Any] | None:
    """The entity a record view is about."""
    view = view_of(app, endpoint)
    return getattr(getattr(view, "datamodel", None), "obj", None)


def view_of(app: Flask, endpoint: str) -> Any:
    name = endpoint.partition(".")[0]
    return next((view for view in app.appbuilder.baseviews if view.endpoint == name), None)


def urls(app: Flask, rule: Rule, world: World) -> Iterator[tuple[str, int | None]]:
    """Concrete addresses of a rule: (url, row id)."""
    view, model = view_of(app, rule.endpoint), model_of(app, rule.endpoint)
    keys = [*world.rows.get(model, {}).values(), MISSING] if model else [MISSING]
    values: dict[str, list[Any]] = {}
    for argument in rule.arguments:
        if argument == "pk":
            values[argument] = keys
        elif argument == "column":
            values[argument] = [*getattr(view, "remote_selects", {}), "nonsense"]
        elif argument == "name":
            values[argument] = [*getattr(view, "actions", {}), "nonsense"]
        elif argument == "sheet":
            values[argument] = ["customers", "products", "nonsense"]
        elif argument == "text":
            values[argument] = ["2026-11-02", "nonsense"]
        else:
            values[argument] = ["1", "nonsense"]
    chosen: list[dict[str, Any]] = [{}]
    for argument, options in values.items():
        chosen = [{**one, argument: option} for one in chosen for option in options]
    for one in chosen:
        with app.test_request_context():
            yield app.url_for(rule.endpoint, **one), one.get("pk")


def forged(app: Flask, endpoint: str, world: World, place: str) -> dict[str, Any]:
    """Form data that tries to reach for the rows of `place` by every field there is."""
    view, model = view_of(app, endpoint), model_of(app, endpoint)
    data: dict[str, Any] = {"remark": "forged", "version": "1", "_version": "1", "status": "x"}
    if model is None:
        return data
    mapper = inspect(model)
    for column in mapper.columns:
        for key in column.foreign_keys:
            target = next(
                (m for m in ROW_SCOPES if inspect(m).local_table is key.column.table), None
            )
            theirs = world.rows.get(target, {}).get(place)
            if theirs is not None:
                data[column.name] = str(theirs)
                data[column.name.removesuffix("_id")] = str(theirs)
    data["rowid"] = [str(world.rows.get(model, {}).get(place, MISSING))]
    data["bulk_field"] = next(iter(getattr(view, "bulk_fields", [])), "")
    data["action"] = next(iter(getattr(view, "actions", {})), "")
    return data


def foreign_filters(app: Flask, endpoint: str, world: World, place: str) -> dict[str, Any]:
    """Query arguments of a list that filter by foreign ids."""
    view = view_of(app, endpoint)
    if not endpoint.endswith(".list") or not hasattr(view, "all_quicks"):
        return {}
    ids = {theirs.get(place) for theirs in world.rows.values()} - {None}
    return {
        quick.parameters[0]: min(ids) for quick in view.all_quicks() if quick.kind == "relation"
    }


Contents = dict[tuple[type[Any], Any], str]


def contents(app: Flask) -> Contents:
    """Every row there is, as text; but for the change log, which grows with every change."""
    rows: Contents = {}
    with app.app_context():
        for model in ROW_SCOPES:
            if model.__name__ == "ChangeLog":
                continue
            for item in db.session.scalars(select(model)):
                values = {
                    attribute.key: str(getattr(item, attribute.key))
                    for attribute in inspect(model).column_attrs
                }
                rows[model, inspect(item).identity] = json.dumps(values, sort_keys=True)
    return rows


def touched(before: Contents, after: Contents, person: Person, later: Person) -> list[str]:
    """Rows changed, deleted or made that the person does not see (`later`: after it all)."""
    gone = [
        f"{model.__name__} {key}: {text} → {after.get((model, key))}"
        for (model, key), text in before.items()
        if key not in person.visible[model] and after.get((model, key)) != text
    ]
    made = [
        f"{model.__name__} {key}: {text}"
        for (model, key), text in after.items()
        if (model, key) not in before and key not in later.visible[model]
    ]
    return gone + made


def ties_between_companies(app: Flask) -> list[str]:
    """Rows that point at a row of another company."""
    found_ties = []
    with app.app_context():
        for model in ROW_SCOPES:
            mapper = inspect(model)
            if "company_id" not in mapper.column_attrs:
                continue
            for relation in mapper.relationships:
                target = relation.mapper
                if relation.uselist or "company_id" not in target.column_attrs:
                    continue
                for item in db.session.scalars(select(model)):
                    other = getattr(item, relation.key)
                    if other is not None and other.company_id not in (item.company_id, None):
                        found_ties.append(f"{item!r}.{relation.key} = {other!r}")
    return found_ties
