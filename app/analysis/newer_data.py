"""§2.2 steps 5 and 6 — what changed since an analysis was computed 「数据已更新」.

Nothing is computed again by itself: the page says what is newer and offers it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from app.analysis.computation import newest_sales_batch
from app.analysis.statements.watched_products import covering
from app.analysis.territory_analyses import Steps, own_scope
from app.kernel.period import Month
from app.master.parameters import current_parameters
from app.master.rules_calendar import DAYS_LOOKED_BACK
from app.models import BrandTarget, CalendarDay, ChangeLog, MarketTarget


def changes_since(session: Session, steps: Steps, analysis: Any) -> list[str]:
    """What changed since the figures were computed (「数据已更新」): sales, targets, parameters,
    and for the market the work calendar.
    """
    found = []
    connection, company_id = session.connection(), analysis.company_id
    if newest_sales_batch(connection, company_id) != analysis.data_batch_id:
        found.append("sales")
    # The analysis is in the reader's scope; a brand manager does not see its targets otherwise.
    table = (BrandTarget if steps.is_brand else MarketTarget).__table__
    covers = covering(table, analysis.month) if steps.is_brand else table.c.month == analysis.month
    newest = connection.scalar(
        select(func.max(table.c.updated_at)).where(own_scope(analysis).rows(table), covers)
    )
    if newest is not None and newest > analysis.computed_at:
        found.append("targets")
    if current_parameters(session, company_id).number != analysis.parameter_version:
        found.append("parameters")
    if not steps.is_brand and calendar_changed_since(
        connection, company_id, analysis.month, analysis.computed_at
    ):
        found.append("calendar")
    return found


def calendar_changed_since(
    connection: Connection, company_id: int, month: Month, moment: dt.datetime
) -> bool:
    """Whether a day that order days of the month depend on was changed after a moment (UTC)."""
    log = ChangeLog.__table__
    first = month.first_day - dt.timedelta(DAYS_LOOKED_BACK)
    found = connection.execute(
        select(log.c.id)
        .where(
            log.c.entity == CalendarDay.__name__,
            log.c.company_id == company_id,
            log.c.at > moment,
            log.c.record_label.between(first.isoformat(), month.last_day.isoformat()),
        )
        .limit(1)
    )
    return found.scalar() is not None
