"""Writes stay inside the row scope, by objects and by statements; what cannot be scoped is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, exists, func, insert, inspect, select, text, update

from app.kernel.db import db
from app.kernel.errors import OutOfScope
from app.models import (
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
)
from app.security.row_scope import scoped_to
from app.security.statement_guard import BY_HAND, UnscopedStatement
from tests.security.world import SENTINEL, found, signed_in

pytestmark = pytest.mark.sql


def foreign(portal: Flask, model: type[Any], place: str = "a2") -> Any:
    """Primary key of a row of another place, read without a scope."""
    with portal.app_context():
        for item in db.session.scalars(select(model)):
            if SENTINEL[place] in str(getattr(item, "name", "")):
                return inspect(item).identity[0]
    raise LookupError(model)


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
