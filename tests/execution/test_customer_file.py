"""客户档案: every kind of entry, whose customers and whose past, a bounded number of statements."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, insert, select

from app.kernel.db import db
from app.models import (
    AssignmentKind,
    Customer,
    CustomerTerritory,
    DailyVisit,
    FollowUp,
    PlannedFrequency,
    TerritoryAssignment,
    VisitOutcome,
    VisitPlan,
)
from tests.analysis.demo_visitors import DemoVisitor

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
KINDS = ("NEED", "STATE", "STRATEGY", "PLAN", "VISIT", "FOLLOW_UP", "CHANGE", "MOVE")
MOST_STATEMENTS = 32


@pytest.fixture
def customer(stored: Stored, territory: Callable[[str], int]) -> int:
    """A customer of the first territory with a suggestion to follow."""
    return stored(
        select(FollowUp.customer_id)
        .join(Customer, Customer.id == FollowUp.customer_id)
        .where(Customer.territory_id == territory("YH-A1"), FollowUp.answer.is_not(None))
        .order_by(FollowUp.id)
        .limit(1)
    )[0][0]


def test_master_data_trend_and_every_kind(visitor: Visitors, stored: Stored, customer: int):
    person = visitor("customer")
    page = person.page(f"/customer-file/{customer}")
    name, code, phone = stored(
        select(Customer.name, Customer.code, Customer.phone).where(Customer.id == customer)
    )[0]
    for text in (name, code, phone):
        assert text in page
    months = re.search(r'"months": \[([^\]]*)\]', page)
    assert months is not None
    assert months.group(1).count('"') == 26
    assert "file-entry" in page
    for kind in KINDS:
        part = person.page(f"/customer-file/{customer}?kind={kind}")
        assert 'aria-current="true"' in part


def test_visits_and_follow_ups_tell_their_words(visitor: Visitors, stored: Stored, customer: int):
    person = visitor("customer")
    text, answer = stored(
        select(FollowUp.text, FollowUp.answer).where(
            FollowUp.customer_id == customer, FollowUp.answer.is_not(None)
        )
    )[0]
    page = person.page(f"/customer-file/{customer}?kind=FOLLOW_UP")
    assert text in page
    assert answer in page
    visited = stored(
        select(func.count()).where(
            DailyVisit.customer_id == customer, DailyVisit.outcome == VisitOutcome.VISITED
        )
    )[0][0]
    page = person.page(f"/customer-file/{customer}?kind=VISIT")
    assert page.count("Visited</span>") == visited
    days = re.findall(r'<time datetime="([\d-]+)"', page)
    assert days == sorted(days, reverse=True)
    planned = stored(select(func.count()).where(VisitPlan.customer_id == customer))[0][0]
    assert len(days) >= min(planned, 60)


def test_plans_and_changes_are_shown(visitor: Visitors, stored: Stored, customer: int):
    page = visitor("customer").page(f"/customer-file/{customer}?kind=PLAN")
    count = stored(select(func.count()).where(PlannedFrequency.customer_id == customer))[0][0]
    assert page.count('class="file-entry"') == count > 0
    page = visitor("customer").page(f"/customer-file/{customer}?kind=CHANGE")
    assert "→" in page
    assert "Visit frequency:" in page


def test_foreign_customers_do_not_exist(visitor: Visitors, customer: int):
    for name in ("customer3", "market2"):
        assert visitor(name).get(f"/customer-file/{customer}").status_code == 404
    person = visitor("customer")
    for key in ("0", "999999999", "-1", "x", "9" * 30):
        assert person.get(f"/customer-file/{key}").status_code == 404
    assert visitor("market").get(f"/customer-file/{customer}").status_code == 200
    assert visitor("brand").get(f"/customer-file/{customer}").status_code == 403


def test_the_past_of_a_moved_customer_belongs_to_its_territory(
    visitor: Visitors, stored: Stored, demo: Flask, territory: Callable[[str], int]
):
    """The new manager does not read what the old territory wrote; who has both reads it."""
    moved = stored(
        select(CustomerTerritory.customer_id)
        .group_by(CustomerTerritory.customer_id)
        .having(func.count() > 1)
    )[0][0]
    company = stored(select(Customer.company_id).where(Customer.id == moved))[0][0]
    with demo.app_context(), db.engine.begin() as connection:
        # Nobody stands in for the old territory's manager.
        held = TerritoryAssignment.__table__
        connection.execute(delete(held).where(held.c.kind == AssignmentKind.SUBSTITUTE))
        connection.execute(
            insert(DailyVisit.__table__).values(
                company_id=company,
                territory_id=territory("YH-A1"),
                customer_id=moved,
                date=dt.date(2020, 1, 2),
                outcome=VisitOutcome.VISITED,
                effect="Only for the old territory",
            )
        )
    url = f"/customer-file/{moved}?kind=VISIT"
    assert visitor("customer").get(url).status_code == 404
    assert "Only for the old territory" not in visitor("customer2").page(url)
    assert "Only for the old territory" in visitor("market").page(url)


def test_a_bounded_number_of_statements(visitor: Visitors, demo: Flask, customer: int):
    person = visitor("customer")
    person.page(f"/customer-file/{customer}")
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    with demo.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        person.page(f"/customer-file/{customer}")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert 0 < len(seen) <= MOST_STATEMENTS


def test_nonsense_arguments(visitor: Visitors, customer: int):
    for query in (
        "kind=NOTHING",
        "page=-3",
        "page=x",
        "page=99999999999999999999",
        "kind=VISIT&page=7",
    ):
        assert visitor("customer").get(f"/customer-file/{customer}?{query}").status_code == 200
