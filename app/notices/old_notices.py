"""The nightly job that forgets notices whose time is over."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete

from app.jobs.job_context import JobContext, Outcome
from app.kernel.errors import N_
from app.models import Notice, NoticeDelivery

REMOVED = N_("%(count)s old notices removed.")
UNREAD_FACTOR = 4
"""What nobody has read in several times the days is history too."""

_notice, _delivery = Notice.__table__, NoticeDelivery.__table__


def remove_old_notices(context: JobContext) -> Outcome:
    """Remove read notices older than `PORTAL_NOTICE_DAYS` days, and the record of their messages."""
    days: int = context.app.config["PORTAL_NOTICE_DAYS"]
    connection = context.session.connection()
    read_before = context.moment - dt.timedelta(days=days)
    any_before = context.moment - dt.timedelta(days=days * UNREAD_FACTOR)
    read = connection.execute(delete(_notice).where(_notice.c.read_at < read_before))
    rest = connection.execute(delete(_notice).where(_notice.c.created_at < any_before))
    connection.execute(delete(_delivery).where(_delivery.c.due_at < any_before))
    removed = read.rowcount + rest.rowcount
    return Outcome(removed, REMOVED, {"count": removed}) if removed else Outcome()
