"""A person's notices: what is there, what is new, what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, true, update
from sqlalchemy.orm import Session

from app.kernel.errors import OutOfScope
from app.kernel.period import utc_now
from app.models import Notice, NoticeKind, Task

TASK_KEY = "task:"
"""Notices about a background task: the bell shows the task itself."""
MOST_IN_BELL = 6
PAGE_ROWS = 30

_notice = Notice.__table__


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the inbox. `unread` counts all the person's unread notices."""

    notices: Sequence[Notice]
    total: int
    unread: int
    number: int
    pages: int


def _of(user_id: int) -> tuple[ColumnElement[bool], ...]:
    """The condition names the person: an administrator's row scope is wider than the own post."""
    return Notice.user_id == user_id, Notice.in_portal.is_(True)


def task_key(task_id: int) -> str:
    """The key of the notice about a task."""
    return f"{TASK_KEY}{task_id}"


def news(
    session: Session, user_id: int, also: ColumnElement[bool]
) -> tuple[Sequence[Notice], int, bool]:
    """The last unread notices, how many there are, and whether `also` holds.

    One statement on an index, whatever there is: every page asks it.
    """
    unread = (*_of(user_id), Notice.read_at.is_(None), ~Notice.key.startswith(TASK_KEY))
    newest = select(Notice.id, func.count().over().label("unread")).where(*unread)
    found = newest.order_by(Notice.id.desc()).limit(MOST_IN_BELL).subquery()
    one = select(literal(1).label("one")).subquery()
    query = (
        select(Notice, found.c.unread, also)
        .select_from(one)
        .outerjoin(found, true())
        .outerjoin(Notice, Notice.id == found.c.id)
        .order_by(found.c.id.desc())
    )
    rows = session.execute(query).all()
    return [row[0] for row in rows if row[0] is not None], rows[0][1] or 0, bool(rows[0][2])


def page(
    session: Session,
    user_id: int,
    number: int,
    kind: NoticeKind | None = None,
    is_read: bool | None = None,
) -> Page:
    """Unread notices first, then the newest."""
    wanted = [*_of(user_id)]
    if kind is not None:
        wanted.append(Notice.kind == kind)
    if is_read is not None:
        wanted.append(Notice.read_at.is_not(None) if is_read else Notice.read_at.is_(None))
    unread = func.count().filter(Notice.read_at.is_(None))
    total = session.scalar(select(func.count()).select_from(Notice).where(*wanted)) or 0
    all_unread = session.scalar(select(unread).select_from(Notice).where(*_of(user_id))) or 0
    pages = max(1, -(-total // PAGE_ROWS))
    number = min(max(number, 1), pages)
    rows = session.scalars(
        select(Notice)
        .where(*wanted)
        .order_by(Notice.read_at.is_not(None), Notice.created_at.desc(), Notice.id.desc())
        .offset((number - 1) * PAGE_ROWS)
        .limit(PAGE_ROWS)
    ).all()
    return Page(rows, total, all_unread, number, pages)


def own(session: Session, user_id: int, notice_id: int | None) -> Notice:
    """One of the person's notices. Errors: `OutOfScope`."""
    found = session.scalar(select(Notice).where(*_of(user_id), Notice.id == notice_id))
    if found is None:
        raise OutOfScope
    return found


def mark_read(session: Session, user_id: int, notices: Sequence[Notice]) -> None:
    """The person has read these, and so what the bell says about their tasks. The caller commits."""
    now = utc_now()
    for notice in notices:
        notice.read_at = notice.read_at or now
    tasks = [
        int(notice.key.removeprefix(TASK_KEY))
        for notice in notices
        if notice.key.startswith(TASK_KEY)
    ]
    if tasks:
        query = select(Task).where(Task.id.in_(tasks), Task.requested_by == user_id)
        for task in session.scalars(query):
            task.seen_at = task.seen_at or now


def mark_all_read(session: Session, user_id: int) -> None:
    """Everything is read, the news about the person's tasks too. The caller commits."""
    now = utc_now()
    session.execute(
        update(Notice).where(*_of(user_id), Notice.read_at.is_(None)).values(read_at=now)
    )
    ended = (Task.finished_at.is_not(None), Task.seen_at.is_(None))
    session.execute(update(Task).where(Task.requested_by == user_id, *ended).values(seen_at=now))


def tasks_seen(session: Session, user_id: int, task_ids: Sequence[int]) -> None:
    """What was seen in the bell is read in the inbox. The caller commits."""
    if task_ids:
        keys = [task_key(task_id) for task_id in task_ids]
        query = select(Notice).where(*_of(user_id), Notice.key.in_(keys), Notice.read_at.is_(None))
        mark_read(session, user_id, session.scalars(query).all())


def settle(session: Session, people: Select[Any], key_prefix: str) -> None:
    """What waited for `people` waits no longer: read, and not sent outside any more.

    For the application itself, whoever acts: Core, limited to notices of this key.
    """
    session.connection().execute(
        update(_notice)
        .where(
            _notice.c.user_id.in_(people),
            _notice.c.key.startswith(key_prefix, autoescape=True),
            _notice.c.read_at.is_(None),
        )
        .values(read_at=utc_now())
    )
