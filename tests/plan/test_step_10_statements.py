"""§2.2 step 10: lines of a day and visits of a day equal a plain count, on both databases."""

import datetime as dt
import random
from collections import Counter

import pytest
from sqlalchemy import Connection

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Customer, RowOrigin, VisitMode, VisitPlan, VisitStatus
from app.plan.step_10_week_arrangement import line_rows, visit_counts
from tests.analysis import world as w

pytestmark = pytest.mark.sql

MONDAY = dt.date(2026, 11, 9)
DAYS = [MONDAY + dt.timedelta(days=number) for number in range(7)]
LINES = ("North", "South", None)


@pytest.fixture
def visits(connection: Connection) -> list[dict]:
    """(day, customer) rows of two territories, some cancelled; every fifth shop has no mode."""
    w.organisation(connection)
    shops = [
        w.customer(
            number,
            territory=1 + number % 2,
            line=LINES[number % 3],
            visit_mode=None if number % 5 == 0 else VisitMode.ONSITE,
        )
        for number in range(1, 31)
    ]
    w.add(connection, Customer, shops)
    dice = random.Random(10)  # noqa: S311 -- made-up visits
    rows = [
        {
            "company_id": 1,
            "territory_id": shop["territory_id"],
            "customer_id": shop["id"],
            "date": day,
            "month": Month(2026, 11),
            "origin": RowOrigin.AUTOMATIC,
            "status": dice.choice(list(VisitStatus)),
        }
        for shop in shops
        for day in (*DAYS, MONDAY - dt.timedelta(days=1), MONDAY + dt.timedelta(days=7))
        if dice.random() < 0.5
    ]
    w.add(connection, VisitPlan, rows)
    known = {shop["id"]: shop for shop in shops}
    return [
        {**row, "shop": known[row["customer_id"]]}
        for row in rows
        if row["status"] is not VisitStatus.CANCELLED and row["date"] in DAYS
    ]


def test_lines_of_each_day_the_most_visited_first(connection: Connection, visits: list[dict]):
    found = connection.execute(line_rows(Scope(1), DAYS)).all()
    counted = Counter(
        (row["territory_id"], row["date"], row["shop"]["line"])
        for row in visits
        if row["shop"]["line"]
    )
    assert {(row.territory_id, row.date, row.line): row.visits for row in found} == counted
    order = [(row.date, -row.visits, row.line) for row in found]
    assert order == sorted(order)


def test_visits_of_each_day(connection: Connection, visits: list[dict]):
    found = {
        (row.territory_id, row.date): (row.visits, row.without_mode)
        for row in connection.execute(visit_counts(Scope(1), DAYS[0], DAYS[-1]))
    }
    whole = Counter((row["territory_id"], row["date"]) for row in visits)
    without = Counter(
        (row["territory_id"], row["date"]) for row in visits if row["shop"]["visit_mode"] is None
    )
    assert found == {key: (count, without[key]) for key, count in whole.items()}


def test_only_the_territories_asked_for(connection: Connection, visits: list[dict]):
    for statement in (line_rows(Scope(1, (2,)), DAYS), visit_counts(Scope(1, (2,)), *DAYS[::6])):
        assert {row.territory_id for row in connection.execute(statement)} == {2}
    for statement in (line_rows(Scope(2), DAYS), visit_counts(Scope(2), *DAYS[::6])):
        assert connection.execute(statement).all() == []
