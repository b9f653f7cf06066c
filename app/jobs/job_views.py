"""The page "Scheduled work": every job with its last and next run, and the history of runs."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response

from app.jobs import JOBS_BY_ID
from app.jobs.job_overview import (
    INSTALLATION,
    job_lines,
    life,
    run_again,
    seconds_of,
    sentence_of,
)
from app.kernel.actor import current_actor
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_filters import Quick
from app.kernel.list_request import ascii_integer
from app.models import Company, JobRun
from app.portal_context import can
from app.security.quick_inputs import ChoiceQuick, GivenChoices


class IsCompany(BaseFilter):
    """value: (company id, word)."""

    name = _l("Equal to")

    def apply(self, query: Query[Any], value: tuple[int, str]) -> Query[Any]:
        return query.filter(JobRun.company_id == value[0])


def job_word(job: str) -> str:
    """What a job does, in words."""
    row = JOBS_BY_ID.get(job)
    return _(row.description) if row is not None else job


def companies() -> list[tuple[int, str]]:
    """(id, name) of the companies in scope; the installation for those who see all."""
    rows = db.session.execute(select(Company.id, Company.name).order_by(Company.code))
    own = [(row.id, row.name) for row in rows]
    if g.row_scope.company_id is None:
        return [(INSTALLATION, _("Whole installation")), *own]
    return own


class ScheduledWorkView(GivenChoices, PlanningView):
    """Administrators: the runs of their company; those of the portal all of them."""

    datamodel = SQLAInterface(JobRun)
    route_base = "/scheduled-work"
    list_title = _l("Scheduled work")
    hint = _l(
        "Work the portal does by itself. Every run happens once for its month or day, also when "
        "the portal was down at its time."
    )
    empty_hint = _l("Runs appear here as soon as the jobs process has worked.")
    list_template = "jobs/job_list.html"
    list_columns = [
        "job", "company", "period", "state", "started_at", "duration", "rows", "result", "who",
    ]  # fmt: skip
    card_columns = ["job", "period", "state", "started_at", "result"]
    export_columns = [
        "job", "company", "period", "run_no", "state", "attempts", "started_at", "finished_at",
        "duration", "rows", "result", "error_number", "requested_name", "reason",
    ]  # fmt: skip
    order_columns = ["job", "period", "state", "started_at", "rows"]
    base_order = ("id", "desc")
    extra_labels = {
        "company": _l("Company"),
        "duration": _l("Duration"),
        "result": _l("Result"),
        "who": _l("Asked for by"),
    }
    filter_bar = [
        ChoiceQuick(
            "job",
            "relation",
            choices=lambda: [
                (row.id, job_word(row.id)) for row in JOBS_BY_ID.values() if row.period is not None
            ],
        ),
        Quick("state", "enum"),
        Quick("period", "contains"),
        ChoiceQuick("company_id", "relation", choices=companies, filter_class=IsCompany),
        Quick("started_at", "date_range", more=True),
    ]
    tones = {"state": {"RUNNING": "info", "DONE": "ok", "RETRYING": "warn", "FAILED": "bad"}}
    formatters_columns = {"job": job_word}
    base_permissions = ["can_read", "can_update", "can_export"]
    method_permission_name = {"again": "update"}
    exclude_route_methods = {
        "download", "show", "add", "edit", "delete", "bulk_edit", "select", "action", "action_post",
    }  # fmt: skip

    def annotate(self, rows: list[Any]) -> None:
        """Company, duration, result and person in words."""
        names = dict(companies())
        for row in rows:
            row.company = names.get(row.company_id, "")
            seconds = seconds_of(row)
            row.duration = "" if seconds is None else _("%(count)s s", count=f"{seconds:.1f}")
            row.result = sentence_of(row)
            row.who = f"{row.requested_name}: {row.reason}" if row.reason else ""

    def render_template(self, template: str, **values: Any) -> str:
        """The table of jobs above the history."""
        if template == self.list_template:
            own = companies()
            values.update(
                job_lines=job_lines(db.session(), current_app.config, g.row_scope),
                process=life(db.session()),
                companies=[entry for entry in own if entry[0] != INSTALLATION],
                may_run=can("update", "JobRun"),
            )
        return super().render_template(template, **values)

    @expose("/again", methods=["POST"])
    @has_access
    def again(self) -> Response:
        """Ask for a further run; the jobs process takes it up."""
        form = request.form
        try:
            asked = run_again(
                db.session(),
                current_app.config,
                g.row_scope,
                current_actor(),
                job_id=form.get("job", ""),
                company_id=ascii_integer(form.get("company", "")),
                period=form.get("period", ""),
                reason=form.get("reason", ""),
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                raise
            flash(refusal.message(), "warning")
            return redirect(url_for("ScheduledWorkView.list"), 303)
        flash(_("“%(job)s” runs within a few seconds.", job=job_word(asked.job)), "success")
        return redirect(url_for("ScheduledWorkView.list", q_job=asked.job), 303)
