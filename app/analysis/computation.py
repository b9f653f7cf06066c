"""Gathers what a computation needs: parameters, order days due, newest sales import, the person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from app.analysis.rules.computation import Computation
from app.analysis.rules.order_success import order_windows
from app.kernel.actor import current_actor
from app.kernel.period import Month, utc_now
from app.master.calendar import calendar_overrides
from app.master.parameters import current_parameters
from app.master.rules_calendar import DAYS_LOOKED_BACK, order_days
from app.models import BatchState, ImportBatch

SALES_SHEET = "sales_lines"


def newest_sales_batch_query(company_id: int) -> Select[Any]:
    """The id of the import that changed the company's sales last; computed records keep it.

    The last one committed, whichever was uploaded first; one that changed nothing does not count.
    """
    batch = ImportBatch.__table__
    return (
        select(batch.c.id)
        .where(
            batch.c.company_id == company_id,
            batch.c.sheet == SALES_SHEET,
            batch.c.state == BatchState.COMMITTED,
            batch.c.rows_new + batch.c.rows_changed > 0,
        )
        .order_by(batch.c.committed_at.desc(), batch.c.id.desc())
        .limit(1)
    )


def newest_sales_batch(connection: Connection, company_id: int) -> int | None:
    """The same, at once."""
    found: int | None = connection.scalar(newest_sales_batch_query(company_id))
    return found


def computation_of(session: Session, company_id: int, month: Month) -> Computation:
    """For analysing `month` (K) with the company's present parameters, by the present actor."""
    parameters = current_parameters(session, company_id)
    first = month.shift(-((DAYS_LOOKED_BACK + 27) // 28)).first_day
    overrides = calendar_overrides(session, company_id, first, month.shift(2).last_day)
    moves = bool(parameters.order_move_to_next_workday)
    days = {
        weekday: [
            order_days(each, weekday, overrides, move_to_next=moves) for each in (month, month.next)
        ]
        for weekday in range(1, 8)
    }
    return Computation(
        month=month,
        parameters=parameters,
        now=utc_now(),
        due_weeks={weekday: len(own) for weekday, (own, _next) in days.items()},
        order_windows=order_windows(
            month,
            {weekday: [*own, *later] for weekday, (own, later) in days.items()},
            parameters.order_late_days,
        ),
        data_batch_id=newest_sales_batch(session.connection(), company_id),
        user_id=current_actor().user_id,
    )
