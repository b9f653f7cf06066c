"""§2.2 step 12: the progress counts what the items say, on both databases."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from app.execution.step_12_task_marks import mark_progress
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    Customer,
    ItemMark,
    ItemSource,
    ServicePlan,
    ServicePlanStatus,
    StrategyItem,
    UndoneReason,
)
from tests.analysis import world as w

pytestmark = pytest.mark.sql

M = Month(2026, 11)
RECORD = {"version": 1, "created_at": w.NOW, "updated_at": w.NOW}


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "company_id": 1,
        "plan_id": 1,
        "territory_id": 1,
        "month": M,
        "customer_id": 1 + number % 3,
        "strategy_id": 1,
        "sequence": number,
        "source": ItemSource.DIRECT,
        "content": "x",
        "mark": ItemMark.OPEN,
        "is_removed": False,
        "undone_reason": None,
        **RECORD,
        **more,
    }


@pytest.fixture
def items(connection: Connection) -> list[dict[str, Any]]:
    w.organisation(connection)
    w.add(connection, Customer, [w.customer(number) for number in range(1, 5)])
    plans = [
        {"id": 1, "territory_id": 1, "month": M, "status": ServicePlanStatus.APPROVED},
        {"id": 2, "territory_id": 2, "month": M, "status": ServicePlanStatus.DRAFT},
        {"id": 3, "territory_id": 1, "month": M.previous, "status": ServicePlanStatus.APPROVED},
    ]
    for plan in plans:
        connection.execute(
            insert(ServicePlan.__table__), {"company_id": 1, "revision": 1, **RECORD, **plan}
        )
    temporary = {"source": ItemSource.TEMPORARY, "mark": ItemMark.TEMPORARY}
    rows = [
        item(1, mark=ItemMark.DONE),
        item(2, mark=ItemMark.DONE, source=ItemSource.CARRIED),
        item(3),
        item(4, undone_reason=UndoneReason.CLOSED),
        item(5, undone_reason=UndoneReason.OTHER, source=ItemSource.MANUAL),
        item(6, **temporary),
        item(7, is_removed=True, mark=ItemMark.DONE),
        item(8, is_removed=True),
        item(9, plan_id=3, month=M.previous, mark=ItemMark.DONE),
    ]
    w.add(connection, StrategyItem, rows)
    return rows


def test_planned_items_are_done_explained_or_open(connection: Connection, items: list[dict]):
    rows = {row.territory_id: row for row in connection.execute(mark_progress(Scope(1), M))}
    own = [row for row in items if row["plan_id"] == 1 and not row["is_removed"]]
    planned = [row for row in own if row["source"] is not ItemSource.TEMPORARY]
    marks = Counter(row["mark"] for row in planned)
    explained = sum(row["undone_reason"] is not None for row in planned)
    found = rows[1]
    assert (found.planned, found.done, found.explained, found.open, found.temporary) == (
        len(planned),
        marks[ItemMark.DONE],
        explained,
        marks[ItemMark.OPEN] - explained,
        len(own) - len(planned),
    )
    assert found.planned == found.done + found.explained + found.open


def test_a_plan_without_items_has_a_row_of_zeros(connection: Connection, items: list[dict]):
    rows = {row.territory_id: row for row in connection.execute(mark_progress(Scope(1), M))}
    assert tuple(rows[2])[3:] == (0, 0, 0, 0, 0)
    assert set(rows) == {1, 2}


def test_only_what_is_asked_for(connection: Connection, items: list[dict]):
    assert [row.territory_id for row in connection.execute(mark_progress(Scope(1, (2,)), M))] == [2]
    assert connection.execute(mark_progress(Scope(2), M)).all() == []
