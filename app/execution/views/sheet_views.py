"""§2.2 step 11 — choosing, printing and reprinting day sheets 日拜访记录表."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import segno
from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from app.analysis.views.asked_place import asked_area
from app.analysis.work_area import WorkArea
from app.execution import day_sheets
from app.execution.day_sheets import MOST_SHEETS, PlannedSheet, PrintedSheet
from app.execution.views import visit_words as words
from app.execution.views.visit_request import asked_day, read_day
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month
from app.master.views.catalogues import shown_name
from app.models import AssignmentKind, DailySheet, PortalUser, TerritoryAssignment

MOST_DAYS = 7
BLANK_ROWS = 2
"""Lines for unplanned visits at the end of a sheet."""
QR_BORDER = 1


class DaySheetView(BaseView):
    """Which days and territories to print, what stands in the way, and the paper itself."""

    route_base = "/day-sheets"
    default_view = "index"
    class_permission_name = "DailyVisit"
    base_permissions = ["can_read", "can_export"]
    method_permission_name: Mapping[str, str] = {
        "index": "export",
        "print_sheets": "export",
        "sheets": "read",
    }

    @expose("/")
    @has_access
    def index(self) -> Any:
        """The days from ``day`` on (``days`` of them) with who is on each sheet and who is not."""
        area = asked_area()
        return self._choice(area, asked_day(), _asked_days())

    def _choice(
        self, area: WorkArea, first: dt.date, days: int, refusal: PlanningError | None = None
    ) -> Any:
        dates = [first + dt.timedelta(days=offset) for offset in range(days)]
        shown = area.shown[: max(1, MOST_SHEETS // days)]
        sheets = day_sheets.planned_sheets(db.session(), shown, dates)
        page = self.render_template(
            "execution/sheet_choice.html",
            title=_("Print day sheets"),
            hint=_(
                "One sheet per territory and day. Printing keeps what the sheet said; printing "
                "again shows what changed since."
            ),
            area=area,
            first=first,
            days=days,
            most_days=MOST_DAYS,
            sheets=sheets,
            planned=[sheet for sheet in sheets if not sheet.is_unplanned],
            unplanned=[sheet for sheet in sheets if sheet.is_unplanned],
            left_territories=len(area.shown) - len(shown),
            reasons=_reasons(sheets),
            earlier=_printed_before(area, dates),
            words=words,
            refusal=None if refusal is None else refusal.message(),
        )
        return (page, refusal.status) if refusal is not None else page

    @expose("/print", methods=["POST"])
    @has_access
    def print_sheets(self) -> Any:
        """Form: territory (repeated id), day (repeated): keep the sheets, then show the paper."""
        area = asked_area()
        known = {territory.id: territory for territory in area.territories}
        keys = [ascii_integer(text) for text in request.form.getlist("territory")]
        days = [read_day(text) for text in request.form.getlist("date")]
        if any(key not in known for key in keys):
            abort(404)
        if any(day is None for day in days):
            abort(400)
        territories = [known[key] for key in dict.fromkeys(keys) if key is not None]
        dates = sorted({day for day in days if day is not None})
        if not territories or not dates:
            flash(_("Choose at least one day and one territory."), "warning")
            return redirect(url_for("DaySheetView.index"), 303)
        try:
            made = day_sheets.print_sheets(db.session(), territories, dates)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            return self._choice(asked_area(), dates[0], _asked_days(), refusal)
        return redirect(url_for("DaySheetView.sheets", id=[sheet.id for sheet in made]), 303)

    @expose("/paper")
    @has_access
    def sheets(self) -> str:
        """The paper of sheets printed before: ``id`` (repeated)."""
        keys = [ascii_integer(text) for text in request.args.getlist("id")][:MOST_SHEETS]
        printed = day_sheets.printed_sheets(db.session(), {key for key in keys if key is not None})
        if not printed:
            abort(404)
        holders = _holders(printed)
        return self.render_template(
            "execution/sheet_paper.html",
            title=_("Day sheet"),
            sheets=printed,
            holders=holders,
            qr=_qr,
            words=words,
            state_name=_state_name,
            change=_change,
            volume_month=_volume_month,
            blank_rows=range(BLANK_ROWS),
            printed_by=_names({sheet.sheet.printed_by for sheet in printed}),
        )


def _asked_days() -> int:
    number = ascii_integer(request.values.get("days", "1")) or 1
    return min(max(number, 1), MOST_DAYS)


def _reasons(sheets: list[PlannedSheet]) -> list[tuple[Any, list[tuple[PlannedSheet, Any]]]]:
    """Gap → (sheet, customer) pairs left out because of it."""
    found: dict[Any, list[tuple[PlannedSheet, Any]]] = {}
    for sheet in sheets:
        for entry in sheet.left_out:
            found.setdefault(entry.gap, []).append((sheet, entry))
    return list(found.items())


def _printed_before(area: WorkArea, dates: list[dt.date]) -> list[DailySheet]:
    """Sheets of these days that can be shown again, newest print first."""
    return list(
        db.session.scalars(
            select(DailySheet)
            .where(DailySheet.territory_id.in_(area.ids), DailySheet.date.in_(dates))
            .order_by(DailySheet.id.desc())
            .limit(MOST_SHEETS)
        )
    )


def _holders(printed: list[PrintedSheet]) -> dict[int, str]:
    """Sheet id → who holds the territory as primary on its day."""
    rows = db.session.execute(
        select(TerritoryAssignment, PortalUser)
        .join(PortalUser, PortalUser.id == TerritoryAssignment.user_id)
        .where(
            TerritoryAssignment.territory_id.in_({entry.sheet.territory_id for entry in printed}),
            TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        )
    ).all()
    found: dict[int, str] = {}
    for entry in printed:
        for assignment, user in rows:
            is_over = assignment.valid_to is not None and assignment.valid_to < entry.sheet.date
            if (
                assignment.territory_id == entry.sheet.territory_id
                and assignment.valid_from <= entry.sheet.date
                and not is_over
            ):
                found[entry.sheet.id] = user.display_name
    return found


def _names(ids: set[int | None]) -> dict[int, str]:
    users = db.session.scalars(select(PortalUser).where(PortalUser.id.in_(ids - {None})))
    return {user.id: user.display_name for user in users}


def _qr(customer_id: int, day: dt.date) -> Markup:
    """A code that opens the pre-filled record on a phone, as SVG."""
    address = url_for(
        "DailyVisitView.record", customer=customer_id, day=day.isoformat(), _external=True
    )
    code = segno.make(address, error="m", micro=False)
    return Markup(code.svg_inline(border=QR_BORDER, omitsize=True, svgclass="qr", lineclass=None))


class _Named:
    """A pair of names as `shown_name` expects them."""

    def __init__(self, name: str, name_en: str | None) -> None:
        self.name, self.name_en = name, name_en


def _state_name(state: tuple[str, str | None]) -> str:
    return shown_name(_Named(*state))


def _change(present: int, before: int) -> str:
    """Cartons against the month before, as "+12 %"; a dash when there was nothing."""
    if before <= 0:
        return _("new") if present > 0 else "–"
    return f"{round(100 * (present - before) / before):+d}%"


def _volume_month(day: dt.date) -> Month:
    return Month.of(day).previous
