"""§2.2 step 9 — the month calendar of a territory's visits, a day with route and map, changes by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babel.dates import format_skeleton
from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.period import Month, local_today
from app.master.calendar import calendar_entries
from app.master.parameters import current_parameters
from app.master.views.calendar import occasion, weekdays
from app.master.views.customers import WEEKDAYS
from app.models import Territory, VisitPlan, VisitStatus
from app.plan import visit_overview, visit_plans
from app.plan.rules.visit_dates_weeks import week_number, work_span
from app.plan.views.visit_area import (
    asked_date,
    asked_visits,
    calendar_url,
    carry_out,
    chosen_territory,
)
from app.plan.views.visit_calendar import VisitWeek, calendar_weeks, day_map, shown_span
from app.portal_context import can, month_label


class VisitPlanView(BaseView):
    """The page of step 9 for one territory; who oversees several starts at the heat map."""

    route_base = "/visit-plan"
    default_view = "index"
    class_permission_name = VisitPlan.__name__
    method_permission_name = {
        "index": "read",
        "move": "update",
        "cancel": "update",
        "restore": "update",
    }
    base_permissions = ["can_read", "can_update"]

    @expose("/", methods=["GET"])
    @has_access
    def index(self) -> Any:
        """``day``: the day shown beside the calendar, else the next one with visits."""
        area = asked_area()
        if area.chosen is None:
            if not area.territories:
                return self.render_template("plan/visit_no_territory.html", title=_("Visit plan"))
            return redirect(url_for("VisitLoadView.index"), 303)
        return self._page(area, area.chosen)

    def _page(self, area: WorkArea, territory: Territory) -> str:
        session, today = db.session(), local_today()
        first, last = shown_span(area.month)
        parameters = current_parameters(session, territory.company_id)
        capacity = visit_overview.capacities(session, [territory.id], parameters)[territory.id]
        counts = visit_overview.day_counts(session, [territory.id], first, last)[territory.id]
        entries = calendar_entries(session, territory.company_id, first, last)
        weeks = calendar_weeks(area.month, entries, counts, capacity, today)
        chosen = asked_date("day") or _opening_day(area, list(counts), today)
        visits = visit_overview.visits_of_day(session, territory.id, chosen)
        approved = visit_overview.approved_months(session, territory.id, [area.month])
        run = visit_overview.last_run(session, territory.id, area.month)
        work_month, number = week_number(chosen)
        totals = _totals(weeks)
        page: str = self.render_template(
            "plan/visit_calendar.html",
            title=_("Visit plan"),
            area=area,
            territory=territory,
            month_words=month_label(area.month),
            span=work_span(area.month),
            weeks=weeks,
            totals=totals,
            capacity=capacity,
            day_names=weekdays("abbreviated"),
            short_month=_short_month,
            occasion=occasion,
            today=today,
            chosen=chosen,
            chosen_weekday=weekdays("wide")[chosen.weekday()],
            chosen_week=(number, month_label(work_month)),
            visits=visits,
            runs=visit_overview.runs_by_id(session, visits),
            week_of=lambda visit: week_number(visit.date)[1],
            drawing=day_map(visits),
            run=run,
            problems=visit_overview.problems_of(session, run),
            is_approved=area.month in approved,
            without_mode=visit_overview.count_without_mode(session, territory.id),
            may_change=can("update", self.class_permission_name),
            statuses=VisitStatus.__members__,
            weekday_words=WEEKDAYS,
            move_to=_next_workday(weeks, chosen, today),
        )
        return page

    # ------------------------------------------------------------------ by hand

    @expose("/move", methods=["POST"])
    @has_access
    def move(self) -> Response:
        """Form: `visit` (id.version, repeated), `date`, `day` (the day shown)."""
        area, territory = chosen_territory()
        day, back = asked_date("date"), calendar_url(area, asked_date("day"))
        if day is None:
            return _no_date(back)
        return carry_out(
            back,
            territory,
            lambda: visit_plans.move_visits(db.session(), _own_visits(territory), day),
            lambda count: ngettext(
                "%(num)d visit was moved to %(day)s.",
                "%(num)d visits were moved to %(day)s.",
                count,
                day=day.isoformat(),
            ),
        )

    @expose("/cancel", methods=["POST"])
    @has_access
    def cancel(self) -> Response:
        """Form: `visit` (repeated), `note`, `day`."""
        area, territory = chosen_territory()
        note = request.form.get("note", "")
        return carry_out(
            calendar_url(area, asked_date("day")),
            territory,
            lambda: visit_plans.cancel_visits(db.session(), _own_visits(territory), note),
            lambda count: ngettext(
                "%(num)d visit was cancelled.", "%(num)d visits were cancelled.", count
            ),
        )

    @expose("/restore", methods=["POST"])
    @has_access
    def restore(self) -> Response:
        """Form: `visit` (repeated), `day`."""
        area, territory = chosen_territory()
        return carry_out(
            calendar_url(area, asked_date("day")),
            territory,
            lambda: visit_plans.restore_visits(db.session(), _own_visits(territory)),
            lambda count: ngettext(
                "%(num)d visit is planned again.", "%(num)d visits are planned again.", count
            ),
        )


def _own_visits(territory: Territory) -> list[VisitPlan]:
    """The ticked visits, which must be the territory's. Errors: `OutOfScope`, `StaleVersion`."""
    visits = visit_plans.visits_by_key(db.session(), asked_visits())
    if any(visit.territory_id != territory.id for visit in visits):
        abort(404)
    return visits


def _no_date(back: str) -> Response:
    flash(_("Enter the new date as year-month-day."), "danger")
    return redirect(back, 303)


def _opening_day(area: WorkArea, planned: list[dt.date], today: dt.date) -> dt.date:
    """Today in its month; else the first day of the month with visits, else its first day."""
    if area.month.first_day <= today <= area.month.last_day:
        coming = [day for day in sorted(planned) if day >= today]
        return today if today in planned or not coming else coming[0]
    inside = [day for day in sorted(planned) if area.month.first_day <= day <= area.month.last_day]
    return inside[0] if inside else area.month.first_day


def _next_workday(weeks: list[VisitWeek], chosen: dt.date, today: dt.date) -> dt.date:
    """What moving proposes: the first workday after the chosen day that is not over."""
    after = max(today, chosen + dt.timedelta(days=1))
    cells = (cell for week in weeks for cell in week.days)
    working = (cell.day for cell in cells if cell.shown.kind in ("work", "makeup"))
    return next((day for day in working if day >= after), after)


def _totals(weeks: list[VisitWeek]) -> dict[str, int]:
    """Visits of the calendar month by status, and how many days are over capacity."""
    cells = [cell for week in weeks for cell in week.days if cell.is_inside]
    found = {"load": sum(cell.load for cell in cells)}
    for cell in cells:
        for status, count in cell.counts.items():
            found[status.name] = found.get(status.name, 0) + count
    found["days"] = sum(cell.load > 0 for cell in cells)
    found["over"] = sum(cell.percent > 100 for cell in cells)
    return found


def _short_month(month: Month) -> str:
    """The month without its year, for a narrow column whose page states the year."""
    return str(format_skeleton("MMM", month.first_day, locale=get_locale()))
