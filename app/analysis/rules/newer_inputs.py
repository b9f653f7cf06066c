"""§2.2 steps 5 and 6 — what became newer than an analysis 「数据已更新」, as a pure rule."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

SALES, TARGETS, PARAMETERS, CALENDAR = "sales", "targets", "parameters", "calendar"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is newest in the company: the sales import, the parameters, and when a day that the
    order days of the analysed month depend on was changed last (UTC).
    """

    batch_id: int | None = None
    parameter_version: int = 0
    calendar_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What an analysis was computed with, and when (UTC); `targets_at`: when a target of the
    territory and month was changed last.
    """

    batch_id: int | None
    parameter_version: int
    computed_at: dt.datetime
    targets_at: dt.datetime | None


def changes(made: Made, newest: Inputs, *, has_calendar: bool) -> list[str]:
    """What changed since: sales, targets, parameters, and for the market the work calendar."""
    found = []
    if newest.batch_id != made.batch_id:
        found.append(SALES)
    if _is_after(made.targets_at, made):
        found.append(TARGETS)
    if newest.parameter_version != made.parameter_version:
        found.append(PARAMETERS)
    if has_calendar and _is_after(newest.calendar_at, made):
        found.append(CALENDAR)
    return found


def _is_after(moment: dt.datetime | None, made: Made) -> bool:
    return moment is not None and moment > made.computed_at
