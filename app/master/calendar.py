"""The work calendar of a company: official holidays by default, changed by hand where needed.

Stored are the days that differ from "Monday to Friday" or carry a name. The chinesecalendar
library knows the years the State Council has announced; a later year is weekends only until a
newer library is installed and set-up runs again.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import chinese_calendar
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.analysis.changed_inputs import calendar_changed
from app.kernel.errors import N_, PlanningError
from app.kernel.seed_file import read_seed
from app.master.rules_calendar import is_weekend
from app.models import CalendarDay, DaySource
from app.security.statement_guard import BY_HAND

HOLIDAY_NAMES = Path(__file__).parent / "seed" / "holidays.csv"
YEARS_BACK = 3
"""Sales of two years ago are compared with, so their workdays are needed too."""
NAME_LENGTH = 40


def known_years() -> range:
    """The years for which the library has the official holidays."""
    days = chinese_calendar.constants.holidays
    return range(min(days).year, max(days).year + 1)


def official_days(year: int) -> dict[dt.date, tuple[bool, str]]:
    """Day → (is it a workday, its Chinese name); empty for a year not announced yet."""
    if year not in known_years():
        return {}
    names = {row["key"]: row for row in read_seed(HOLIDAY_NAMES)}
    days: dict[dt.date, tuple[bool, str]] = {}
    for day, key in chinese_calendar.constants.holidays.items():
        if day.year == year:
            days[day] = (False, names[key]["name"])
    for day, key in chinese_calendar.constants.workdays.items():
        if day.year == year:
            days[day] = (True, names[key]["makeup_name"])
    return days


def english_name(name: str) -> str | None:
    """The English name of an official holiday or make-up workday; None for any other text."""
    for row in read_seed(HOLIDAY_NAMES):
        if name == row["name"]:
            return row["name_en"]
        if name == row["makeup_name"]:
            return row["makeup_name_en"]
    return None


def load_official_calendar(session: Session, company_id: int, today: dt.date) -> int:
    """Add the official days of every known year from `YEARS_BACK` years ago that lacks them.

    Returns the number of days written. Days set by hand are never touched, and a year that has
    official days already is left as it is (`reload_year` renews them).
    """
    first = dt.date(today.year - YEARS_BACK, 1, 1)
    entries = calendar_entries(session, company_id, first, dt.date.max)
    loaded = {day.year for day, entry in entries.items() if entry.source is DaySource.DEFAULT}
    rows: list[dict[str, Any]] = [
        {
            "company_id": company_id,
            "day": day,
            "is_workday": is_work,
            "name": name,
            "source": DaySource.DEFAULT,
        }
        for year in known_years()
        if year >= first.year and year not in loaded
        for day, (is_work, name) in sorted(official_days(year).items())
        if day not in entries
    ]
    if rows:
        session.execute(insert(CalendarDay.__table__), rows, execution_options={BY_HAND: True})
        other = [row["day"] for row in rows if row["is_workday"] == is_weekend(row["day"])]
        calendar_changed(session.connection(), company_id, other)
    return len(rows)


def reload_year(session: Session, company_id: int, year: int) -> int:
    """Make a year's official days what the library says; days set by hand survive.

    Returns the number of days added, changed or removed.
    """
    official = official_days(year)
    entries = calendar_entries(session, company_id, dt.date(year, 1, 1), dt.date(year, 12, 31))
    changed = 0
    for day, (is_work, name) in official.items():
        entry = entries.get(day)
        if entry is None:
            entry = CalendarDay(company_id=company_id, day=day)
            session.add(entry)
        elif entry.source is DaySource.MANUAL or (entry.is_workday, entry.name) == (is_work, name):
            continue
        entry.is_workday, entry.name, entry.source = is_work, name, DaySource.DEFAULT
        changed += 1
    for day, entry in entries.items():
        if entry.source is DaySource.DEFAULT and day not in official:
            session.delete(entry)
            changed += 1
    session.flush()
    return changed


def calendar_overrides(
    session: Session, company_id: int, first: dt.date, last: dt.date
) -> dict[dt.date, bool]:
    """What the rules need for a period: day → is it a workday. One statement."""
    rows = session.execute(
        select(CalendarDay.day, CalendarDay.is_workday).where(
            CalendarDay.company_id == company_id, CalendarDay.day.between(first, last)
        )
    )
    return {row.day: row.is_workday for row in rows}


def calendar_entries(
    session: Session, company_id: int, first: dt.date, last: dt.date
) -> dict[dt.date, CalendarDay]:
    """The stored days of a period, in order. One statement."""
    entries = session.scalars(
        select(CalendarDay)
        .where(CalendarDay.company_id == company_id, CalendarDay.day.between(first, last))
        .order_by(CalendarDay.day)
    )
    return {entry.day: entry for entry in entries}


def set_day(
    session: Session, company_id: int, day: dt.date, *, is_workday: bool, name: str
) -> CalendarDay:
    """Set a day by hand. Errors: `PlanningError` on the field "name" without a reason."""
    name = name.strip()
    if not name:
        raise PlanningError(N_("State the reason for the change of the day."), field="name")
    if len(name) > NAME_LENGTH:
        raise PlanningError(
            N_("The reason may have at most %(limit)d characters."), field="name", limit=NAME_LENGTH
        )
    entry = calendar_entry(session, company_id, day)
    if entry is None:
        entry = CalendarDay(company_id=company_id, day=day)
        session.add(entry)
    entry.is_workday, entry.name, entry.source = is_workday, name, DaySource.MANUAL
    session.flush()
    return entry


def restore_day(session: Session, company_id: int, day: dt.date) -> None:
    """Take a day back to the official calendar, or to the weekend rule where there is none."""
    entry = calendar_entry(session, company_id, day)
    official = official_days(day.year).get(day)
    if entry is None:
        return
    if official is None:
        session.delete(entry)
    else:
        entry.is_workday, entry.name = official
        entry.source = DaySource.DEFAULT
    session.flush()


def calendar_entry(session: Session, company_id: int, day: dt.date) -> CalendarDay | None:
    """What is stored for a day, if anything is."""
    return session.execute(
        select(CalendarDay).where(CalendarDay.company_id == company_id, CalendarDay.day == day)
    ).scalar_one_or_none()


def default_is_workday(day: dt.date) -> bool:
    """Without any change by hand."""
    official = official_days(day.year).get(day)
    return official[0] if official else not is_weekend(day)
