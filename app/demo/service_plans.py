"""Step 7 in the demo: last month's plans approved, the running month as far as step 2 is.

The plans come from the step itself; what people change and how the plans go through the approval
is told here. Marks and results of last month belong to step 12.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo import approvals
from app.demo.plan import Dates, words
from app.kernel.actor import Actor, acting_as
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AssignmentKind,
    Customer,
    PortalUser,
    ServicePlan,
    ServiceStrategy,
    StrategyItem,
    Territory,
    TerritoryAssignment,
)
from app.plan import service_plans
from app.plan import step_07_service_strategy as step
from app.plan.computation import plan_computation
from app.plan.rules.strategies import LONGEST_CONTENT

TARGETS = (900, 880, 915, 865)
CHANGED, REMOVED = 6, 4
RETURNED_FOR = "R10"


def add_service_plans(session: Session, company_id: int, dates: Dates) -> None:
    """Last month and the running one for every territory of the company."""
    territories = session.scalars(
        select(Territory).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    for number, territory in enumerate(territories):
        target = TARGETS[number % len(TARGETS)]
        for month in (dates.month.previous, dates.month):
            people = people_of(session, territory)
            plan = _plan(session, territory, month, dates, target, people[0])
            if plan.generated_at is not None:
                with acting_as(Actor(people[0].id, people[0].display_name, "form")):
                    _adjust(session, plan)
                _approve(
                    session, plan, dates, people, is_returned=month == dates.month and number > 0
                )


def people_of(session: Session, territory: Territory) -> tuple[PortalUser, PortalUser]:
    """Who works on the territory and who decides."""
    holder = session.scalars(
        select(PortalUser)
        .join(TerritoryAssignment, TerritoryAssignment.user_id == PortalUser.id)
        .where(
            TerritoryAssignment.territory_id == territory.id,
            TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        )
    ).one()
    manager = session.get_one(PortalUser, territory.department.manager_id)
    return holder, manager


def moment_of(dates: Dates, month: Month, day: int, hour: int) -> dt.datetime:
    """A time of the month (UTC), never after the demo's today."""
    wanted = month.first_day.replace(day=day)
    return dt.datetime.combine(min(wanted, dates.reference), dt.time(hour))


def _plan(
    session: Session,
    territory: Territory,
    month: Month,
    dates: Dates,
    target: int,
    holder: PortalUser,
) -> ServicePlan:
    """The plan with its target, generated when step 2 lets it be."""
    connection, scope = session.connection(), Scope(territory.company_id, (territory.id,))
    computation = replace(
        plan_computation(session, territory.company_id),
        now=moment_of(dates, month, 2, 1),
        user_id=holder.id,
    )
    step.create_plan(connection, scope, month, computation)
    if connection.execute(step.ungenerated_territories(scope, month)).first() is None:
        step.generate(connection, scope, month, computation)
    plan = service_plans.plan_of(session, territory.id, month)
    assert plan is not None
    with acting_as(Actor(holder.id, holder.display_name, "form")):
        plan.satisfaction_target = target
        session.flush()
    return plan


def _adjust(session: Session, plan: ServicePlan) -> None:
    """What the customer manager knows better: a few items changed, removed, added."""
    random = Random(f"plan {plan.territory.code} {plan.month.key}")  # noqa: S311 -- repeatable
    items = _items(session, plan)
    chosen = random.sample(items, min(CHANGED + REMOVED, len(items)))
    texts = words("plan_content")
    for item in chosen[:CHANGED]:
        item.content = f"{item.content}; {random.choice(texts)}"[:LONGEST_CONTENT]
        item.is_touched = True
    service_plans.set_removed(session, chosen[CHANGED:], removed=True)
    served = {item.customer_id for item in items}
    customers = session.scalars(
        select(Customer)
        .where(Customer.company_id == plan.company_id, Customer.id.in_(sorted(served)[:200]))
        .order_by(Customer.code)
    ).all()
    strategy = session.scalars(
        select(ServiceStrategy).where(
            ServiceStrategy.company_id == plan.company_id, ServiceStrategy.code == "S24"
        )
    ).one()
    for customer in random.sample(list(customers), min(3, len(customers))):
        service_plans.add_item(session, plan, customer, strategy, random.choice(texts))


def _items(session: Session, plan: ServicePlan) -> Sequence[StrategyItem]:
    return session.scalars(
        select(StrategyItem)
        .join(Customer, Customer.id == StrategyItem.customer_id)
        .where(StrategyItem.company_id == plan.company_id, StrategyItem.plan_id == plan.id)
        .order_by(Customer.code, StrategyItem.strategy_id)
    ).all()


def _approve(
    session: Session,
    plan: ServicePlan,
    dates: Dates,
    people: tuple[PortalUser, PortalUser],
    *,
    is_returned: bool,
) -> None:
    """Submitted and approved; the running month's was returned once before."""
    holder, manager = people

    def at(day: int, hour: int) -> dt.datetime:
        return moment_of(dates, plan.month, day, hour)

    approvals.submit(session, plan, holder, at(2, 2))
    if is_returned:
        text = words("plan_returned")[0]
        approvals.return_(session, plan, manager, at(2, 7), RETURNED_FOR, text)
        approvals.submit(session, plan, holder, at(3, 8))
    approvals.approve(session, plan, manager, at(3, 9))
