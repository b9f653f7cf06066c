"""§2.2 step 1 — the administrator's page about the extraction from the ordering platform."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis import needs_extraction
from app.analysis.rules.needs import may_extract
from app.analysis.views.state_views import present_area
from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.errors import OutOfScope, PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.period import local_today
from app.master.parameters import current_parameters
from app.models import Company, Task
from app.portal_context import can, month_label, working_month

RUNS_SHOWN = 10


class NeedsExtractionView(BaseView):
    """What is connected, the last runs, and running again."""

    route_base = "/needs-extraction"
    class_permission_name = "NeedsExtraction"
    method_permission_name = {"index": "read", "start": "update"}
    base_permissions = ["can_read", "can_update"]

    @expose("/", methods=["GET"])
    @has_access
    def index(self) -> Any:
        month = working_month()
        companies = db.session.scalars(select(Company).order_by(Company.code)).all()
        runs = db.session.scalars(
            select(Task)
            .where(Task.kind == needs_extraction.TASK)
            .order_by(Task.id.desc())
            .limit(RUNS_SHOWN)
        ).all()
        rows = []
        for company in companies:
            day = current_parameters(db.session(), company.id).needs_cutoff_day
            cutoff = month.previous.first_day.replace(day=day)
            rows.append((company, cutoff.isoformat(), may_extract(local_today(), month, day)))
        return self.render_template(
            "analysis/needs_extraction.html",
            title=_("Extraction of needs"),
            rows=rows,
            runs=runs,
            source=needs_extraction.source_words(current_app.config),
            month_words=month_label(month),
            may_start=can("update", "NeedsExtraction"),
            area=present_area(),
        )

    @expose("/start/<company>", methods=["POST"])
    @has_access
    def start(self, company: str) -> Response:
        """Queue an extraction for the working month, with the reason."""
        key = ascii_integer(company)
        chosen = db.session.scalar(select(Company).where(Company.id == key)) if key else None
        if chosen is None:
            raise OutOfScope
        try:
            needs_extraction.ask_again(
                chosen, working_month(), current_actor(), request.form.get("reason", "")
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            flash(refusal.message(), "warning")
            return redirect(url_for("NeedsExtractionView.index"), 303)
        flash(
            _("The extraction runs in the background; a notice at the bell tells the result."),
            "info",
        )
        return redirect(url_for("NeedsExtractionView.index"), 303)
