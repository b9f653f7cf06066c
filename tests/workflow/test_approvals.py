"""The approval desk: what waits for whom, the verdicts, deciding in place and together, the list."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app import models
from app.kernel.db import db, read_only
from app.models import ItemSource, KeyReason, MonthPlan, RowOrigin, ServicePlan, VisitFrequency
from app.workflow import approvals
from app.workflow.approval_views import RECORD_PAGES
from app.workflow.machine import RECORDS
from tests.analysis.demo_visitors import alerts
from tests.security.visitor import Visitor
from tests.workflow.flow_world import NoSteps, act, acting, record_id, snapshot

CUSTOMER, MARKET = "customer_a1", "market_a1"
SUBJECT = {
    "ServicePlan": "plan",
    "MonthPlan": "month",
    "WeekSummary": "week",
    "MonthSummary": "summary",
}


def submit_all(portal: Flask) -> dict[str, int]:
    """Every draft of a1 submitted: kind → id."""
    ids = {kind: record_id(portal, kind) for kind in RECORDS}
    for kind, key in ids.items():
        act(portal, CUSTOMER, kind, key, "submit")
    return ids


def write(portal: Flask, model: Any, **values: Any) -> None:
    """Change the rows of a1 past everything."""
    territory = record_id(portal, "ServicePlan")
    table = model.__table__
    with portal.app_context():
        plan = db.session.get(ServicePlan, territory)
        if "territory_id" in table.c:
            where = table.c.territory_id == plan.territory_id
        else:
            month_plan = db.session.scalars(
                select(MonthPlan.id).where(MonthPlan.territory_id == plan.territory_id)
            ).one()
            where = table.c.plan_id == month_plan
        done = db.session.connection().execute(table.update().where(where).values(**values))
        assert done.rowcount == 1, model
        db.session.commit()


def waiting(portal: Flask, who: str) -> dict[str, approvals.Entry]:
    """What the inbox of a person holds: subject → entry."""
    with acting(portal, who) as person:
        return {each.subject.name: each for each in approvals.inbox(db.session(), person).entries}


def broken(entry: approvals.Entry) -> dict[str, tuple[int, int]]:
    return {check.code: (check.count, check.of) for check in entry.checks if not check.is_ok}


@pytest.mark.sql
def test_what_waits_for_whom(portal: Flask, steps: NoSteps):
    submit_all(portal)
    for who in (MARKET, "admin_a", "platform"):
        assert set(waiting(portal, who)) == {"plan", "month", "week", "summary"}, who
    for who in ("market_a2", "admin_b", CUSTOMER, "brand_a"):
        assert waiting(portal, who) == {}, who


@pytest.mark.sql
def test_facts_are_counted_by_the_database(portal: Flask, steps: NoSteps):
    """One row of everything per territory, so every count is 0 or 1."""
    write(portal, ServicePlan, satisfaction_target=None)
    write(
        portal, models.StrategyItem, source=ItemSource.DIRECT, is_removed=True,
        generated_content="as proposed",
    )  # fmt: skip
    write(portal, models.KeyCustomer, is_removed=True, origin=RowOrigin.AUTOMATIC)
    write(portal, models.KeyCustomerReason, kind=KeyReason.PROBLEM_CUSTOMER)
    write(
        portal, models.PlannedFrequency, origin=RowOrigin.MANUAL, note="  ",
        generated=VisitFrequency.MONTHLY, frequency=VisitFrequency.WEEKLY,
    )  # fmt: skip
    submit_all(portal)
    found = waiting(portal, MARKET)
    plan, month = found["plan"], found["month"]
    facts = plan.facts
    assert (facts.items, facts.proposed, facts.removed, facts.removed_needs) == (0, 1, 1, 1)
    assert broken(plan)["needs_kept"] == (1, 0)
    assert "target" in broken(plan)
    assert (month.facts.customers, month.facts.key_customers) == (1, 0)
    assert (month.facts.removed_problems, month.facts.unexplained) == (1, 1)
    assert month.facts.needed in (4, 5), "weekly visits in a month of four or five work weeks"
    assert {"problems_kept", "explained"} <= set(broken(month))
    assert not month.may_be_approved_together


@pytest.mark.sql
def test_a_result_is_judged_by_its_needs(portal: Flask, steps: NoSteps):
    write(portal, models.StrategyItem, source=ItemSource.DIRECT, generated_content="x", content="y")
    key = record_id(portal, "ServicePlan")
    for who, action in ((CUSTOMER, "submit"), (MARKET, "approve"), (CUSTOMER, "submit_result")):
        act(portal, who, "ServicePlan", key, action)
    result = waiting(portal, MARKET)["result"]
    assert (result.facts.items, result.facts.edited, result.facts.undone) == (1, 1, 1)
    assert broken(result) == {"needs_done": (1, 1)}


@pytest.mark.web
def test_the_page_shows_the_record_and_decides_in_place(portal: Flask, steps: NoSteps):
    ids = submit_all(portal)
    market = Visitor(portal, MARKET)
    page = market.get(f"/approvals/?record=month-{ids['MonthPlan']}").text
    assert "Hibiscus lanes" in page
    assert re.findall(r'data-flow="(\w+)"', page) == ["return", "approve"]
    assert page.count("data-desk-entry") == 4
    following = re.search(r'name="next" value="([^"]+)"', page)
    assert following
    data = {
        "version": str(snapshot(portal, "MonthPlan", ids["MonthPlan"])[1]),
        "next": following[1].replace("&amp;", "&"),
    }
    answer = market.post(f"/flow/month-plan/{ids['MonthPlan']}/approve", data)
    assert answer.status_code == 303
    assert answer.location.startswith("/approvals/")
    page = market.get(answer.location).text
    assert "Approved" in alerts(page)
    assert page.count("data-desk-entry") == 3
    gone = market.get(f"/approvals/?record=month-{ids['MonthPlan']}").text
    assert "does not wait any more" in gone


@pytest.mark.web
@pytest.mark.parametrize("key", ["", "month-", "month-x", "nonsense-1", "month-²", "-1", "month"])
def test_keys_that_make_no_sense_show_the_inbox(portal: Flask, steps: NoSteps, key: str):
    submit_all(portal)
    answer = Visitor(portal, MARKET).get(f"/approvals/?record={key}&subject=zebra")
    assert answer.status_code == 200
    assert answer.text.count("data-desk-entry") == 4


@pytest.mark.web
def test_every_subject_leads_to_the_page_of_its_step(portal: Flask):
    assert set(RECORD_PAGES) == set(approvals.SUBJECTS)
    rules = {rule.endpoint for rule in portal.url_map.iter_rules()}
    assert {".".join(page) for page in RECORD_PAGES.values()} <= rules


@pytest.mark.web
def test_who_may_open_the_desk(portal: Flask, steps: NoSteps):
    ids = submit_all(portal)
    key = f"month-{ids['MonthPlan']}"
    for who, status in (
        (MARKET, 200), ("admin_a", 200), ("platform", 200),
        ("market_a2", 404), ("admin_b", 404), (CUSTOMER, 403), ("brand_a", 403),
    ):  # fmt: skip
        visitor = Visitor(portal, who)
        assert visitor.get(f"/approvals/?record={key}").status_code == status, who
        opened = 403 if status == 403 else 200
        for path in (
            "/approvals/",
            "/approvals/clean",
            "/approvals/list/",
            "/approvals/list/export",
        ):
            answer = visitor.get(path)
            assert answer.status_code == opened, (who, path)
            if who in ("market_a2", "admin_b") and answer.mimetype == "text/html":
                assert "Hibiscus" not in answer.text


def make_clean(portal: Flask) -> None:
    write(portal, ServicePlan, satisfaction_target=900)
    write(portal, models.Questionnaire, status=models.QuestionnaireStatus.CONFIRMED)


@pytest.mark.web
def test_clean_ones_are_approved_together(portal: Flask, steps: NoSteps):
    make_clean(portal)
    write(portal, models.KeyCustomer, is_removed=True)
    write(portal, models.KeyCustomerReason, kind=KeyReason.PROBLEM_CUSTOMER)
    ids = submit_all(portal)
    market = Visitor(portal, MARKET)
    page = market.get("/approvals/clean").text
    ticked = re.findall(r'name="entry" value="([^"]+)"', page)
    version = snapshot(portal, "ServicePlan", ids["ServicePlan"])[1]
    assert ticked == [f"plan-{ids['ServicePlan']}:{version}"]
    month = f"month-{ids['MonthPlan']}:{snapshot(portal, 'MonthPlan', ids['MonthPlan'])[1]}"
    answer = market.post("/approvals/clean", {"entry": [*ticked, month, "nonsense", "plan-x:1"]})
    assert answer.status_code == 303
    said = alerts(market.get("/approvals/").text)
    assert "1 record was approved" in said
    assert "needs a look now" in said
    assert snapshot(portal, "ServicePlan", ids["ServicePlan"])[0] == "APPROVED"
    assert snapshot(portal, "MonthPlan", ids["MonthPlan"])[0] == "SUBMITTED"
    market.post("/approvals/clean", {"entry": ticked})
    assert len(snapshot(portal, "ServicePlan", ids["ServicePlan"])[2]) == 2
    market.post("/approvals/clean", {})
    assert "Nothing was ticked" in alerts(market.get("/approvals/").text)


@pytest.mark.web
def test_an_old_version_or_a_foreign_one_is_not_approved_together(portal: Flask, steps: NoSteps):
    make_clean(portal)
    ids = submit_all(portal)
    entry = f"plan-{ids['ServicePlan']}"
    market = Visitor(portal, MARKET)
    market.post("/approvals/clean", {"entry": f"{entry}:1"})
    assert "changed this record meanwhile" in alerts(market.get("/approvals/").text)
    version = snapshot(portal, "ServicePlan", ids["ServicePlan"])[1]
    for who, status in (("market_a2", 404), (CUSTOMER, 403)):
        answer = Visitor(portal, who).post("/approvals/clean", {"entry": f"{entry}:{version}"})
        assert answer.status_code == status
    assert snapshot(portal, "ServicePlan", ids["ServicePlan"])[0] == "SUBMITTED"


@pytest.mark.web
def test_a_comment_takes_a_summary_off_the_desk(portal: Flask, steps: NoSteps):
    ids = submit_all(portal)
    key, market = f"week-{ids['WeekSummary']}", Visitor(portal, MARKET)
    version = snapshot(portal, "WeekSummary", ids["WeekSummary"])[1]
    data = {"record": key, "version": str(version), "comment": "Well done"}
    for wrong, words in (
        ({"comment": "  "}, "Write a comment"),
        ({"comment": "x" * 1001}, "Write a comment"),
        ({"version": "1"}, "changed this record meanwhile"),
        ({"record": f"month-{ids['MonthPlan']}"}, "does not wait"),
    ):
        market.post("/approvals/comment", {**data, **wrong})
        assert words in alerts(market.get("/approvals/").text)
    foreign = Visitor(portal, "market_a2").post("/approvals/comment", data)
    assert foreign.status_code == 404
    market.post("/approvals/comment", data)
    assert "week" not in waiting(portal, MARKET)
    with portal.app_context(), read_only():
        assert db.session.get(models.WeekSummary, ids["WeekSummary"]).comment == "Well done"


@pytest.mark.web
def test_the_list_of_plans_and_its_workbook(portal: Flask, steps: NoSteps):
    ids = submit_all(portal)
    with portal.app_context(), read_only():
        month = db.session.get(ServicePlan, ids["ServicePlan"]).month
    market = Visitor(portal, MARKET)
    page = market.get(f"/approvals/list/?from={month.key}").text
    assert "Hibiscus lanes" in page
    assert f"record=plan-{ids['ServicePlan']}" in page
    empty = market.get(f"/approvals/list/?from={month.key}&state=APPROVED").text
    assert "No record matches" in empty
    answer = market.get(f"/approvals/list/export?from={month.previous.key}&to={month.key}")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == [month.key, month.previous.key]
    assert rows[2][4] == "Not begun"
    for nonsense in ("from=x&to=2020-13", "department=x&territory=-4", "page=99", "state=zebra"):
        assert market.get(f"/approvals/list/?{nonsense}").status_code == 200
