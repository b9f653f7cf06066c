"""Step 12 as each role: ★ on and off, reasons, temporary tasks, the result."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.kernel.db import db
from app.kernel.period import Month, local_today
from app.models import (
    Customer,
    ItemMark,
    ItemSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    UndoneReason,
)
from tests.analysis.demo_visitors import DemoVisitor
from tests.plan.test_step_07_pages import hidden_fields

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
LIST = "/task-marks/list/"
M = Month.current()


@pytest.fixture
def own(territory: Callable[[str], int]) -> int:
    return territory("YH-A1")


@pytest.fixture
def plan(demo: Any, own: int) -> int:
    """The current plan of the territory, approved, none of its items marked."""
    with demo.app_context(), db.engine.begin() as connection:
        table, item = ServicePlan.__table__, StrategyItem.__table__
        key = connection.scalar(
            select(table.c.id).where(table.c.territory_id == own, table.c.month == M)
        )
        connection.execute(
            update(table).where(table.c.id == key).values(status=ServicePlanStatus.APPROVED)
        )
        connection.execute(
            update(item)
            .where(item.c.plan_id == key)
            .values(mark=ItemMark.OPEN, done_on=None, undone_reason=None, visit_id=None)
        )
        return int(key)


def items(stored: Stored, plan: int, count: int) -> list[int]:
    rows = stored(
        select(StrategyItem.id)
        .where(
            StrategyItem.plan_id == plan,
            StrategyItem.is_removed.is_(False),
            StrategyItem.source != ItemSource.TEMPORARY,
        )
        .order_by(StrategyItem.id)
        .limit(count)
    )
    return [row[0] for row in rows]


def state(stored: Stored, key: int) -> tuple[Any, ...]:
    return stored(
        select(StrategyItem.mark, StrategyItem.done_on, StrategyItem.undone_reason).where(
            StrategyItem.id == key
        )
    )[0]


def test_a_star_is_set_and_taken_back(visitor: Visitors, stored: Stored, plan: int):
    person, (key,) = visitor("customer"), items(stored, plan, 1)
    assert person.post(f"/task-marks/toggle/{key}", {"next": LIST}).status_code == 303
    assert state(stored, key) == (ItemMark.DONE, local_today(), None)
    answer = person.client.post(
        f"/task-marks/toggle/{key}",
        data={"csrf_token": person.csrf()},
        headers={"Accept": "application/json"},
    )
    assert answer.get_json()["mark"] == "OPEN"
    assert state(stored, key) == (ItemMark.OPEN, None, None)


def test_many_at_once(visitor: Visitors, stored: Stored, plan: int):
    person, keys = visitor("customer"), items(stored, plan, 3)
    done = person.post("/task-marks/action_post", {"action": "done", "rowid": keys, "next": LIST})
    assert "3 tasks were marked" in person.said(done)
    assert {state(stored, key)[0] for key in keys} == {ItemMark.DONE}
    undone = person.post(
        "/task-marks/action_post", {"action": "reopen", "rowid": keys[:2], "next": LIST}
    )
    assert "2 marks were taken back" in person.said(undone)
    assert [state(stored, key)[0] for key in keys] == [ItemMark.OPEN] * 2 + [ItemMark.DONE]


def test_reasons_for_many_leave_done_ones_alone(visitor: Visitors, stored: Stored, plan: int):
    person, keys = visitor("customer"), items(stored, plan, 3)
    person.post(f"/task-marks/toggle/{keys[0]}", {"next": LIST})
    person.post(
        "/task-marks/bulk_edit",
        {
            "bulk_field": "undone_reason",
            "bulkundone_reason": "CLOSED",
            "bulk-undone_reason": "CLOSED",
            "rowid": keys,
            "next": LIST,
        },
    )
    assert [state(stored, key)[2] for key in keys] == [
        None,
        UndoneReason.CLOSED,
        UndoneReason.CLOSED,
    ]


def test_the_form_takes_a_day_or_a_reason(visitor: Visitors, stored: Stored, plan: int):
    person, (key,) = visitor("customer"), items(stored, plan, 1)
    day = local_today() - dt.timedelta(days=1)

    def send(**values: str) -> Any:
        url = f"/task-marks/edit/{key}"
        return person.post(url, {**hidden_fields(person.page(url)), **values})

    send(done_on=day.isoformat(), undone_reason="")
    assert state(stored, key)[:2] == (ItemMark.DONE, day)
    send(done_on="", undone_reason="NO_TIME")
    assert state(stored, key) == (ItemMark.OPEN, None, UndoneReason.NO_TIME)
    future = (local_today() + dt.timedelta(days=1)).isoformat()
    refused = send(done_on=future, undone_reason="")
    assert "must not lie in the future" in refused.text
    assert state(stored, key)[0] is ItemMark.OPEN


def test_a_temporary_task(visitor: Visitors, stored: Stored, plan: int, own: int):
    person = visitor("customer")
    customer, code = stored(
        select(Customer.id, Customer.code).where(Customer.territory_id == own).limit(1)
    )[0]
    strategy = stored(
        select(ServiceStrategy.id)
        .join(ServicePlan, ServicePlan.company_id == ServiceStrategy.company_id)
        .where(ServicePlan.id == plan, ServiceStrategy.code == "S16")
    )[0][0]
    assert code in person.page(f"/task-marks/temporary?find={code}")
    values = {
        "customer": customer,
        "strategy": strategy,
        "content": "",
        "done_on": local_today().isoformat(),
    }
    refused = person.post("/task-marks/temporary", values)
    assert refused.status_code == 422
    assert "Say what was done." in refused.text
    said = person.said(person.post("/task-marks/temporary", {**values, "content": "Flood"}))
    assert "The temporary task was logged." in said
    logged = select(StrategyItem.id, StrategyItem.mark, StrategyItem.source).where(
        StrategyItem.plan_id == plan, StrategyItem.content == "Flood"
    )
    key, mark, source = stored(logged)[0]
    assert (mark, source) == (ItemMark.TEMPORARY, ItemSource.TEMPORARY)
    person.post(f"/task-marks/drop/{key}", {"next": LIST})
    assert stored(logged) == []
    (planned,) = items(stored, plan, 1)
    assert person.post(f"/task-marks/drop/{planned}", {"next": LIST}).status_code == 404


def test_a_task_for_a_foreign_customer_is_refused(
    visitor: Visitors, stored: Stored, plan: int, territory: Callable[[str], int]
):
    foreign = stored(
        select(Customer.id).where(Customer.territory_id == territory("YH-B1")).limit(1)
    )[0][0]
    strategy = stored(select(ServiceStrategy.id).limit(1))[0][0]
    answer = visitor("customer").post(
        "/task-marks/temporary",
        {"customer": foreign, "strategy": strategy, "content": "x", "done_on": "2026-01-01"},
    )
    assert answer.status_code == 404


def test_the_result_needs_a_mark_or_a_reason_for_everything(
    visitor: Visitors, stored: Stored, plan: int, own: int
):
    person, boss = visitor("customer"), visitor("market")

    def version() -> int:
        return stored(select(ServicePlan.version).where(ServicePlan.id == plan))[0][0]

    url = f"/flow/service-plan/{plan}/submit_result"
    early = person.post(url, {"version": version(), "next": LIST})
    assert "neither done nor explained" in person.said(early)
    person.post(
        "/task-marks/action_post",
        {"action": "done", "all_filtered": "1", "filter_query": "", "next": LIST},
    )
    assert person.post(url, {"version": version(), "next": LIST}).status_code == 303
    status = select(ServicePlan.status).where(ServicePlan.id == plan)
    assert stored(status) == [(ServicePlanStatus.RESULT_SUBMITTED,)]
    (key,) = items(stored, plan, 1)
    locked = person.post(f"/task-marks/toggle/{key}", {"next": LIST})
    assert "can be marked" in person.said(locked)
    assert state(stored, key)[0] is ItemMark.DONE
    done = boss.post(
        f"/flow/service-plan/{plan}/approve_result", {"version": version(), "next": LIST}
    )
    assert done.status_code == 303
    assert stored(status) == [(ServicePlanStatus.RESULT_APPROVED,)]


def test_who_may_what(visitor: Visitors, stored: Stored, plan: int):
    (key,) = items(stored, plan, 1)
    assert visitor("market").post(f"/task-marks/toggle/{key}", {}).status_code == 403
    assert visitor("customer3").post(f"/task-marks/toggle/{key}", {}).status_code == 404
    assert visitor("brand").get(LIST).status_code == 403
    assert state(stored, key)[0] is ItemMark.OPEN


def test_managers_read_the_progress_of_all_territories(
    visitor: Visitors, plan: int, stored: Stored
):
    page = visitor("market").page(LIST)
    planned = stored(
        select(func.count(StrategyItem.id)).where(
            StrategyItem.plan_id == plan,
            StrategyItem.is_removed.is_(False),
            StrategyItem.source != ItemSource.TEMPORARY,
        )
    )[0][0]
    assert f">{planned}<" in page
    assert "data-mark" not in page
