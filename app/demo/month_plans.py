"""Step 8 in the demo: last month's plans approved, the running month's approved or waiting for it.

The plans come from the step itself; what people change and how the plans go through the approval
is told here. A territory whose service plan is a draft has no month plan yet.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo import approvals
from app.demo.plan import Dates, words
from app.demo.service_plans import moment_of, people_of
from app.kernel.actor import Actor, acting_as
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    MonthPlan,
    PlannedFrequency,
    PortalUser,
    ServicePlanStatus,
    Territory,
    VisitFrequency,
)
from app.plan import month_plans
from app.plan import step_08_month_plan as step
from app.plan.computation import plan_computation
from app.plan.month_plans import KeyChange, PlanTexts

REMOVED, ADDED = 2, 1
RETURNED_FOR = "R02"
RETURNED_NUMBER = 1
"""The second territory's plan of last month came back once."""


def add_month_plans(session: Session, company_id: int, dates: Dates) -> None:
    """Last month and the running one for every territory whose strategies are submitted."""
    territories = session.scalars(
        select(Territory).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    for number, territory in enumerate(territories):
        holder, manager = people_of(session, territory)
        for month in (dates.month.previous, dates.month):
            service = month_plans.service_plan_of(session, territory.id, month)
            if service is None or service.status is ServicePlanStatus.DRAFT:
                continue
            plan = _plan(session, territory, month, dates, holder)
            with acting_as(Actor(holder.id, holder.display_name, "form")):
                _write_texts(session, plan)
                _adjust(session, plan)
            if month < dates.month and number == RETURNED_NUMBER:
                _return(session, plan, dates, holder, manager)
            approvals.submit(session, plan, holder, moment_of(dates, month, 4, 2))
            if month < dates.month or number == 0:
                approvals.approve(session, plan, manager, moment_of(dates, month, 4, 9))


def _plan(
    session: Session, territory: Territory, month: Month, dates: Dates, holder: PortalUser
) -> MonthPlan:
    connection, scope = session.connection(), Scope(territory.company_id, (territory.id,))
    computation = replace(
        plan_computation(session, territory.company_id),
        now=moment_of(dates, month, 3, 1),
        user_id=holder.id,
    )
    step.create(connection, scope, month, computation)
    step.generate(connection, scope, month, computation)
    plan = month_plans.plan_of(session, territory.id, month)
    assert plan is not None
    return plan


def _write_texts(session: Session, plan: MonthPlan) -> None:
    """The analyses' texts where there are any, and what only the customer manager knows."""
    texts = PlanTexts(
        plan.last_problems or words("month_problems")[0],
        plan.focus or words("month_focus")[0],
        words("month_visit_notes")[0],
    )
    month_plans.save_texts(session, plan, plan.version, texts)


def _adjust(session: Session, plan: MonthPlan) -> None:
    """Two key customers removed, one added, one visited more often than the rule says."""
    random = Random(f"month plan {plan.territory.code} {plan.month.key}")  # noqa: S311 -- repeatable
    rows = sorted(
        month_plans.frequencies_of(session, plan).values(), key=lambda row: row.customer_id
    )
    keys = [row.customer_id for row in rows if row.is_key]
    others = [row.customer_id for row in rows if not row.is_key]
    for change, candidates, count, note in (
        (KeyChange.REMOVE, keys, REMOVED, "key_removed"),
        (KeyChange.ADD, others, ADDED, "key_added"),
    ):
        chosen = random.sample(candidates, min(count, len(candidates)))
        if chosen:
            month_plans.change_keys(session, plan, plan.version, change, chosen, words(note)[0])
    seldom = _seldom(session, plan)
    if seldom is not None:
        reason = words("frequency_reason")[0]
        month_plans.override(
            session, plan, plan.version, seldom, VisitFrequency.SEMIMONTHLY, reason
        )


def _seldom(session: Session, plan: MonthPlan) -> int | None:
    """The first customer of the monthly list."""
    return session.scalar(
        select(PlannedFrequency.customer_id)
        .where(
            PlannedFrequency.company_id == plan.company_id,
            PlannedFrequency.plan_id == plan.id,
            PlannedFrequency.frequency == VisitFrequency.MONTHLY,
        )
        .order_by(PlannedFrequency.rank)
        .limit(1)
    )


def _return(
    session: Session, plan: MonthPlan, dates: Dates, holder: PortalUser, manager: PortalUser
) -> None:
    def at(day: int, hour: int) -> dt.datetime:
        return moment_of(dates, plan.month, day, hour)

    approvals.submit(session, plan, holder, at(3, 2))
    approvals.return_(session, plan, manager, at(3, 7), RETURNED_FOR, words("month_returned")[0])
