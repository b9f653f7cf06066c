"""§2.2 step 13: the statement adds up what the lines say, on both databases."""

import datetime as dt
import random

import pytest
from sqlalchemy import Connection

from app.evaluation.rules import WeekSums, period_of
from app.evaluation.step_13_week_summary import daily_sums, week_sums
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Customer, KeyProductSnapshot, Product, SalesLine
from tests.analysis import world as w

pytestmark = pytest.mark.sql

START, TODAY = dt.date(2026, 11, 9), dt.date(2026, 11, 13)
STICKS = {1: 200, 2: 160, 3: 200}
KEYS = {2, 3}


def some_lines(seed: int) -> list[dict]:
    """Lines around both edges of both years, returns among them."""
    dice = random.Random(seed)  # noqa: S311 -- made-up sales
    rows = []
    for number in range(240):
        year = dice.choice((2025, 2026))
        day = dt.date(year, 10, 25) + dt.timedelta(days=dice.randrange(30))
        rows.append(
            w.line(
                dice.randint(1, 4),
                day,
                territory=dice.randint(1, 2),
                product_id=dice.randint(1, 3),
                order_no=str(number),
                delivered_cartons=dice.randint(-2, 9),
                amount_fen=dice.randint(-20_000, 90_000),
            )
        )
    return rows


def expected(rows: list[dict], territory: int) -> WeekSums:
    sums = dict.fromkeys(("sticks", "amount_fen", "key_sticks", "key_last_year_sticks"), 0)
    for row in rows:
        if row["territory_id"] != territory:
            continue
        sticks = row["delivered_cartons"] * STICKS[row["product_id"]]
        is_key = row["product_id"] in KEYS
        if dt.date(2026, 11, 1) <= row["order_date"] <= TODAY:
            sums["sticks"] += sticks
            sums["amount_fen"] += row["amount_fen"]
            sums["key_sticks"] += sticks * is_key
        elif dt.date(2025, 11, 1) <= row["order_date"] <= dt.date(2025, 11, 13):
            sums["key_last_year_sticks"] += sticks * is_key
    return WeekSums(**sums)


@pytest.fixture
def lines(connection: Connection) -> list[dict]:
    w.organisation(connection)
    w.add(connection, Product, [w.product(n, sticks_per_carton=s) for n, s in STICKS.items()])
    w.add(connection, Customer, [w.customer(n) for n in range(1, 5)])
    rows = some_lines(7)
    w.add(connection, SalesLine, rows)
    keys = [(Month(2026, 11), product) for product in KEYS] + [(Month(2025, 11), 1)]
    w.add(
        connection,
        KeyProductSnapshot,
        [{"company_id": 1, "month": month, "product_id": product} for month, product in keys],
    )
    return rows


def test_sums_per_territory(connection: Connection, lines: list[dict]):
    found = {
        row.territory_id: WeekSums(*row[1:])
        for row in connection.execute(week_sums(Scope(1), period_of(START, TODAY, {})))
    }
    assert found == {territory: expected(lines, territory) for territory in (1, 2)}


def test_only_the_territories_asked_for(connection: Connection, lines: list[dict]):
    rows = connection.execute(week_sums(Scope(1, (2,)), period_of(START, TODAY, {}))).all()
    assert [row.territory_id for row in rows] == [2]
    assert connection.execute(week_sums(Scope(2), period_of(START, TODAY, {}))).all() == []


def test_days_add_up_to_the_sum(connection: Connection, lines: list[dict]):
    rows = connection.execute(daily_sums(Scope(1, (1,)), dt.date(2026, 11, 1), TODAY)).all()
    whole = expected(lines, 1)
    assert sum(row.sticks for row in rows) == whole.sticks
    assert sum(row.amount_fen for row in rows) == whole.amount_fen
    assert [row.order_date for row in rows] == sorted(row.order_date for row in rows)
