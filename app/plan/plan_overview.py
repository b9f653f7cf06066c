"""§2.2 step 7 — how the service plans of territories stand, read within the row scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.analysis.work_area import WorkArea
from app.kernel.sql import count_if
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    ItemSource,
    Questionnaire,
    QuestionnaireStatus,
    ServicePlan,
    StateRun,
    StateStatus,
    StrategyItem,
    Territory,
)

GENERATED = (StateStatus.GENERATED, StateStatus.STALE)


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """A territory's plan of the month. Items are those not removed; `served` customers have some.

    `by_hand`: added or changed by a person. `unconfirmed`: answers that call for nothing yet.
    """

    territory: Territory
    plan: ServicePlan | None = None
    run: StateRun | None = None
    customers: int = 0
    unserved: int = 0
    unconfirmed: int = 0
    items: int = 0
    served: int = 0
    direct: int = 0
    potential: int = 0
    carried: int = 0
    by_hand: int = 0
    removed: int = 0
    done: int = 0

    @property
    def is_state_ready(self) -> bool:
        """Whether step 2 lets the plan be generated; a territory without customers needs none."""
        return self.customers == 0 or (self.run is not None and self.run.status in GENERATED)

    @property
    def is_state_stale(self) -> bool:
        return self.run is not None and self.run.status is StateStatus.STALE


def plan_figures(session: Session, area: WorkArea) -> list[PlanFigures]:
    """One entry per territory of the area, in five statements."""
    month, ids = area.month, area.ids
    item = StrategyItem
    stands = item.is_removed.is_(False)
    counts = {
        row[0]: tuple(int(value) for value in row[1:])
        for row in session.execute(
            select(
                item.territory_id,
                count_if(stands),
                func.count(case((stands, item.customer_id)).distinct()),
                count_if(and_(stands, item.source == ItemSource.DIRECT)),
                count_if(and_(stands, item.source == ItemSource.POTENTIAL)),
                count_if(and_(stands, item.carried_from_id.is_not(None))),
                count_if(and_(stands, is_by_hand())),
                count_if(item.is_removed.is_(True)),
                count_if(and_(stands, item.mark != ItemMark.OPEN)),
            )
            .where(item.month == month, item.territory_id.in_(ids))
            .group_by(item.territory_id)
        )
    }
    customers = {
        row[0]: (int(row[1]), int(row[2]), int(row[3]))
        for row in session.execute(
            select(
                Customer.territory_id,
                func.count(Customer.id),
                count_if(~is_served(area)),
                count_if(_has_open_answers(area)),
            )
            .where(Customer.status == CustomerStatus.ACTIVE, Customer.territory_id.in_(ids))
            .group_by(Customer.territory_id)
        )
    }
    plans = {
        plan.territory_id: plan
        for plan in session.scalars(
            select(ServicePlan)
            .where(ServicePlan.month == month, ServicePlan.territory_id.in_(ids))
            .execution_options(populate_existing=True)
        )
    }
    runs = {
        run.territory_id: run
        for run in session.scalars(
            select(StateRun).where(StateRun.month == month, StateRun.territory_id.in_(ids))
        )
    }
    return [
        PlanFigures(
            territory,
            plans.get(territory.id),
            runs.get(territory.id),
            *customers.get(territory.id, (0, 0, 0)),
            *counts.get(territory.id, (0,) * 8),
        )
        for territory in area.shown
    ]


def is_by_hand() -> ColumnElement[bool]:
    """A person added or changed the item."""
    return or_(StrategyItem.is_touched.is_(True), StrategyItem.source == ItemSource.MANUAL)


def is_served(area: WorkArea) -> ColumnElement[bool]:
    """The customer has a strategy in the month's plan."""
    return (
        select(StrategyItem.id)
        .where(
            StrategyItem.company_id == Customer.company_id,
            StrategyItem.customer_id == Customer.id,
            StrategyItem.month == area.month,
            StrategyItem.territory_id == Customer.territory_id,
            StrategyItem.is_removed.is_(False),
        )
        .exists()
    )


def _has_open_answers(area: WorkArea) -> ColumnElement[bool]:
    return (
        select(Questionnaire.id)
        .where(
            Questionnaire.company_id == Customer.company_id,
            Questionnaire.customer_id == Customer.id,
            Questionnaire.month == area.month,
            Questionnaire.status == QuestionnaireStatus.OPEN,
        )
        .exists()
    )


def together(entries: Sequence[PlanFigures]) -> dict[str, int]:
    """The sums over territories."""
    names = (
        "customers", "unserved", "unconfirmed", "items", "served", "direct", "potential",
        "carried", "by_hand", "removed", "done",
    )  # fmt: skip
    return {name: sum(getattr(entry, name) for entry in entries) for name in names}
