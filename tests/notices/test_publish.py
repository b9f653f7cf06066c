"""Publishing: once per person and key; who hears of the approval flow; the inbox is one's own."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.kernel.db import db
from app.models import Notice, NoticeKind, NoticeSetting, Outside, PortalUser
from app.notices.publish import publish
from tests.notices.notice_world import clear, notices_of, tell, user_id
from tests.security.visitor import Visitor
from tests.workflow.flow_world import NoSteps, act, record_id

SUBMITTED, RETURNED = NoticeKind.PLAN_SUBMITTED, NoticeKind.RECORD_RETURNED
APPROVED = NoticeKind.RECORD_APPROVED


@pytest.mark.sql
def test_publish_once_per_person_and_key(portal: Flask):
    clear(portal)
    assert tell(portal, "market_a1") == 1
    assert tell(portal, "market_a1") == 0
    assert tell(portal, "market_a1", key="other") == 1
    with portal.app_context():
        people = [user_id("market_a1"), user_id("admin_a"), 999_999]
        new = publish(
            db.session(), SUBMITTED, people, company_id=None, key="k", values={"who": "Wang"}
        )
        assert new == 1
        db.session.rollback()  # in the caller's transaction
    assert notices_of(portal, "admin_a") == []


@pytest.mark.web
def test_publish_asks_what_the_person_wants(portal: Flask):
    clear(portal)
    with portal.app_context():
        for name, in_portal, outside in (
            ("market_a1", False, Outside.NEVER),
            ("admin_a", False, Outside.AT_ONCE),
        ):
            db.session.add(
                NoticeSetting(
                    user_id=user_id(name), kind=SUBMITTED, in_portal=in_portal, outside=outside
                )
            )
        db.session.execute(
            update(PortalUser).where(PortalUser.username == "brand_a").values(active=False)
        )
        db.session.commit()
    assert tell(portal, "market_a1") == 0
    assert tell(portal, "brand_a") == 0
    assert tell(portal, "admin_a") == 1
    assert tell(portal, "market_a1", APPROVED) == 1
    assert "North lanes" not in Visitor(portal, "admin_a").get("/notices/").text
    with portal.app_context():
        row = db.session.scalars(select(Notice).where(Notice.user_id == user_id("admin_a"))).one()
        assert row.company_id is not None


@pytest.mark.web
def test_the_flow_tells_deciders_and_authors(portal: Flask, steps: NoSteps):
    clear(portal)
    plan = record_id(portal, "MonthPlan")
    act(portal, "customer_a1", "MonthPlan", plan, "submit")
    # The head of the department, nobody else: not the submitter, not the other department.
    told = {
        name: len(notices_of(portal, name))
        for name in (
            "market_a1",
            "market_a2",
            "customer_a1",
            "substitute_a1",
            "admin_a",
            "market_b",
        )
    }
    assert told == {
        "market_a1": 1, "market_a2": 0, "customer_a1": 0, "substitute_a1": 0, "admin_a": 0,
        "market_b": 0,
    }  # fmt: skip
    (kind, words, is_read) = notices_of(portal, "market_a1")[0]
    assert (kind, is_read) == (SUBMITTED, False)
    assert words["record"] == "Month plan"
    act(portal, "customer_a1", "MonthPlan", plan, "withdraw")
    assert [row[2] for row in notices_of(portal, "market_a1")] == [True]
    act(portal, "customer_a1", "MonthPlan", plan, "submit")
    act(portal, "market_a1", "MonthPlan", plan, "return", reason="Twelve are enough")
    assert [row[2] for row in notices_of(portal, "market_a1")] == [True, True]
    for name in ("customer_a1", "substitute_a1"):
        rows = notices_of(portal, name)
        assert [row[0] for row in rows] == [RETURNED]
        assert "Twelve are enough" in rows[0][1]["reason"]
    act(portal, "customer_a1", "MonthPlan", plan, "submit")
    act(portal, "admin_a", "MonthPlan", plan, "approve")
    assert [row[0] for row in notices_of(portal, "customer_a1")] == [RETURNED, APPROVED]
    # The last one tells the substitute of a1 that somebody else approved.
    assert [row[2] for row in notices_of(portal, "market_a1")] == [True, True, True, False]
    assert notices_of(portal, "admin_a") == []


@pytest.mark.web
def test_results_lead_to_their_own_pages(portal: Flask, steps: NoSteps):
    clear(portal)
    plan = record_id(portal, "ServicePlan")
    for name, action in (
        ("customer_a1", "submit"),
        ("market_a1", "approve"),
        ("customer_a1", "submit_result"),
        ("market_a1", "return_result"),
        ("customer_a1", "submit_result"),
        ("market_a1", "approve_result"),
    ):
        reasons = {"reason": "Again"} if action.startswith("return") else {}
        act(portal, name, "ServicePlan", plan, action, **reasons)
    with portal.app_context():
        rows = db.session.scalars(select(Notice).order_by(Notice.id))
        places = [(row.endpoint, row.endpoint_values) for row in rows if row.kind is SUBMITTED]
        author = user_id("customer_a1")
        ends = [
            (row.kind, row.endpoint)
            for row in db.session.scalars(select(Notice).order_by(Notice.id))
            if row.user_id == author
        ]
    assert places[0] == ("ApprovalView.index", {"record": f"plan-{plan}"})
    assert places[1] == ("ApprovalView.index", {"record": f"result-{plan}"})
    assert ends == [
        (APPROVED, "ServicePlanView.list"),
        (RETURNED, "TaskMarkView.list"),
        (APPROVED, "TaskMarkView.list"),
    ]


@pytest.mark.web
def test_a_department_without_a_head_is_the_administrators(portal: Flask, steps: NoSteps):
    clear(portal)
    with portal.app_context():
        from app.models import Department

        db.session.execute(update(Department).values(manager_id=None))
        db.session.commit()
    plan = record_id(portal, "MonthPlan")
    act(portal, "customer_a1", "MonthPlan", plan, "submit")
    assert [row[0] for row in notices_of(portal, "admin_a")] == [SUBMITTED]
    assert notices_of(portal, "admin_b") == []


@pytest.mark.web
@pytest.mark.parametrize("name", ["customer_a1", "market_a1", "brand_a", "admin_a", "platform"])
def test_the_inbox_is_ones_own(portal: Flask, name: str):
    clear(portal)
    tell(portal, name, territory="<b>Own</b> lanes")
    tell(portal, "customer_a2", key="foreign", territory="Foreign lanes")
    with portal.app_context():
        ids = {row.key: row.id for row in db.session.scalars(select(Notice))}
    visitor = Visitor(portal, name)
    page = visitor.get("/notices/?kind=PLAN_SUBMITTED&state=unread&page=9").text
    assert "&lt;b&gt;Own&lt;/b&gt; lanes" in page
    assert "Foreign lanes" not in page
    assert 'data-unread="1"' in page
    assert visitor.post(f"/notices/{ids['foreign']}/open").status_code == 404
    assert visitor.post(f"/notices/{ids['foreign']}/read").status_code == 404
    assert visitor.post("/notices/x/read").status_code == 404
    answer = visitor.post(f"/notices/{ids['k']}/open")
    assert (answer.status_code, answer.location) == (303, "/month-plans/?q_territory=7")
    assert notices_of(portal, name)[0][2]
    tell(portal, name, key="second", endpoint="Gone.page")
    assert visitor.post("/notices/read", {"next": "//evil.example"}).location == "/notices/"
    assert [row[2] for row in notices_of(portal, name)] == [True, True]
    assert [row[2] for row in notices_of(portal, "customer_a2")] == [False]
    assert "Own" not in visitor.get("/notices/?state=unread").text
