"""What the people of the demo company have read by now: everything but the last days' news."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.demo.plan import Dates
from app.kernel.period import start_of
from app.models import Notice

NEW_DAYS = 8


def read_old_notices(session: Session, company_id: int, dates: Dates) -> None:
    """Mark what is older than `NEW_DAYS` days as read on the day it came."""
    table = Notice.__table__
    since = start_of(dates.reference) - dt.timedelta(days=NEW_DAYS)
    session.connection().execute(
        update(table)
        .where(
            table.c.company_id == company_id,
            table.c.created_at < since,
            table.c.read_at.is_(None),
        )
        .values(read_at=table.c.created_at)
    )
