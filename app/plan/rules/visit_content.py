"""§2.2 steps 10 and 11 — which planned visits get their content, and why others do not.

The visit content is every unfinished strategy of the customer in the approved service plan of the
visit's month: not removed, mark still open.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from app.kernel.errors import N_


class ContentGap(enum.Enum):
    """Why a planned visit has no content. The value is the English msgid.

    All but the last leave the customer out of week and day sheets.
    """

    CUSTOMER_CLOSED = N_("The customer is closed")
    NO_VISIT_MODE = N_("The visit mode is missing")
    NO_PLAN = N_("There is no service plan of the month")
    PLAN_NOT_APPROVED = N_("The service plan of the month is not approved")
    NO_OPEN_STRATEGY = N_("No open strategy")

    @property
    def leaves_out(self) -> bool:
        return self is not ContentGap.NO_OPEN_STRATEGY


APPROVED_STATES = ("APPROVED", "RESULT_SUBMITTED", "RESULT_APPROVED")
"""States of a service plan from the approval on."""


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """What decides about a visit. `plan_state` None = the territory has no plan of the month;
    `open_items`: unfinished strategies of the customer in approved plans of the month.
    """

    customer_is_active: bool
    has_visit_mode: bool
    plan_state: str | None
    open_items: int


def content_gap(visit: PlannedVisit) -> ContentGap | None:
    """The first reason that applies; None = the visit has content."""
    if not visit.customer_is_active:
        return ContentGap.CUSTOMER_CLOSED
    if not visit.has_visit_mode:
        return ContentGap.NO_VISIT_MODE
    if visit.plan_state is None:
        return ContentGap.NO_PLAN
    if visit.plan_state not in APPROVED_STATES:
        return ContentGap.PLAN_NOT_APPROVED
    if visit.open_items == 0:
        return ContentGap.NO_OPEN_STRATEGY
    return None


def is_unfinished(*, mark: str, is_removed: bool, plan_state: str) -> bool:
    """Whether a strategy item belongs to the visit content of its month."""
    return mark == "OPEN" and not is_removed and plan_state in APPROVED_STATES
