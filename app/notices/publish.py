"""Publishing a notice: rows in the caller's transaction, once per person and key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, String, and_, func, literal, or_, select, true
from sqlalchemy.orm import Session

from app.kernel.dialect import insert_missing
from app.kernel.period import utc_now
from app.models import Notice, NoticeKind, NoticeSetting, Outside, PortalUser
from app.notices.kinds import NOTICE_KINDS

LONGEST_KEY = 120
LONGEST_VALUE = 500
RECIPIENTS_AT_ONCE = 500
"""A statement has a limit of values."""

_notice: Any = Notice.__table__
_setting: Any = NoticeSetting.__table__
_user: Any = PortalUser.__table__


def publish(
    session: Session,
    kind: NoticeKind,
    to: Iterable[int],
    *,
    company_id: int | None,
    key: str,
    values: Mapping[str, str | int],
    endpoint: str | None = None,
    endpoint_values: Mapping[str, Any] | None = None,
    at: dt.datetime | None = None,
) -> int:
    """Tell the persons `to` (user ids); how many of them had not been told `key` before.

    The caller commits. `values` fill the placeholders of the kind's words (`NOTICE_KINDS`);
    `endpoint_values` must be JSON. `at`: when it happened (UTC), else now. Nobody is told who is not active or wants to hear nothing of
    the kind. A row's company is the recipient's own where `company_id` is None.
    """
    if len(key) > LONGEST_KEY:
        raise ValueError(key)
    people = sorted(set(to))
    words = {
        name: value[:LONGEST_VALUE] if isinstance(value, str) else value
        for name, value in values.items()
    }
    new = 0
    for start in range(0, len(people), RECIPIENTS_AT_ONCE):
        rows = _rows(
            people[start : start + RECIPIENTS_AT_ONCE],
            kind,
            company_id=literal(company_id, _notice.c.company_id.type),
            key=literal(key, String()),
            created_at=literal(at or utc_now(), _notice.c.created_at.type),
            params=literal(words, JSON()),
            endpoint=literal(endpoint, String()),
            endpoint_values=literal(dict(endpoint_values or {}), JSON()),
        )
        new += insert_missing(session.connection(), _notice, ["user_id", "key"], rows)
    return new


def _rows(people: list[int], kind: NoticeKind, **given: Any) -> Any:
    """One row per active person who wants the kind somewhere."""
    default = NOTICE_KINDS[kind].outside
    in_portal = func.coalesce(_setting.c.in_portal, true())
    outside = func.coalesce(_setting.c.outside, literal(default, _setting.c.outside.type))
    chosen = and_(_setting.c.user_id == _user.c.id, _setting.c.kind == kind)
    company = func.coalesce(given.pop("company_id"), _user.c.company_id)
    return (
        select(
            _user.c.id.label("user_id"),
            company.label("company_id"),
            literal(kind, _notice.c.kind.type).label("kind"),
            in_portal.label("in_portal"),
            outside.label("outside"),
            *(value.label(name) for name, value in given.items()),
        )
        .select_from(_user.outerjoin(_setting, chosen))
        .where(
            _user.c.id.in_(people),
            _user.c.active.is_(True),
            or_(in_portal, outside != Outside.NEVER),
        )
    )
