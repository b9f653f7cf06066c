"""§2.2 step 8 — figures of month plans: lists, key customers, what people changed, capacity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.analysis.work_area import WorkArea
from app.kernel.period import Month
from app.master.calendar import calendar_overrides
from app.master.parameters import current_parameters, parameters_in
from app.master.rules_calendar import Overrides
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    KeyCustomer,
    MonthPlan,
    PlannedFrequency,
    RowOrigin,
    ServicePlan,
    ServicePlanStatus,
    Territory,
    VisitFrequency,
)
from app.plan.rules.capacity import Capacity, Demand, capacity
from app.plan.rules.visit_dates_weeks import work_span


@dataclass(slots=True)
class PlanFigures:
    """A territory's month plan; `plan` None = none yet. Lists count customers by frequency."""

    territory: Territory
    plan: MonthPlan | None = None
    service_status: ServicePlanStatus | None = None
    lists: dict[VisitFrequency, int] = field(default_factory=dict)
    keys: int = 0
    added: int = 0
    removed: int = 0
    overridden: int = 0
    capacity: Capacity | None = None

    @property
    def is_open(self) -> bool:
        """The gate: step 7 is submitted, or further."""
        return self.service_status not in (None, ServicePlanStatus.DRAFT)

    @property
    def customers(self) -> int:
        return sum(self.lists.values())

    @property
    def by_hand(self) -> int:
        """Everything people decided otherwise than the rules."""
        return self.added + self.removed + self.overridden


def plan_figures(session: Session, area: WorkArea) -> list[PlanFigures]:
    """One entry per territory of the area, in its order."""
    found = {territory.id: PlanFigures(territory) for territory in area.shown}
    for plan in session.scalars(
        select(MonthPlan).where(MonthPlan.month == area.month, MonthPlan.territory_id.in_(area.ids))
    ):
        found[plan.territory_id].plan = plan
    for territory_id, status in session.execute(
        select(ServicePlan.territory_id, ServicePlan.status).where(
            ServicePlan.month == area.month, ServicePlan.territory_id.in_(area.ids)
        )
    ):
        found[territory_id].service_status = status
    by_plan = {entry.plan.id: entry for entry in found.values() if entry.plan is not None}
    _count_keys(session, by_plan)
    _count_lists(session, by_plan, area.month)
    return list(found.values())


def _count_keys(session: Session, by_plan: Mapping[int, PlanFigures]) -> None:
    """Additions and removals by hand; the key customers themselves are counted in the lists."""
    for plan_id, origin, is_removed, count in session.execute(
        select(KeyCustomer.plan_id, KeyCustomer.origin, KeyCustomer.is_removed, func.count())
        .where(KeyCustomer.plan_id.in_(list(by_plan)))
        .group_by(KeyCustomer.plan_id, KeyCustomer.origin, KeyCustomer.is_removed)
    ):
        if is_removed:
            by_plan[plan_id].removed += count
        elif origin is RowOrigin.MANUAL:
            by_plan[plan_id].added += count


def _count_lists(session: Session, by_plan: Mapping[int, PlanFigures], month: Month) -> None:
    demands: dict[int, dict[str, dict[VisitFrequency, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    row = PlannedFrequency
    for plan_id, market_type, frequency, is_key, origin, count in session.execute(
        select(
            row.plan_id, Customer.market_type, row.frequency, row.is_key, row.origin, func.count()
        )
        .join(Customer, (Customer.company_id == row.company_id) & (Customer.id == row.customer_id))
        .where(row.plan_id.in_(list(by_plan)))
        .group_by(row.plan_id, Customer.market_type, row.frequency, row.is_key, row.origin)
    ):
        entry = by_plan[plan_id]
        entry.lists[frequency] = entry.lists.get(frequency, 0) + count
        entry.keys += count if is_key else 0
        entry.overridden += count if origin is RowOrigin.MANUAL else 0
        demands[plan_id][market_type.name][frequency] += count
    conditions = _Conditions(session, month)
    for plan_id, entry in by_plan.items():
        assert entry.plan is not None
        parameters, overrides = conditions.of(entry.plan)
        by_market = {
            market_type: Demand(
                counts[VisitFrequency.WEEKLY],
                counts[VisitFrequency.SEMIMONTHLY],
                counts[VisitFrequency.MONTHLY],
            )
            for market_type, counts in demands[plan_id].items()
        }
        entry.capacity = capacity(month, overrides, by_market, entry.keys, parameters)


class _Conditions:
    """Parameters and calendar of plans, each read once."""

    def __init__(self, session: Session, month: Month) -> None:
        self._session = session
        self._span = work_span(month)
        self._parameters: dict[tuple[int, int | None], Parameters] = {}
        self._overrides: dict[int, Overrides] = {}

    def of(self, plan: MonthPlan) -> tuple[Parameters, Overrides]:
        key = plan.company_id, plan.parameter_version
        if key not in self._parameters:
            self._parameters[key] = (
                current_parameters(self._session, plan.company_id)
                if plan.parameter_version is None
                else parameters_in(self._session, plan.company_id, plan.parameter_version)
            )
        if plan.company_id not in self._overrides:
            self._overrides[plan.company_id] = calendar_overrides(
                self._session, plan.company_id, *self._span
            )
        return self._parameters[key], self._overrides[plan.company_id]


def together(entries: Sequence[PlanFigures]) -> dict[str, int]:
    """Sums over territories, for the head of the overview."""
    loads = [entry.capacity for entry in entries if entry.capacity is not None]
    return {
        "plans": sum(entry.plan is not None for entry in entries),
        "keys": sum(entry.keys for entry in entries),
        "customers": sum(entry.customers for entry in entries),
        "needed": sum(load.needed for load in loads),
        "room": sum(load.room for load in loads),
        "overloaded": sum(load.overload > 0 for load in loads),
        "by_hand": sum(entry.by_hand for entry in entries),
    }
