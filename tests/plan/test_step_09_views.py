"""The pages of step 9 as each role: generating with a preview, by hand, foreign rows, exports."""

import datetime as dt
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.kernel.db import db
from app.kernel.period import Month, local_today
from app.models import (
    ChangeLog,
    Customer,
    CustomerStatus,
    RowOrigin,
    Territory,
    VisitPlan,
    VisitPlanRun,
    VisitStatus,
)
from app.plan import visit_plans
from app.plan.rules.visit_dates_weeks import work_span
from tests.analysis.demo_visitors import DemoVisitor

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Rows = Callable[..., list[Any]]
CALENDAR, GENERATE, BY_HAND = "/visit-plan/", "/visit-plan/generate/", "/visit-plan/customers/"
TODAY = local_today()
AHEAD = work_span(Month.of(TODAY).shift(2))
"""Nothing is planned there by the demo."""
PERIOD = {"from": AHEAD[0].isoformat(), "to": AHEAD[1].isoformat()}


def query(**values: str) -> str:
    return "?" + "&".join(f"{name}={value}" for name, value in values.items())


def digest(page: str) -> str:
    return re.search(r'name="digest" value="(\w+)"', page)[1]


def visits(rows: Rows, *conditions: Any) -> list[Any]:
    return rows(
        select(
            VisitPlan.id, VisitPlan.version, VisitPlan.customer_id, VisitPlan.date,
            VisitPlan.status, VisitPlan.origin, VisitPlan.is_touched, VisitPlan.moved_from,
            VisitPlan.sequence,
        ).where(*conditions).order_by(VisitPlan.id)
    )  # fmt: skip


@pytest.fixture
def generated(visitor: Visitors, stored: Rows, territory: Callable[[str], int]):
    """(the person, the visits generated for the period far ahead)."""
    person = visitor("customer")
    page = person.page(GENERATE + query(**PERIOD))
    answer = person.post(
        GENERATE, {**PERIOD, "digest": digest(page), "q_territory": territory("YH-A1")}
    )
    assert "Visits generated" in person.said(answer)
    found = visits(
        stored, VisitPlan.territory_id == territory("YH-A1"), VisitPlan.date.between(*AHEAD)
    )
    return person, found


def test_the_calendar_shows_the_month_the_day_and_the_map(visitor: Visitors):
    page = visitor("customer").page(CALENDAR)
    assert page.count("<tr>") >= 5
    assert "Generate visits" in page
    assert "<svg viewBox" in page
    assert 'data-drop-day="' in page
    assert "work weeks" in page
    for text in ("nonsense", "9999-99-99", "0001-01-01", ""):
        assert visitor("customer").get(CALENDAR + query(day=text)).status_code == 200


def test_nothing_is_written_before_the_difference_is_applied(
    visitor: Visitors, stored: Rows, generated
):
    person, found = generated
    assert len(found) > 100
    assert {(row[4], row[5]) for row in found} == {(VisitStatus.PLANNED, RowOrigin.AUTOMATIC)}
    assert min(row[3] for row in found) > TODAY
    again = person.page(GENERATE + query(**PERIOD))
    assert "already as generation would make it" in again
    logged = stored(select(ChangeLog.changes).where(ChangeLog.entity == VisitPlanRun.__name__))
    assert [row[0]["added"] for row in logged][-1] == [None, len(found)]


def test_a_changed_plan_refuses_the_old_preview(
    visitor: Visitors, stored: Rows, territory: Callable[[str], int]
):
    person, own = visitor("customer"), territory("YH-A1")
    shown = digest(person.page(GENERATE + query(**PERIOD)))
    customer_id = stored(
        select(func.min(Customer.id)).where(
            Customer.territory_id == own, Customer.visit_frequency.is_not(None)
        )
    )[0][0]
    person.post(
        BY_HAND,
        {"customer": customer_id, "date": AHEAD[0].isoformat(), "q_territory": own},
    )
    body = {**PERIOD, "digest": shown, "q_territory": own}
    assert "changed after the preview" in person.said(person.post(GENERATE, body))
    assert len(visits(stored, VisitPlan.territory_id == own, VisitPlan.date.between(*AHEAD))) == 1


def test_periods_that_make_no_sense_are_refused(visitor: Visitors):
    person = visitor("customer")
    assert "Enter two dates" in person.page(
        GENERATE + query(**{"from": PERIOD["to"], "to": PERIOD["from"]})
    )
    assert "At most 93 days" in person.page(
        GENERATE + query(**{"from": "2026-01-01", "to": "2027-01-01"})
    )
    assert "Enter both dates" in person.page(GENERATE + query(**{"from": "x", "to": "2026-13-01"}))
    assert person.post(GENERATE, {"from": "x", "to": "y"}).status_code == 400
    past = (TODAY - dt.timedelta(days=9)).isoformat()
    assert "The period is over" in person.page(GENERATE + query(**{"from": past, "to": past}))


def test_planning_by_hand_moving_cancelling_and_restoring(
    visitor: Visitors, stored: Rows, territory: Callable[[str], int]
):
    person, own = visitor("customer"), territory("YH-A1")
    day, other = AHEAD[0], AHEAD[0] + dt.timedelta(days=1)
    page = person.page(BY_HAND + query(without_visit="1", **PERIOD))
    ids = re.findall(r'name="customer" value="(\d+)"', page)[:3]
    assert len(ids) == 3
    body = {"customer": ids, "date": day.isoformat(), "q_territory": own}
    assert "3 visits were planned" in person.said(person.post(BY_HAND, body))
    assert "already has a visit" in person.said(person.post(BY_HAND, body))
    rows = visits(stored, VisitPlan.date == day)
    assert [row[8] for row in sorted(rows, key=lambda row: row[8])] == [1, 2, 3]
    assert {row[5] for row in rows} == {RowOrigin.MANUAL}

    key = f"{rows[0][0]}.{rows[0][1]}"
    move = {"visit": key, "date": other.isoformat(), "q_territory": own, "day": day.isoformat()}
    assert "1 visit was moved" in person.said(person.post("/visit-plan/move", move))
    moved = visits(stored, VisitPlan.id == rows[0][0])[0]
    assert (moved[3], moved[6], moved[7]) == (other, True, day)
    assert "Somebody else changed this record" in person.said(person.post("/visit-plan/move", move))

    key = f"{moved[0]}.{moved[1]}"
    body = {"visit": key, "q_territory": own, "day": other.isoformat()}
    assert "State why" in person.said(person.post("/visit-plan/cancel", body))
    said = person.said(person.post("/visit-plan/cancel", {**body, "note": "Shop renovated"}))
    assert "1 visit was cancelled" in said
    assert "Shop renovated" in person.page(CALENDAR + query(day=other.isoformat()))
    cancelled = visits(stored, VisitPlan.id == moved[0])[0]
    assert (cancelled[4], cancelled[8]) == (VisitStatus.CANCELLED, None)
    assert "cannot be changed" in person.said(
        person.post(
            "/visit-plan/move",
            {**body, "visit": f"{cancelled[0]}.{cancelled[1]}", "date": day.isoformat()},
        )
    )
    body["visit"] = f"{cancelled[0]}.{cancelled[1]}"
    assert "planned again" in person.said(person.post("/visit-plan/restore", body))
    assert visits(stored, VisitPlan.id == moved[0])[0][4] is VisitStatus.PLANNED


def test_not_in_the_past_and_not_far_ahead(
    visitor: Visitors, stored: Rows, territory: Callable[[str], int], generated
):
    person, found = generated
    own = territory("YH-A1")
    key = f"{found[0][0]}.{found[0][1]}"
    for date, said in (
        ((TODAY - dt.timedelta(days=1)).isoformat(), "is over"),
        ("2099-01-01", "too far ahead"),
        ("tomorrow", "year-month-day"),
    ):
        body = {"visit": key, "date": date, "q_territory": own}
        assert said in person.said(person.post("/visit-plan/move", body))
        body = {"customer": found[0][2], "date": date, "q_territory": own}
        assert said in person.said(person.post(BY_HAND, body))


def test_foreign_visits_and_customers_do_not_exist(
    visitor: Visitors, stored: Rows, territory: Callable[[str], int], generated
):
    _person, found = generated
    other, own, foreign = visitor("customer3"), territory("YH-B1"), territory("YH-A1")
    key = f"{found[0][0]}.{found[0][1]}"
    date = AHEAD[1].isoformat()
    for place in (own, foreign):
        body = {"visit": key, "date": date, "q_territory": place, "note": "x"}
        for action in ("move", "cancel", "restore"):
            assert other.post(f"/visit-plan/{action}", body).status_code == 404
        body = {"customer": found[0][2], "date": date, "q_territory": place}
        assert other.post(BY_HAND, body).status_code == 404
    assert other.post(GENERATE, {**PERIOD, "q_territory": foreign}).status_code == 404
    assert other.post("/visit-plan/move", {"visit": "x", "date": date}).status_code == 400
    shown = other.page("/visits/list/" + query(q_date_from=PERIOD["from"], q_date_to=PERIOD["to"]))
    assert "data-check-row" not in shown or str(found[0][2]) not in shown
    assert visits(stored, VisitPlan.id == found[0][0])[0][1] == found[0][1]


def test_the_market_manager_reads_and_exports(visitor: Visitors, territory: Callable[[str], int]):
    person = visitor("market")
    assert person.get(CALENDAR).status_code == 303
    page = person.page("/visit-plan/territories/")
    assert page.count('class="load-name"') >= 3
    own = territory("YH-A1")
    calendar = person.page(CALENDAR + query(q_territory=str(own)))
    assert "data-drop-day" not in calendar
    assert "Generate visits</a>" not in calendar
    assert person.get(GENERATE).status_code == 403
    assert person.post(GENERATE, PERIOD).status_code == 403
    assert person.post("/visit-plan/move", {"q_territory": own}).status_code == 403
    answer = person.post("/visit-plan/territories/export")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert any(row[1] and row[0] == "YH-A1" for row in rows)
    assert visitor("brand").get(CALENDAR).status_code == 403
    assert visitor("admin").get("/visit-plan/territories/").status_code == 200


def test_the_house_list_filters_and_exports(visitor: Visitors):
    person = visitor("customer")
    page = person.page("/visits/list/?q_status=DONE")
    assert "Visited" in page
    answer = person.post("/visits/export?q_status=DONE")
    assert answer.status_code in (200, 303)
    name = html.unescape(re.search(r'data-label="Customer"[^>]*>(.*?)</', page, re.DOTALL)[1])
    assert name


def test_a_closed_customers_coming_visits_are_cancelled(demo: Flask, stored: Rows, generated):
    _person, found = generated
    customer_id = found[0][2]
    with demo.app_context():
        customer = db.session.get(Customer, customer_id)
        customer.status = CustomerStatus.SUSPENDED
        db.session.commit()
    coming = visits(stored, VisitPlan.customer_id == customer_id, VisitPlan.date > TODAY)
    assert coming
    assert {row[4] for row in coming} == {VisitStatus.CANCELLED}
    words = stored(
        select(ChangeLog.changes).where(
            ChangeLog.entity == "VisitPlan", ChangeLog.record_id == coming[0][0]
        )
    )
    assert words[-1][0] == {"status": ["PLANNED", "CANCELLED"]}
    with demo.app_context():
        db.session.get(Customer, customer_id).status = CustomerStatus.ACTIVE
        db.session.commit()
    again = visits(stored, VisitPlan.customer_id == customer_id, VisitPlan.date > TODAY)
    assert {row[4] for row in again} == {VisitStatus.PLANNED}


def test_the_service_refuses_what_a_race_would_do_twice(demo: Flask, stored: Rows, generated):
    _person, found = generated
    with demo.app_context():
        visit = db.session.get(VisitPlan, found[0][0])
        territory = db.session.get(Territory, visit.territory_id)
        other = next(row for row in found if row[2] == visit.customer_id and row[3] != visit.date)
        result = visit_plans.move_visits(db.session(), [visit], other[3])
        assert [type(problem) for problem in result.refused] == [visit_plans.AlreadyPlanned]
        assert territory.company_id == visit.company_id
        db.session.rollback()
