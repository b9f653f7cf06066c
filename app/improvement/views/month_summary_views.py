"""§2.2 step 14 — month summary 月度工作总结: figures of plan and execution, five texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.analysis.views.asked_place import asked_area, asked_month
from app.analysis.views.figure_words import status_pill
from app.analysis.views.workbook import workbook
from app.analysis.work_area import NoArea, WorkArea
from app.exchange.export_columns import Cell
from app.improvement import month_summaries as months
from app.improvement.rules import percent_text
from app.improvement.views import month_report
from app.improvement.views import month_words as words
from app.kernel.db import db
from app.kernel.errors import PlanningError, StaleVersion
from app.kernel.list_request import ascii_integer
from app.kernel.page_change import carry_out
from app.kernel.period import Month
from app.models import MonthSummary, SummaryFigure
from app.portal_context import can, month_label
from app.workflow.flow_bar import flow_of
from app.workflow.machine import is_editable

PERMISSIONS: Mapping[str, str] = {
    "index": "read",
    "compute": "update",
    "save": "update",
    "comment": "approve",
    "export": "export",
    "report": "export",
}


class MonthSummaryView(BaseView):
    """One territory's month for who works on it; territories side by side for managers."""

    route_base = "/month-summaries"
    default_view = "index"
    class_permission_name = MonthSummary.__name__
    method_permission_name = PERMISSIONS
    title = _l("Month summary")
    hint = _l(
        "What was planned, what was done, and what follows from it. The figures come from the "
        "portal; the texts are yours."
    )

    # ------------------------------------------------------------------ reading

    @expose("/")
    @has_access
    def index(self) -> Any:
        area, month = asked_area(), asked_month()
        if area.chosen is None:
            return self._overview(area, month)
        return self._sheet(area, month)

    def _sheet(
        self,
        area: WorkArea,
        month: Month,
        typed: Mapping[str, str] | None = None,
        refusal: PlanningError | None = None,
    ) -> str:
        assert area.chosen is not None
        session = db.session()
        place = area.chosen.id
        summary = months.summary_of(session, place, month)
        values: dict[str, Any] = {}
        if summary is not None:
            figures = months.figures_of(session, summary)
            actual = months.plan_against_actual(session, place, month)
            values = {
                "figures": words.shown_figures(figures, place, month),
                "drafts": words.draft_texts(months.facts_of(session, summary, figures, actual)),
                "market_rows": words.market_rows(actual),
                "brand_rows": words.brand_rows(actual),
                "actual": actual,
                "flow": flow_of(session, summary),
            }
        return str(
            self.render_template(
                "improvement/month_summary.html",
                title=self.title,
                hint=self.hint,
                view=type(self).__name__,
                area=area,
                month=month,
                month_words=month_label(month),
                arguments={"month": month.key, **area.argument},
                summary=summary,
                text_labels=words.TEXT_LABELS,
                refusal=refusal.message() if refusal else None,
                typed=typed or {},
                may_change=summary is not None
                and can("update", self.class_permission_name)
                and is_editable(MonthSummary.__name__, summary.status.name),
                may_compute=can("update", self.class_permission_name),
                may_comment=can("approve", self.class_permission_name),
                may_export=can("export", self.class_permission_name),
                pill=status_pill,
                **values,
            )
        )

    # ------------------------------------------------------------------ changing

    @expose("/compute", methods=["POST"])
    @has_access
    def compute(self) -> AnyResponse:
        area, month = asked_area(is_strict=True), asked_month()
        if area.chosen is None:
            raise NoArea(field="territory")
        territory = area.chosen

        def act() -> str:
            months.compute(db.session(), territory, month)
            return _("The figures of %(month)s were computed.", month=month_label(month))

        return carry_out(act, self._address(area, month))

    @expose("/save/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> AnyResponse:
        session = db.session()
        summary = months.summary_by_id(session, ascii_integer(pk))
        area, month = asked_area(is_strict=True), summary.month
        place, form = summary.territory_id, request.form
        try:
            months.save(session, summary, ascii_integer(form.get("version")), form)
            session.commit()
        except PlanningError as refusal:
            session.rollback()
            chosen = next(t for t in area.territories if t.id == place)
            page = self._sheet(WorkArea(area.month, area.territories, chosen), month, form, refusal)
            status = refusal.status if isinstance(refusal, StaleVersion) else 422
            return Response(page, status, mimetype="text/html")
        flash(_("The month summary was saved."), "success")
        return redirect(self._address(area, month), 303)

    @expose("/comment/<pk>", methods=["POST"])
    @has_access
    def comment(self, pk: str) -> AnyResponse:
        """The market manager's remark, at any time."""
        session = db.session()
        summary = months.summary_by_id(session, ascii_integer(pk))

        def act() -> str:
            months.comment(session, summary, request.form.get("comment", ""))
            return _("The comment was saved.")

        return carry_out(act, self._address(asked_area(is_strict=True), summary.month))

    def _address(self, area: WorkArea, month: Month) -> str:
        return url_for("MonthSummaryView.index", month=month.key, **area.argument)

    # ------------------------------------------------------------------ overview

    def _overview(self, area: WorkArea, month: Month) -> str:
        found = months.overview(db.session(), area.ids, month)
        return str(
            self.render_template(
                "improvement/month_overview.html",
                title=self.title,
                hint=_("Territories side by side. Open one to read its summary."),
                view=type(self).__name__,
                area=area,
                month=month,
                month_words=month_label(month),
                arguments={"month": month.key},
                columns=list(SummaryFigure),
                rows=[
                    (
                        territory,
                        found[territory.id][0] if territory.id in found else None,
                        words.shown_figures(
                            found[territory.id][1] if territory.id in found else {},
                            territory.id,
                            month,
                        ),
                    )
                    for territory in area.territories
                ],
                may_export=can("export", self.class_permission_name),
            )
        )

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        area, month = asked_area(), asked_month()
        found = months.overview(db.session(), area.ids, month)
        names = {territory.id: territory.name for territory in area.territories}
        heads = [(str(figure.label), "text") for figure in SummaryFigure]
        texts = [(str(label), "text") for label in words.TEXT_LABELS.values()]
        return workbook(
            f"{self.title} {month.key}",
            [(_("Territory"), "text"), (_("Status"), "text"), *heads, *texts,
             (_("Comment of the market manager"), "text")],
            (
                list(self._cells(names[place], *found[place]))
                for place in sorted(found, key=lambda place: names[place])
            ),
            [(_("Month"), month.key)],
        )  # fmt: skip

    @expose("/report", methods=["POST"])
    @has_access
    def report(self) -> Response:
        """The formatted workbook: the chosen territory's month, else all side by side."""
        area, month, session = asked_area(), asked_month(), db.session()
        if area.chosen is None:
            found = months.overview(session, area.ids, month)
            return month_report.department_report(
                month_label(month), area.territories, found
            ).answer()
        summary = months.summary_of(session, area.chosen.id, month)
        if summary is None:
            return Response(status=404)
        actual = months.plan_against_actual(session, area.chosen.id, month)
        return month_report.territory_report(session, area.chosen, summary, actual).answer()

    @staticmethod
    def _cells(name: str, summary: MonthSummary, figures: months.Figures) -> Iterator[Cell]:
        yield name
        yield str(summary.status.label)
        for figure in SummaryFigure:
            row = figures.get(figure)
            if row is None or row.numerator is None:
                yield ""
            elif row.denominator is None:
                yield str(row.numerator)
            else:
                yield (
                    f"{percent_text(row.numerator, row.denominator)} "
                    f"({row.numerator}/{row.denominator})"
                )
        for text in months.TEXTS:
            yield getattr(summary, text) or ""
        yield summary.comment or ""
