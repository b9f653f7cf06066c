"""The month plan decided on: write-back on approval, none on return, outdated plans, closed analyses."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.kernel.db import db
from app.models import (
    AnalysisStatus,
    ChangeLog,
    Customer,
    FrequencySource,
    MarketAnalysis,
    MonthPlan,
    MonthPlanStatus,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor
from tests.plan.submitted_plan import (
    HOLDER,
    MANAGER,
    PAGE,
    Stored,
    Visitors,
    frequencies,
    take,
    version,
)

pytestmark = pytest.mark.web


def customers(stored: Stored, place: int) -> dict[int, tuple[Any, ...]]:
    rows = stored(
        select(
            Customer.id, Customer.visit_frequency, Customer.frequency_source, Customer.version
        ).where(Customer.territory_id == place)
    )
    return {row[0]: row[1:] for row in rows}


def test_approval_writes_the_frequencies_and_logs_what_they_were(
    visitor: Visitors, stored: Stored, plan: int, place: int
):
    before, planned = customers(stored, place), frequencies(stored, plan)
    assert "Approved" in take(visitor(MANAGER), stored, plan, "approve")
    after = customers(stored, place)
    for customer, frequency in planned.items():
        assert after[customer][:2] == (frequency, FrequencySource.SYSTEM)
        changed = before[customer][:2] != after[customer][:2]
        assert after[customer][2] - before[customer][2] == changed
    rest = set(after) - set(planned)
    assert {number: after[number] for number in rest} == {n: before[n] for n in rest}
    changed = {n for n in planned if before[n][:2] != after[n][:2]}
    assert changed
    rows = stored(
        select(ChangeLog.record_id, ChangeLog.changes)
        .where(ChangeLog.entity == "Customer", ChangeLog.record_id.in_(changed))
        .order_by(ChangeLog.id)
    )
    logged = dict(rows)
    for number in changed:
        old, new = before[number][0], planned[number]
        expected = {"visit_frequency": [old and old.name, new.name]} if old is not new else {}
        assert logged[number].items() >= expected.items()
    again = take(visitor(MANAGER), stored, plan, "approve")
    assert "already" in again, "a second approval changes nothing"
    assert customers(stored, place) == after


def test_a_return_leaves_the_customers_alone(
    visitor: Visitors, stored: Stored, plan: int, place: int
):
    before = customers(stored, place)
    take(visitor(MANAGER), stored, plan, "return", reason="Too many key customers")
    status = stored(select(MonthPlan.status).where(MonthPlan.id == plan))[0][0]
    assert status is MonthPlanStatus.DRAFT
    assert customers(stored, place) == before
    assert "Too many key customers" in visitor(HOLDER).page(PAGE)


def test_an_outdated_plan_cannot_be_approved(
    visitor: Visitors, stored: Stored, plan: int, place: int, demo: Flask
):
    with demo.app_context():
        db.session.connection().execute(
            update(MonthPlan.__table__).where(MonthPlan.id == plan).values(is_outdated=True)
        )
        db.session.commit()
    before = customers(stored, place)
    person = visitor(MANAGER)
    assert "service strategies came back" in take(person, stored, plan, "approve")
    assert customers(stored, place) == before
    assert "To be generated again" in person.page(PAGE)


def test_both_texts_are_asked_for_before_submitting(draft: DemoVisitor, stored: Stored, plan: int):
    form = {"version": version(stored, plan), "last_problems": " ", "focus": "", "visit_notes": ""}
    draft.post(f"/month-plans/save/{plan}", form)
    assert "Enter last month's problems" in take(draft, stored, plan, "submit")


def test_the_analyses_of_a_submitted_plan_stay_closed(
    visitor: Visitors, stored: Stored, plan: int, place: int, demo: Flask
):
    found = select(MarketAnalysis.id, MarketAnalysis.status).where(
        MarketAnalysis.territory_id == place, MarketAnalysis.month == MONTH.previous
    )
    key = stored(found)[0][0]
    with demo.app_context():
        db.session.connection().execute(
            update(MarketAnalysis.__table__)
            .where(MarketAnalysis.id == key)
            .values(status=AnalysisStatus.COMPLETED)
        )
        db.session.commit()
    person = visitor(HOLDER)
    answer = person.post(f"/market-analysis/reopen/{key}")
    assert "can no longer be reopened" in person.said(answer)
    assert stored(found)[0][1] is AnalysisStatus.COMPLETED
    take(person, stored, plan, "withdraw")
    person.post(f"/market-analysis/reopen/{key}")
    assert stored(found)[0][1] is AnalysisStatus.DRAFT
