"""The change log page and the history of a record: in words, within the company, read-only."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from app.kernel.db import db
from app.models import (
    AssignmentKind,
    ChangeLog,
    Customer,
    PortalUser,
    Territory,
    TerritoryAssignment,
    VisitMode,
)
from app.security.change_log import change_history
from app.security.change_words import ChangeWords
from tests.security.visitor import Visitor
from tests.security.world import signed_in

pytestmark = pytest.mark.web


def change_customer(portal: Flask, person: str) -> int:
    with signed_in(portal, person, "POST"):
        customer = db.session.scalars(select(Customer)).first()
        customer.visit_mode = VisitMode.PHONE
        customer.remark = "<script>alert(1)</script>"
        db.session.commit()
        return customer.id


def test_changes_are_shown_in_words(portal: Flask):
    change_customer(portal, "customer_a1")
    page = Visitor(portal, "admin_a").get("/change-log/list/").text
    assert "电话拜访" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_names_stand_for_ids(portal: Flask):
    with signed_in(portal, "admin_a", "POST"):
        customer = db.session.scalars(select(Customer)).first()
        other = db.session.scalars(
            select(Territory).where(Territory.id != customer.territory_id)
        ).first()
        customer.territory_id = other.id
        db.session.commit()
        entry = change_history(customer)[0]
    assert {name: pair[1] for name, pair in entry.changes.items()} == {
        "territory_id": "Juniper lanes"
    }


def test_the_name_of_a_new_record_has_the_names_of_its_neighbours(portal: Flask):
    with signed_in(portal, "admin_a", "POST"):
        territory = db.session.scalars(select(Territory)).first()
        user = db.session.scalars(
            select(PortalUser).where(PortalUser.username == "market_a1")
        ).one()
        assignment = TerritoryAssignment(
            company_id=territory.company_id,
            territory_id=territory.id,
            user_id=user.id,
            kind=AssignmentKind.SUBSTITUTE,
            valid_from=dt.date(2030, 1, 1),
        )
        db.session.add(assignment)
        db.session.commit()
        named = select(ChangeLog.record_label).where(
            ChangeLog.entity == "TerritoryAssignment", ChangeLog.record_id == assignment.id
        )
        assert list(db.session.scalars(named)) == [f"{territory} · {user}"]


def test_the_log_of_other_companies_is_hidden(portal: Flask):
    change_customer(portal, "customer_b")
    page = Visitor(portal, "admin_a").get("/change-log/list/").text
    assert "Magnolia" not in page
    assert "Magnolia" in Visitor(portal, "platform").get("/change-log/list/").text


def test_filters(portal: Flask):
    change_customer(portal, "customer_a1")
    visitor = Visitor(portal, "admin_a")

    def shown(query: str) -> int:
        return visitor.get(f"/change-log/list/?{query}").text.count("change-list")

    everything = shown("")
    assert everything
    assert shown("q_entity=Customer&q_source=form") == 1
    assert shown("q_entity=User&q_source=form") == 0
    assert shown("q_action=CHANGED&q_source=form") == 1
    assert shown("q_user_name=Hibiscus&q_source=form") == 1
    assert shown("q_user_name=Magnolia&q_source=form") == 0
    assert shown("q_source=import&q_entity=Customer") == 0
    assert shown("q_at_from=2020-01-01&q_at_to=2020-01-02") == 0
    assert shown("q_at_from=2020-01-01&q_source=form") == 1
    for nonsense in ("q_entity=x", "q_source=x", "q_at_from=x", "q_record_id=x"):
        assert visitor.get(f"/change-log/list/?{nonsense}").status_code == 200


def test_nobody_edits_it(portal: Flask):
    change_customer(portal, "customer_a1")
    with portal.app_context():
        number = db.session.scalars(select(ChangeLog.id)).first()
    for name in ("admin_a", "platform"):
        visitor = Visitor(portal, name)
        for url in (f"edit/{number}", f"delete/{number}", "add", "bulk_edit"):
            assert visitor.post(f"/change-log/{url}").status_code == 404


def test_the_log_is_exported(portal: Flask):
    change_customer(portal, "customer_a1")
    answer = Visitor(portal, "admin_a").post("/change-log/export")
    assert answer.data[:2] == b"PK"


def test_times_people_and_companies_are_told_in_words(portal: Flask):
    with signed_in(portal, "admin_a"):
        user = db.session.scalars(
            select(PortalUser).where(PortalUser.username == "market_a1")
        ).one()
        changes = {
            "submitted_at": [None, "2026-11-03T03:00:00"],
            "submitted_by": [None, user.id],
            "company_id": [None, user.company_id],
        }
        words = ChangeWords([("MonthSummary", changes)])
        told = [new for _label, _old, new in words.of("MonthSummary", changes)]
        assert told == ["2026-11-03 11:00", str(user), str(user.company)]
