"""§2.2 step 11 for market managers: how the days went, territory by territory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from flask import request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.views.workbook import workbook
from app.execution import follow_ups, visit_days
from app.execution.views import visit_words as words
from app.execution.views.visit_request import asked_day
from app.execution.visit_days import TerritoryDay
from app.kernel.db import db
from app.kernel.period import Month, WorkWeek, local_today
from app.master.parameters import current_parameters
from app.portal_context import month_label, working_month

SHOWN_UNVISITED = 200


class VisitDayView(BaseView):
    """Territories × planned, visited, missed, open; short days; customers nobody visited."""

    route_base = "/visit-overview"
    default_view = "index"
    class_permission_name = "DailyVisit"
    base_permissions = ["can_read", "can_export"]
    method_permission_name: Mapping[str, str] = {"index": "read", "export": "export"}

    @expose("/")
    @has_access
    def index(self) -> str:
        """The day, or the week of the day with ``span=week``."""
        area, day = asked_area(), asked_day()
        first, last, span = _span(day)
        days = visit_days.territory_days(db.session(), area, first, last)
        with_rows = {entry.territory.id for entry in days}
        until = min(local_today(), area.month.last_day)
        missing = (
            visit_days.unvisited(db.session(), area, until)
            if area.month <= Month.of(local_today())
            else []
        )
        company = area.shown[0].company_id if area.shown else 0
        return self.render_template(
            "execution/visit_overview.html",
            title=_("Visits of the territories"),
            hint=_("What was planned and what became of it; days and customers worth a question."),
            area=area,
            day=day,
            span=span,
            first=first,
            last=last,
            days=days,
            idle=[row for row in area.shown if row.id not in with_rows],
            total=_total(days),
            least=current_parameters(db.session(), company).visit_daily_minutes,
            unvisited=missing[:SHOWN_UNVISITED],
            unvisited_count=len(missing),
            month_words=month_label(area.month),
            follow_up_counts=follow_ups.counts(db.session()),
            words=words,
            before=(first - (last - first) - dt.timedelta(days=1)).isoformat(),
            after=(last + dt.timedelta(days=1)).isoformat(),
        )

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The customers nobody visited in the working month, as a workbook."""
        area = asked_area(is_strict=True)
        rows = visit_days.unvisited(
            db.session(), area, min(local_today(), working_month().last_day)
        )
        return workbook(
            f"{_('Customers not visited')} {working_month().key}",
            [
                (_("Territory"), "text"),
                (_("Customer code"), "text"),
                (_("Customer name"), "text"),
                (_("Planned visits"), "number"),
            ],
            ((row.territory.name, row.code, row.name, row.planned) for row in rows),
            [(_("Month"), working_month().key)],
        )


def _span(day: dt.date) -> tuple[dt.date, dt.date, str]:
    if request.args.get("span") == "week":
        week = WorkWeek.of(day)
        return week.monday, week.sunday, "week"
    return day, day, "day"


def _total(days: list[TerritoryDay]) -> dict[str, int]:
    names = ("planned", "done", "missed", "open", "unplanned", "visited", "minutes")
    return {
        **{name: sum(getattr(day, name) for day in days) for name in names},
        "short": sum(day.is_short for day in days),
    }
