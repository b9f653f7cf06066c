"""What the tests of the pages of step 7 ask the database for."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.models import ServicePlan, StrategyItem
from tests.analysis.demo_visitors import MONTH, DemoVisitor

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., list[tuple[Any, ...]]]
LIST, ITEMS = "/service-plans/list/", "/strategy-items/list/"


def plan(stored: Stored, place: int, *columns: Any) -> tuple[Any, ...]:
    chosen = columns or (ServicePlan.id, ServicePlan.status)
    found = stored(
        select(*chosen).where(ServicePlan.territory_id == place, ServicePlan.month == MONTH)
    )
    return found[0] if found else ()


def own_items(stored: Stored, place: int, *conditions: Any) -> list[tuple[Any, ...]]:
    return stored(
        select(StrategyItem.id, StrategyItem.customer_id, StrategyItem.content)
        .where(
            StrategyItem.territory_id == place,
            StrategyItem.month == MONTH,
            StrategyItem.sequence == 0,
            *conditions,
        )
        .order_by(StrategyItem.id)
    )
