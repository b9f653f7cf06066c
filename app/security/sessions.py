"""Browser sessions: when they begin, how long they live, what ends them.

The signed cookie holds the user's `session_epoch` at login. A new password, a changed role, a
deactivation and a logout raise the epoch in the database; from then on every older cookie of
that user, stolen copies too, is worth nothing. Logging out therefore logs out everywhere.
"""

from __future__ import annotations

import time

from flask import current_app, session
from flask_login import login_user
from sqlalchemy import update

from app.kernel.db import db
from app.organisation.models import PortalUser

KEPT = ("locale", "month")
"""What survives the change of session at login: choices, nothing about the person."""
CODE_SECONDS = 300
TOUCH_SECONDS = 60
"""How exact the idle time is; a finer one would send a cookie with every answer."""


def begin(user: PortalUser) -> None:
    """Log `user` in with a new session; nothing of the old one can be planted in it."""
    kept = {key: session[key] for key in KEPT if key in session}
    session.clear()
    session.update(kept)
    login_user(user)
    renew(user)


def renew(user: PortalUser) -> None:
    """Bind this session to the user's present epoch and start its clock."""
    now = int(time.time())
    session["epoch"] = user.session_epoch
    session["began"] = now
    session["seen"] = now


def ask_for_code(user_id: int) -> None:
    """Remember, for the time of looking at a phone, who gave the right password."""
    session["asked"] = {"user": user_id, "until": int(time.time()) + CODE_SECONDS}


def asked_user() -> int | None:
    """Whose code is awaited."""
    asked = session.get("asked")
    if not isinstance(asked, dict) or asked.get("until", 0) < time.time():
        return None
    return int(asked["user"])


def note_factor() -> None:
    """This session was opened, or is now protected, with the second factor."""
    session["factor"] = True


def has_factor() -> bool:
    """Whether the second factor stands behind this session."""
    return bool(session.get("factor"))


def forget() -> None:
    """Empty the session but for the choices."""
    for key in set(session) - set(KEPT):
        session.pop(key)


def is_alive() -> bool:
    """Whether the session is neither idle nor old; notes that it was used."""
    now = int(time.time())
    began, seen = session.get("began"), session.get("seen")
    if not isinstance(began, int) or not isinstance(seen, int):
        return False
    idle = current_app.config["PORTAL_SESSION_IDLE_MINUTES"] * 60
    oldest = current_app.config["PORTAL_SESSION_HOURS"] * 3600
    if now - seen > idle or now - began > oldest:
        return False
    if now - seen >= TOUCH_SECONDS:
        session["seen"] = now
    return True


def end_all(user_id: int) -> None:
    """End every session of a user; the caller commits."""
    users = PortalUser.__table__
    db.session.connection().execute(
        update(users).where(users.c.id == user_id).values(session_epoch=users.c.session_epoch + 1)
    )
