"""The statements of step 11 against loops over the same rows, on both databases."""

import datetime as dt
import random
from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import Connection

from app.execution import step_11_daily_visit as step
from app.kernel.period import Month, WorkWeek
from app.kernel.scope import Scope
from app.models import (
    Customer,
    CustomerStatus,
    DailyVisit,
    FollowUp,
    FollowUpKind,
    FollowUpStatus,
    MonthlySales,
    Product,
    RowOrigin,
    SalesLine,
    VisitOutcome,
    VisitPlan,
    VisitStatus,
)
from tests.analysis import world as w

pytestmark = pytest.mark.sql

MONTH = Month(2026, 11)
FIRST = MONTH.first_day
SCOPES = [Scope(1), Scope(1, (1, 3)), Scope(1, ()), Scope(2)]
Rows = list[dict[str, Any]]


def some_days(connection: Connection, seed: int) -> tuple[Rows, Rows, Rows]:
    """(shops, planned visits, records) of the first ten days of the month."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    w.organisation(connection)
    shops = [
        w.customer(
            number,
            1 + number % 3,
            status=draw.choice([CustomerStatus.ACTIVE] * 5 + [CustomerStatus.RESTING]),
            open_date=draw.choice([dt.date(2020, 1, 1), FIRST + dt.timedelta(days=20)]),
        )
        for number in range(1, 25)
    ]
    w.add(connection, Customer, shops)
    plans: Rows = []
    records: Rows = []
    for shop in shops:
        for offset in range(10):
            day = FIRST + dt.timedelta(days=offset)
            key = {"company_id": 1, "territory_id": shop["territory_id"], "customer_id": shop["id"]}
            planned = draw.random() < 0.3
            if planned:
                plans.append(
                    {
                        **key,
                        "id": len(plans) + 1,
                        "date": day,
                        "month": WorkWeek.of(day).month,
                        "origin": RowOrigin.AUTOMATIC,
                        "status": draw.choice(list(VisitStatus)),
                    }
                )
            if draw.random() < 0.2:
                records.append(
                    {
                        **key,
                        "id": len(records) + 1,
                        "date": day,
                        "visit_plan_id": plans[-1]["id"] if planned else None,
                        "outcome": draw.choice([*VisitOutcome, None]),
                        "minutes": draw.choice([None, 0, 5, 30]),
                    }
                )
    w.add(connection, VisitPlan, plans)
    w.add(connection, DailyVisit, records)
    return shops, plans, records


@pytest.mark.parametrize("scope", SCOPES)
def test_counts_of_days(connection: Connection, scope: Scope):
    _shops, plans, records = some_days(connection, 1)
    last = FIRST + dt.timedelta(days=6)
    expected: dict[tuple[int, dt.date], list[int]] = defaultdict(lambda: [0] * 7)

    def mine(rows: Rows) -> Rows:
        return [
            row
            for row in rows
            if scope.company_id == 1
            and scope.allows(row["territory_id"])
            and FIRST <= row["date"] <= last
        ]

    for plan in mine(plans):
        counts = expected[plan["territory_id"], plan["date"]]
        counts[0] += plan["status"] is not VisitStatus.CANCELLED
        counts[1] += plan["status"] is VisitStatus.DONE
        counts[2] += plan["status"] is VisitStatus.MISSED
    for record in mine(records):
        counts = expected[record["territory_id"], record["date"]]
        if record["outcome"] is VisitOutcome.VISITED:
            counts[3] += record["visit_plan_id"] is None
            counts[4] += 1
            counts[5] += record["minutes"] or 0
            counts[6] += record["minutes"] is None
    rows = connection.execute(step.day_counts(scope, FIRST, last)).all()
    assert {(row[0], row[1]): list(row[2:]) for row in rows} == dict(expected)
    assert rows == sorted(rows, key=lambda row: (row.territory_id, row.date))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("day", [5, 25])
def test_customers_nobody_visited(connection: Connection, scope: Scope, day: int):
    shops, plans, records = some_days(connection, 2)
    until = FIRST.replace(day=day)
    visited = {
        record["customer_id"]
        for record in records
        if record["outcome"] is VisitOutcome.VISITED and record["date"] <= until
    }
    expected = {
        shop["id"]: sum(
            plan["customer_id"] == shop["id"] and plan["status"] is not VisitStatus.CANCELLED
            for plan in plans
        )
        for shop in shops
        if shop["status"] is CustomerStatus.ACTIVE
        and shop["open_date"] <= until
        and shop["id"] not in visited
        and scope.company_id == 1
        and scope.allows(shop["territory_id"])
    }
    rows = connection.execute(step.unvisited_customers(scope, MONTH, until)).all()
    assert {row.customer_id: row.planned for row in rows} == expected


def test_last_visits(connection: Connection):
    shops, _plans, records = some_days(connection, 3)
    before = FIRST + dt.timedelta(days=6)
    ids = [shop["id"] for shop in shops[:12]]
    expected: dict[int, dict[str, Any]] = {}
    for record in records:
        if record["customer_id"] in ids and record["date"] < before and record["outcome"]:
            known = expected.get(record["customer_id"])
            if known is None or known["date"] < record["date"]:
                expected[record["customer_id"]] = record
    rows = connection.execute(step.last_visits(Scope(1), ids, before)).all()
    assert {row.customer_id: (row.date, row.outcome) for row in rows} == {
        key: (record["date"], record["outcome"]) for key, record in expected.items()
    }


def test_sales_facts_and_last_orders(connection: Connection):
    w.organisation(connection)
    w.add(connection, Customer, [w.customer(number) for number in (1, 2, 3)])
    w.add(connection, Product, [w.product(number) for number in (1, 2, 3)])
    october, september = MONTH.previous, MONTH.previous.previous
    facts = [
        w.fact(1, 1, october, 5),
        w.fact(1, 2, october, 4, territory=2),
        w.fact(1, 2, october, -4),
        w.fact(1, 3, october, 2),
        w.fact(1, 1, september, 9),
        w.fact(1, 1, MONTH, 100),
        w.fact(2, 1, september, 3),
    ]
    w.add(connection, MonthlySales, facts)
    rows = connection.execute(step.sales_facts(Scope(1), [1, 2, 3], MONTH)).all()
    assert {row[0]: tuple(row[1:]) for row in rows} == {1: (7, 9, 2), 2: (0, 3, 0)}
    day = dt.date(2026, 10, 20)
    lines = [
        w.line(1, day),
        w.line(1, day + dt.timedelta(days=3), demanded_cartons=2, delivered_cartons=0),
        w.line(1, day + dt.timedelta(days=5), demanded_cartons=0, delivered_cartons=-1),
        w.line(2, day),
    ]
    w.add(connection, SalesLine, lines)
    orders = connection.execute(step.last_orders(Scope(1), [1, 3])).all()
    assert [tuple(row) for row in orders] == [(1, day + dt.timedelta(days=3))]


def test_answers_to_tell(connection: Connection):
    some_days(connection, 4)
    rows = [
        {
            "id": number,
            "company_id": 1,
            "territory_id": 1,
            "customer_id": 1 + number % 2,
            "kind": FollowUpKind.SUGGESTION,
            "text": f"text {number}",
            "answer": f"answer {number}",
            "status": status,
        }
        for number, status in enumerate([*FollowUpStatus, FollowUpStatus.RESOLVED], start=1)
    ]
    w.add(connection, FollowUp, rows)
    found = connection.execute(step.answers_to_tell(Scope(1), [1, 2])).all()
    assert sorted(row.id for row in found) == [3, 5]
    assert connection.execute(step.answers_to_tell(Scope(2), [1, 2])).all() == []
