"""The list of strategies and month plans by territory and month, with its workbook."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.analysis.views.workbook import workbook
from app.kernel.db import db
from app.kernel.formatters import local_time, pill
from app.kernel.list_request import PAGE_SIZES, ascii_integer, url_with
from app.kernel.period import Month, to_local
from app.models import MonthPlanStatus, ServicePlanStatus, Territory
from app.portal_context import month_label, working_month
from app.workflow.approval_list import MISSING, STATES, Choice, PlanLine, moments, plan_lines
from app.workflow.flow_bar import STATE_TONES

ROWS_PER_PAGE = PAGE_SIZES[-2]


class ApprovalListView(BaseView):
    """Which territory has submitted what."""

    route_base = "/approvals/list"
    default_view = "index"
    class_permission_name = "Approval"
    method_permission_name = {"index": "read", "export": "export"}

    @expose("/")
    @has_access
    def index(self) -> str:
        """The table, a hundred lines a page."""
        choice = asked()
        lines = plan_lines(db.session(), choice)
        last = max(0, (len(lines) - 1) // ROWS_PER_PAGE)
        number = min(max(ascii_integer(request.args.get("page")) or 0, 0), last)
        start = number * ROWS_PER_PAGE
        territories = db.session.scalars(
            select(Territory).options(joinedload(Territory.department)).order_by(Territory.code)
        ).all()
        departments = {territory.department for territory in territories}
        page: str = self.render_template(
            "workflow/approval_list.html",
            title=_("Strategies and month plans"),
            lines=lines[start : start + ROWS_PER_PAGE],
            count=len(lines),
            first=start + 1 if lines else 0,
            previous_url=url_with({"page": number - 1}) if number else None,
            next_url=url_with({"page": number + 1}) if number < last else None,
            choice=choice,
            states=[(state, state_word(state)) for state in STATES],
            territories=territories,
            departments=sorted(departments, key=lambda department: department.code),
            query=request.query_string.decode("utf-8", "replace"),
            state_pill=state_pill,
            moments=moments,
            local_time=local_time,
            month_label=month_label,
        )
        return page

    @expose("/export")
    @has_access
    def export(self) -> Response:
        """The same lines as a workbook."""
        choice = asked()
        columns = [
            (_("Month"), "text"),
            (_("Department"), "text"),
            (_("Territory code"), "text"),
            (_("Territory"), "text"),
            (_("Service strategies"), "text"),
            (_("Strategies submitted at"), "time"),
            (_("Strategies decided at"), "time"),
            (_("Month plan"), "text"),
            (_("Month plan submitted at"), "time"),
            (_("Month plan decided at"), "time"),
        ]
        rows = (_cells(line) for line in plan_lines(db.session(), choice))
        facts = [
            (_("From month"), choice.first.key),
            (_("To month"), choice.last.key),
            (_("Status"), state_word(choice.state) if choice.state else _("all")),
        ]
        return workbook(_("Strategies and month plans"), columns, rows, facts)


def asked() -> Choice:
    """The choice of the URL; values that make no sense fall back to the working month."""
    first = _month(request.args.get("from")) or working_month()
    last = _month(request.args.get("to")) or first
    state = request.args.get("state", "")
    return Choice(
        min(first, last),
        max(first, last),
        ascii_integer(request.args.get("department")),
        ascii_integer(request.args.get("territory")),
        state if state in STATES else "",
    )


def _month(text: str | None) -> Month | None:
    try:
        return Month.parse(text or "")
    except ValueError:
        return None


def state_word(state: str) -> str:
    """The word of a state of either plan."""
    if state == MISSING:
        return _("Not begun")
    if state == "SUBMITTED":
        return str(MonthPlanStatus.SUBMITTED.label)
    return str(ServicePlanStatus[state].label)


def state_pill(record: Any) -> Any:
    """The state of a plan with icon and colour."""
    if record is None:
        return pill(state_word(MISSING), "mute")
    return pill(str(record.status.label), STATE_TONES[record.status.name])


def _cells(line: PlanLine) -> list[Any]:
    cells: list[Any] = [
        line.month.key,
        str(line.territory.department.name),
        line.territory.code,
        line.territory.name,
    ]
    for record in (line.strategies, line.plan):
        cells.append(state_word(MISSING) if record is None else str(record.status.label))
        cells += [at and to_local(at).replace(tzinfo=None) for at in moments(record)]
    return cells
