"""Step 9 in the demo: last month's visits made or missed, the running month's made so far, the rest planned.

The plans come from the step itself, as they were generated before each month began. Which visits
were missed or called off is drawn by customer and day, so two runs give the same.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.demo.plan import Dates, words
from app.kernel.period import WorkWeek
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.models import Customer, Territory, VisitPlan, VisitStatus
from app.plan import visit_plans
from app.plan.rules.visit_dates_weeks import work_span
from app.plan.statements.visit_plan_writing import order_days
from app.plan.step_09_visit_plan import plan_visits

VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__
MISSED, CALLED_OFF = 0.05, 0.01
MISSED_WITHOUT_MODE = 0.4
DAYS_AHEAD = 12


def add_visit_plans(session: Session, company_id: int, dates: Dates) -> None:
    """Both months for every territory; all but the last one also plan the days after."""
    territories = session.scalars(
        select(Territory).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    ids = [territory.id for territory in territories]
    for month in (dates.month.previous, dates.month):
        first, last = work_span(month)
        _generate(session, company_id, ids, first, last, first)
    ahead = WorkWeek.of(dates.reference + dt.timedelta(days=DAYS_AHEAD)).sunday
    first = work_span(dates.month)[1] + dt.timedelta(days=1)
    if first <= ahead:
        _generate(session, company_id, ids[:-1], first, ahead, dates.reference)
    _carry_out(session, company_id, dates)


def _generate(
    session: Session,
    company_id: int,
    territories: Sequence[int],
    first: dt.date,
    last: dt.date,
    known_on: dt.date,
) -> None:
    """As if generated on the day before `first`, or on `known_on` if that is earlier."""
    today = min(known_on, first - dt.timedelta(days=1))
    planning = visit_plans.planning_of(session, company_id, first, last, today)
    made = dt.datetime.combine(today, dt.time(1))
    plan_visits(
        session.connection(), Scope.of(company_id, territories), replace(planning, now=made)
    )


def _carry_out(session: Session, company_id: int, dates: Dates) -> None:
    """Visits before the reference day were made, missed or called off."""
    connection = session.connection()
    rows = connection.execute(
        select(
            VISIT.c.id, VISIT.c.date, VISIT.c.territory_id, CUSTOMER.c.code, CUSTOMER.c.visit_mode
        )
        .join(CUSTOMER, CUSTOMER.c.id == VISIT.c.customer_id)
        .where(
            VISIT.c.company_id == company_id,
            CUSTOMER.c.company_id == company_id,
            VISIT.c.date < dates.reference,
        )
    ).all()
    found: dict[VisitStatus, list[int]] = defaultdict(list)
    for row in rows:
        found[_outcome(row)].append(row.id)
    notes = words("visit_note")
    for status, ids in found.items():
        values: dict[str, Any] = {"status": status}
        if status is VisitStatus.CANCELLED:
            values |= {"is_touched": True, "note": notes[0]}
        for lot in lots(ids):
            connection.execute(
                update(VISIT)
                .where(VISIT.c.company_id == company_id, VISIT.c.id.in_(lot))
                .values(**values)
            )
    scope = Scope.of(company_id, {row.territory_id for row in rows} or {0})
    order_days(connection, scope, {row.date for row in rows})


def _outcome(row: Any) -> VisitStatus:
    random = Random(f"visit {row.code} {row.date}")  # noqa: S311 -- repeatable, not secret
    drawn = random.random()
    missed = MISSED if row.visit_mode is not None else MISSED_WITHOUT_MODE
    if drawn < missed:
        return VisitStatus.MISSED
    return VisitStatus.CANCELLED if drawn < missed + CALLED_OFF else VisitStatus.DONE
