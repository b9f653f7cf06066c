"""§2.2 step 2 — quadrant chart, 片区统计 and the comparison of territories."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from flask import current_app, flash, jsonify, redirect, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.analysis.state_overview import Share, Statistics, statistics
from app.analysis.views.state_views import panel, present_area
from app.analysis.work_area import WorkArea
from app.exchange.export import company_name, file_name
from app.exchange.export_columns import Cell, ExportColumn
from app.exchange.export_workbook import ExportWorkbook
from app.exchange.sent_file import sent_file
from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.period import to_local, utc_now
from app.master.parameters import current_parameters
from app.master.views.catalogues import shown_name
from app.models import CustomerState, ExportFile
from app.portal_context import month_label


class StateReportView(BaseView):
    """What a territory's states look like as a whole. Read by everybody who sees the states."""

    route_base = "/operating-state-reports"
    class_permission_name = "CustomerState"
    method_permission_name = {
        "quadrant": "read",
        "points": "read",
        "statistics": "read",
        "territories": "read",
        "export": "export",
    }
    base_permissions = ["can_read", "can_export"]

    # ------------------------------------------------------------------ effect × ability

    @expose("/quadrant", methods=["GET"])
    @has_access
    def quadrant(self) -> Any:
        area = present_area()
        return self.render_template(
            "analysis/state_quadrant.html",
            title=_("Effect and ability"),
            points_url=url_for("StateReportView.points", **area.argument),
            **panel(area),
        )

    @expose("/points", methods=["GET"])
    @has_access
    def points(self) -> Response:
        """The chart's data: one point per customer with both scores."""
        area = present_area(is_strict=True)
        states = db.session.scalars(
            select(CustomerState)
            .where(
                CustomerState.month == area.month,
                CustomerState.territory_id.in_(area.ids),
                CustomerState.effect_score.is_not(None),
                CustomerState.ability_score.is_not(None),
            )
            .options(joinedload(CustomerState.customer), joinedload(CustomerState.operating_state))
            .order_by(CustomerState.id)
        ).unique()
        companies = {territory.company_id for territory in area.shown}
        parameters = current_parameters(db.session(), min(companies, default=0))
        return jsonify(
            points=[_point(state) for state in states],
            effect=[parameters.band_effect_fair, parameters.band_effect_good],
            ability=[parameters.band_ability_fair, parameters.band_ability_strong],
            words={
                "effect": _("Effect"),
                "ability": _("Ability"),
                "normal": _("Other customers"),
                "problem": _("Problem customers"),
                "unrated": _("Not generated yet"),
                "empty": _("No customer has both scores yet."),
            },
        )

    # ------------------------------------------------------------------ statistics

    @expose("/statistics", methods=["GET"])
    @has_access
    def statistics(self) -> Any:
        """片区统计, only after the strategies were generated."""
        area = present_area()
        head = panel(area)
        figures = None
        if head["sums"].is_generated and not waiting(head):
            figures = statistics(db.session(), area, shown_name)
        return self.render_template(
            "analysis/state_statistics.html",
            title=_("Territory statistics"),
            figures=figures,
            waiting=waiting(head),
            **head,
        )

    @expose("/statistics/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The statistics as a workbook."""
        area = present_area(is_strict=True)
        head = panel(area)
        if not head["sums"].is_generated or waiting(head):
            flash(_("The statistics exist only after “Generate strategies”."), "warning")
            return redirect(url_for("StateReportView.statistics", **area.argument), 303)
        path, record = write_statistics(area, statistics(db.session(), area, shown_name))
        db.session.add(record)
        db.session.commit()
        return sent_file(path, record.file_name, is_kept=False)

    # ------------------------------------------------------------------ territories

    @expose("/territories", methods=["GET"])
    @has_access
    def territories(self) -> Any:
        """Every territory in scope with its progress."""
        return self.render_template(
            "analysis/state_territories.html", title=_("Territories"), **panel(present_area())
        )


def _point(state: CustomerState) -> dict[str, Any]:
    name = shown_name(state.operating_state) if state.operating_state is not None else ""
    return {
        "x": (state.effect_score or 0) / 100,
        "y": (state.ability_score or 0) / 100,
        "name": state.customer.name,
        "code": state.customer.code,
        "state": name,
        "group": "unrated" if not name else "problem" if state.is_problem else "normal",
        "url": url_for("StateView.show", pk=state.id),
    }


def waiting(head: dict[str, Any]) -> list[str]:
    """The territories of the area whose strategies were not generated yet."""
    return [entry.territory.name for entry in head["entries"] if not entry.is_generated]


def write_statistics(area: WorkArea, figures: Statistics) -> tuple[Path, ExportFile]:
    """The file and its record. One row per state, business type and market type."""
    title = _("Territory statistics")
    kinds = ("text", "text", "quantity", "decimal", "decimal", "decimal")
    labels = (
        _("By"),
        _("Group"),
        _("Customers"),
        _("Share in percent"),
        _("Average effect score"),
        _("Average ability score"),
    )
    columns = [
        ExportColumn(str(index), label, kind, lambda row: row)
        for index, (label, kind) in enumerate(zip(labels, kinds, strict=True))
    ]
    folder = Path(current_app.config["PORTAL_DATA_DIR"], "tmp")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(8)}.xlsx"
    book = ExportWorkbook(path, title, columns)
    for by, lines in (
        (_("Operating state"), figures.states),
        (_("Business type"), figures.business_types),
        (_("Market type"), figures.market_types),
        (_("All customers"), [figures.total]),
    ):
        for line in lines:
            book.write_row(_cells(by, line))
    for state in figures.states:
        for kind in (*figures.business_types, *figures.market_types):
            count = figures.crossed.get((state.state_id, kind.key), 0)
            if count:
                label = f"{state.label or _('not rated')} · {kind.label}"
                book.write_row([_("State and type"), label, count, None, None, None])
    moment, actor = utc_now(), current_actor()
    area_words = "、".join(territory.name for territory in area.shown)
    facts: list[tuple[str, Cell]] = [
        (_("Company"), company_name()),
        (_("Working month"), month_label(area.month)),
        (_("Data of"), month_label(area.month.previous)),
        (_("Territories"), area_words),
        (_("Exported by"), actor.name),
        (_("Exported at (Beijing time)"), to_local(moment).replace(tzinfo=None)),
        (_("Rows written"), book.rows_written),
    ]
    book.close(facts)
    record = ExportFile(
        company_id=area.scope.company_id,
        requested_by=actor.user_id,
        requested_name=actor.name,
        title=title,
        filter_text=f"{month_label(area.month)}; {area_words}"[:1000],
        file_name=file_name(title, moment),
        stored_as="",
        rows_expected=book.rows_written,
        rows_written=book.rows_written,
        created_at=moment,
    )
    return path, record


def _cells(by: str, line: Share) -> list[Cell]:
    def given(value: Any) -> Cell:
        return None if value is None else float(value)

    return [
        by,
        line.label or _("not rated"),
        line.customers,
        given(line.percent),
        given(line.effect),
        given(line.ability),
    ]
