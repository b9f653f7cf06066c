"""§2.2 step 7 — the service plans of a whole company, generated in the background."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.jobs.queue import enqueue
from app.jobs.task_context import TaskContext
from app.kernel.actor import Actor
from app.kernel.db import db, read_only
from app.kernel.errors import N_, PlanningError
from app.kernel.period import Month
from app.models import Task, Territory
from app.plan.service_plans import generate

TASK = "service_plans"
NAMES_SHOWN = 5


def queue(company_id: int, month: Month, actor: Actor) -> Task:
    """Ask for it; the caller commits."""
    return enqueue(
        TASK,
        _("Service strategies of %(month)s", month=month.key),
        {"company": company_id, "month": month.key},
        actor,
        company_id,
    )


def run(context: TaskContext) -> dict[str, Any]:
    """The task: territory by territory, each in a transaction of its own, so that a stop in the
    middle leaves every plan whole. What is submitted or waits for step 2 is left out and named.
    """
    month, company_id = Month.parse(context.params["month"]), int(context.params["company"])
    with read_only():
        ids = list(
            db.session.scalars(
                select(Territory.id)
                .where(Territory.company_id == company_id)
                .order_by(Territory.code)
            )
        )
        db.session.rollback()
    done, refused = 0, []
    for number, territory_id in enumerate(ids):
        context.progress(number, len(ids), N_("Generating the drafts"))
        territory = db.session.get_one(Territory, territory_id)
        try:
            generate(db.session(), territory, month)
            db.session.commit()
            done += 1
        except PlanningError as refusal:
            db.session.rollback()
            name = db.session.get_one(Territory, territory_id).name
            refused.append(f"{name}: {refusal.message()}")
            db.session.rollback()
    result: dict[str, Any] = {
        "text": _(
            "%(month)s: the strategies of %(count)d territories were generated.",
            month=month.key,
            count=done,
        ),
        "endpoint": "ServicePlanView.list",
        "values": {},
    }
    if refused:
        rest = len(refused) - NAMES_SHOWN
        more = [ngettext("and %(num)d more", "and %(num)d more", rest)] if rest > 0 else []
        result["warning"] = "; ".join([*refused[:NAMES_SHOWN], *more])
    return result
