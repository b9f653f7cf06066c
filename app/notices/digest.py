"""The daily digest: once a day, one message about what is unread and was not told before."""

from __future__ import annotations

from sqlalchemy import exists, literal, select, update

from app.jobs.job_context import JobContext, Outcome
from app.kernel.dialect import insert_missing
from app.kernel.errors import N_
from app.models import Notice, NoticeDelivery, Outside
from app.notices.delivery import waiting_rows

PREPARED = N_("%(count)s digests prepared.")

_notice, _delivery = Notice.__table__, NoticeDelivery.__table__


def prepare(context: JobContext) -> Outcome:
    """Queue the day's digests; the job `notice_digest` calls it, the job `notices` sends them.

    A person who has had the day's digest gets no second one: what came since waits for tomorrow.
    """
    connection, day = context.session.connection(), context.day
    had_it = exists().where(_delivery.c.user_id == _notice.c.user_id, _delivery.c.digest_on == day)
    waiting = (
        _notice.c.outside == Outside.DAILY,
        _notice.c.handed_out_on.is_(None),
        ~had_it,
    )
    people = list(connection.scalars(select(_notice.c.user_id).where(*waiting).distinct()))
    prepared = 0
    for user_id in people:
        mine = (*waiting[:2], _notice.c.user_id == user_id)
        rows = (
            waiting_rows(literal(day, _delivery.c.digest_on.type).label("digest_on"))
            .where(*mine, _notice.c.read_at.is_(None))
            .distinct()
        )
        prepared += insert_missing(connection, _delivery, ["channel_id", "digest_on"], rows)
        connection.execute(update(_notice).where(*mine).values(handed_out_on=day))
    return Outcome(prepared, PREPARED, {"count": prepared}) if prepared else Outcome()
