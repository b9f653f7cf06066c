"""A POST sent twice with one idempotency key takes effect once; the second gets the first answer.

The key is claimed in the transaction of the effect: of two at once the second waits for the first
and then finds its answer. A refused request leaves no trace, so it may be sent again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re

from flask import g, request
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.kernel.errors import N_, PlanningError
from app.kernel.period import utc_now
from app.models import IdempotencyKey
from app.rest.problems import Refusal

KEPT = dt.timedelta(hours=24)
KEY = re.compile(r"[A-Za-z0-9._:~-]{8,100}")
KEY_PATTERN = f"^{KEY.pattern}$"
HEADER = "Idempotency-Key"

NO_KEY = N_(
    "Send an Idempotency-Key of 8 to 100 letters, digits or . _ : ~ - with every POST; with the "
    "same one again when the answer got lost."
)
OTHER_BODY = N_("This Idempotency-Key was used for another request.")


def claim(session: Session) -> IdempotencyKey:
    """The claimed key: its `status` is 0 when the request is new, else that of the answer kept.

    Errors: `Refusal` without a usable key, `PlanningError` when it was used for another request.
    """
    key = request.headers.get(HEADER, "")
    if KEY.fullmatch(key) is None:
        raise Refusal(400, NO_KEY)
    kept = _kept(session, key)
    if kept is None:
        kept = IdempotencyKey(
            access_key_id=g.access_key_id,
            key=key,
            request_hash=_hash(),
            status=0,
            response={},
        )
        session.add(kept)
        try:
            session.flush()
        except IntegrityError:
            session.rollback()
            kept = _kept(session, key)
            if kept is None:
                raise
    if kept.request_hash != _hash():
        raise PlanningError(OTHER_BODY, field=HEADER)
    return kept


def _kept(session: Session, key: str) -> IdempotencyKey | None:
    found = session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.access_key_id == g.access_key_id, IdempotencyKey.key == key
        )
    )
    if found is not None and found.created_at < utc_now() - KEPT:
        session.delete(found)
        session.flush()
        return None
    return found


def _hash() -> str:
    text = f"{request.method} {request.path}\n".encode() + request.get_data()
    return hashlib.sha256(text).hexdigest()


def remove_expired(session: Session, now: dt.datetime) -> int:
    """Forget the keys whose day is over; the caller commits. Returns how many."""
    removed = session.execute(
        delete(IdempotencyKey)
        .where(IdempotencyKey.created_at < now - KEPT)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(removed, "rowcount", 0))
