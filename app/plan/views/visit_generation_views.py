"""§2.2 step 9 — 由拜访周期批量生成: the period, the difference it makes, and applying it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.period import Month, WorkWeek, local_today
from app.kernel.sql_lots import lots
from app.master.calendar import calendar_entries, known_years
from app.master.views.calendar import ShownDay, occasion, shown_day
from app.models import Customer, DayChoice, Territory, VisitObstacle, VisitPlan
from app.plan import visit_overview, visit_plans
from app.plan.rules.visit_dates_proposal import Planning, Proposal
from app.plan.rules.visit_dates_weeks import months_between, week_number, work_span
from app.plan.views.visit_area import (
    asked_date,
    calendar_url,
    chosen_territory,
)
from app.plan.views.visit_calendar import load_percent, load_tone
from app.portal_context import month_label


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day of the preview: visits as they are and as they would be."""

    shown: ShownDay
    before: int
    after: int
    percent: int
    added: list[tuple[Customer, str]]
    removed: list[Customer]

    @property
    def tone(self) -> str:
        return load_tone(self.percent)


class VisitGenerationView(BaseView):
    """Nothing is written before the difference was shown."""

    route_base = "/visit-plan/generate"
    default_view = "index"
    class_permission_name = VisitPlan.__name__
    method_permission_name = {"index": "update", "apply": "update"}
    base_permissions = ["can_update"]

    @expose("/", methods=["GET"])
    @has_access
    def index(self) -> Any:
        """``from`` and ``to``: shows the difference; without them the form with a proposal."""
        area = asked_area()
        if area.chosen is None:
            return redirect(url_for("VisitLoadView.index"), 303)
        return self._page(area, area.chosen)

    def _page(self, area: WorkArea, territory: Territory) -> str:
        today = local_today()
        period = _period()
        values: dict[str, Any] = {"proposal": None, "refusal": None}
        if period is not None:
            try:
                planning = visit_plans.planning_of(db.session(), territory.company_id, *period)
                values |= _difference(area, planning)
            except PlanningError as refusal:
                values["refusal"] = refusal.message()
        elif request.args.get("from") or request.args.get("to"):
            values["refusal"] = _("Enter both dates as year-month-day.")
        first, last = period or work_span(area.month)
        months = list(months_between(first, last))[:4]
        approved = visit_overview.approved_months(db.session(), territory.id, months)
        page: str = self.render_template(
            "plan/visit_generate.html",
            title=_("Generate visits"),
            area=area,
            territory=territory,
            first=first,
            last=last,
            today=today,
            presets=_presets(area.month, today),
            unapproved=[month_label(month) for month in months if month not in approved],
            unknown_years=[
                year for year in range(first.year, last.year + 1) if year not in known_years()
            ],
            without_mode=visit_overview.count_without_mode(db.session(), territory.id),
            month_words=month_label(area.month),
            occasion=occasion,
            week_number=week_number,
            most_days=visit_plans.MOST_DAYS,
            **values,
        )
        return page

    @expose("/", methods=["POST"])
    @has_access
    def apply(self) -> Response:
        """Form: `from`, `to` and `digest` of the difference the person saw."""
        area, territory = chosen_territory()
        period = _period()
        if period is None:
            abort(400)
        asked: dict[str, Any] = {"from": period[0].isoformat(), "to": period[1].isoformat()}
        again = url_for("VisitGenerationView.index", **area.argument, **asked)
        session = db.session()
        try:
            planning = visit_plans.planning_of(session, territory.company_id, *period)
            done = visit_plans.apply(session, area.scope, planning, request.form.get("digest", ""))
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            flash(refusal.message(), "danger")
            return redirect(again, 303)
        flash(
            _(
                "Visits generated: %(added)d added, %(removed)d removed, %(kept)d kept.",
                added=len(done.added),
                removed=len(done.removed),
                kept=len(done.kept),
            ),
            "success",
        )
        return redirect(calendar_url(area, done.added[0].date if done.added else None), 303)


def _period() -> tuple[dt.date, dt.date] | None:
    first, last = asked_date("from"), asked_date("to")
    return (first, last) if first is not None and last is not None else None


def _presets(month: Month, today: dt.date) -> list[tuple[str, dt.date, dt.date]]:
    """(words, from, to): the working month's work weeks, this week, next week, next month."""
    week = WorkWeek.of(today)
    following = WorkWeek.of(week.monday + dt.timedelta(days=7))
    return [
        (_("Work weeks of %(month)s", month=month_label(month)), *work_span(month)),
        (_("This week"), week.monday, week.sunday),
        (_("Next week"), following.monday, following.sunday),
        (
            _("Work weeks of %(month)s", month=month_label(month.next)),
            *work_span(month.next),
        ),
    ]


def _difference(area: WorkArea, planning: Planning) -> dict[str, Any]:
    session = db.session()
    proposal = visit_plans.preview(session, area.scope, planning)
    if proposal is None:
        return {"proposal": None, "refusal": _("The territory has no customers in business.")}
    customers = _customers(proposal)
    entries = calendar_entries(session, area.scope.company_id, planning.first, planning.last)
    days = _days(proposal, planning, customers, entries)
    return {
        "proposal": proposal,
        "planning": planning,
        "days": days,
        "problems": visit_overview.grouped_problems(
            (VisitObstacle[name], customers[key], missing)
            for (key, name), missing in sorted(proposal.problems.items())
            if key in customers
        ),
        "is_past": planning.start > planning.last,
    }


def _customers(proposal: Proposal) -> dict[int, Customer]:
    """The customers the difference names."""
    wanted = {visit.customer for visit in proposal.added}
    wanted |= {row.customer_id for row in proposal.removed}
    wanted |= {customer for customer, _obstacle in proposal.problems}
    found: dict[int, Customer] = {}
    for lot in lots(wanted):
        for customer in db.session.scalars(select(Customer).where(Customer.id.in_(lot))):
            found[customer.id] = customer
    return found


def _days(
    proposal: Proposal, planning: Planning, customers: dict[int, Customer], entries: Any
) -> list[DayChange]:
    before, after = proposal.loads()
    added: dict[dt.date, list[tuple[Customer, str]]] = defaultdict(list)
    removed: dict[dt.date, list[Customer]] = defaultdict(list)
    for visit in proposal.added:
        if visit.customer in customers:
            added[visit.date].append(
                (customers[visit.customer], str(DayChoice[visit.choice].label))
            )
    for row in proposal.removed:
        if row.customer_id in customers:
            removed[row.date].append(customers[row.customer_id])
    days = []
    for offset in range((planning.last - planning.first).days + 1):
        day = planning.first + dt.timedelta(days=offset)
        shown = shown_day(day, entries.get(day), planning.today)
        if shown.kind in ("weekend", "holiday") and not before[day] and not after[day]:
            continue
        days.append(
            DayChange(
                shown,
                before[day],
                after[day],
                load_percent(after[day], proposal.capacity),
                added[day],
                removed[day],
            )
        )
    return days
