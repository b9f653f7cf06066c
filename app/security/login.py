"""Checks a user name and password, slowly enough for guessers.

An attempt is counted before the password is looked at, in a transaction of its own, so that many
attempts at once – over several workers too – cannot outrun the counter. The first four failures
are free; then the account waits 1, 2, 4, 8 and at last 15 minutes. That is at most nine attempts
in any quarter of an hour. Failures are forgotten after a quarter of an hour without one.

Unknown, inactive and locked accounts answer in the same words and after the same time.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.kernel.db import read_only
from app.kernel.period import utc_now
from app.organisation.models import Company, PortalUser
from app.security.password_rules import matches

FREE_FAILURES = 4
WAIT_MINUTES = (1, 2, 4, 8, 15)
FORGOTTEN_AFTER = dt.timedelta(minutes=15)

USERS = PortalUser.__table__


def normal_username(text: str) -> str:
    """User names are compared without case, width and surrounding blanks."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def wait_after(failures: int) -> dt.timedelta:
    """How long the account waits after its `failures`-th failure in a row."""
    if failures <= FREE_FAILURES:
        return dt.timedelta()
    step = min(failures - FREE_FAILURES, len(WAIT_MINUTES)) - 1
    return dt.timedelta(minutes=WAIT_MINUTES[step])


def authenticate(session: Session, username: str, password: str) -> int | None:
    """The id of the user, or None. Ends the session's transaction: hashing takes its time."""
    account = _account(session, normal_username(username))
    counted = count_attempt(session, account.id if account else None)
    is_right = matches(account.password if account else None, password)
    if account is None or not (counted and is_right):
        return None
    if not account.active or account.company_active is False:
        return None
    settle(session, account.id)
    return int(account.id)


def _account(session: Session, username: str) -> Any:
    with read_only():
        row = (
            session.connection()
            .execute(
                select(
                    USERS.c.id,
                    USERS.c.password,
                    USERS.c.active,
                    Company.__table__.c.is_active.label("company_active"),
                )
                .outerjoin(Company.__table__, Company.__table__.c.id == USERS.c.company_id)
                .where(func.lower(USERS.c.username) == username)
            )
            .first()
        )
        session.rollback()
    return row


def count_attempt(session: Session, user_id: int | None) -> bool:
    """Count an attempt unless the account has to wait; False if it has. Commits."""
    now = utc_now()
    connection = session.connection()
    row = connection.execute(
        select(USERS.c.fail_login_count, USERS.c.locked_until)
        .where(USERS.c.id == (user_id or 0))
        .with_for_update()
    ).first()
    is_waiting = row is not None and row.locked_until is not None and row.locked_until > now
    if row is not None and not is_waiting:
        is_fresh = row.locked_until is None or row.locked_until + FORGOTTEN_AFTER < now
        failures = 1 if is_fresh else (row.fail_login_count or 0) + 1
        connection.execute(
            update(USERS)
            .where(USERS.c.id == user_id)
            .values(fail_login_count=failures, locked_until=now + wait_after(failures))
        )
    session.commit()
    return row is not None and not is_waiting


def settle(session: Session, user_id: int) -> None:
    """A success takes its own attempt back; failures before it fade with time only. Commits."""
    now = utc_now()
    session.connection().execute(
        update(USERS)
        .where(USERS.c.id == user_id)
        .values(
            fail_login_count=func.coalesce(USERS.c.fail_login_count, 1) - 1,
            locked_until=now,
            last_login=now,
            login_count=func.coalesce(USERS.c.login_count, 0) + 1,
        )
    )
    session.commit()


def unlock_values() -> dict[str, Any]:
    """What clears a lock."""
    return {"fail_login_count": 0, "locked_until": None}
