"""Statements that write generated visits and the order of a day's visits (step 9)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from app.kernel.dialect import bulk_insert
from app.kernel.period import WorkWeek
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.models import (
    Customer,
    RowOrigin,
    VisitPlan,
    VisitPlanProblem,
    VisitPlanRun,
    VisitStatus,
)
from app.plan.rules.visit_dates_proposal import Planning, Proposal
from app.plan.rules.visit_route import Stop, place, route

VISIT, RUN = VisitPlan.__table__, VisitPlanRun.__table__
PROBLEM, CUSTOMER = VisitPlanProblem.__table__, Customer.__table__

VISIT_COLUMNS = (
    "company_id", "territory_id", "customer_id", "date", "month", "origin", "status", "run_id",
    "frequency", "day_choice", "sequence", "created_at", "created_by", "updated_at", "updated_by",
)  # fmt: skip
PROBLEM_COLUMNS = ("company_id", "run_id", "customer_id", "obstacle", "missing")
ON_THE_WAY = (VisitStatus.PLANNED, VisitStatus.DONE, VisitStatus.MISSED)
"""Visits that have a place in the day's route."""


def write_proposals(
    connection: Connection, company_id: int, planning: Planning, proposals: Sequence[Proposal]
) -> None:
    """Write what `step_09_visit_plan` proposes for some territories, with a run each."""
    runs = {
        proposal.territory_id: _run(connection, company_id, planning, proposal)
        for proposal in proposals
    }
    _forget_problems(connection, company_id, planning, runs)
    numbers = {proposal.territory_id: proposal.numbers() for proposal in proposals}
    dropped = {row.id for proposal in proposals for row in proposal.removed}
    for lot in lots(dropped):
        connection.execute(
            delete(VISIT).where(VISIT.c.company_id == company_id, VISIT.c.id.in_(lot))
        )
    bulk_insert(
        connection,
        VISIT,
        VISIT_COLUMNS,
        list(_visit_rows(company_id, planning, proposals, runs, numbers)),
    )
    bulk_insert(
        connection,
        PROBLEM,
        PROBLEM_COLUMNS,
        [
            (company_id, runs[proposal.territory_id], customer, obstacle, missing)
            for proposal in proposals
            for (customer, obstacle), missing in sorted(proposal.problems.items())
        ],
    )
    for proposal in proposals:
        proposal.run_id = runs[proposal.territory_id]
    _renumber(
        connection,
        company_id,
        [
            {"visit_id": row.id, "number": number}
            for proposal in proposals
            for row in proposal.kept
            if (number := numbers[proposal.territory_id].get((row.customer_id, row.date)))
            and number != row.sequence
        ],
    )


def _run(connection: Connection, company_id: int, planning: Planning, proposal: Proposal) -> int:
    """The record of a generation; returns its id."""
    values = {
        "company_id": company_id,
        "territory_id": proposal.territory_id,
        "from_date": planning.first,
        "to_date": planning.last,
        "generated_at": planning.now,
        "parameter_version": planning.parameters.number,
        "added": len(proposal.added),
        "removed": len(proposal.removed),
        "kept": len(proposal.kept),
        "created_at": planning.now,
        "updated_at": planning.now,
        "created_by": planning.user_id,
        "updated_by": planning.user_id,
    }
    inserted = connection.execute(insert(RUN).values(values).returning(RUN.c.id))
    run_id: int = inserted.scalar_one()
    return run_id


def _forget_problems(
    connection: Connection, company_id: int, planning: Planning, runs: dict[int, int]
) -> None:
    """Problems of earlier generations within the period are answered by this one."""
    earlier = select(RUN.c.id).where(
        RUN.c.company_id == company_id,
        RUN.c.territory_id.in_(runs),
        RUN.c.from_date >= planning.first,
        RUN.c.to_date <= planning.last,
        RUN.c.id.not_in(runs.values()),
    )
    connection.execute(
        delete(PROBLEM).where(PROBLEM.c.company_id == company_id, PROBLEM.c.run_id.in_(earlier))
    )


def _visit_rows(
    company_id: int,
    planning: Planning,
    proposals: Sequence[Proposal],
    runs: dict[int, int],
    numbers: dict[int, dict[tuple[int, dt.date], int]],
) -> Iterator[tuple[Any, ...]]:
    """Rows in storage form, in the order of their keys."""
    origin, status = RowOrigin.AUTOMATIC.name, VisitStatus.PLANNED.name
    now, user = planning.now.isoformat(sep=" ", timespec="microseconds"), planning.user_id
    dates: dict[dt.date, tuple[str, int]] = {}
    for proposal in proposals:
        run_id, own = runs[proposal.territory_id], numbers[proposal.territory_id]
        for visit in proposal.added:
            known = dates.get(visit.date)
            if known is None:
                month = WorkWeek.of(visit.date).month.number
                known = dates[visit.date] = (visit.date.isoformat(), month)
            yield (
                company_id, proposal.territory_id, visit.customer, *known, origin, status, run_id,
                visit.frequency, visit.choice, own[visit.customer, visit.date], now, user, now, user,
            )  # fmt: skip


def order_days(connection: Connection, scope: Scope, days: Collection[dt.date]) -> None:
    """Number the visits of these days along the route; writes only numbers that change.

    The number follows from the visits of the day, so it is no change of the record itself: the
    version stays.
    """
    if not days:
        return
    found: dict[tuple[int, dt.date], list[Any]] = defaultdict(list)
    for row in connection.execute(_days(scope, days)).all():
        if row.date in days:
            found[row.territory_id, row.date].append(row)
    reference: dict[int, float] = {}
    changes: list[dict[str, Any]] = []
    for (territory_id, _day), rows in found.items():
        latitude = reference.setdefault(
            territory_id, next((float(r.latitude) for r in rows if r.latitude is not None), 0.0)
        )
        changes += _numbers(rows, latitude)
    _renumber(connection, scope.company_id, changes)


def _renumber(connection: Connection, company_id: int, changes: list[dict[str, Any]]) -> None:
    if not changes:
        return
    connection.execute(
        update(VISIT)
        .where(VISIT.c.company_id == company_id, VISIT.c.id == bindparam("visit_id"))
        .values(
            sequence=bindparam("number"),
            updated_at=VISIT.c.updated_at,
            updated_by=VISIT.c.updated_by,
        ),
        changes,
    )


def _days(scope: Scope, days: Collection[dt.date]) -> Any:
    of_customer = and_(
        CUSTOMER.c.company_id == VISIT.c.company_id, CUSTOMER.c.id == VISIT.c.customer_id
    )
    return (
        select(
            VISIT.c.id, VISIT.c.territory_id, VISIT.c.date, VISIT.c.status, VISIT.c.sequence,
            VISIT.c.customer_id, CUSTOMER.c.line, CUSTOMER.c.neighbourhood, CUSTOMER.c.code,
            CUSTOMER.c.longitude, CUSTOMER.c.latitude,
        )
        .join(CUSTOMER, of_customer)
        .where(
            scope.rows(VISIT), scope.company(CUSTOMER), VISIT.c.date.between(min(days), max(days))
        )
        .order_by(VISIT.c.territory_id, VISIT.c.date, VISIT.c.customer_id)
    )  # fmt: skip


def _numbers(rows: Sequence[Any], latitude: float) -> Iterator[dict[str, Any]]:
    by_customer = {row.customer_id: row for row in rows}
    stops = [
        Stop(
            (row.line or "", row.neighbourhood or "", row.code),
            row.customer_id,
            place(row.longitude, row.latitude, latitude),
        )
        for row in rows
        if row.status in ON_THE_WAY
    ]
    numbers = {stop.customer: number for number, stop in enumerate(route(stops), start=1)}
    for customer_id, row in by_customer.items():
        number = numbers.get(customer_id)
        if number != row.sequence:
            yield {"visit_id": row.id, "number": number}
