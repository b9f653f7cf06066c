"""§2.2 steps 5 and 6 — what changed since an analysis was computed 「数据已更新」.

Nothing is computed again by itself: the page says what is newer and offers it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, ScalarSelect, func, select
from sqlalchemy.orm import Session

from app.analysis.computation import newest_sales_batch_query
from app.analysis.rules.newer_inputs import Inputs, Made, changes
from app.analysis.statements.watched_products import covering
from app.analysis.territory_analyses import Steps, own_scope
from app.kernel.period import Month
from app.master.rules_calendar import DAYS_LOOKED_BACK
from app.models import BrandTarget, CalendarDay, ChangeLog, MarketTarget, ParameterVersion


def changes_since(session: Session, steps: Steps, analysis: Any) -> list[str]:
    """What changed since the figures were computed (「数据已更新」): sales, targets, parameters,
    and for the market the work calendar.
    """
    connection = session.connection()
    # The analysis is in the reader's scope; a brand manager does not see its targets otherwise.
    table = (BrandTarget if steps.is_brand else MarketTarget).__table__
    covers = covering(table, analysis.month) if steps.is_brand else table.c.month == analysis.month
    targets_at = connection.scalar(
        select(func.max(table.c.updated_at)).where(own_scope(analysis).rows(table), covers)
    )
    return changes(
        Made(analysis.data_batch_id, analysis.parameter_version, analysis.computed_at, targets_at),
        newest_inputs(connection, analysis.company_id, analysis.month),
        has_calendar=not steps.is_brand,
    )


def newest_inputs(connection: Connection, company_id: int, month: Month) -> Inputs:
    """What analyses of `month` would be computed with now. One statement."""
    version = ParameterVersion.__table__
    row = connection.execute(
        select(
            newest_sales_batch_query(company_id).scalar_subquery(),
            select(func.max(version.c.number))
            .where(version.c.company_id == company_id)
            .scalar_subquery(),
            _calendar_change(company_id, month),
        )
    ).one()
    return Inputs(row[0], row[1] or 0, row[2])


def _calendar_change(company_id: int, month: Month) -> ScalarSelect[dt.datetime]:
    """When a day that order days of the month depend on was changed last (UTC)."""
    log = ChangeLog.__table__
    first = month.first_day - dt.timedelta(DAYS_LOOKED_BACK)
    return (
        select(func.max(log.c.at))
        .where(
            log.c.entity == CalendarDay.__name__,
            log.c.company_id == company_id,
            log.c.record_label.between(first.isoformat(), month.last_day.isoformat()),
        )
        .scalar_subquery()
    )
