"""§2.2 step 11 — reading what a visit form or a phone's draft says, and days from addresses."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask import abort, request
from sqlalchemy import select

from app.execution.daily_visits import VisitEntry, VisitIncomplete
from app.execution.rules import VisitWords
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.list_request import ascii_integer
from app.kernel.period import local_today
from app.models import Customer, UnvisitedReason, VisitOutcome

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
CLIENT_KEY = re.compile(r"[0-9A-Za-z-]{8,40}")
YEARS_AROUND = 5


def read_day(text: str) -> dt.date | None:
    """A day within some years of today, as ``2026-11-24``; None for anything else."""
    if not DAY.fullmatch(text.strip()):
        return None
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if abs(day.year - local_today().year) <= YEARS_AROUND else None


def asked_day() -> dt.date:
    """The day of the request; today when it names none or nonsense."""
    return read_day(request.values.get("day", "")) or local_today()


def day_or_404(text: str) -> dt.date:
    day = read_day(text)
    if day is None:
        abort(404)
    return day


def customer_or_404(key: str) -> Customer:
    """A customer within the row scope."""
    number = ascii_integer(key)
    found = db.session.scalar(select(Customer).where(Customer.id == number))
    if found is None:
        abort(404)
    return found


def posted_entry(day: dt.date) -> VisitEntry:
    """Form: outcome, started (HH:MM), minutes, reason, market_issue, opinion, effect, moved_to,
    version, client_key; shown, done and told are repeated ids.

    Errors: `VisitIncomplete` for a time, number or date that is none; 400 for ids that are none.
    """
    form = request.form
    bad: dict[str, str] = {}
    started: dt.time | None = None
    if text := form.get("started", "").strip():
        try:
            started = dt.time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
        except ValueError:
            bad["started"] = N_("Enter the time as 09:30.")
    minutes: int | None = None
    if text := form.get("minutes", "").strip():
        minutes = ascii_integer(text)
        if minutes is None:
            bad["minutes"] = N_("Enter whole minutes from 0 to 600.")
    moved_to: dt.date | None = None
    if text := form.get("moved_to", "").strip():
        moved_to = read_day(text)
        if moved_to is None:
            bad["moved_to"] = N_("Enter the date as 2026-01-31.")
    if bad:
        raise VisitIncomplete(bad)
    key = form.get("client_key", "")
    return VisitEntry(
        VisitWords(
            day=day,
            outcome=_member(VisitOutcome, form.get("outcome", "")),
            started=started,
            minutes=minutes,
            reason=_member(UnvisitedReason, form.get("reason", "")),
            market_issue=_text("market_issue"),
            opinion=_text("opinion"),
            effect=_text("effect"),
            moved_to=moved_to,
        ),
        version=ascii_integer(form.get("version")) or 0,
        client_key=key if CLIENT_KEY.fullmatch(key) else None,
        shown=_ids("shown"),
        done=_ids("done"),
        told=_ids("told"),
    )


def _member(members: Any, text: str) -> str | None:
    return text if text in members.__members__ else None


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()


def _ids(name: str) -> frozenset[int]:
    texts = request.form.getlist(name)
    keys = [key for text in texts if (key := ascii_integer(text)) is not None]
    if len(keys) != len(texts):
        abort(400)
    return frozenset(keys)
