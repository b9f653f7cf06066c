"""The addresses of the approval flow and the bar on a record's page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template_string
from sqlalchemy import select

from app import models
from app.kernel.db import db
from app.models import KeyCustomer, MonthPlan, ReturnReason
from app.workflow.flow_bar import flow_of
from app.workflow.machine import RECORDS, TRANSITIONS, permission_of
from tests.analysis.demo_visitors import alerts
from tests.security.visitor import Visitor
from tests.security.world import signed_in
from tests.workflow.flow_world import NoSteps, act, record_id, snapshot

pytestmark = pytest.mark.web

CUSTOMER, MARKET = "customer_a1", "market_a1"
PATHS = {
    "ServicePlan": "service-plan",
    "MonthPlan": "month-plan",
    "WeekSummary": "week-summary",
    "MonthSummary": "month-summary",
}


def url(kind: str, key: int, action: str) -> str:
    return f"/flow/{PATHS[kind]}/{key}/{action}"


def said(visitor: Visitor, path: str, data: dict[str, Any]) -> str:
    answer = visitor.post(path, {"next": "/account/", **data})
    assert answer.status_code == 303, answer.status_code
    assert answer.location == "/account/"
    return alerts(visitor.get("/account/").text)


@pytest.fixture
def plan(portal: Flask) -> Iterator[int]:
    return record_id(portal, "MonthPlan")


def test_every_action_asks_for_the_grant_of_the_table(portal: Flask):
    grants = portal.extensions["route_grants"]
    for row in TRANSITIONS:
        grant = grants[f"{row.record}FlowView.{row.action}"]
        assert grant == (f"can_{permission_of(row.record, row.action)}", row.record)


def test_submit_return_submit_approve(portal: Flask, steps: NoSteps, plan: int):
    customer, market = Visitor(portal, CUSTOMER), Visitor(portal, MARKET)
    with portal.app_context():
        reason = db.session.scalars(
            select(ReturnReason)
            .join(MonthPlan, MonthPlan.company_id == ReturnReason.company_id)
            .where(MonthPlan.id == plan)
        ).first()
        reason_id, reason_name = reason.id, reason.name_en or reason.name

    def version() -> str:
        return str(snapshot(portal, "MonthPlan", plan)[1])

    words = said(customer, url("MonthPlan", plan, "submit"), {"version": version()})
    assert "Month plan · " in words
    assert "Submitted" in words
    words = said(market, url("MonthPlan", plan, "return"), {"version": version()})
    assert "choose a reason or write one" in words
    data = {"version": version(), "reason_id": str(reason_id), "reason": "Twelve are enough"}
    assert "Returned" in said(market, url("MonthPlan", plan, "return"), data)
    with signed_in(portal, CUSTOMER):
        flow = flow_of(db.session(), db.session.get(MonthPlan, plan))
        assert [action.name for action in flow.actions] == ["submit"]
        assert flow.returned is not None
        assert flow.returned.reason == f"{reason_name}; Twelve are enough"
    said(customer, url("MonthPlan", plan, "submit"), {"version": version()})
    words = said(market, url("MonthPlan", plan, "approve"), {"version": version()})
    assert "Approved" in words
    # The second click, with the version the page had.
    words = said(market, url("MonthPlan", plan, "approve"), {"version": "3"})
    assert "had already done this at" in words
    words = said(customer, url("MonthPlan", plan, "withdraw"), {"version": version()})
    assert "no longer possible: the state is “Approved”" in words
    assert [event[0] for event in snapshot(portal, "MonthPlan", plan)[2]] == [
        "submit", "return", "submit", "approve",
    ]  # fmt: skip


def test_what_changed_meanwhile_is_shown(portal: Flask, steps: NoSteps, plan: int):
    market = Visitor(portal, MARKET)
    act(portal, CUSTOMER, "MonthPlan", plan, "submit")
    with signed_in(portal, MARKET):
        seen = flow_of(db.session(), db.session.get(MonthPlan, plan))
    act(portal, CUSTOMER, "MonthPlan", plan, "withdraw")
    with signed_in(portal, CUSTOMER, "POST"):
        db.session.get(MonthPlan, plan).focus = "Quite another focus"
        db.session.commit()
    act(portal, CUSTOMER, "MonthPlan", plan, "submit")
    before = snapshot(portal, "MonthPlan", plan)
    data = {"version": str(seen.version), "seen": seen.seen, "next": "/account/"}
    answer = market.post(url("MonthPlan", plan, "approve"), data)
    assert answer.status_code == 409
    assert "The record changed since you opened it" in answer.text
    assert "Quite another focus" in answer.text
    since = answer.text[answer.text.index("Since then") :]
    assert since.count("Withdrawn") == 1
    assert since.count("Submitted") >= 1
    assert f'name="version" value="{before[1]}"' in answer.text
    assert 'name="next" value="/account/"' in answer.text
    assert snapshot(portal, "MonthPlan", plan) == before


@pytest.mark.parametrize("version", ["", "x", "0", "999", "-1", "9" * 30])
def test_a_version_that_is_none_is_an_old_one(
    portal: Flask, steps: NoSteps, plan: int, version: str
):
    answer = Visitor(portal, CUSTOMER).post(
        url("MonthPlan", plan, "submit"), {"version": version, "seen": "no time"}
    )
    assert answer.status_code == 409
    assert snapshot(portal, "MonthPlan", plan)[0] == "DRAFT"


@pytest.mark.parametrize("kind", RECORDS)
def test_who_may_not_is_turned_away(portal: Flask, steps: NoSteps, kind: str):
    key = record_id(portal, kind)
    before = snapshot(portal, kind, key)
    for who, action, status in (
        ("customer_a2", "submit", 404),
        ("market_a2", "return", 404),
        ("admin_b", "return", 404),
        ("brand_a", "submit", 403),
        ("brand_a", "return", 403),
        (CUSTOMER, "return", 403),
        (MARKET, "submit", 403),
        ("admin_a", "submit", 403),
    ):
        answer = Visitor(portal, who).post(url(kind, key, action), {"version": "1", "reason": "x"})
        assert answer.status_code == status, (who, action)
    for missing in ("987654", "x", "-1", "0"):
        path = f"/flow/{PATHS[kind]}/{missing}/submit"
        assert Visitor(portal, CUSTOMER).post(path, {"version": "1"}).status_code == 404
    assert snapshot(portal, kind, key) == before


def test_no_way_out_by_next(portal: Flask, steps: NoSteps, plan: int):
    answer = Visitor(portal, CUSTOMER).post(
        url("MonthPlan", plan, "submit"), {"version": "1", "next": "//example.org/"}
    )
    assert answer.location == "/"


def bar(portal: Flask, who: str, kind: str, key: int) -> str:
    """The bar as this person sees it."""
    page = "{% import 'workflow/flow.html' as flows with context %}{{ flows.flow_bar(flow) }}"
    with signed_in(portal, who):
        record = db.session.get(getattr(models, kind), key)
        return render_template_string(page, flow=flow_of(db.session(), record))


def offered(text: str) -> list[str]:
    return re.findall(r'data-flow="(\w+)"', text)


def test_the_bar_offers_what_the_person_may_do_now(portal: Flask, steps: NoSteps):
    key = record_id(portal, "ServicePlan")
    assert offered(bar(portal, CUSTOMER, "ServicePlan", key)) == ["submit"]
    assert offered(bar(portal, MARKET, "ServicePlan", key)) == []
    act(portal, CUSTOMER, "ServicePlan", key, "submit")
    assert offered(bar(portal, CUSTOMER, "ServicePlan", key)) == ["withdraw"]
    assert offered(bar(portal, MARKET, "ServicePlan", key)) == ["return", "approve"]
    act(portal, MARKET, "ServicePlan", key, "return", reason="<b>No target</b>")
    text = bar(portal, CUSTOMER, "ServicePlan", key)
    assert "&lt;b&gt;No target&lt;/b&gt;" in text
    assert "pill-warn" in text
    assert "Returned by" in text


def test_no_get_opens_an_action(portal: Flask, plan: int):
    assert Visitor(portal, CUSTOMER).get(url("MonthPlan", plan, "submit")).status_code == 405


def test_the_token_is_needed(portal: Flask, plan: int):
    answer = Visitor(portal, CUSTOMER).client.post(
        url("MonthPlan", plan, "submit"), data={"version": "1"}
    )
    assert answer.status_code == 400
    with portal.app_context():
        assert db.session.scalars(select(KeyCustomer)).first() is not None
