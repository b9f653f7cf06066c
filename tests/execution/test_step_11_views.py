"""The pages of step 11 as each role: the day, recording, gates, drafts, foreign rows, follow-ups."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.models import (
    ChangeLog,
    Customer,
    DailyVisit,
    FollowUp,
    FollowUpKind,
    FollowUpStatus,
    ItemMark,
    PortalUser,
    ServicePlan,
    ServicePlanStatus,
    StrategyItem,
    VisitOutcome,
    VisitPlan,
    VisitStatus,
)
from tests.analysis.demo_visitors import DemoVisitor, alerts
from tests.execution.day_world import Day

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
Change = Callable[..., None]
JSON = {"Accept": "application/json"}


def visited(**more: Any) -> dict[str, Any]:
    return {"outcome": "VISITED", "started": "09:30", "minutes": "15", "version": "0", **more}


def missed(**more: Any) -> dict[str, Any]:
    return {"outcome": "NOT_VISITED", "reason": "ABSENT", "version": "0", **more}


def send(person: DemoVisitor, url: str, form: dict[str, Any]) -> Any:
    """As the script of the page does."""
    headers = {**JSON, "X-CSRFToken": person.csrf()}
    return person.client.post(url, data=form, headers=headers)


def plan_status(stored: Stored, day: Day, place: int = 0) -> VisitStatus:
    return stored(
        select(VisitPlan.status).where(
            VisitPlan.customer_id == day.shops[place], VisitPlan.date == day.date
        )
    )[0][0]


def marks(stored: Stored, day: Day, place: int = 0) -> list[tuple[Any, ...]]:
    return stored(
        select(StrategyItem.mark, StrategyItem.done_on)
        .where(StrategyItem.id.in_(day.items[day.shops[place]]))
        .order_by(StrategyItem.id)
    )


def test_the_day_lists_the_visits_in_route_order_with_their_content(visitor: Visitors, day: Day):
    page = visitor("customer").page("/daily-visits/")
    places = [page.index(day.names[shop]) for shop in day.shops]
    assert places == sorted(places)
    assert "0 of 6 planned visits recorded" in page
    assert page.count("data-visit-form") == 6
    assert "Agree on shelf 1.0" in page
    other = visitor("customer").page("/daily-visits/?day=nonsense")
    assert "0 of 6 planned visits recorded" in other


@pytest.mark.sql
def test_a_visit_is_recorded_with_plan_marks_follow_ups_and_log_in_one_go(
    visitor: Visitors, stored: Stored, day: Day
):
    person = visitor("customer")
    first, second = day.items[day.shops[0]]
    answer = person.post(
        day.save(),
        visited(
            shown=[first, second],
            done=[first],
            market_issue="Strange carts",
            opinion="Deliver in the morning",
            effect="Fine",
        ),
    )
    assert "the visit is recorded" in person.said(answer)
    record = stored(
        select(DailyVisit.outcome, DailyVisit.minutes, DailyVisit.started_at, DailyVisit.id).where(
            DailyVisit.customer_id == day.shops[0], DailyVisit.date == day.date
        )
    )[0]
    assert record[:3] == (
        VisitOutcome.VISITED,
        15,
        dt.datetime.combine(day.date, dt.time(9, 30)),
    )
    assert plan_status(stored, day) is VisitStatus.DONE
    assert marks(stored, day) == [(ItemMark.DONE, day.date), (ItemMark.OPEN, None)]
    owners = dict(
        stored(
            select(FollowUp.kind, PortalUser.username)
            .join(PortalUser, PortalUser.id == FollowUp.owner_id)
            .where(FollowUp.daily_visit_id == record[3])
        )
    )
    assert owners == {FollowUpKind.ANOMALY: "market", FollowUpKind.SUGGESTION: "customer"}
    due = {
        row[0]
        for row in stored(select(FollowUp.due_date).where(FollowUp.daily_visit_id == record[3]))
    }
    assert due == {day.date + dt.timedelta(days=7)}
    logged = {
        row[0] for row in stored(select(ChangeLog.entity).where(ChangeLog.user_name.is_not(None)))
    }
    assert {"DailyVisit", "VisitPlan", "StrategyItem", "FollowUp"} <= logged


def test_a_record_can_be_changed_and_unticked_until_the_result_is_approved(
    visitor: Visitors, stored: Stored, change: Change, day: Day
):
    person = visitor("customer")
    first, second = day.items[day.shops[0]]
    shown = [first, second]
    person.post(day.save(), visited(shown=shown, done=[first, second], opinion="Old words"))
    person.post(day.save(), visited(version="1", shown=shown, done=[second], opinion=""))
    assert marks(stored, day) == [(ItemMark.OPEN, None), (ItemMark.DONE, day.date)]
    assert stored(select(func.count()).where(FollowUp.text == "Old words")) == [(0,)]
    version = stored(
        select(DailyVisit.version).where(
            DailyVisit.customer_id == day.shops[0], DailyVisit.date == day.date
        )
    )[0][0]
    person.post(day.save(), missed(version=str(version)))
    assert plan_status(stored, day) is VisitStatus.MISSED
    assert marks(stored, day) == [(ItemMark.OPEN, None)] * 2

    change(
        update(ServicePlan.__table__)
        .where(ServicePlan.__table__.c.id == day.plan)
        .values(status=ServicePlanStatus.RESULT_SUBMITTED)
    )
    answer = send(
        person,
        day.save(1),
        visited(shown=[*day.items[day.shops[1]]], done=[day.items[day.shops[1]][0]]),
    )
    assert answer.status_code == 409
    assert "marks cannot be changed" in answer.get_json()["error"]
    assert send(person, day.save(1), visited()).status_code == 200
    change(
        update(ServicePlan.__table__)
        .where(ServicePlan.__table__.c.id == day.plan)
        .values(status=ServicePlanStatus.RESULT_APPROVED)
    )
    answer = send(person, day.save(2), visited())
    assert answer.status_code == 409
    assert "final" in answer.get_json()["error"]


@pytest.mark.parametrize("state", [ServicePlanStatus.DRAFT, ServicePlanStatus.SUBMITTED])
def test_no_record_before_the_plan_is_approved(
    visitor: Visitors, stored: Stored, change: Change, day: Day, state: ServicePlanStatus
):
    table = ServicePlan.__table__
    change(update(table).where(table.c.id == day.plan).values(status=state))
    person = visitor("customer")
    page = person.page("/daily-visits/")
    assert "is not approved" in page
    assert "data-visit-form" not in page
    answer = send(person, day.save(), visited())
    assert answer.status_code == 409
    assert stored(
        select(func.count()).where(
            DailyVisit.customer_id == day.shops[0], DailyVisit.date == day.date
        )
    ) == [(0,)]
    listed = person.page("/day-sheets/")
    assert "The service plan of the month is not approved" in listed
    assert "/print" not in listed.split("<main")[1].split("</main>")[0]


def test_a_missing_visit_mode_is_named_with_the_way_to_mend_it(
    visitor: Visitors, change: Change, day: Day
):
    table = Customer.__table__
    change(update(table).where(table.c.id == day.shops[0]).values(visit_mode=None))
    person = visitor("customer")
    assert "The visit mode is missing" in person.page("/daily-visits/")
    page = person.page(day.record())
    assert "has no visit mode" in page
    assert f"/customers/edit/{day.shops[0]}" in page
    assert send(person, day.save(), visited()).status_code == 409
    assert f"/customers/edit/{day.shops[0]}" in person.page("/day-sheets/")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "outcome"),
        (visited(started=""), "started"),
        (visited(started="25:99"), "started"),
        (visited(minutes="many"), "minutes"),
        (visited(minutes="9999"), "minutes"),
        (missed(reason=""), "reason"),
        (missed(reason="NONSENSE"), "reason"),
        (missed(reason="OTHER"), "effect"),
        (missed(moved_to="2020-01-01"), "moved_to"),
        (missed(moved_to="31.12.2026"), "moved_to"),
        (visited(opinion="x" * 1001), "opinion"),
    ],
)
def test_what_is_missing_is_named_at_its_field(
    visitor: Visitors, day: Day, form: dict[str, Any], field: str
):
    person = visitor("customer")
    answer = send(person, day.save(), form)
    assert answer.status_code == 422
    assert field in answer.get_json()["faults"]
    shown = person.post(day.save(), form)
    assert shown.status_code == 422
    assert answer.get_json()["faults"][field] in shown.text.replace("&#39;", "'")


@pytest.mark.sql
def test_a_draft_sent_twice_is_one_record_and_a_late_one_a_conflict(
    visitor: Visitors, stored: Stored, day: Day
):
    person, colleague = visitor("customer"), visitor("customer")
    draft = visited(client_key="draft-0001", opinion="From the phone")
    assert send(person, day.save(), draft).get_json()["state"] == "create"
    again = send(person, day.save(), draft)
    assert (again.status_code, again.get_json()["state"]) == (200, "repeated")
    rows = select(DailyVisit.version, DailyVisit.opinion).where(
        DailyVisit.customer_id == day.shops[0], DailyVisit.date == day.date
    )
    assert len(stored(rows)) == 1
    late = missed(client_key="draft-0002", effect="Somebody else")
    answer = send(colleague, day.save(), late)
    body = answer.get_json()
    assert answer.status_code == 409
    assert {"From the phone"} <= {entry["value"] for entry in body["theirs"]}
    page = colleague.post(day.save(), late)
    assert page.status_code == 409
    assert "From the phone" in page.text
    assert "Somebody else" in page.text
    final = send(colleague, day.save(), {**late, "version": str(body["version"])})
    assert final.get_json()["state"] == "update"
    assert plan_status(stored, day) is VisitStatus.MISSED


@pytest.mark.sql
def test_a_missed_visit_moves_to_a_new_day(visitor: Visitors, stored: Stored, day: Day):
    person = visitor("customer")
    new = day.date + dt.timedelta(days=2)
    later = new + dt.timedelta(days=1)
    person.post(day.save(), missed(moved_to=new.isoformat()))

    def planned(date: dt.date) -> list[tuple[Any, ...]]:
        return stored(
            select(VisitPlan.status, VisitPlan.moved_from).where(
                VisitPlan.customer_id == day.shops[0], VisitPlan.date == date
            )
        )

    assert planned(new) == [(VisitStatus.PLANNED, day.date)]
    person.post(day.save(), missed(version="1", moved_to=later.isoformat()))
    assert planned(new) == [(VisitStatus.CANCELLED, day.date)]
    assert planned(later) == [(VisitStatus.PLANNED, day.date)]
    assert plan_status(stored, day) is VisitStatus.MISSED


def test_any_own_customer_can_be_visited_without_a_plan(
    visitor: Visitors, stored: Stored, day: Day
):
    person = visitor("customer")
    key, name = stored(
        select(Customer.id, Customer.name).where(
            Customer.territory_id == day.territory,
            Customer.id.not_in(day.shops),
            Customer.visit_mode.is_not(None),
            Customer.status == "ACTIVE",
        )
    )[0]
    assert name in person.page(f"/daily-visits/unplanned?find={name}")
    assert "No customer matches" in person.page("/daily-visits/unplanned?find=%25%00_x")
    save = f"/daily-visits/save/{key}/{day.key}"
    assert send(person, save, visited()).status_code == 200
    page = person.page("/daily-visits/")
    assert name in page
    assert "without a plan" in page
    future = (day.date + dt.timedelta(days=1)).isoformat()
    assert send(person, f"/daily-visits/save/{key}/{future}", visited()).status_code == 409


def test_other_peoples_rows_do_not_exist(visitor: Visitors, stored: Stored, day: Day):
    foreign, other_item = visitor("customer3"), day.items[day.shops[1]][0]
    assert foreign.get(day.record()).status_code == 404
    assert send(foreign, day.save(), visited()).status_code == 404
    assert foreign.get(f"/daily-visits/record/99999999/{day.key}").status_code == 404
    assert foreign.get(f"/daily-visits/record/{day.shops[0]}/2026-13-45").status_code == 404
    person = visitor("customer")
    answer = send(person, day.save(), visited(shown=[other_item], done=[other_item]))
    assert answer.status_code == 404
    assert marks(stored, day, 1) == [(ItemMark.OPEN, None)] * 2
    assert send(person, day.save(), visited(done=["x"])).status_code == 400
    person.post(day.save(), visited(opinion="Mine"))
    (record,) = stored(
        select(DailyVisit.id).where(
            DailyVisit.customer_id == day.shops[0], DailyVisit.date == day.date
        )
    )[0]
    assert person.get(f"/visit-records/show/{record}").status_code == 200
    assert foreign.get(f"/visit-records/show/{record}").status_code == 404
    assert "Mine" not in foreign.page("/visit-records/list/")


@pytest.mark.parametrize(
    ("name", "status"), [("market", 403), ("admin", 403), ("brand", 403), ("customer", 200)]
)
def test_only_customer_managers_record(visitor: Visitors, day: Day, name: str, status: int):
    assert send(visitor(name), day.save(), visited()).status_code == status


@pytest.mark.sql
def test_a_market_manager_sees_how_the_day_goes(visitor: Visitors, day: Day):
    person = visitor("customer")
    send(person, day.save(0), visited())
    send(person, day.save(1), missed())
    market = visitor("market")
    page = market.page(f"/visit-overview/?q_territory={day.territory}")
    assert "15 &lt; 60" in page
    assert "Not visited in" in page
    assert visitor("market").get("/daily-visits/").status_code == 302
    listed = market.page(f"/daily-visits/?q_territory={day.territory}")
    assert "2 of 6 planned visits recorded" in listed
    assert "data-visit-form" not in listed
    assert market.page("/visit-overview/?span=week&day=x")
    answer = market.post(f"/visit-overview/export?q_territory={day.territory}", {})
    assert answer.status_code == 200
    assert visitor("brand").get("/visit-overview/").status_code == 403


def test_follow_ups_go_to_their_end_and_to_the_customer(
    visitor: Visitors, stored: Stored, day: Day
):
    person, market = visitor("customer"), visitor("market")
    send(person, day.save(), visited(market_issue="Strange carts", client_key="draft-0009"))
    key, version = stored(
        select(FollowUp.id, FollowUp.version).where(FollowUp.text == "Strange carts")
    )[0]
    assert "Strange carts" in market.page("/follow-ups/list/?q_own=1&psize_FollowUpView=200")
    owner = stored(select(FollowUp.owner_id).where(FollowUp.id == key))[0][0]
    form = {
        "_version": str(version),
        "owner": str(owner),
        "due_date": (day.date + dt.timedelta(days=3)).isoformat(),
        "status": "RESOLVED",
    }
    refused = market.post(f"/follow-ups/edit/{key}", {**form, "answer": ""})
    assert refused.status_code == 422
    assert "Write the answer" in refused.text
    done = market.post(f"/follow-ups/edit/{key}", {**form, "answer": "They were removed"})
    assert done.status_code in (302, 303), alerts(done.text)
    page = person.page(day.record())
    assert "They were removed" in page
    version = stored(
        select(DailyVisit.version).where(
            DailyVisit.customer_id == day.shops[0], DailyVisit.date == day.date
        )
    )[0][0]
    told = visited(version=str(version), market_issue="Strange carts", told=[key])
    assert send(person, day.save(), told).status_code == 200
    assert stored(select(FollowUp.status, FollowUp.answered_on).where(FollowUp.id == key)) == [
        (FollowUpStatus.ANSWERED, day.date)
    ]
    assert visitor("customer3").get(f"/follow-ups/show/{key}").status_code == 404
    assert visitor("brand").get("/follow-ups/list/").status_code == 403


def test_overdue_follow_ups_are_marked(visitor: Visitors, change: Change, day: Day):
    person = visitor("customer")
    send(person, day.save(), visited(opinion="Late one"))
    table = FollowUp.__table__
    late = day.date - dt.timedelta(days=1)
    change(update(table).where(table.c.text == "Late one").values(due_date=late))
    page = person.page("/follow-ups/list/?q_overdue=1&psize_FollowUpView=200")
    assert "Late one" in page
    assert f"{late.isoformat()} overdue" in page
