"""Month plans of the demo company, generated and submitted by their customer managers."""

import datetime as dt

from sqlalchemy import delete, select

from app.demo import approvals
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.models import (
    AssignmentKind,
    Department,
    MonthPlan,
    MonthPlanStatus,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.plan import month_plans
from tests.conftest import built_app


def submit_plans(url: str, month: Month) -> None:
    """Every month plan of the department of ``market`` for `month` waits for its approval, and no
    other month plan does.
    """
    with built_app(url) as app, app.app_context():
        session = db.session()
        session.connection().execute(delete(MonthPlan.__table__))
        holders = session.execute(
            select(Territory, PortalUser)
            .join(TerritoryAssignment, TerritoryAssignment.territory_id == Territory.id)
            .join(PortalUser, PortalUser.id == TerritoryAssignment.user_id)
            .join(Department, Department.id == Territory.department_id)
            .where(
                TerritoryAssignment.kind == AssignmentKind.PRIMARY,
                Department.manager_id
                == select(PortalUser.id).where(PortalUser.username == "market").scalar_subquery(),
            )
            .order_by(Territory.code)
        ).all()
        for hours, (territory, holder) in enumerate(holders):
            with acting_as(Actor(holder.id, holder.display_name)):
                plan = _draft(territory, month)
                texts = month_plans.PlanTexts("Low online share", "Key brands", "")
                month_plans.save_texts(session, plan, plan.version, texts)
                approvals.submit(session, plan, holder, utc_now() - dt.timedelta(hours=9 - hours))
            session.commit()


def _draft(territory: Territory, month: Month) -> MonthPlan:
    session = db.session()
    month_plans.create(session, Scope.of(territory.company_id, [territory.id]), month)
    plan = month_plans.plan_of(session, territory.id, month)
    assert plan is not None
    assert plan.status is MonthPlanStatus.DRAFT
    return plan
