"""§2.2 step 10 — week arrangement 周工作安排: focus, line and remarks per day, visits and content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app.analysis.views.asked_place import asked_area, asked_start
from app.analysis.views.workbook import workbook
from app.analysis.work_area import NoArea, WorkArea
from app.exchange.export_columns import Cell
from app.kernel.db import db
from app.kernel.errors import PlanningError, StaleVersion
from app.kernel.list_request import ascii_integer
from app.kernel.period import WorkWeek, local_today, seven_days, work_weeks
from app.master.views.catalogues import shown_name
from app.models import VisitStatus, WeekArrangement
from app.plan import week_arrangements as weeks
from app.plan.week_arrangements import WeekDay
from app.portal_context import can, month_label

FIRST = itemgetter(0)
"""The week shown of a working month that is not the present one."""

PERMISSIONS: Mapping[str, str] = {"index": "read", "save": "update", "export": "export"}


class WeekArrangementView(BaseView):
    """One territory's week for who works on it; territory × week for managers."""

    route_base = "/week-arrangements"
    default_view = "index"
    class_permission_name = WeekArrangement.__name__
    method_permission_name = PERMISSIONS
    title = _l("Week arrangement")
    hint = _l(
        "Where you go on each day, what you collect and which brands you promote. Customers and "
        "visit content come from the visit plan and the open strategies."
    )

    @expose("/")
    @has_access
    def index(self) -> Any:
        area = asked_area()
        return (
            self._overview(area) if area.chosen is None else self._sheet(area, asked_start(FIRST))
        )

    def _sheet(
        self,
        area: WorkArea,
        start: dt.date,
        typed: Mapping[str, str] | None = None,
        refusal: str | None = None,
    ) -> str:
        assert area.chosen is not None
        session = db.session()
        record = weeks.arrangement_of(session, area.chosen.id, start)
        days = weeks.week_days(session, area.chosen, start, record)
        gate = weeks.gate_of(session, area.chosen, days)
        return str(
            self.render_template(
                "plan/week_arrangement.html",
                title=self.title,
                hint=self.hint,
                view=type(self).__name__,
                area=area,
                start=start,
                week_step=dt.timedelta(days=7),
                week_words=f"{start.isoformat()} – {start + dt.timedelta(days=6):%m-%d}",
                month_words=month_label(WorkWeek.of(start).month),
                month_label=month_label,
                arguments={"start": start.isoformat(), **area.argument},
                record=record,
                days=days,
                gate=gate,
                is_monday=start.weekday() == 0,
                may_change=can("update", self.class_permission_name),
                may_export=can("export", self.class_permission_name),
                typed=typed or {},
                refusal=refusal,
                today=local_today(),
                shown_name=shown_name,
                weekday_word=lambda day: format_date(day, "EEEE"),
                done=VisitStatus.DONE,
            )
        )

    @expose("/save", methods=["POST"])
    @has_access
    def save(self) -> AnyResponse:
        area, start = asked_area(is_strict=True), asked_start(FIRST)
        if area.chosen is None:
            raise NoArea(field="territory")
        form = request.form
        lines = {
            day: (form.get(f"line-{day.isoformat()}", ""), form.get(f"note-{day.isoformat()}", ""))
            for day in seven_days(start)
        }
        try:
            weeks.save(
                db.session(),
                area.chosen,
                start,
                ascii_integer(form.get("version")),
                form.get("market_focus", ""),
                form.get("brand_focus", ""),
                lines,
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            page = self._sheet(asked_area(is_strict=True), start, form, refusal.message())
            status = 409 if isinstance(refusal, StaleVersion) else 422
            return Response(page, status, mimetype="text/html")
        flash(_("The week arrangement was saved."), "success")
        return redirect(
            url_for("WeekArrangementView.index", start=start.isoformat(), **area.argument), 303
        )

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The week as a workbook: a row per visit."""
        area, start = asked_area(is_strict=True), asked_start(FIRST)
        if area.chosen is None:
            raise NoArea(field="territory")
        session = db.session()
        record = weeks.arrangement_of(session, area.chosen.id, start)
        days = weeks.week_days(session, area.chosen, start, record)
        return workbook(
            f"{self.title} {area.chosen.name} {start.isoformat()}",
            [
                (_("Date"), "text"), (_("Visit line"), "text"), (_("Remark"), "text"),
                (_("Place in the route"), "quantity"), (_("Customer code"), "text"),
                (_("Customer"), "text"), (_("Visit mode"), "text"), (_("Visit content"), "text"),
            ],
            _export_rows(days),
            [
                (_("Territory"), area.chosen.name),
                (_("Market collection focus"), (record.market_focus if record else "") or ""),
                (_("Brand cultivation focus"), (record.brand_focus if record else "") or ""),
            ],
        )  # fmt: skip

    def _overview(self, area: WorkArea) -> str:
        starts = [week.monday for week in work_weeks(area.month)]
        cells = (
            weeks.overview(db.session(), area.scope, area.ids, starts) if area.territories else {}
        )
        return str(
            self.render_template(
                "plan/week_overview.html",
                title=self.title,
                hint=_("Territories and weeks side by side. Open a week to read it."),
                view=type(self).__name__,
                area=area,
                month_words=month_label(area.month),
                starts=[
                    (start, f"{start.isoformat()} – {start + dt.timedelta(days=6):%m-%d}")
                    for start in starts
                ],
                cells=cells,
            )
        )


def _export_rows(days: list[WeekDay]) -> Iterator[list[Cell]]:
    for day in days:
        for visit in (*day.visits, *day.left_out):
            content = "; ".join(f"{task.code} {task.content}" for task in visit.tasks)
            yield [
                day.date.isoformat(),
                day.line,
                day.note,
                visit.sequence,
                visit.code,
                visit.name,
                str(visit.mode.label) if visit.mode else "",
                content or (_(visit.gap.value) if visit.gap else ""),
            ]
