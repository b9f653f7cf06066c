"""The visit content: the statement says what the pure rule says, on both databases."""

import datetime as dt
import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from app.kernel.period import Month, WorkWeek
from app.kernel.scope import Scope
from app.models import (
    CustomerStatus,
    ItemMark,
    ItemSource,
    RowOrigin,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    VisitMode,
    VisitPlan,
    VisitStatus,
)
from app.plan.rules.visit_content import (
    APPROVED_STATES,
    ContentGap,
    PlannedVisit,
    content_gap,
    is_unfinished,
)
from app.plan.statements.visit_content import content_rows, unplanned_customers
from tests.analysis import world as w

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
# A work week that belongs to October with its last day in November.
DAYS = [dt.date(2026, 10, day) for day in (29, 30, 31)] + [dt.date(2026, 11, 1)]


@given(
    st.builds(
        PlannedVisit,
        customer_is_active=st.booleans(),
        has_visit_mode=st.booleans(),
        plan_state=st.sampled_from([None, *(state.name for state in ServicePlanStatus)]),
        open_items=st.integers(0, 3),
    )
)
def test_a_visit_has_content_exactly_when_nothing_is_missing(visit: PlannedVisit):
    gap = content_gap(visit)
    complete = visit.customer_is_active and visit.has_visit_mode
    approved = visit.plan_state in APPROVED_STATES
    assert (gap is None) == (complete and approved and visit.open_items > 0)
    if gap is not None:
        assert gap.leaves_out == (not (complete and approved))


def test_the_approved_states_are_those_from_the_approval_on():
    order = [state.name for state in ServicePlanStatus]
    assert list(APPROVED_STATES) == order[order.index("APPROVED") :]


def some_world(connection: Connection, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Two months of plans in all states, visits on four days, items of every mark and source."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    w.organisation(connection)
    shops = [
        w.customer(
            number,
            1 + number % 3,
            visit_mode=draw.choice([None, *VisitMode]),
            status=draw.choice([CustomerStatus.ACTIVE] * 4 + [CustomerStatus.RESTING]),
        )
        for number in range(1, 31)
    ]
    w.add(connection, w.Customer, shops)
    plans, items = [], []
    for territory in (1, 2, 3):
        for month in (OCTOBER, NOVEMBER):
            status = draw.choice([None, *ServicePlanStatus])
            if status is not None:
                key = len(plans) + 1
                plans.append(
                    {
                        "id": key,
                        "company_id": 1,
                        "territory_id": territory,
                        "month": month,
                        "status": status,
                        "revision": key,
                    }
                )
    w.add(connection, ServicePlan, plans)
    strategies = list(connection.scalars(select(ServiceStrategy.__table__.c.id)))
    for plan in plans:
        for shop in shops:
            # Some items stand in the plan of a territory the customer has left.
            if shop["territory_id"] != plan["territory_id"] and draw.random() < 0.9:
                continue
            for strategy in draw.sample(strategies, draw.randint(0, 3)):
                items.append(
                    {
                        "id": len(items) + 1,
                        "company_id": 1,
                        "plan_id": plan["id"],
                        "territory_id": plan["territory_id"],
                        "month": plan["month"],
                        "customer_id": shop["id"],
                        "strategy_id": strategy,
                        "source": draw.choice(list(ItemSource)),
                        "content": f"what {len(items)}",
                        "mark": draw.choice([ItemMark.OPEN, ItemMark.OPEN, ItemMark.DONE]),
                        "is_removed": draw.random() < 0.2,
                    }
                )
    w.add(connection, StrategyItem, items)
    visits = [
        {
            "id": number * 10 + offset,
            "company_id": 1,
            "territory_id": shop["territory_id"],
            "customer_id": shop["id"],
            "date": day,
            "month": WorkWeek.of(day).month,
            "origin": RowOrigin.AUTOMATIC,
            "status": draw.choice([VisitStatus.PLANNED, VisitStatus.DONE, VisitStatus.CANCELLED]),
            "sequence": draw.choice([None, number]),
        }
        for number, shop in enumerate(shops)
        for offset, day in enumerate(DAYS)
        if draw.random() < 0.7
    ]
    w.add(connection, VisitPlan, visits)
    return {"shops": shops, "plans": plans, "items": items, "visits": visits}


@pytest.mark.sql
@pytest.mark.parametrize("scope", [Scope(1), Scope(1, (1, 3)), Scope(1, ()), Scope(2)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_statement_follows_the_rule(connection: Connection, scope: Scope, seed: int):
    data = some_world(connection, seed)
    asked = DAYS[1:]
    found: dict[int, set[int]] = defaultdict(set)
    reasons: dict[int, set[str | None]] = defaultdict(set)
    for row in connection.execute(content_rows(scope, asked)):
        reasons[row.visit_id].add(row.reason)
        if row.item_id is not None:
            found[row.visit_id].add(row.item_id)

    shops = {shop["id"]: shop for shop in data["shops"]}
    plans = {(plan["territory_id"], plan["month"]): plan for plan in data["plans"]}
    states = {plan["id"]: plan["status"].name for plan in data["plans"]}
    expected = {}
    for visit in data["visits"]:
        if (
            visit["date"] not in asked
            or visit["status"] is VisitStatus.CANCELLED
            or scope.company_id != 1
            or not scope.allows(visit["territory_id"])
        ):
            continue
        shop, month = shops[visit["customer_id"]], Month.of(visit["date"])
        open_items = {
            item["id"]
            for item in data["items"]
            if item["customer_id"] == shop["id"]
            and item["month"] == month
            and is_unfinished(
                mark=item["mark"].name,
                is_removed=item["is_removed"],
                plan_state=states[item["plan_id"]],
            )
        }
        plan = plans.get((visit["territory_id"], month))
        gap = content_gap(
            PlannedVisit(
                customer_is_active=shop["status"] is CustomerStatus.ACTIVE,
                has_visit_mode=shop["visit_mode"] is not None,
                plan_state=plan["status"].name if plan else None,
                open_items=len(open_items),
            )
        )
        is_out = gap is not None and gap.leaves_out
        expected[visit["id"]] = (gap.name if gap else None, set() if is_out else open_items)
    assert set(reasons) == set(expected)
    for key, (reason, item_ids) in expected.items():
        assert (reasons[key], found[key]) == ({reason}, item_ids)


@pytest.mark.sql
def test_rows_come_in_route_order_and_one_customer_can_be_asked(connection: Connection):
    data = some_world(connection, 4)
    rows = connection.execute(content_rows(Scope(1), DAYS)).all()
    keys = [
        (row.date, row.territory_id, row.sequence is None, row.sequence or 0, row.customer_code)
        for row in rows
    ]
    assert keys == sorted(keys)
    chosen = data["visits"][0]["customer_id"]
    only = connection.execute(content_rows(Scope(1), DAYS, [chosen])).all()
    assert only == [row for row in rows if row.customer_id == chosen]
    one_day = connection.execute(content_rows(Scope(1), DAYS[:1])).all()
    assert one_day == [row for row in rows if row.date == DAYS[0]] != []
    assert connection.execute(content_rows(Scope(1), [])).all() == []


@pytest.mark.sql
def test_who_is_not_planned(connection: Connection):
    data = some_world(connection, 5)
    planned = {
        visit["customer_id"]
        for visit in data["visits"]
        if visit["date"] == DAYS[0] and visit["status"] is not VisitStatus.CANCELLED
    }
    expected = [
        shop["id"]
        for shop in sorted(data["shops"], key=lambda shop: (shop["territory_id"], shop["code"]))
        if shop["status"] is CustomerStatus.ACTIVE
        and shop["id"] not in planned
        and shop["territory_id"] in (1, 3)
    ]
    rows = connection.execute(unplanned_customers(Scope(1, (1, 3)), [DAYS[0]]))
    assert [row.customer_id for row in rows] == expected


def test_a_gap_has_its_own_words():
    assert len({gap.value for gap in ContentGap}) == len(ContentGap)
