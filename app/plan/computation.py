"""Gathers what the planning steps need: parameters, the time, the person."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.period import utc_now
from app.master.parameters import current_parameters
from app.plan.rules.computation import PlanComputation


def plan_computation(session: Session, company_id: int) -> PlanComputation:
    """With the company's present parameters, by the present actor."""
    return PlanComputation(
        current_parameters(session, company_id), utc_now(), current_actor().user_id
    )
