"""Reads and writes stay inside the row scope, on every way through the session."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import delete, exists, func, insert, inspect, select, text, union, update
from sqlalchemy.orm import aliased, joinedload, selectinload

from app.kernel.db import db
from app.kernel.errors import OutOfScope
from app.models import (
    ROW_SCOPES,
    AssignmentKind,
    Company,
    Customer,
    Department,
    NeedOption,
    NeedOptionStrategy,
    PortalUser,
    Product,
    Questionnaire,
    QuestionnaireAnswer,
    ServiceStrategy,
    Task,
    Territory,
    TerritoryAssignment,
)
from app.security.access import load_access
from app.security.row_scope import NOTHING, RowScope, current_scope, scoped_to
from app.security.scope_resolution import resolve_scope
from app.security.statement_guard import BY_HAND, UnscopedStatement
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


# --- writes ---------------------------------------------------------------------------------


def refused(change: Callable[[], Any], error: type[Exception] = OutOfScope) -> None:
    with pytest.raises(error):  # noqa: PT012 -- some changes fail at once, some at the flush
        change()
        db.session.flush()
    db.session.rollback()


def test_own_rows_can_be_written(portal: Flask):
    with signed_in(portal, "customer_a1", "POST"):
        customer = db.session.scalars(select(Customer)).one()
        customer.remark = "changed"
        db.session.commit()
    with portal.app_context():
        assert found(Customer, remark="changed").name.startswith(SENTINEL["a1"])


def test_rows_cannot_be_given_away_or_taken(portal: Flask):
    theirs = foreign(portal, Territory)
    with signed_in(portal, "customer_a1", "POST"):
        customer = db.session.scalars(select(Customer)).one()
        refused(lambda: setattr(customer, "territory_id", theirs))
        refused(lambda: setattr(customer, "company_id", customer.company_id + 1))


def test_a_foreign_object_in_the_session_cannot_be_changed_or_deleted(portal: Flask):
    theirs = foreign(portal, Customer)
    with signed_in(portal, "customer_a1", "POST"):
        from app.security.row_scope import UNRESTRICTED

        with scoped_to(UNRESTRICTED):
            customer = db.session.get(Customer, theirs)
        refused(lambda: setattr(customer, "remark", "taken"))
        with scoped_to(UNRESTRICTED):
            customer = db.session.get(Customer, theirs)
        refused(lambda: db.session.delete(customer))


def test_new_rows_get_the_company_and_stay_inside(portal: Flask):
    theirs = foreign(portal, Territory)
    with signed_in(portal, "customer_a1", "POST"):
        mine = db.session.scalars(select(Customer)).one()
        values = {
            attribute.key: getattr(mine, attribute.key)
            for attribute in inspect(Customer).column_attrs
            if attribute.key not in ("id", "company_id", "version")
        }
        db.session.add(Customer(**{**values, "code": "NEW-1"}))
        db.session.flush()
        company = db.session.scalars(select(Customer).filter_by(code="NEW-1")).one().company_id
        assert company == mine.company_id
        refused(
            lambda: db.session.add(Customer(**{**values, "code": "N2", "territory_id": theirs}))
        )
        refused(lambda: db.session.add(Customer(**{**values, "code": "N3", "company_id": 2})))


def test_a_forged_reference_is_refused(portal: Flask):
    theirs = foreign(portal, Customer)
    their_user = foreign_user(portal, "customer_b")
    with signed_in(portal, "customer_a1", "POST"):
        questionnaire = db.session.scalars(select(Questionnaire)).one()
        refused(lambda: setattr(questionnaire, "customer_id", theirs))
    with signed_in(portal, "admin_a", "POST"):
        department = found(Department, code="Da1")
        refused(lambda: setattr(department, "manager_id", their_user))


def foreign_user(portal: Flask, username: str) -> int:
    with portal.app_context():
        return found(PortalUser, username=username).id


def test_a_foreign_member_of_a_collection_is_refused(portal: Flask):
    theirs = foreign(portal, ServiceStrategy, "b")
    with signed_in(portal, "admin_a", "POST"):
        from app.security.row_scope import UNRESTRICTED

        with scoped_to(UNRESTRICTED):
            strategy = db.session.get(ServiceStrategy, theirs)
        need = db.session.scalars(select(NeedOption)).first()
        refused(lambda: need.strategies.append(strategy))
        refused(
            lambda: db.session.add(NeedOptionStrategy(need_option_id=need.id, strategy_id=theirs))
        )


def test_children_are_seen_and_written_through_their_parent(portal: Flask):
    with portal.app_context():
        theirs = db.session.scalars(
            select(QuestionnaireAnswer).order_by(QuestionnaireAnswer.questionnaire_id)
        ).all()[1]
        key = inspect(theirs).identity
        option = theirs.need_option_id
    with signed_in(portal, "customer_a1", "POST"):
        assert len(db.session.scalars(select(QuestionnaireAnswer)).all()) == 1
        assert db.session.get(QuestionnaireAnswer, key) is None
        forged = QuestionnaireAnswer(
            company_id=key[0], questionnaire_id=key[1], need_option_id=option + 1
        )
        refused(lambda: db.session.add(forged))


def test_the_platform_cannot_tie_companies_together(portal: Flask):
    theirs = foreign(portal, Department, "b")
    with signed_in(portal, "platform", "POST"):
        territory = found(Territory, code="Ta1")
        refused(lambda: setattr(territory, "department_id", theirs))


def test_nothing_is_written_before_login(portal: Flask):
    with portal.test_request_context("/", method="POST"):
        refused(lambda: db.session.add(Product(company_id=1, code="X", name="X")))


# --- statements -----------------------------------------------------------------------------


def test_update_and_delete_statements_touch_own_rows_only(portal: Flask):
    with signed_in(portal, "customer_a1", "POST"):
        changed = db.session.execute(update(Customer).values(remark="all of them"))
        assert changed.rowcount == 1
        by_subquery = (
            update(Customer).where(Customer.id.in_(select(Customer.id))).values(remark="again")
        )
        assert db.session.execute(by_subquery).rowcount == 1
        assert db.session.query(Customer).update({"remark": "query"}) == 1
        assert db.session.execute(delete(Questionnaire)).rowcount == 1
        db.session.commit()
    with portal.app_context():
        assert db.session.scalar(select(func.count()).select_from(Questionnaire)) == 2
        assert db.session.scalar(select(func.count()).where(Customer.remark == "query")) == 1


def test_a_subquery_of_a_statement_is_scoped_too(portal: Flask):
    theirs = foreign(portal, Customer)
    with signed_in(portal, "admin_b", "POST"):
        leak = (
            update(Product)
            .where(select(Customer.id).where(Customer.id == theirs).exists())
            .values(brand="oracle")
        )
        assert db.session.execute(leak).rowcount == 0


def test_statements_cannot_move_rows_out_of_the_scope(portal: Flask):
    theirs = foreign(portal, Territory)
    with signed_in(portal, "customer_a1", "POST"):
        own = found(Territory).id
        db.session.execute(update(Customer).values(territory_id=own))
        for error, values in (
            (OutOfScope, {"territory_id": theirs}),
            (OutOfScope, {"company_id": 2}),
            (OutOfScope, {Customer.territory_id: theirs}),
            (UnscopedStatement, {"territory_id": Customer.territory_id + 1}),
            (UnscopedStatement, {"territory_id": select(Territory.id).limit(1).scalar_subquery()}),
        ):
            refused(lambda v=values: db.session.execute(update(Customer).values(v)), error)
        refused(lambda: db.session.execute(update(Customer), {"territory_id": theirs}))
        refused(lambda: db.session.query(Customer).update({"territory_id": theirs}))
    with signed_in(portal, "admin_a", "POST"):
        refused(lambda: db.session.execute(update(Task).values(company_id=2)))


def test_what_cannot_be_scoped_is_refused_in_requests(portal: Flask):
    table = Customer.__table__
    with signed_in(portal, "customer_a1", "POST"):
        for statement in (
            select(table),
            select(table.c.name),
            update(table).values(remark="x"),
            delete(table),
            insert(table).values(code="x"),
            text("SELECT name FROM customer"),
            select(select(table).subquery()),
            # The outer select has no entity, so the criteria of the inner one are lost.
            select(exists().where(Customer.id > 0)),
        ):
            refused(lambda s=statement: db.session.execute(s), UnscopedStatement)
        for rows in ([{"code": "a"}], [{"code": "a"}, {"code": "b"}]):
            refused(lambda r=rows: db.session.execute(insert(Customer), r), UnscopedStatement)
        refused(
            lambda: db.session.execute(update(Customer), [{"id": 1, "remark": "x"}]),
            UnscopedStatement,
        )
        by_hand = select(table.c.name).where(table.c.company_id == 1)
        assert db.session.execute(by_hand.execution_options(**{BY_HAND: True})).first()


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
        found(PortalUser, username="brand_a").company_id = None
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
