"""§2.2 step 9 — every night, visits nobody recorded are closed as not visited, and it is logged."""

from __future__ import annotations

from sqlalchemy import insert

from app.jobs.job_context import JobContext, Outcome
from app.kernel.actor import current_actor
from app.kernel.errors import N_
from app.kernel.sql_lots import lots
from app.master.parameters import current_parameters
from app.models import ChangeAction, ChangeLog, VisitPlan, VisitStatus
from app.plan.rules.visit_closing import closed_before
from app.plan.step_09_unrecorded_visits import close_unrecorded

CHANGES = {"status": [VisitStatus.PLANNED.name, VisitStatus.MISSED.name]}


def close_visits(context: JobContext) -> Outcome:
    """Job: the visits of a company."""
    session, company_id = context.session, context.company_id
    days = current_parameters(session, company_id).visit_close_days
    actor, before = current_actor(), closed_before(context.day, days)
    closed = close_unrecorded(
        session.connection(), company_id, before, context.moment, actor.user_id
    )
    by_id = {row.id: row for row in closed}
    for lot in lots(by_id):
        session.connection().execute(
            insert(ChangeLog.__table__),
            [
                {
                    "company_id": company_id,
                    "at": context.moment,
                    "user_id": actor.user_id,
                    "user_name": actor.name,
                    "source": actor.source,
                    "reason": actor.reason,
                    "entity": VisitPlan.__name__,
                    "record_id": visit_id,
                    "record_label": f"{row.date} {row.code} {row.name}"[:200],
                    "action": ChangeAction.CHANGED,
                    "changes": CHANGES,
                }
                for visit_id in lot
                for row in [by_id[visit_id]]
            ],
        )
    return Outcome(
        len(closed),
        N_("%(count)s visits before %(day)s closed as not visited: nobody recorded them."),
        {"count": len(closed), "day": before.isoformat()},
    )
