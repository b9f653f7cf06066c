"""§2.2 step 1 — when and from where the platform's forms are extracted: settings, job, task.

The job looks every night and when it starts; each company whose cut-off day has ended gets a
background task, until one has succeeded that was asked for after the cut-off. An administrator can
ask for it again at any time and says why. It may run as often as it likes: confirmed, edited and
hand-written answers stay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.needs_connector import FileSource, HttpSource, NeedsSource
from app.analysis.rules.needs import Extraction, may_extract
from app.analysis.step_01_extraction import extract
from app.jobs.job_context import Outcome
from app.jobs.job_notices import tell_of_failure
from app.jobs.job_runs import Failure, RunKey, note_task
from app.jobs.queue import OPEN_STATES, enqueue
from app.jobs.task_context import TaskContext
from app.kernel.actor import Actor, current_actor
from app.kernel.db import db, read_only
from app.kernel.errors import N_, GateClosed, PlanningError
from app.kernel.period import Month, local_today, start_of, utc_now
from app.master.parameters import current_parameters
from app.models import Company, Task, TaskState

TASK = "needs_extraction"
JOB = "needs"
RESULT = N_(
    "%(month)s: %(written)s forms taken over; %(kept)s kept because they are confirmed, edited or "
    "entered by hand; %(rejected)s rejected."
)
NIGHT = Actor(None, "extraction", "job")
LEAD = dt.timedelta(minutes=5)
CATCH_UP = dt.timedelta(days=10)
"""How long after the cut-off missed or failed nights are made up for."""
REASONS_SHOWN = 5
LONGEST_REASON = 200

REASONS: Mapping[str, str] = {
    "customer": N_("unknown or closed customer"),
    "answer": N_("answer not on the questionnaire"),
    "empty": N_("no answer"),
    "late": N_("counts for another month"),
}


class NoSource(PlanningError):
    """No place to extract from is set."""

    msgid = N_(
        "No ordering platform is connected. The operator of the portal sets PORTAL_NEEDS_URL "
        "(docs/settings.md)."
    )


class NoReason(PlanningError):
    """An extraction by hand says why."""

    msgid = N_("State why the forms are extracted again.")


class TooEarly(GateClosed):
    """The customers may still answer."""

    msgid = N_("The forms of %(month)s are extracted after the cut-off on %(day)s.")


def source_of(config: Mapping[str, Any]) -> NeedsSource:
    """The connected platform. Errors: `NoSource`."""
    address = str(config["PORTAL_NEEDS_URL"])
    if not address:
        raise NoSource
    if urlsplit(address).scheme in ("http", "https"):
        return HttpSource(
            address,
            str(config["PORTAL_NEEDS_TOKEN"]),
            timeout_seconds=float(config["PORTAL_NEEDS_TIMEOUT_SECONDS"]),
        )
    return FileSource(address)


def source_words(config: Mapping[str, Any]) -> str:
    """Where from, without anything secret an address may carry."""
    parts = urlsplit(str(config["PORTAL_NEEDS_URL"]))
    if not parts.path and not parts.netloc:
        return ""
    if not parts.scheme:
        return _("folder %(name)s", name=parts.path)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def ask_again(company: Company, month: Month, actor: Actor, reason: str) -> Task:
    """An extraction by hand; the caller commits. Errors: `NoReason`, `NoSource`, `TooEarly`."""
    reason = reason.replace("\x00", "").strip()[:LONGEST_REASON]
    if not reason:
        raise NoReason(field="reason")
    return ask_for(company, month, actor, {"reason": reason})


def ask_for(
    company: Company, month: Month, actor: Actor, remarks: Mapping[str, str] | None = None
) -> Task:
    """Queue an extraction; the caller commits. Errors: `NoSource`, `TooEarly`."""
    source_of(current_app.config)
    day = current_parameters(db.session(), company.id).needs_cutoff_day
    if not may_extract(local_today(), month, day):
        cutoff = month.previous.first_day.replace(day=day)
        raise TooEarly(month=month.key, day=cutoff.isoformat())
    return enqueue(
        TASK,
        _("Extraction of needs for %(month)s", month=month.key),
        {"company": company.id, "month": month.key, **(remarks or {})},
        actor,
        company.id,
    )


def run_extraction(context: TaskContext) -> dict[str, Any]:
    """The task: fetch all forms, then write in one transaction."""
    month = Month.parse(context.params["month"])
    with read_only():
        company = db.session.scalar(
            select(Company).where(Company.id == int(context.params["company"]))
        )
        if company is None:
            raise PlanningError(N_("There is no such record."))
        company_id, code = company.id, company.code
        cutoff_day = current_parameters(db.session(), company_id).needs_cutoff_day
        db.session.rollback()
    context.progress(0, 0, N_("Asking the ordering platform"))
    key = RunKey(JOB, company_id, month.key)
    actor = replace(current_actor(), reason=context.params.get("reason"))
    try:
        # No transaction is open here: a slow platform must not keep others from writing.
        forms = source_of(current_app.config).forms(code, month)
        context.progress(0, len(forms), N_("Writing the forms"))
        plan = extract(db.session.connection(), company_id, month, forms, cutoff_day, utc_now())
    except PlanningError as refusal:
        db.session.rollback()
        failure = Failure(refusal.message_id, refusal.params)
        note_task(db.session.connection(), key, actor, context.claim.started_at, failure)
        if actor.user_id is None:
            tell_of_failure(db.session(), key)
        db.session.commit()
        raise
    note_task(db.session.connection(), key, actor, context.claim.started_at, _outcome(plan, month))
    db.session.commit()
    return report(plan, month)


def _outcome(plan: Extraction, month: Month) -> Outcome:
    return Outcome(
        len(plan.write),
        RESULT,
        {
            "month": month.key,
            "written": len(plan.write),
            "kept": len(plan.kept),
            "rejected": len(plan.rejected),
        },
    )


def report(plan: Extraction, month: Month) -> dict[str, Any]:
    """What the task's notice says."""
    result: dict[str, Any] = {
        "text": _(RESULT, **_outcome(plan, month).values),
        "endpoint": "NeedsView.list",
        "values": {},
    }
    if plan.rejected:
        lines = [
            _(
                "form %(form)s of %(customer)s: %(reason)s",
                form=rejected.form.form_no,
                customer=rejected.form.customer_code,
                reason=_(REASONS[rejected.reason])
                + (f" ({rejected.detail})" if rejected.detail else ""),
            )
            for rejected in plan.rejected[:REASONS_SHOWN]
        ]
        rest = len(plan.rejected) - REASONS_SHOWN
        if rest > 0:
            lines.append(ngettext("and %(num)d more", "and %(num)d more", rest))
        result["warning"] = "; ".join(lines)
    return result


def cutoff_end(month: Month, cutoff_day: int) -> dt.datetime:
    """When the forms for `month` are complete: the end of its cut-off day, as stored (UTC)."""
    day = month.previous.first_day.replace(day=cutoff_day)
    return start_of(day + dt.timedelta(days=1))


def due_month(now: dt.datetime, cutoff_day: int) -> Month | None:
    """The month whose forms are to be extracted at this moment (UTC, as stored); None at other
    times. From five minutes before the end of the cut-off day until ten days after it.
    """
    this = Month.of(local_today(now))
    for month in (this.next, this):
        end = cutoff_end(month, cutoff_day)
        if end - LEAD <= now <= end + CATCH_UP:
            return month
    return None


def is_complete(session: Session, company: Company, month: Month, cutoff_day: int) -> bool:
    """Whether an extraction asked for after the cut-off has succeeded or is under way."""
    tasks = session.scalars(
        select(Task).where(
            Task.kind == TASK,
            Task.company_id == company.id,
            Task.requested_at >= cutoff_end(month, cutoff_day),
            Task.state.in_((*OPEN_STATES, TaskState.DONE)),
        )
    )
    return any(task.params.get("month") == month.key for task in tasks)


def extract_when_due(app: Flask) -> None:
    """The job: queue the extraction of every active company whose cut-off has just passed."""
    with app.app_context():
        try:
            session, now = db.session(), utc_now()
            active = select(Company).where(Company.is_active).order_by(Company.id)
            for company in session.scalars(active).all():
                day = current_parameters(session, company.id).needs_cutoff_day
                month = due_month(now, day)
                if month is not None and not is_complete(session, company, month, day):
                    with force_locale(app.config["BABEL_DEFAULT_LOCALE"]):
                        ask_for(company, month, NIGHT)
            session.commit()
        finally:
            db.session.remove()
