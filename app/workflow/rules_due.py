"""When a step is due, by the company's work calendar. Deadlines warn, they never block.

All days are local dates. `overrides` must cover `calendar_span` of the month.
"""

from __future__ import annotations

import datetime as dt

from app.kernel.period import Month, WorkWeek, work_weeks
from app.master.rules_calendar import Overrides, is_workday, workdays, workdays_between
from app.workflow.steps import Due

CUTOFF_DAY = 25
"""The day of the month before on which the needs of a month are collected (§2.2-1)."""


def calendar_span(month: Month) -> tuple[dt.date, dt.date]:
    """The days whose kind the due days of a month depend on."""
    return month.previous.first_day, month.next.last_day


def due_day(
    due: Due,
    month: Month,
    overrides: Overrides,
    today: dt.date,
    *,
    first_visit: dt.date | None = None,
    next_first_visit: dt.date | None = None,
) -> dt.date:
    """The last day on which a step of the month is in time.

    What recurs is due by its present occurrence, or the next one when the present is past; after
    the last one of the month, by that. `first_visit`: the first planned visit in the month,
    `next_first_visit` in the month after; without one the first workday counts.
    """
    match due:
        case Due.CUTOFF_BEFORE:
            return month.previous.first_day.replace(day=CUTOFF_DAY)
        case Due.BEFORE_VISITS:
            return _before(first_visit or _first_workday(month, overrides), overrides)
        case Due.NEXT_MONTH:
            first = next_first_visit or _first_workday(month.next, overrides)
            return _before(first, overrides)
        case Due.IN_MONTH | Due.MONTH_END:
            return month.last_day
        case Due.WEEK_START:
            return _present(
                [week_start(week, overrides) for week in arranged(month, overrides)], today, month
            )
        case Due.WEEK_END:
            return _present([week.sunday for week in work_weeks(month)], today, month)
        case Due.EACH_DAY:
            return _present(_visit_days(month, overrides), today, month)


def arranged(month: Month, overrides: Overrides) -> list[WorkWeek]:
    """The work weeks of the month in which somebody works."""
    return [
        week for week in work_weeks(month) if workdays_between(week.monday, week.sunday, overrides)
    ]


def week_start(week: WorkWeek, overrides: Overrides) -> dt.date:
    """The week's first workday; its Monday when it has none."""
    return next((day for day in week.days() if is_workday(day, overrides)), week.monday)


def _first_workday(month: Month, overrides: Overrides) -> dt.date:
    return next(iter(workdays(month, overrides)), month.first_day)


def _before(day: dt.date, overrides: Overrides) -> dt.date:
    """The last workday before a day, within the month before it; the day before without any."""
    eve = day - dt.timedelta(days=1)
    earlier = workdays_between(Month.of(day).previous.first_day, eve, overrides)
    return earlier[-1] if earlier else eve


def _visit_days(month: Month, overrides: Overrides) -> list[dt.date]:
    weeks = work_weeks(month)
    return workdays_between(weeks[0].monday, weeks[-1].sunday, overrides)


def _present(days: list[dt.date], today: dt.date, month: Month) -> dt.date:
    """The first of the days from today on, else the last of them."""
    return next((day for day in days if day >= today), days[-1] if days else month.last_day)
