"""The second factor at login: a code from an authenticator app (TOTP), optional per person.

A setting may demand it of administrators. Ten recovery codes, each good for one login, stand in
for a lost phone; an administrator can remove the factor. Codes are counted as attempts exactly
like passwords, and a code is good once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence

import pyotp
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, PlanningError
from app.kernel.period import utc_now
from app.organisation.models import PortalUser
from app.security.login import count_attempt, settle
from app.security.models import SecondFactor
from app.security.secret_box import SecretLost, seal, unseal

PURPOSE = "second factor"
ISSUER = "135 Working Method"
STEP_SECONDS = 30
DRIFT_STEPS = 1
"""Phones' clocks go wrong: the code before and the one after are taken too."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 5


class WrongCode(PlanningError):
    """The code is wrong, old or used; or there were too many attempts."""

    msgid = N_(
        "The code is not right, was used already, or there were too many attempts. Wait for the "
        "next code of the app and try again."
    )


class AlreadyOn(PlanningError):
    """A second secret would lock out the first phone."""

    msgid = N_("Login with a code is switched on already.")


def factor_of(session: Session, user_id: int) -> SecondFactor | None:
    """The person's confirmed factor, if there is one."""
    factor = _row(session, user_id)
    return factor if factor is not None and factor.confirmed_at is not None else None


def _row(session: Session, user_id: int) -> SecondFactor | None:
    return session.scalar(select(SecondFactor).where(SecondFactor.user_id == user_id))


def is_demanded(role_names: frozenset[str]) -> bool:
    """Whether people of these roles must have one."""
    demanded = current_app.config["PORTAL_SECOND_FACTOR"]
    return demanded == "all" or (demanded == "administrators" and "administrator" in role_names)


def begin(session: Session, user: PortalUser) -> str:
    """A new secret for the person's app, in base 32. Errors: `AlreadyOn`."""
    if factor_of(session, user.id) is not None:
        raise AlreadyOn
    remove(session, user.id)
    secret = pyotp.random_base32()
    session.add(SecondFactor(user_id=user.id, secret=seal(secret, PURPOSE)))
    session.flush()
    return secret


def pending_secret(session: Session, user_id: int) -> str | None:
    """The secret of a factor that is being set up; none when there is none to be confirmed."""
    factor = _row(session, user_id)
    if factor is None or factor.confirmed_at is not None:
        return None
    try:
        return unseal(factor.secret, PURPOSE)
    except SecretLost:
        return None


def address(secret: str, user: PortalUser) -> str:
    """What the QR code says to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


def confirm(session: Session, user: PortalUser, code: str) -> list[str]:
    """Switch the factor on; the recovery codes, shown once. Errors: `WrongCode`."""
    factor = _row(session, user.id)
    step = _matching_step(factor, code) if factor is not None else None
    if factor is None or step is None:
        raise WrongCode(field="code")
    codes = [secrets.token_hex(RECOVERY_BYTES) for _number in range(RECOVERY_CODES)]
    factor.confirmed_at, factor.last_step = utc_now(), step
    factor.recovery_hashes = [_hashed(code) for code in codes]
    session.flush()
    return codes


def remove(session: Session, user_id: int) -> bool:
    """Switch it off; whether there was one."""
    factor = _row(session, user_id)
    if factor is None:
        return False
    session.delete(factor)
    session.flush()
    return True


def accept(session: Session, user_id: int, code: str) -> bool:
    """Whether the code opens the door now; commits the attempt before it looks at the code.

    Called before anybody's scope is known: the caller lifts it.
    """
    is_counted = count_attempt(session, user_id)
    factor = factor_of(session, user_id)
    if not is_counted or factor is None:
        return False
    step = _matching_step(factor, code)
    if step is not None:
        factor.last_step = step
    elif (used := _matching_recovery(factor.recovery_hashes, code)) is not None:
        factor.recovery_hashes = [kept for kept in factor.recovery_hashes if kept != used]
    else:
        session.rollback()
        return False
    session.flush()
    settle(session, user_id)
    return True


def _matching_step(factor: SecondFactor, code: str, now: dt.datetime | None = None) -> int | None:
    """The time step the code belongs to, none for a wrong or a used code."""
    typed = "".join(code.split())
    try:
        totp = pyotp.TOTP(unseal(factor.secret, PURPOSE))
    except SecretLost:
        return None
    moment = (now or utc_now()).replace(tzinfo=dt.UTC).timestamp()
    present = int(moment) // STEP_SECONDS
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        is_new = factor.last_step is None or step > factor.last_step
        if is_new and hmac.compare_digest(totp.at(step * STEP_SECONDS), typed):
            return step
    return None


def _hashed(code: str) -> str:
    # Random enough that a fast hash cannot be guessed back.
    return hashlib.sha256(code.encode()).hexdigest()


def _matching_recovery(stored: Sequence[str], code: str) -> str | None:
    typed = _hashed("".join(code.split()).lower().replace("-", ""))
    return next((kept for kept in stored if hmac.compare_digest(kept, typed)), None)
