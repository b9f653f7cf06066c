"""§2.2 steps 5 and 6 — the pages both analyses have: sheet, judging, completing, difference, charts.

The pages of one territory are for whoever works on it, those of several for whoever oversees them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.analysis import territory_analyses as analyses
from app.analysis.newer_data import changes_since
from app.analysis.rules.indicators import Indicator
from app.analysis.territory_analyses import JudgementsRefused, Key, Steps, Texts
from app.analysis.views import figure_words as words
from app.analysis.views.analysis_lines import (
    export_cells,
    export_columns,
    posted_judgements,
    read_judgement,
    shown_lines,
)
from app.analysis.views.asked_place import asked_area, asked_month
from app.analysis.views.workbook import workbook
from app.analysis.work_area import WorkArea, work_area
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.page_change import carry_out
from app.kernel.period import Month, local_today
from app.master.views.catalogues import shown_name
from app.models import AnalysisStatus, Judgement
from app.portal_context import can, month_label, working_month
from app.security.row_scope import current_scope, scoped_to

PERMISSIONS: Mapping[str, str] = {
    "index": "read",
    "difference": "read",
    "figure": "read",
    "chart": "read",
    "compute": "update",
    "save": "update",
    "complete": "update",
    "reopen": "update",
    "export": "export",
    "figure_export": "export",
}

CHANGE_WORDS = {
    "sales": _l("sales were imported"),
    "targets": _l("targets were changed"),
    "parameters": _l("parameters were changed"),
    "calendar": _l("the work calendar was changed"),
}


class AnalysisPages(BaseView):
    """What the pages of steps 5 and 6 share; not a page itself."""

    default_view = "index"
    method_permission_name: Mapping[str, str] = PERMISSIONS
    steps: ClassVar[Steps]
    title: ClassVar[Any]
    hint: ClassVar[Any]
    sheet_template: ClassVar[str]
    overview_template: ClassVar[str]

    # ------------------------------------------------------------------ what a subclass says

    def names(self, keys: Sequence[Key]) -> dict[Key, tuple[str, str]]:
        """Key → (heading of its group, label)."""
        raise NotImplementedError

    def ordered(self, lines: list[Any]) -> list[Any]:
        """The lines in the order of the sheet."""
        return lines

    def sheet_values(self, area: WorkArea, month: Month, analysis: Any) -> dict[str, Any]:
        """Further values of the sheet's template."""
        return {}

    def overview_page(self, area: WorkArea, month: Month) -> str:
        raise NotImplementedError

    def overview_export(self, area: WorkArea, month: Month) -> Response:
        raise NotImplementedError

    def chart_data(self, name: str, area: WorkArea, month: Month) -> dict[str, Any]:
        """The data of a chart, with all its words. Unknown names are a 404."""
        raise NotImplementedError

    def save_more(self, analysis: Any, version: int | None) -> None:
        """Save what the sheet of this step has besides judgements and texts."""

    # ------------------------------------------------------------------ reading

    def reading(self) -> AbstractContextManager[None]:
        """Within it, the territories that may be read are found."""
        return nullcontext()

    def works_on(self, area: WorkArea) -> bool:
        """Whether the chosen territory may be changed, as far as the rows decide."""
        return True

    @expose("/")
    @has_access
    def index(self) -> Any:
        with self.reading():
            area = asked_area()
        month = asked_month()
        if area.chosen is None:
            return self.overview_page(area, month)
        return self._sheet(area, month)

    def _sheet(
        self,
        area: WorkArea,
        month: Month,
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, PlanningError] | None = None,
        refusal: str | None = None,
    ) -> str:
        assert area.chosen is not None
        session = db.session()
        analysis = analyses.analysis_of(session, self.steps, area.chosen.id, month)
        lines = self.lines_of(analysis)
        names = self.names([self.steps.key(line) for line in lines])
        judged = self.with_indicators(analysis, lines)
        shown = shown_lines(self.steps, judged, names, typed or {}, errors or {})
        is_draft = analysis is not None and analysis.status is AnalysisStatus.DRAFT
        changes = [] if analysis is None else changes_since(session, self.steps, analysis)
        return self.page(
            self.sheet_template,
            area,
            month,
            analysis=analysis,
            lines=shown,
            counts=[(status, sum(line.final is status for line in shown)) for status in Judgement],
            overridden=sum(line.system is not line.final for line in shown),
            causes=[]
            if analysis is None
            else [
                (cause.id, shown_name(cause))
                for cause in analyses.offered_causes(session, analysis.company_id)
            ],
            may_change=is_draft
            and can("update", self.class_permission_name)
            and self.works_on(area),
            is_draft=is_draft,
            changes=[str(CHANGE_WORDS[change]) for change in changes],
            typed=typed or {},
            refusal=refusal,
            errors=errors or {},
            **self.sheet_values(area, month, analysis),
        )

    def page(self, template: str, area: WorkArea, month: Month, **values: Any) -> str:
        """A page with what all of them show: title, month, territory, permissions."""
        text: str = self.render_template(
            template,
            title=self.title,
            hint=self.hint,
            view=type(self).__name__,
            entity=self.class_permission_name,
            area=area,
            month=month,
            month_words=month_label(month),
            next_words=month_label(month.next),
            is_month_open=month.last_day >= local_today(),
            arguments=self.arguments(area, month),
            may_compute=can("update", self.class_permission_name) and self.works_on(area),
            may_export=can("export", self.class_permission_name),
            pill=words.status_pill,
            status_icon=words.status_icon,
            tones=words.TONES,
            **values,
        )
        return text

    def arguments(self, area: WorkArea, month: Month) -> dict[str, Any]:
        """The URL arguments that lead back to this territory and month."""
        return {"month": month.key, **area.argument}

    # ------------------------------------------------------------------ changing

    @expose("/compute", methods=["POST"])
    @has_access
    def compute(self) -> AnyResponse:
        """Make or refresh the drafts of the territory, or of all in sight."""
        area, month = asked_area(is_strict=True), asked_month()
        back = url_for(f"{type(self).__name__}.index", **self.arguments(area, month))
        return self._done(
            lambda: analyses.compute(db.session(), self.steps, area, month),
            _("The figures of %(month)s were computed.", month=month_label(month)),
            back,
        )

    @expose("/save/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> Any:
        """Judgements and texts of the sheet; on refusal the page comes back with what was typed."""
        analysis = self.found_to_change(pk)
        area, month = self.area_of(analysis), analysis.month
        version = ascii_integer(request.form.get("version"))
        then_complete = request.form.get("then") == "complete"
        try:
            self.save_more(analysis, version)
            analyses.save(
                db.session(),
                self.steps,
                analysis,
                version,
                posted_judgements(),
                Texts(request.form.get("problems", ""), request.form.get("next_focus", "")),
            )
            if then_complete:
                analyses.complete(db.session(), self.steps, analysis, analysis.version)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            errors = refusal.problems if isinstance(refusal, JudgementsRefused) else {}
            page = self._sheet(area, month, request.form, errors, refusal.message())
            return Response(page, 409 if refusal.status == 409 else 422, mimetype="text/html")
        flash(_("The analysis is completed.") if then_complete else _("Saved."), "success")
        return redirect(self.address(analysis), 303)

    @expose("/complete/<pk>", methods=["POST"])
    @has_access
    def complete(self, pk: str) -> AnyResponse:
        """草稿→已完成, without further changes."""
        analysis = self.found_to_change(pk)
        version = ascii_integer(request.form.get("version"))
        return self._done(
            lambda: analyses.complete(db.session(), self.steps, analysis, version),
            _("The analysis is completed."),
            self.address(analysis),
        )

    @expose("/reopen/<pk>", methods=["POST"])
    @has_access
    def reopen(self, pk: str) -> AnyResponse:
        """已完成→草稿."""
        analysis = self.found_to_change(pk)
        return self._done(
            lambda: analyses.reopen(db.session(), self.steps, analysis),
            _("The analysis is open again."),
            self.address(analysis),
        )

    def _done(self, act: Any, message: str, back: str) -> AnyResponse:
        """Run a change and say `message`; a refusal is shown on the page."""

        def changed() -> str:
            act()
            return message

        return carry_out(changed, back)

    # ------------------------------------------------------------------ the record of a request

    def lines_of(self, analysis: Any) -> list[Any]:
        if analysis is None:
            return []
        return self.ordered(analyses.lines_of(db.session(), self.steps, analysis))

    def with_indicators(self, analysis: Any, lines: Sequence[Any]) -> list[tuple[Any, Indicator]]:
        """Each line with its indicator as the analysis judged it."""
        if not lines:
            return []
        parameters = analyses.parameters_of(db.session(), analysis)
        return [(line, self.steps.judged(self.steps.key(line), parameters)) for line in lines]

    def found(self, pk: str) -> Any:
        """The analysis with its territory, within the rows that may be read; else a 404."""
        with self.reading():
            analysis = analyses.analysis_by_id(db.session(), self.steps, ascii_integer(pk))
            assert analysis.territory is not None
        return analysis

    def found_to_change(self, pk: str) -> Any:
        """The analysis, within the rows that may be changed; anything else is a 404."""
        with scoped_to(current_scope().for_writing):
            return analyses.analysis_by_id(db.session(), self.steps, ascii_integer(pk))

    def area_of(self, analysis: Any) -> WorkArea:
        with self.reading():
            area = work_area(db.session(), working_month(), {})
        chosen = next(row for row in area.territories if row.id == analysis.territory_id)
        return WorkArea(area.month, area.territories, chosen)

    def address(self, analysis: Any) -> str:
        return url_for(
            f"{type(self).__name__}.index",
            month=analysis.month.key,
            q_territory=analysis.territory_id,
        )

    # ------------------------------------------------------------------ difference, data, export

    @expose("/difference/<pk>")
    @has_access
    def difference(self, pk: str) -> str:
        """What computing now would change; a completed analysis is reopened first."""
        analysis = self.found(pk)
        rows = analyses.differences(db.session(), self.steps, analysis)
        keys = [self.steps.key(row) for row in rows]
        names = self.names(keys)
        shown = []
        for key, row in sorted(zip(keys, rows, strict=True), key=lambda pair: names[pair[0]]):
            indicator = self.steps.indicator(key)
            shown.append(
                {
                    "group": names[key][0],
                    "label": names[key][1],
                    "old": words.value_text(indicator, row.old_actual_num, row.old_actual_den),
                    "new": words.value_text(indicator, row.new_actual_num, row.new_actual_den),
                    "old_target": words.hundredths_text(indicator, row.old_target),
                    "new_target": words.hundredths_text(indicator, row.new_target),
                    "old_status": row.old_system_status,
                    "new_status": read_judgement(getattr(row.new_system_status, "name", None))
                    or read_judgement(str(row.new_system_status)),
                }
            )
        return self.page(
            "analysis/analysis_difference.html",
            self.area_of(analysis),
            analysis.month,
            analysis=analysis,
            rows=shown,
            is_draft=analysis.status is AnalysisStatus.DRAFT,
        )

    @expose("/chart/<name>")
    @has_access
    def chart(self, name: str) -> Response:
        """The data of a chart as JSON, with its words in the reader's language."""
        with self.reading():
            area = asked_area(is_strict=True)
        return jsonify(self.chart_data(name, area, asked_month()))

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The sheet of the territory, or the overview of several, as a workbook."""
        with self.reading():
            area = asked_area(is_strict=True)
        month = asked_month()
        if area.chosen is None:
            return self.overview_export(area, month)
        session = db.session()
        analysis = analyses.analysis_of(session, self.steps, area.chosen.id, month)
        lines = self.lines_of(analysis)
        names = self.names([self.steps.key(line) for line in lines])
        causes = {}
        facts: list[tuple[str, Any]] = [
            (_("Territory"), area.chosen.name),
            (_("Analysed month"), month.key),
        ]
        if analysis is not None:
            causes = {
                cause.id: shown_name(cause)
                for cause in analyses.offered_causes(session, analysis.company_id)
            }
            facts += [
                (_("Status"), str(analysis.status.label)),
                (_("Parameter version"), analysis.parameter_version),
                (_("Problems of %(month)s", month=month.key), analysis.problems or ""),
                (_("Focus of %(month)s", month=month.next.key), analysis.next_focus or ""),
            ]
        return workbook(
            f"{self.title} {area.chosen.name} {month.key}",
            export_columns(),
            (
                export_cells(self.steps, line, indicator, names, causes)
                for line, indicator in self.with_indicators(analysis, lines)
            ),
            facts,
        )

    def threshold(self, analysis: Any) -> int:
        """The tolerance in percent the analysis was judged with."""
        return int(analyses.parameters_of(db.session(), analysis).abnormal_shortfall_percent)
