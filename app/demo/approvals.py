"""The approval flow in the demo: the real one, taken by the right people at a given time.

    approvals.submit(session, plan, customer_manager, at)
    approvals.approve(session, plan, market_manager, at)
    approvals.return_(session, plan, market_manager, at, "R02", "Twelve of them are enough.")

`at` is UTC. Which action is meant follows from the record's state: `submit` of an approved
service plan submits its result.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.actor import Actor, acting_as
from app.models import PortalUser, ReturnReason
from app.workflow.flow import perform
from app.workflow.flow_bar import person_of
from app.workflow.machine import APPROVE, RETURN, SUBMIT, WITHDRAW, transition


def submit(session: Session, record: Any, as_user: PortalUser, at: dt.datetime) -> None:
    """Submit a draft, or the result of an approved service plan."""
    _take(session, record, SUBMIT, as_user, at)


def withdraw(session: Session, record: Any, as_user: PortalUser, at: dt.datetime) -> None:
    """Take back what was submitted."""
    _take(session, record, WITHDRAW, as_user, at)


def approve(session: Session, record: Any, as_user: PortalUser, at: dt.datetime) -> None:
    """Approve what was submitted."""
    _take(session, record, APPROVE, as_user, at)


def return_(
    session: Session,
    record: Any,
    as_user: PortalUser,
    at: dt.datetime,
    reason_code: str | None = None,
    reason: str = "",
) -> None:
    """Return what was submitted, for a reason of the company's list, a text or both."""
    reason_id = session.scalar(
        select(ReturnReason.id).where(
            ReturnReason.company_id == record.company_id, ReturnReason.code == reason_code
        )
    )
    _take(session, record, RETURN, as_user, at, reason=reason, reason_id=reason_id)


def _take(
    session: Session,
    record: Any,
    action: str,
    as_user: PortalUser,
    at: dt.datetime,
    **reasons: Any,
) -> None:
    kind, state = type(record).__name__, record.status.name
    if transition(kind, state, action) is None:
        action = f"{action}_result"
    with acting_as(Actor(as_user.id, as_user.display_name, "form")):
        perform(
            session, record, action, person_of(as_user), version=record.version, at=at, **reasons
        )
