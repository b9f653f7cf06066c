"""§2.2 step 13 — week summary 周工作小结: figures of the month so far, judgement, two texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from flask import Response, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.analysis.views.asked_place import asked_area, asked_start
from app.analysis.views.workbook import workbook
from app.analysis.work_area import NoArea, WorkArea
from app.evaluation import week_summaries as weeks
from app.evaluation.views import week_report
from app.evaluation.views import week_words as words
from app.evaluation.week_summaries import Judged, SummaryRefused
from app.kernel.db import db
from app.kernel.errors import PlanningError, StaleVersion
from app.kernel.list_request import ascii_integer
from app.kernel.page_change import carry_out
from app.kernel.period import local_today
from app.models import WeekIndicator, WeekJudgement, WeekSummary
from app.portal_context import can, month_label
from app.workflow.flow_bar import flow_of
from app.workflow.machine import is_editable

LAST = itemgetter(-1)
"""The week shown of a working month that is not the present one."""

PERMISSIONS: Mapping[str, str] = {
    "index": "read",
    "chart": "read",
    "compute": "update",
    "save": "update",
    "comment": "approve",
    "export": "export",
    "report": "export",
}


class WeekSummaryView(BaseView):
    """One territory's week for who works on it; territory × week for managers."""

    route_base = "/week-summaries"
    default_view = "index"
    class_permission_name = WeekSummary.__name__
    method_permission_name = PERMISSIONS
    title = _l("Week summary")
    hint = _l(
        "How far the month is after this week, against its targets. The system proposes the "
        "judgement, you decide and write what was good and what was not."
    )

    # ------------------------------------------------------------------ reading

    @expose("/")
    @has_access
    def index(self) -> Any:
        area = asked_area()
        return self._overview(area) if area.chosen is None else self._sheet(area, asked_start(LAST))

    def _sheet(
        self,
        area: WorkArea,
        start: dt.date,
        typed: Mapping[str, str] | None = None,
        refusal: PlanningError | None = None,
    ) -> str:
        assert area.chosen is not None
        session = db.session()
        summary = weeks.summary_of(session, area.chosen.id, start)
        period = weeks.period_in(session, area.chosen.company_id, start, local_today())
        problems = refusal.problems if isinstance(refusal, SummaryRefused) else {}
        may_change = (
            summary is not None
            and can("update", self.class_permission_name)
            and is_editable(WeekSummary.__name__, summary.status.name)
        )
        return str(
            self.render_template(
                "evaluation/week_summary.html",
                title=self.title,
                hint=self.hint,
                view=type(self).__name__,
                area=area,
                start=start,
                week_step=dt.timedelta(days=7),
                period=period,
                month_words=month_label(period.month),
                week_words=words.week_text(start),
                summary=summary,
                lines=words.shown_lines(
                    summary, weeks.lines_of(session, summary) if summary else [], typed or {}
                ),
                problems=problems,
                refusal=refusal.message() if refusal else None,
                typed=typed or {},
                may_change=may_change,
                may_compute=can("update", self.class_permission_name),
                may_comment=can("approve", self.class_permission_name),
                may_export=can("export", self.class_permission_name),
                is_outdated=summary is not None and weeks.is_outdated(session, summary),
                is_future=start > local_today(),
                flow=flow_of(session, summary) if summary else None,
                arguments={"start": start.isoformat(), **area.argument},
                pill=words.status_pill,
            )
        )

    @expose("/chart/<name>")
    @has_access
    def chart(self, name: str) -> Response:
        """The volume day by day beside the pace the target asks for."""
        area = asked_area(is_strict=True)
        if area.chosen is None or name != "pace":
            return Response(status=404)
        summary = weeks.summary_of(db.session(), area.chosen.id, asked_start(LAST))
        if summary is None:
            return Response(status=404)
        return jsonify(weeks_chart(summary))

    # ------------------------------------------------------------------ changing

    @expose("/compute", methods=["POST"])
    @has_access
    def compute(self) -> AnyResponse:
        area, start = asked_area(is_strict=True), asked_start(LAST)
        if area.chosen is None:
            raise NoArea(field="territory")
        territory = area.chosen

        def act() -> str:
            weeks.compute(db.session(), territory, start)
            return _("The figures of the week were computed.")

        return carry_out(act, self._address(area, start))

    @expose("/save/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> AnyResponse:
        session = db.session()
        summary = weeks.summary_by_id(session, ascii_integer(pk))
        area = asked_area(is_strict=True)
        start, form = summary.start_date, request.form
        judged = {
            indicator: Judged(
                WeekJudgement.parse(form.get(f"final-{indicator.name}", ""))
                or WeekJudgement.UNDETERMINED,
                form.get(f"reason-{indicator.name}", ""),
            )
            for indicator in WeekIndicator
            if f"final-{indicator.name}" in form
        }
        try:
            weeks.save(
                session,
                summary,
                ascii_integer(form.get("version")),
                judged,
                form.get("arrangement_text", ""),
                form.get("effect_text", ""),
            )
            session.commit()
        except PlanningError as refusal:
            session.rollback()
            chosen = next(t for t in area.territories if t.id == summary.territory_id)
            page = self._sheet(WorkArea(area.month, area.territories, chosen), start, form, refusal)
            status = refusal.status if isinstance(refusal, StaleVersion) else 422
            return Response(page, status, mimetype="text/html")
        flash(_("The week summary was saved."), "success")
        return redirect(self._address(area, start), 303)

    @expose("/comment/<pk>", methods=["POST"])
    @has_access
    def comment(self, pk: str) -> AnyResponse:
        """The market manager's remark, at any time."""
        session = db.session()
        summary = weeks.summary_by_id(session, ascii_integer(pk))

        def act() -> str:
            weeks.comment(session, summary, request.form.get("comment", ""))
            return _("The comment was saved.")

        return carry_out(act, self._address(asked_area(is_strict=True), summary.start_date))

    def _address(self, area: WorkArea, start: dt.date) -> str:
        return url_for("WeekSummaryView.index", start=start.isoformat(), **area.argument)

    # ------------------------------------------------------------------ overview

    def _overview(self, area: WorkArea) -> str:
        month = area.month
        starts, cells = weeks.month_overview(db.session(), area.ids, month)
        return str(
            self.render_template(
                "evaluation/week_overview.html",
                title=self.title,
                hint=_("Territories and weeks side by side. Open a week to read it."),
                view=type(self).__name__,
                area=area,
                month=month,
                month_words=month_label(month),
                starts=[(start, words.week_text(start)) for start in starts],
                cells={key: words.shown_cell(cell) for key, cell in cells.items()},
                today=local_today(),
                may_export=can("export", self.class_permission_name),
            )
        )

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        area = asked_area()
        month = area.month
        _starts, cells = weeks.month_overview(db.session(), area.ids, month)
        names = {territory.id: territory.name for territory in area.territories}
        return workbook(
            f"{self.title} {month.key}",
            words.export_columns(),
            (
                row
                for (territory_id, _start), cell in sorted(cells.items())
                for row in words.export_rows(names[territory_id], cell)
            ),
            [(_("Month"), month.key)],
        )

    @expose("/report", methods=["POST"])
    @has_access
    def report(self) -> Response:
        """The formatted workbook: the chosen territory's week, else the month side by side."""
        area, session = asked_area(), db.session()
        if area.chosen is None:
            starts, cells = weeks.month_overview(session, area.ids, area.month)
            words_of_month = month_label(area.month)
            return week_report.department_report(
                words_of_month, area.territories, starts, cells
            ).answer()
        summary = weeks.summary_of(session, area.chosen.id, asked_start(LAST))
        if summary is None:
            return Response(status=404)
        return week_report.territory_report(
            session, area.chosen, summary, weeks_chart(summary)
        ).answer()


def weeks_chart(summary: WeekSummary) -> dict[str, Any]:
    """Cumulated volume per day in cartons, and the pace of the month target."""
    session = db.session()
    target = next(
        (
            line.target
            for line in weeks.lines_of(session, summary)
            if line.indicator is WeekIndicator.VOLUME
        ),
        None,
    )
    return words.pace(
        summary, weeks.progress_days(session, summary), weeks.pace_days(session, summary), target
    )
