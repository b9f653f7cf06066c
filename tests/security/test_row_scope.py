"""Reads stay inside the row scope, on every way through the session; how a scope is resolved."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, inspect, select, union, update
from sqlalchemy.orm import aliased, joinedload, selectinload

from app.kernel.db import db
from app.models import (
    AssignmentKind,
    Company,
    Customer,
    Department,
    PortalUser,
    Product,
    Questionnaire,
    Territory,
    TerritoryAssignment,
)
from app.row_scopes import ROW_SCOPES
from app.security.access import load_access
from app.security.row_scope import NOTHING, RowScope, current_scope, scoped_to
from app.security.scope_resolution import resolve_scope
from tests.security.world import PLACES, SENTINEL, found, signed_in

pytestmark = pytest.mark.sql

SEEN = {
    "customer_a1": {"a1"},
    "customer_a2": {"a2"},
    "market_a1": {"a1"},
    "brand_a": set(),
    "admin_a": {"a1", "a2"},
    "platform": {"a1", "a2", "b"},
}


def place_of(customer: Any) -> str:
    return next(place for place in PLACES if customer.name.startswith(SENTINEL[place]))


def foreign(portal: Flask, model: type[Any], place: str = "a2") -> Any:
    """Primary key of a row of another place, read without a scope."""
    with portal.app_context():
        for item in db.session.scalars(select(model)):
            if SENTINEL[place] in str(getattr(item, "name", "")):
                return inspect(item).identity[0]
    raise LookupError(model)


READS: dict[str, Callable[[], set[str]]] = {
    "select": lambda: {place_of(c) for c in db.session.scalars(select(Customer))},
    "query": lambda: {place_of(c) for c in db.session.query(Customer)},
    "columns": lambda: {name.split("-")[0] for name in db.session.scalars(select(Customer.name))},
    "alias": lambda: {place_of(c) for c in db.session.scalars(select(aliased(Customer)))},
    "join": lambda: {
        place_of(c) for c in db.session.scalars(select(Customer).join(Territory).join(Department))
    },
    "join from another": lambda: {
        name.split("-")[0]
        for name in db.session.scalars(
            select(Customer.name)
            .select_from(Company)
            .join(Customer, Customer.company_id == Company.id)
        )
    },
    "subquery": lambda: {
        place_of(c)
        for c in db.session.scalars(
            select(Customer).where(Customer.id.in_(select(select(Customer.id).subquery().c.id)))
        )
    },
    "selected from a subquery": lambda: {
        name.split("-")[0]
        for name in db.session.scalars(select(select(Customer).subquery().c.name))
    },
    "cte": lambda: {
        name.split("-")[0] for name in db.session.scalars(select(select(Customer).cte().c.name))
    },
    "scalar subquery": lambda: {
        name.split("-")[0]
        for name in db.session.scalars(
            select(
                select(Customer.name).where(Customer.territory_id == Territory.id).scalar_subquery()
            ).select_from(Territory)
        )
        if name
    },
    "union": lambda: {
        row.name.split("-")[0]
        for row in db.session.execute(
            union(select(Customer.name), select(Customer.name).where(Customer.id > 0))
        )
    },
    "query union": lambda: {
        place_of(c)
        for c in db.session.query(Customer).union(
            db.session.query(Customer).filter(Customer.id > 0)
        )
    },
    "joined loading": lambda: {
        place_of(q.customer)
        for q in db.session.scalars(
            select(Questionnaire).options(joinedload(Questionnaire.customer))
        )
        if q.customer
    },
    "selectin loading": lambda: {
        place_of(q.customer)
        for q in db.session.scalars(
            select(Questionnaire).options(selectinload(Questionnaire.customer))
        )
        if q.customer
    },
}


@pytest.mark.parametrize("person", SEEN)
def test_every_way_of_reading_shows_the_same_rows(portal: Flask, person: str):
    expected = SEEN[person]
    words = {SENTINEL[place] for place in expected}
    with signed_in(portal, person):
        for way, read in READS.items():
            db.session.expire_all()
            assert read() in (expected, words), way
        assert db.session.scalar(select(func.count()).select_from(Customer)) == len(expected)
        assert db.session.query(Customer).count() == len(expected)


@pytest.mark.parametrize("person", ["customer_a1", "brand_a", "admin_a", "market_a1"])
def test_no_row_of_another_company_is_seen(portal: Flask, person: str):
    with portal.app_context():
        everything = {m: db.session.scalar(select(func.count()).select_from(m)) for m in ROW_SCOPES}
    assert [m.__name__ for m, count in everything.items() if not count] == []
    with signed_in(portal, person):
        for model, count in everything.items():
            items = db.session.scalars(select(model)).all()
            assert len(items) < count, model
            assert [item for item in items if SENTINEL["b"] in str(vars(item))] == [], model


def test_nothing_is_seen_before_login(portal: Flask):
    with portal.test_request_context("/"):
        assert current_scope() == NOTHING
        for model in (*ROW_SCOPES, User):
            assert db.session.scalars(select(model)).all() == [], model


@pytest.mark.parametrize("user_class", [User, PortalUser])
def test_users_of_other_companies_and_the_platform_are_hidden(portal: Flask, user_class: Any):
    with signed_in(portal, "admin_a"):
        names = {user.username for user in db.session.scalars(select(user_class))}
        other = aliased(user_class)
        aliased_names = {user.username for user in db.session.scalars(select(other))}
    assert names == aliased_names
    assert names == {"admin_a", "market_a1", "customer_a1", "customer_a2", "brand_a"}


def test_a_row_is_not_got_by_its_key(portal: Flask):
    theirs = foreign(portal, Customer)
    own = foreign(portal, Customer, "a1")
    with signed_in(portal, "customer_a1"):
        assert db.session.get(Customer, own) is not None
        assert db.session.get(Customer, theirs) is None


def test_a_link_out_of_the_scope_is_empty(portal: Flask):
    with portal.app_context():
        department = found(Department, code="Da1")
        department.manager_id = found(PortalUser, username="platform").id
        db.session.commit()
    with signed_in(portal, "customer_a1"):
        assert found(Department, code="Da1").manager is None


def test_scopes_share_a_compiled_statement_but_not_its_rows(portal: Flask):
    """The cache key of `ScopeOption` must not mix up the values of two scopes."""
    for _round in range(3):
        for person in ("customer_a1", "customer_a2", "market_a1", "admin_a", "customer_b"):
            expected = SEEN.get(person, {"b"})
            with signed_in(portal, person):
                statement = select(Customer).where(Customer.id > 0)
                assert {place_of(c) for c in db.session.scalars(statement)} == expected
                wide = RowScope(current_scope().company_id, tuple(range(50)), 1)
                with scoped_to(wide):
                    rows = db.session.scalars(select(Customer.id).where(Customer.id > 0)).all()
                    assert len(rows) == (1 if person == "customer_b" else 2)


# --- resolution -----------------------------------------------------------------------------


def scope_of(portal: Flask, username: str, today: dt.date | None = None) -> RowScope:
    with portal.app_context():
        user = found(PortalUser, username=username)
        return resolve_scope(db.session, user, load_access(user.id)[0], today)


def territory_id(place: str) -> int:
    return found(Territory, code=f"T{place}").id


def assign(portal: Flask, username: str, place: str, **values: Any) -> None:
    with portal.app_context():
        territory = found(Territory, code=f"T{place}")
        db.session.add(
            TerritoryAssignment(
                company_id=territory.company_id,
                territory_id=territory.id,
                user_id=found(PortalUser, username=username).id,
                **{"kind": AssignmentKind.SUBSTITUTE, "valid_from": dt.date(2026, 1, 1), **values},
            )
        )
        db.session.commit()


def test_substitutes_see_the_territory_during_their_time(portal: Flask):
    assign(
        portal, "customer_a1", "a2", valid_from=dt.date(2026, 3, 1), valid_to=dt.date(2026, 3, 31)
    )
    for day, count in (
        (dt.date(2026, 2, 28), 1),
        (dt.date(2026, 3, 1), 2),
        (dt.date(2026, 3, 31), 2),
        (dt.date(2026, 4, 1), 1),
    ):
        assert len(scope_of(portal, "customer_a1", day).territory_ids) == count, day


def test_an_assignment_in_another_company_gives_nothing(portal: Flask):
    assign(portal, "customer_a1", "b")
    assert len(scope_of(portal, "customer_a1").territory_ids) == 1


def test_roles_add_up(portal: Flask):
    from flask_appbuilder.security.sqla.models import Role

    with portal.app_context():
        user = found(PortalUser, username="market_a1")
        user.roles.append(found(Role, name="customer_manager"))
        db.session.commit()
        expected = {territory_id("a1"), territory_id("a2")}
    assign(portal, "market_a1", "a2")
    assert set(scope_of(portal, "market_a1").territory_ids) == expected


def test_without_a_company_only_administrators_see_anything(portal: Flask):
    with portal.app_context():
        users = PortalUser.__table__  # the rules about accounts would refuse such a user
        db.session.execute(
            update(users).where(users.c.username == "brand_a").values(company_id=None)
        )
        db.session.commit()
    assert scope_of(portal, "brand_a").is_nothing
    assert scope_of(portal, "platform").is_unrestricted
    with signed_in(portal, "brand_a"):
        assert [user.username for user in db.session.scalars(select(PortalUser))] == ["brand_a"]
        assert db.session.scalars(select(Product)).all() == []


def test_outside_requests_a_scope_is_explicit(portal: Flask):
    with portal.app_context():
        assert current_scope().is_unrestricted
        company = found(Company, code="Ca").id
        with scoped_to(RowScope(company, None)):
            assert {place_of(c) for c in db.session.scalars(select(Customer))} == {"a1", "a2"}
