"""§2.2 step 9 — planning by hand: the territory's customers with their visits, put on a day in bulk."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.errors import OutOfScope
from app.kernel.list_request import ascii_integer, safe_return_path
from app.kernel.period import local_today
from app.kernel.sql_lots import lots
from app.models import Customer, Territory, VisitFrequency, VisitPlan
from app.plan import visit_overview, visit_plans
from app.plan.rules.visit_dates_weeks import work_span
from app.plan.views.visit_area import (
    asked_date,
    carry_out,
    chosen_territory,
)
from app.plan.visit_overview import CustomerFilter

NO_FREQUENCY = "none"


class VisitCustomerView(BaseView):
    """The customers of a territory for planning by hand."""

    route_base = "/visit-plan/customers"
    default_view = "index"
    class_permission_name = VisitPlan.__name__
    method_permission_name = {"index": "update", "add": "update"}
    base_permissions = ["can_update"]

    @expose("/", methods=["GET"])
    @has_access
    def index(self) -> Any:
        """``date``: the day to plan; ``from``/``to``: the period of the visits shown; filters."""
        area = asked_area()
        if area.chosen is None:
            return redirect(url_for("VisitLoadView.index"), 303)
        return self._page(area, area.chosen)

    def _page(self, area: WorkArea, territory: Territory) -> str:
        first, last = _period(area)
        chosen = read_filter()
        day = asked_date("date") or max(local_today(), first)
        rows = visit_overview.plannable_customers(db.session(), territory.id, first, last, chosen)
        page: str = self.render_template(
            "plan/visit_customers.html",
            title=_("Plan visits by hand"),
            area=area,
            territory=territory,
            rows=rows,
            chosen=chosen,
            day=day,
            today=local_today(),
            first=first,
            last=last,
            lines=visit_overview.lines_of(db.session(), territory.id),
            frequencies=list(VisitFrequency),
            no_frequency=NO_FREQUENCY,
        )
        return page

    @expose("/", methods=["POST"])
    @has_access
    def add(self) -> Response:
        """Form: `customer` (repeated), `date`, `next` (the filtered list to return to)."""
        area, territory = chosen_territory()
        back = safe_return_path(request.form.get("next")) or url_for(
            "VisitCustomerView.index", **area.argument
        )
        day = asked_date("date")
        if day is None:
            flash(_("Enter the date as year-month-day."), "danger")
            return redirect(back, 303)
        return carry_out(
            back,
            territory,
            lambda: visit_plans.add_visits(db.session(), _ticked(territory), day),
            lambda count: ngettext(
                "%(num)d visit was planned on %(day)s.",
                "%(num)d visits were planned on %(day)s.",
                count,
                day=day.isoformat(),
            ),
        )


def _period(area: WorkArea) -> tuple[dt.date, dt.date]:
    first, last = asked_date("from"), asked_date("to")
    if first is None or last is None or first > last:
        return work_span(area.month)
    return first, last


def read_filter() -> CustomerFilter:
    """The filter of the URL; values that make no sense are left out."""
    frequency = request.args.get("frequency", "")
    return CustomerFilter(
        text=request.args.get("text", "").replace("\x00", "").strip()[:60],
        line=request.args.get("line", "").replace("\x00", "")[:40],
        frequency=VisitFrequency.__members__.get(frequency),
        has_no_frequency=frequency == NO_FREQUENCY,
        without_visit=request.args.get("without_visit") == "1",
        has_no_mode=request.args.get("no_mode") == "1",
    )


def _ticked(territory: Territory) -> list[Customer]:
    """The ticked customers, which must be the territory's. Errors: `OutOfScope`."""
    keys = {ascii_integer(text) for text in request.form.getlist("customer")}
    wanted = {key for key in keys if key is not None}
    found: list[Customer] = []
    for lot in lots(wanted):
        found += db.session.scalars(
            select(Customer).where(Customer.id.in_(lot), Customer.territory_id == territory.id)
        )
    if len(found) != len(keys):
        raise OutOfScope
    return sorted(found, key=lambda customer: customer.code)
