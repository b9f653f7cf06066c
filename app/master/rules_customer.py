"""§1.1 — rules about customers: who maintains what, who can be visited, when one may move.

Pure functions over plain values; messages are msgids.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol

from app.kernel.errors import N_, PlanningError

MAINTAINED_FIELDS = (
    "visit_mode",
    "visit_frequency",
    "visit_weekday",
    "line",
    "neighbourhood",
    "remark",
)
"""What customer and market managers maintain; every other field comes from the import."""

IN_BUSINESS = "ACTIVE"


class Schedulable(Protocol):
    """The part of a customer that scheduling looks at; both are code list members."""

    status: Any
    visit_mode: Any


def can_be_scheduled(customer: Schedulable) -> str | None:
    """None when visits can be scheduled, else the msgid of what is in the way.

    Manual §1.1: without a visit mode neither week nor day sheets contain the customer. The visit
    frequency comes from the month plan, so its absence is no obstacle.
    """
    if customer.status.name != IN_BUSINESS:
        return N_("The customer is not in business.")
    if customer.visit_mode is None:
        return N_("The visit mode has not been maintained yet.")
    return None


def check_move(effective: dt.date, last_move: dt.date | None, today: dt.date) -> None:
    """Whether a customer may change territory on `effective`. Errors: `PlanningError`.

    `last_move`: first day in the present territory. Moves are not dated ahead: the customer's
    present territory decides who sees and plans it from this moment on.
    """
    if effective > today:
        raise PlanningError(
            N_("The move can be dated %(today)s at the latest."),
            field="effective_date",
            today=today.isoformat(),
        )
    if last_move is not None and effective < last_move:
        raise PlanningError(
            N_(
                "The customer stands in the present territory since %(day)s; the move cannot be earlier."
            ),
            field="effective_date",
            day=last_move.isoformat(),
        )
