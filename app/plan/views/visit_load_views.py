"""§2.2 step 9 — territories × days: who planned how much, read-only, with export."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from flask import Response, request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select

from app.analysis.views.workbook import workbook
from app.kernel.db import db
from app.kernel.list_request import ascii_integer
from app.kernel.period import local_today
from app.master.calendar import calendar_entries
from app.master.parameters import current_parameters
from app.master.views.calendar import ShownDay, occasion, shown_day
from app.models import CalendarDay, Department, Territory, VisitPlan, VisitStatus
from app.plan import visit_overview
from app.plan.views.visit_calendar import load_percent, load_tone
from app.portal_context import month_label, working_month

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class LoadCell:
    """A territory's day."""

    shown: ShownDay
    load: int
    percent: int

    @property
    def tone(self) -> str:
        return load_tone(self.percent)

    @property
    def shade(self) -> int:
        """0–5: how dark the cell is; 5 = over capacity."""
        return 0 if not self.load else 5 if self.percent > 100 else 1 + min(3, self.percent // 30)


@dataclass(frozen=True, slots=True)
class LoadRow:
    """A territory's month."""

    territory: Territory
    capacity: int
    cells: list[LoadCell]
    counts: Counter[VisitStatus]

    @property
    def load(self) -> int:
        return sum(cell.load for cell in self.cells)


class VisitLoadView(BaseView):
    """What people who oversee several territories see first."""

    route_base = "/visit-plan/territories"
    default_view = "index"
    class_permission_name = VisitPlan.__name__
    method_permission_name = {"index": "read", "export": "export"}
    base_permissions = ["can_read", "can_export"]

    @expose("/", methods=["GET"])
    @has_access
    def index(self) -> str:
        """``department`` narrows, ``part`` counts lots of territories from 0."""
        departments = _departments()
        chosen = ascii_integer(request.args.get("department"))
        department = next((row for row in departments if row.id == chosen), None)
        territories = _territories(department)
        part = ascii_integer(request.args.get("part")) or 0
        parts = max(1, -(-len(territories) // AT_ONCE))
        part = min(max(part, 0), parts - 1)
        page: str = self.render_template(
            "plan/visit_load.html",
            title=_("Visits planned per territory and day"),
            rows=_rows(territories[part * AT_ONCE : (part + 1) * AT_ONCE]),
            month_words=month_label(working_month()),
            departments=departments,
            department=department,
            part=part,
            parts_count=parts,
            today=local_today(),
            occasion=occasion,
            statuses=list(VisitStatus),
        )
        return page

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The table as a workbook, all territories of the department."""
        chosen = ascii_integer(request.form.get("department"))
        department = db.session.scalar(select(Department).where(Department.id == chosen))
        rows = _rows(_territories(department))
        month = working_month()
        columns = [
            (_("Territory code"), "text"),
            (_("Territory"), "text"),
            (_("Visits a day at most"), "quantity"),
            *((day.isoformat(), "quantity") for day in month.days()),
            (_("Visits"), "quantity"),
            *((str(status.label), "quantity") for status in VisitStatus),
        ]
        title = _("Visits per territory and day")
        return workbook(
            f"{title} {month.key}",
            columns,
            (
                [
                    row.territory.code,
                    row.territory.name,
                    row.capacity,
                    *(cell.load for cell in row.cells),
                    row.load,
                    *(row.counts[status] for status in VisitStatus),
                ]
                for row in rows
            ),
            [
                (_("Month"), month_label(month)),
                (_("Department"), department.name if department is not None else _("All")),
            ],
        )


def _departments() -> list[Department]:
    """Those with a territory the person sees."""
    return list(
        db.session.scalars(
            select(Department)
            .where(Department.id.in_(select(Territory.department_id)))
            .order_by(Department.code)
        )
    )


def _territories(department: Department | None) -> list[Territory]:
    query = select(Territory).order_by(Territory.code)
    if department is not None:
        query = query.where(Territory.department_id == department.id)
    return list(db.session.scalars(query))


def _rows(territories: list[Territory]) -> list[LoadRow]:
    session, month, today = db.session(), working_month(), local_today()
    ids = [territory.id for territory in territories]
    counts = visit_overview.day_counts(session, ids, month.first_day, month.last_day)
    capacities: dict[int, int] = {}
    entries: dict[int, dict[dt.date, CalendarDay]] = {}
    for company_id in sorted({territory.company_id for territory in territories}):
        own = [row.id for row in territories if row.company_id == company_id]
        parameters = current_parameters(session, company_id)
        capacities |= visit_overview.capacities(session, own, parameters)
        entries[company_id] = calendar_entries(session, company_id, month.first_day, month.last_day)
    rows = []
    for territory in territories:
        days = counts.get(territory.id, {})
        capacity = capacities[territory.id]
        cells = []
        sums: Counter[VisitStatus] = Counter()
        for day in month.days():
            visits = visit_overview.load(days.get(day))
            sums.update(days.get(day, Counter()))
            shown = shown_day(day, entries[territory.company_id].get(day), today)
            cells.append(LoadCell(shown, visits, load_percent(visits, capacity)))
        rows.append(LoadRow(territory, capacity, cells, sums))
    return rows
