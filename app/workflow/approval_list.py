"""§2.2 steps 7 and 8 — how far every territory's plans are, month by month, within the row scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.kernel.period import Month
from app.models import MonthPlan, ServicePlan, Territory

MOST_MONTHS = 12
MISSING = "MISSING"
"""The state of a plan that nobody began."""

STATES = (MISSING, "DRAFT", "SUBMITTED", "APPROVED", "RESULT_SUBMITTED", "RESULT_APPROVED")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the list is limited to; months inclusive, `state` of either plan."""

    first: Month
    last: Month
    department_id: int | None = None
    territory_id: int | None = None
    state: str = ""

    @property
    def months(self) -> list[Month]:
        """At most a year, the newest months first."""
        return list(self.first.through(self.last))[-MOST_MONTHS:][::-1]


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A territory and month."""

    territory: Territory
    month: Month
    strategies: ServicePlan | None
    plan: MonthPlan | None

    @property
    def states(self) -> tuple[str, str]:
        """The states of the service plan and of the month plan."""
        return state_of(self.strategies), state_of(self.plan)


def state_of(record: Any) -> str:
    """The state's name, `MISSING` when there is no record."""
    return MISSING if record is None else record.status.name


def plan_lines(session: Session, choice: Choice) -> list[PlanLine]:
    """Newest month first, by territory code; three statements."""
    wanted = select(Territory).options(joinedload(Territory.department)).order_by(Territory.code)
    if choice.department_id is not None:
        wanted = wanted.where(Territory.department_id == choice.department_id)
    if choice.territory_id is not None:
        wanted = wanted.where(Territory.id == choice.territory_id)
    territories = session.scalars(wanted).all()
    strategies, plans = (_by_place(session, model, choice) for model in (ServicePlan, MonthPlan))
    lines = (
        PlanLine(
            territory,
            month,
            strategies.get((territory.id, month)),
            plans.get((territory.id, month)),
        )
        for month in choice.months
        for territory in territories
    )
    return [line for line in lines if not choice.state or choice.state in line.states]


def _by_place(session: Session, model: Any, choice: Choice) -> dict[tuple[int, Month], Any]:
    found = session.scalars(select(model).where(model.month.between(choice.first, choice.last)))
    return {(record.territory_id, record.month): record for record in found}


def moments(record: Any) -> Iterator[dt.datetime | None]:
    """When it was submitted and decided on last (UTC); of a result once there is one."""
    is_result = getattr(record, "result_submitted_at", None) is not None
    for name in ("submitted_at", "decided_at"):
        yield getattr(record, f"result_{name}" if is_result else name, None)
