"""The flow with the steps themselves: their guards refuse, their effects reach other records."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import and_, select, update

from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    ChangeLog,
    Customer,
    CustomerStatus,
    FrequencySource,
    MonthPlan,
    PlannedFrequency,
    ServicePlan,
    Territory,
)
from tests.analysis.demo_visitors import DemoVisitor, demo, stored, visitor  # noqa: F401
from tests.workflow.demo_plans import submit_plans

pytestmark = pytest.mark.web

MONTH = Month.current().previous
Stored = Callable[..., Any]
Visitors = Callable[[str], DemoVisitor]


@pytest.fixture
def plans(demo: Flask, demo_url: str, stored: Stored) -> dict[str, Any]:  # noqa: F811
    """Territory code → row (month plan id, version, service plan id, its version, territory id)."""
    submit_plans(demo_url, MONTH)
    with demo.app_context():
        plan = ServicePlan.__table__
        db.session.connection().execute(
            update(plan).where(plan.c.month == MONTH).values(status="SUBMITTED")
        )
        db.session.commit()
    rows = stored(
        select(
            Territory.code,
            MonthPlan.id,
            MonthPlan.version,
            ServicePlan.id,
            ServicePlan.version,
            Territory.id,
        )
        .join(MonthPlan, MonthPlan.territory_id == Territory.id)
        .join(
            ServicePlan,
            and_(ServicePlan.territory_id == Territory.id, ServicePlan.month == MonthPlan.month),
        )
        .where(MonthPlan.month == MONTH)
    )
    return {row[0]: row[1:] for row in rows}


def post(person: DemoVisitor, kind: str, key: int, action: str, version: int, **data: str) -> str:
    answer = person.post(
        f"/flow/{kind}/{key}/{action}", {"version": str(version), "next": "/account/", **data}
    )
    return person.said(answer)


def test_returned_strategies_outdate_the_month_plan(
    plans: dict[str, Any],
    visitor: Visitors,  # noqa: F811
    stored: Stored,  # noqa: F811
    demo: Flask,  # noqa: F811
):
    month_plan, _version, plan, version, _territory = plans["YH-A1"]
    market = visitor("market")
    assert "Returned" in post(market, "service-plan", plan, "return", version, reason="Too few")
    is_outdated, now = stored(
        select(MonthPlan.is_outdated, MonthPlan.version).where(MonthPlan.id == month_plan)
    )[0]
    assert is_outdated
    said = post(market, "month-plan", month_plan, "approve", now)
    assert "generate" in said.lower()
    assert stored(select(MonthPlan.status).where(MonthPlan.id == month_plan))[0][0].name == (
        "SUBMITTED"
    )
    with demo.app_context():
        table = ServicePlan.__table__
        db.session.connection().execute(
            update(table).where(table.c.id == plan).values(satisfaction_target=None)
        )
        db.session.commit()
    latest = stored(select(ServicePlan.version).where(ServicePlan.id == plan))[0][0]
    said = post(visitor("customer"), "service-plan", plan, "submit", latest)
    assert "satisfaction target" in said


def test_approval_writes_the_frequencies_to_the_customers(
    plans: dict[str, Any],
    visitor: Visitors,  # noqa: F811
    stored: Stored,  # noqa: F811
):
    month_plan, version, _plan, _version, territory = plans["YH-A2"]
    changes = select(ChangeLog.id).where(ChangeLog.entity == "Customer")
    before = len(stored(changes))
    market = visitor("market")
    assert "Approved" in post(market, "month-plan", month_plan, "approve", version)
    rows = stored(
        select(Customer.visit_frequency, PlannedFrequency.frequency, Customer.frequency_source)
        .join(PlannedFrequency, PlannedFrequency.customer_id == Customer.id)
        .where(
            PlannedFrequency.plan_id == month_plan,
            Customer.territory_id == territory,
            Customer.status == CustomerStatus.ACTIVE,
        )
    )
    assert len(rows) > 50
    assert all(held is planned for held, planned, _source in rows)
    assert {source for _held, _planned, source in rows} == {FrequencySource.SYSTEM}
    logged = len(stored(changes))
    assert logged > before
    said = post(market, "month-plan", month_plan, "approve", version)
    assert "had already done this" in said
    assert len(stored(changes)) == logged, "a second approval writes nothing"
