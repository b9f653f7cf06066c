"""A market manager's view of the month: territories side by side, and what raises a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.execution.rules import DayMinutes, raises_question
from app.home.desk import Desk
from app.home.key_figures import (
    KeyFigure,
    MonthVolume,
    anomaly_figure,
    attainment_figure,
    visit_figure,
    volume_figure,
)
from app.kernel.formatters import MISSING, number
from app.kernel.quantity import Ratio
from app.portal_context import month_label


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A territory beside the others; figures in words, `tone` of the attainment."""

    name: str
    cartons: int
    before: int
    attainment: str
    tone: str
    planned: int
    done: int
    abnormal: int
    overdue: int
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something a market manager may want to ask about."""

    text: str
    about: str
    url: str


def volume_by_month(desk: Desk) -> MonthVolume:
    """From the territories' monthly sales: the month so far, and the whole month before."""
    now = [row for row in desk.of("sales_month") if row.record_id == desk.month.number]
    before = [row for row in desk.of("sales_month") if row.record_id != desk.month.number]
    return MonthVolume(
        sum(row.n1 for row in now),
        sum(row.n1 for row in before),
        None,
        {row.territory_id: row.n2 for row in now},
        is_whole_before=True,
    )


def department_figures(desk: Desk) -> list[KeyFigure]:
    """The department's month in sum."""
    volume = volume_by_month(desk)
    return [
        volume_figure(desk, volume),
        attainment_figure(desk, volume.sticks),
        visit_figure(desk),
        waiting_figure(desk),
        anomaly_figure(desk),
    ]


def waiting_figure(desk: Desk) -> KeyFigure:
    """Records waiting for a decision; summaries to read are named apart."""
    rows = [row for row in desk.of("waiting") if row.n1]
    decisions = sum(row.n1 for row in rows if row.code in ("plan", "month", "result"))
    to_read = sum(row.n1 for row in rows) - decisions
    return KeyFigure(
        _("Approvals waiting"),
        number(decisions),
        _("records"),
        _("%(count)s summaries to read", count=number(to_read)),
        "alert" if decisions else "",
        url_for("ApprovalView.index"),
        [
            (_("Formula"), _("Submitted plans and results nobody has decided on, of all months")),
            (_("Summaries to read"), number(to_read)),
            (_("Cut-off"), _("now")),
        ],
    )


def place_rows(desk: Desk) -> list[PlaceRow]:
    """Territories by code."""
    if desk.board is None:
        return []
    volume = volume_by_month(desk)
    cartons: dict[tuple[int, bool], int] = {
        (row.territory_id, row.record_id == desk.month.number): row.n1
        for row in desk.of("sales_month")
    }
    targets = {row.territory_id: row.n1 for row in desk.of("target")}
    visits: dict[int, tuple[int, int]] = {}
    for row in desk.of("visit_day"):
        planned, done = visits.get(row.territory_id, (0, 0))
        visits[row.territory_id] = (planned + row.n1, done + row.n2)
    abnormal: dict[int, int] = {}
    for row in (*desk.of("brand"), *desk.of("market")):
        abnormal[row.territory_id] = abnormal.get(row.territory_id, 0) + 1
    late: dict[int, int] = {}
    for cell in desk.board.overdue:
        if cell.place is not None:
            late[cell.place.id] = late.get(cell.place.id, 0) + 1
    passed = Ratio(*desk.elapsed)
    found = []
    for place in desk.board.places:
        ratio = Ratio(volume.sticks.get(place.id, 0), 2 * max(targets.get(place.id, 0), 0))
        percent = ratio.percent(1)
        planned, done = visits.get(place.id, (0, 0))
        found.append(
            PlaceRow(
                place.name,
                cartons.get((place.id, True), 0),
                cartons.get((place.id, False), 0),
                MISSING if percent is None else f"{percent}%",
                "" if percent is None else "ok" if ratio.at_least(passed) else "bad",
                planned,
                done,
                abnormal.get(place.id, 0),
                late.get(place.id, 0),
                url_for("VisitPlanView.index", q_territory=place.id, work_month=desk.month.key),
            )
        )
    return found


def questions(desk: Desk) -> list[Question]:
    """Customers nobody visited all month, and days whose visits were very short."""
    return [
        *(_not_visited(desk, row) for row in desk.of("not_visited")),
        *(_short_day(desk, row) for row in _short_days(desk)),
    ]


def _short_days(desk: Desk) -> list[Any]:
    """Days whose minutes are all known and fewer than the parameter asks for; the newest first."""
    least = desk.parameters.visit_daily_minutes
    rows = [
        row
        for row in desk.of("visit_day")
        if row.n4 >= 0 and raises_question(DayMinutes(1, row.n4, 0), least)
    ]
    return sorted(rows, key=lambda row: row.day, reverse=True)


def _not_visited(desk: Desk, row: Any) -> Question:
    return Question(
        ngettext(
            "%(num)d customer not visited in %(month)s",
            "%(num)d customers not visited in %(month)s",
            row.n1,
            month=month_label(desk.month),
        ),
        _(
            "%(territory)s · %(count)s of them have a planned visit",
            territory=desk.territory_names.get(row.territory_id, ""),
            count=number(row.n2),
        ),
        url_for(
            "VisitDayView.index",
            q_territory=row.territory_id,
            work_month=desk.month.key,
            day=desk.as_of.isoformat(),
        ),
    )


def _short_day(desk: Desk, row: Any) -> Question:
    return Question(
        _("%(day)s: %(minutes)s minutes of visits", day=row.day.isoformat(), minutes=row.n4),
        _(
            "%(territory)s · fewer than %(least)s minutes",
            territory=desk.territory_names.get(row.territory_id, ""),
            least=desk.parameters.visit_daily_minutes,
        ),
        url_for("VisitDayView.index", q_territory=row.territory_id, day=row.day.isoformat()),
    )
