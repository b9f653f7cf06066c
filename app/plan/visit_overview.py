"""§2.2 step 9 for pages: a month of visits at a glance, a day in order, what stands in the way."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from app.kernel.period import Month
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    CustomerStatus,
    MarketType,
    MonthPlan,
    MonthPlanStatus,
    VisitFrequency,
    VisitObstacle,
    VisitPlan,
    VisitPlanProblem,
    VisitPlanRun,
    VisitStatus,
)
from app.plan.rules.visit_dates import daily_capacity
from app.plan.rules.visit_dates_weeks import work_span

Counts = Mapping[dt.date, Counter[VisitStatus]]
LAST_PLACE = 10_000


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Of the customers for planning by hand. `without_visit`: none in the period."""

    text: str = ""
    line: str = ""
    frequency: VisitFrequency | None = None
    has_no_frequency: bool = False
    without_visit: bool = False
    has_no_mode: bool = False


@dataclass(frozen=True, slots=True)
class PlannableCustomer:
    """A customer with the visits of the period, cancelled ones aside, in order."""

    customer: Customer
    visits: tuple[VisitPlan, ...] = field(default=())


def day_counts(
    session: Session, territory_ids: Collection[int], first: dt.date, last: dt.date
) -> dict[int, dict[dt.date, Counter[VisitStatus]]]:
    """Territory → day → visits per status."""
    found: dict[int, dict[dt.date, Counter[VisitStatus]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    rows = session.execute(
        select(VisitPlan.territory_id, VisitPlan.date, VisitPlan.status, func.count(VisitPlan.id))
        .where(VisitPlan.territory_id.in_(territory_ids), VisitPlan.date.between(first, last))
        .group_by(VisitPlan.territory_id, VisitPlan.date, VisitPlan.status)
    )
    for territory_id, day, status, count in rows:
        found[territory_id][day][status] = count
    return found


def load(counts: Counter[VisitStatus] | None) -> int:
    """Visits of a day that took or take time."""
    return 0 if counts is None else counts.total() - counts[VisitStatus.CANCELLED]


def capacities(
    session: Session, territory_ids: Collection[int], parameters: Parameters
) -> dict[int, int]:
    """Territory → visits a day, by its mix of town and country customers."""
    kinds: dict[int, Counter[MarketType]] = defaultdict(Counter)
    rows = session.execute(
        select(Customer.territory_id, Customer.market_type, func.count(Customer.id))
        .where(Customer.territory_id.in_(territory_ids), Customer.status == CustomerStatus.ACTIVE)
        .group_by(Customer.territory_id, Customer.market_type)
    )
    for territory_id, kind, count in rows:
        kinds[territory_id][kind] = count
    return {
        territory_id: daily_capacity(
            kinds[territory_id][MarketType.URBAN],
            kinds[territory_id][MarketType.RURAL],
            parameters.visit_capacity_urban,
            parameters.visit_capacity_rural,
        )
        for territory_id in territory_ids
    }


def visits_of_day(session: Session, territory_id: int, day: dt.date) -> list[VisitPlan]:
    """The day's visits along the route, cancelled ones last."""
    visits = session.scalars(
        select(VisitPlan)
        .where(VisitPlan.territory_id == territory_id, VisitPlan.date == day)
        .options(joinedload(VisitPlan.customer))
    )
    return sorted(visits, key=lambda visit: (visit.sequence or LAST_PLACE, visit.customer.code))


def runs_by_id(session: Session, visits: Sequence[VisitPlan]) -> dict[int, VisitPlanRun]:
    """The generations these visits come from."""
    ids = {visit.run_id for visit in visits if visit.run_id}
    return {
        run.id: run for run in session.scalars(select(VisitPlanRun).where(VisitPlanRun.id.in_(ids)))
    }


def last_run(session: Session, territory_id: int, month: Month) -> VisitPlanRun | None:
    """The newest generation whose period meets the month's work weeks."""
    first, last = work_span(month)
    return session.scalar(
        select(VisitPlanRun)
        .where(
            VisitPlanRun.territory_id == territory_id,
            VisitPlanRun.from_date <= last,
            VisitPlanRun.to_date >= first,
        )
        .order_by(VisitPlanRun.id.desc())
        .limit(1)
    )


def problems_of(
    session: Session, run: VisitPlanRun | None
) -> list[tuple[VisitObstacle, list[tuple[Customer, int]]]]:
    """Obstacle → (customer, visits missing) of a generation, as it found them."""
    if run is None:
        return []
    rows = session.execute(
        select(VisitPlanProblem.obstacle, Customer, VisitPlanProblem.missing)
        .join(Customer, Customer.id == VisitPlanProblem.customer_id)
        .where(VisitPlanProblem.company_id == run.company_id, VisitPlanProblem.run_id == run.id)
        .order_by(Customer.code)
    )
    return grouped_problems((obstacle, customer, missing) for obstacle, customer, missing in rows)


def grouped_problems(rows: Any) -> list[tuple[VisitObstacle, list[tuple[Customer, int]]]]:
    """(obstacle, customer, missing) grouped in the order of the obstacles."""
    groups: dict[VisitObstacle, list[tuple[Customer, int]]] = defaultdict(list)
    for obstacle, customer, missing in rows:
        groups[obstacle].append((customer, missing))
    return [(obstacle, groups[obstacle]) for obstacle in VisitObstacle if obstacle in groups]


def approved_months(session: Session, territory_id: int, months: Collection[Month]) -> set[Month]:
    """Which of the work months have an approved month plan."""
    return set(
        session.scalars(
            select(MonthPlan.month).where(
                MonthPlan.territory_id == territory_id,
                MonthPlan.month.in_(months),
                MonthPlan.status == MonthPlanStatus.APPROVED,
            )
        )
    )


def lines_of(session: Session, territory_id: int) -> list[str]:
    """The visit lines of a territory's customers."""
    rows = session.scalars(
        select(Customer.line)
        .where(Customer.territory_id == territory_id, Customer.line.is_not(None))
        .distinct()
        .order_by(Customer.line)
    )
    return [line for line in rows if line]


def count_without_mode(session: Session, territory_id: int) -> int:
    """Customers in business whose visit mode is missing: planned, but on no week or day sheet."""
    count = session.scalar(
        select(func.count(Customer.id)).where(
            Customer.territory_id == territory_id,
            Customer.status == CustomerStatus.ACTIVE,
            Customer.visit_mode.is_(None),
        )
    )
    return count or 0


def plannable_customers(
    session: Session,
    territory_id: int,
    first: dt.date,
    last: dt.date,
    chosen: CustomerFilter,
) -> list[PlannableCustomer]:
    """The customers in business that meet the filter, by line, neighbourhood and code."""
    in_period = (
        VisitPlan.date.between(first, last),
        VisitPlan.status != VisitStatus.CANCELLED,
    )
    query = select(Customer).where(
        Customer.territory_id == territory_id, Customer.status == CustomerStatus.ACTIVE
    )
    if chosen.text:
        query = query.where(
            Customer.name.contains(chosen.text, autoescape=True)
            | Customer.code.contains(chosen.text, autoescape=True)
        )
    if chosen.line:
        query = query.where(Customer.line == chosen.line)
    if chosen.frequency is not None:
        query = query.where(Customer.visit_frequency == chosen.frequency)
    elif chosen.has_no_frequency:
        query = query.where(Customer.visit_frequency.is_(None))
    if chosen.has_no_mode:
        query = query.where(Customer.visit_mode.is_(None))
    if chosen.without_visit:
        query = query.where(
            ~exists().where(
                VisitPlan.company_id == Customer.company_id,
                VisitPlan.customer_id == Customer.id,
                *in_period,
            )
        )
    query = query.order_by(Customer.line, Customer.neighbourhood, Customer.code)
    customers = list(session.scalars(query))
    visits: dict[int, list[VisitPlan]] = defaultdict(list)
    for visit in session.scalars(
        select(VisitPlan)
        .where(VisitPlan.territory_id == territory_id, *in_period)
        .order_by(VisitPlan.date)
    ):
        visits[visit.customer_id].append(visit)
    return [PlannableCustomer(row, tuple(visits.get(row.id, ()))) for row in customers]
