"""§2.2 step 11 — words, pills and JSON of visits for pages and scripts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup

from app.execution.visit_days import DayVisit
from app.kernel.formatters import local_time, pill
from app.master.views.catalogues import shown_name
from app.models import DailyVisit, PortalUser, VisitOutcome, VisitStatus


def status_words(visit: DayVisit) -> tuple[str, str]:
    """(word, tone) of how far a visit is."""
    if visit.is_visited:
        return _("Visited"), "ok"
    if visit.is_missed:
        return _("Not visited"), "bad"
    if visit.status is VisitStatus.CANCELLED:
        return _("Cancelled"), "mute"
    return (_("To visit"), "info") if visit.is_planned else (_("Not recorded yet"), "mute")


def status_pill(visit: DayVisit) -> Markup:
    return pill(*status_words(visit))


strategy_name = shown_name
"""Strategies of visits have both names too."""


def weekday(day: dt.date) -> str:
    return str(format_date(day, "EEE"))


def day_words(day: dt.date) -> str:
    """2026-11-24 Tue."""
    return f"{day.isoformat()} {weekday(day)}"


def arrived(record: DailyVisit | None) -> str:
    """Local time of arrival as the input of a form wants it."""
    return f"{record.started_at:%H:%M}" if record is not None and record.started_at else ""


def record_values(record: DailyVisit, author: PortalUser | None) -> list[dict[str, str]]:
    """What is stored, field by field, for comparing: name, label, value."""
    columns = DailyVisit.__table__.c
    is_visited = record.outcome is VisitOutcome.VISITED
    values: list[tuple[str, str, Any]] = [("outcome", "outcome", record.outcome)]
    if is_visited:
        values += [
            ("started", "started_at", arrived(record)),
            ("minutes", "minutes", record.minutes),
        ]
    else:
        values += [
            ("reason", "unvisited_reason", record.unvisited_reason),
            ("moved_to", "moved_to", record.moved_to),
        ]
    values += [
        (name, name, getattr(record, name)) for name in ("market_issue", "opinion", "effect")
    ]
    shown = [
        {
            "name": field,
            "label": str(columns[column].info["label"]),
            "value": "" if value is None else str(value),
        }
        for field, column, value in values
    ]
    who = author.display_name if author is not None else _("System")
    shown.append(
        {
            "name": "",
            "label": _("Recorded by"),
            "value": f"{who} {local_time(record.recorded_at)}",
        }
    )
    return shown
