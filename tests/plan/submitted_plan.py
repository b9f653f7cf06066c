"""The demo's submitted month plan: who holds it, who decides on it, how it stands."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.models import (
    KeyCustomer,
    MonthPlan,
    PlannedFrequency,
    RowOrigin,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
HOLDER, MANAGER = "customer3", "market2"
PAGE = "/month-plans/"


@pytest.fixture
def place(territory: Callable[[str], int]) -> int:
    """A territory of the demo whose plan of the running month is submitted."""
    return territory("YH-B1")


@pytest.fixture
def plan(stored: Stored, place: int) -> int:
    query = select(MonthPlan.id).where(MonthPlan.territory_id == place, MonthPlan.month == MONTH)
    return int(stored(query)[0][0])


def version(stored: Stored, plan: int) -> int:
    return int(stored(select(MonthPlan.version).where(MonthPlan.id == plan))[0][0])


def take(person: DemoVisitor, stored: Stored, plan: int, action: str, **more: str) -> str:
    """An action of the approval flow; what the page then says."""
    form = {"version": version(stored, plan), "next": PAGE, **more}
    return person.said(person.post(f"/flow/month-plan/{plan}/{action}", form))


@pytest.fixture
def draft(visitor: Visitors, stored: Stored, plan: int) -> DemoVisitor:
    """The customer manager, who has taken the plan back."""
    person = visitor(HOLDER)
    take(person, stored, plan, "withdraw")
    return person


def frequencies(stored: Stored, plan: int) -> dict[int, Any]:
    rows = stored(
        select(PlannedFrequency.customer_id, PlannedFrequency.frequency).where(
            PlannedFrequency.plan_id == plan
        )
    )
    return dict(rows)


def keys(stored: Stored, plan: int) -> dict[int, tuple[RowOrigin, bool]]:
    rows = stored(
        select(KeyCustomer.customer_id, KeyCustomer.origin, KeyCustomer.is_removed).where(
            KeyCustomer.plan_id == plan
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}
