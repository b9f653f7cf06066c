"""§2.2 step 9 — 拜访计划: visits generated from the visit cycle, their order, changes of customers.

Reads: customer, month_plan, planned_frequency, visit_plan (the work calendar comes with `Planning`)
Writes: visit_plan, visit_plan_run, visit_plan_problem
Grain: company × customer × date
Units: days; visits
Nulls: a customer without frequency is a problem, not an error; a place in the route is NULL for
    visits that do not take place
Errors: none of its own
Ambiguity: the frequency of a work month is that of its approved month plan unless a person set
    another one since; customers who opened within the month and have none are visited weekly

Generation replaces only visits after today that are AUTOMATIC, PLANNED and untouched. The caller
owns the transaction. Scheduling is no set operation: a lot of territories is read with one
statement per table, planned in memory by `rules.visit_dates`, and written in bulk.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, select

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    CustomerStatus,
    FrequencySource,
    MarketType,
    MonthPlan,
    MonthPlanStatus,
    PlannedFrequency,
    RowOrigin,
    VisitFrequency,
    VisitPlan,
    VisitStatus,
)
from app.plan.rules.visit_dates import Kept, Shop, Visit, daily_capacity, schedule_month
from app.plan.rules.visit_dates_proposal import Planning, Proposal
from app.plan.rules.visit_dates_weeks import Week, weeks_of, work_span
from app.plan.rules.visit_route import Stop, place
from app.plan.statements.visit_plan_writing import write_proposals

CUSTOMER, VISIT = Customer.__table__, VisitPlan.__table__
PLAN, PLANNED = MonthPlan.__table__, PlannedFrequency.__table__
TERRITORIES_AT_ONCE = 50


def plan_visits(connection: Connection, scope: Scope, planning: Planning) -> list[Proposal]:
    """Generate the visits of the period for every territory in scope; a second run changes nothing."""
    done: list[Proposal] = []
    for proposals in _lots_of_proposals(connection, scope, planning):
        write_proposals(connection, scope.company_id, planning, proposals)
        for proposal in proposals:
            proposal.stops = {}  # a whole company's would fill the memory
        done += proposals
    return done


def propose(connection: Connection, scope: Scope, planning: Planning) -> list[Proposal]:
    """What `plan_visits` would do; writes nothing."""
    return [
        proposal
        for proposals in _lots_of_proposals(connection, scope, planning)
        for proposal in proposals
    ]


def _lots_of_proposals(
    connection: Connection, scope: Scope, planning: Planning
) -> Iterator[list[Proposal]]:
    territories = connection.execute(
        select(CUSTOMER.c.territory_id).where(scope.rows(CUSTOMER)).distinct()
    ).scalars()
    ids = sorted(territories)
    weeks = {
        month: weeks_of(month, planning.overrides, planning.start) for month in planning.months
    }
    for start in range(0, len(ids), TERRITORIES_AT_ONCE):
        lot = Scope.of(scope.company_id, ids[start : start + TERRITORIES_AT_ONCE])
        yield _proposals(connection, lot, planning, weeks)


# ---------------------------------------------------------------------- reading a lot


def _proposals(
    connection: Connection,
    scope: Scope,
    planning: Planning,
    weeks: Mapping[Month, tuple[Week, ...]],
) -> list[Proposal]:
    customers: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(_customers(scope)).all():
        customers[row.territory_id].append(row)
    territory_of = {row.id: row.territory_id for rows in customers.values() for row in rows}
    visits: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(_visits(scope, planning)).all():
        visits[territory_of.get(row.customer_id, row.territory_id)].append(row)
    approved: dict[tuple[Month, int], VisitFrequency] = {
        (row.month, row.customer_id): row.frequency
        for row in connection.execute(_approved_frequencies(scope, planning.months)).all()
    }
    return [
        _territory(territory_id, rows, visits[territory_id], approved, planning, weeks)
        for territory_id, rows in sorted(customers.items())
    ]


def _customers(scope: Scope) -> Any:
    names = (
        "id", "territory_id", "code", "line", "neighbourhood", "market_type", "visit_frequency",
        "frequency_source", "visit_weekday", "open_date", "close_date", "longitude", "latitude",
    )  # fmt: skip
    return (
        select(*(CUSTOMER.c[name] for name in names))
        .where(scope.rows(CUSTOMER), CUSTOMER.c.status == CustomerStatus.ACTIVE)
        .order_by(CUSTOMER.c.id)
    )


def _visits(scope: Scope, planning: Planning) -> Any:
    """The visits of the work months, of the customers who stand in the territories now."""
    names = (
        "id", "territory_id", "customer_id", "date", "origin", "status", "is_touched", "sequence",
    )  # fmt: skip
    first = work_span(planning.months[0])[0]
    last = work_span(planning.months[-1])[1]
    of_customer = and_(
        CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id
    )
    return (
        select(*(VISIT.c[name] for name in names))
        .join(CUSTOMER, of_customer)
        .where(scope.company(VISIT), scope.rows(CUSTOMER), VISIT.c.date.between(first, last))
        .order_by(VISIT.c.date, VISIT.c.customer_id)
    )


def _approved_frequencies(scope: Scope, months: Sequence[Month]) -> Any:
    of_plan = and_(PLANNED.c.company_id == PLAN.c.company_id, PLANNED.c.plan_id == PLAN.c.id)
    return (
        select(PLAN.c.month, PLANNED.c.customer_id, PLANNED.c.frequency)
        .join(PLANNED, of_plan)
        .where(
            scope.rows(PLAN),
            scope.company(PLANNED),
            PLAN.c.month.in_(months),
            PLAN.c.status == MonthPlanStatus.APPROVED,
        )
    )


# ---------------------------------------------------------------------- one territory


def is_replaceable(row: Any, planning: Planning) -> bool:
    """Whether generation may take the visit away."""
    return (
        planning.start <= row.date <= planning.last
        and row.origin is RowOrigin.AUTOMATIC
        and row.status is VisitStatus.PLANNED
        and not row.is_touched
    )


def _territory(
    territory_id: int,
    customers: Sequence[Any],
    visits: Sequence[Any],
    approved: Mapping[tuple[Month, int], VisitFrequency],
    planning: Planning,
    weeks: Mapping[Month, tuple[Week, ...]],
) -> Proposal:
    proposal = Proposal(territory_id, capacity_of(customers, planning.parameters))
    replaceable = [row for row in visits if is_replaceable(row, planning)]
    staying = [_kept(row) for row in visits if not is_replaceable(row, planning)]
    wanted: dict[tuple[int, dt.date], Visit] = {}
    for month in planning.months:
        shops = [_shop(row, frequency_in(row, month, approved)) for row in customers]
        schedule = schedule_month(
            weeks[month], shops, staying, proposal.capacity, planning.start, planning.last
        )
        wanted |= {(visit.customer, visit.date): visit for visit in schedule.visits}
        for problem, missing in schedule.problems.items():
            proposal.problems[problem] = proposal.problems.get(problem, 0) + missing
    present = {(row.customer_id, row.date) for row in replaceable}
    proposal.added = sorted(
        (visit for key, visit in wanted.items() if key not in present),
        key=lambda visit: (visit.date, visit.customer),
    )
    proposal.removed = [row for row in replaceable if (row.customer_id, row.date) not in wanted]
    gone = {row.id for row in proposal.removed}
    proposal.kept = [
        row for row in visits if planning.first <= row.date <= planning.last and row.id not in gone
    ]
    if proposal.changes_anything:
        proposal.stops = _stops(customers)
    return proposal


def _stops(customers: Sequence[Any]) -> dict[int, Stop]:
    latitude = next((float(row.latitude) for row in customers if row.latitude is not None), 0.0)
    return {
        row.id: Stop(
            (row.line or "", row.neighbourhood or "", row.code),
            row.id,
            place(row.longitude, row.latitude, latitude),
        )
        for row in customers
    }


def _kept(row: Any) -> Kept:
    is_on = row.status in (VisitStatus.PLANNED, VisitStatus.DONE)
    is_called_off = row.status is VisitStatus.CANCELLED and row.is_touched
    return Kept(row.customer_id, row.date, is_on or is_called_off, is_on)


def _shop(row: Any, frequency: VisitFrequency | None) -> Shop:
    neighbourhood = row.neighbourhood or ""
    return Shop(
        row.id,
        row.code,
        row.line or neighbourhood,
        neighbourhood,
        frequency.name if frequency is not None else None,
        row.visit_weekday,
        row.open_date,
        row.close_date,
    )


def frequency_in(
    row: Any, month: Month, approved: Mapping[tuple[Month, int], VisitFrequency]
) -> VisitFrequency | None:
    """A customer's frequency in a work month.

    A person's change holds until the next approval; else the approved month plan's value, else the
    customer's present one. Who opened within the month and has none is visited weekly (§2.2-9).
    """
    frequency: VisitFrequency | None = row.visit_frequency
    if row.frequency_source is not FrequencySource.MANUAL:
        frequency = approved.get((month, row.id), frequency)
    if frequency is None and Month.of(row.open_date) == month:
        return VisitFrequency.WEEKLY
    return frequency


def capacity_of(customers: Iterable[Any], parameters: Parameters) -> int:
    """Visits a day of a territory with these customers."""
    kinds = Counter(row.market_type for row in customers)
    return daily_capacity(
        kinds[MarketType.URBAN],
        kinds[MarketType.RURAL],
        parameters.visit_capacity_urban,
        parameters.visit_capacity_rural,
    )
