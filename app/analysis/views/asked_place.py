"""Which territory and analysed month a request is about, for the pages of all stages."""

from __future__ import annotations

from flask import request

from app.analysis.work_area import WorkArea, work_area
from app.kernel.db import db
from app.kernel.period import Month
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
