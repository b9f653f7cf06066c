"""Which territory, analysed month or week a request is about, for the pages of all stages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from flask import request

from app.analysis.work_area import WorkArea, work_area
from app.kernel.db import db
from app.kernel.period import Month, WorkWeek, local_today, work_weeks
from app.portal_context import working_month


def asked_month() -> Month:
    """The analysed month: the one asked for, else the one before the working month."""
    try:
        return Month.parse(request.values.get("month", ""))
    except ValueError:
        return working_month().previous


def asked_area(*, is_strict: bool = False) -> WorkArea:
    """The territory of the request, among those the person works on or oversees; the only one
    there is needs no choice.
    """
    area = work_area(db.session(), working_month(), request.values, is_strict=is_strict)
    if area.chosen is None and len(area.territories) == 1:
        return WorkArea(area.month, area.territories, area.territories[0])
    return area


FIRST_YEAR, LAST_YEAR = 2000, 2199
"""Dates outside have no month before or a year before to compare with."""


def asked_start(pick: Callable[[Sequence[WorkWeek]], WorkWeek]) -> dt.date:
    """The first day of a week: the one asked for, else this week's Monday; in another working
    month the Monday of the week that `pick` takes of its weeks.
    """
    try:
        asked = dt.date.fromisoformat(request.values.get("start", ""))
    except ValueError:
        asked = dt.date.min
    if FIRST_YEAR <= asked.year <= LAST_YEAR:
        return asked
    this_week, month = WorkWeek.of(local_today()), working_month()
    return this_week.monday if this_week.month == month else pick(work_weeks(month)).monday
