"""The work calendar: a year at a glance, one day to change, and the list of special days."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from babel.dates import get_day_names
from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.formatters import MISSING
from app.kernel.list_filters import Quick
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month, local_today
from app.master.calendar import (
    calendar_entries,
    calendar_entry,
    default_is_workday,
    english_name,
    known_years,
    reload_year,
    restore_day,
    set_day,
)
from app.master.rules_calendar import is_weekend
from app.models import CalendarDay, Company, DaySource
from app.organisation.company_choice import chosen_company, offered_companies

FIRST_YEAR, LAST_YEAR = 2004, 2100


def occasion(name: str | None) -> str:
    """A day's name in the page's language; names typed by people stay as they are."""
    if not name:
        return MISSING
    return (english_name(name) if str(get_locale()) == "en" else None) or name


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A cell of the year page. kind: work, weekend, holiday (a weekday off), makeup (a weekend worked)."""

    day: dt.date
    kind: str
    name: str | None
    is_manual: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class ShownMonthOfDays:
    """A small month: weeks of seven cells, None outside the month."""

    month: Month
    weeks: list[list[ShownDay | None]]
    workdays: int


def shown_day(day: dt.date, entry: CalendarDay | None, today: dt.date) -> ShownDay:
    works = entry.is_workday if entry is not None else not is_weekend(day)
    if works:
        kind = "makeup" if is_weekend(day) else "work"
    else:
        is_named = entry is not None and bool(entry.name)
        kind = "holiday" if is_named or not is_weekend(day) else "weekend"
    is_manual = entry is not None and entry.source is DaySource.MANUAL
    return ShownDay(day, kind, entry.name if entry else None, is_manual, day == today)


def shown_months(
    year: int, entries: dict[dt.date, CalendarDay], today: dt.date
) -> list[ShownMonthOfDays]:
    """The twelve months of a year."""
    months = []
    for number in range(1, 13):
        weeks = [
            [
                shown_day(day, entries.get(day), today) if day.month == number else None
                for day in week
            ]
            for week in calendar.Calendar().monthdatescalendar(year, number)
        ]
        cells = [cell for week in weeks for cell in week if cell is not None]
        count = sum(cell.kind in {"work", "makeup"} for cell in cells)
        months.append(ShownMonthOfDays(Month(year, number), weeks, count))
    return months


class WorkCalendarView(BaseView):
    """Workdays of a company: official by default, changed by hand with a reason."""

    route_base = "/calendar"
    default_view = "index"
    class_permission_name = "CalendarDay"
    method_permission_name = {
        "index": "read", "day": "update", "save": "update", "reload": "update",
    }  # fmt: skip

    @expose("/")
    @has_access
    def index(self) -> str:
        """Twelve small months; `year` outside the range or unreadable means this year."""
        company, today = chosen_company(), local_today()
        asked = ascii_integer(request.args.get("year", ""))
        year = asked if asked and FIRST_YEAR <= asked <= LAST_YEAR else today.year
        entries = calendar_entries(
            db.session(), company.id, dt.date(year, 1, 1), dt.date(year, 12, 31)
        )
        page: str = self.render_template(
            "master/calendar.html",
            title=_("Work calendar"),
            company=company,
            companies=offered_companies(),
            year=year,
            months=shown_months(year, entries, today),
            named=[entry for entry in entries.values() if entry.name],
            day_names=weekdays("narrow"),
            long_day_names=weekdays("abbreviated"),
            is_known=year in known_years(),
            years=(FIRST_YEAR, LAST_YEAR),
            occasion=occasion,
        )
        return page

    @expose("/day/<text>")
    @has_access
    def day(self, text: str) -> str:
        """The form of one day."""
        day = _day(text)
        return self._day_page(chosen_company(), day)

    @expose("/day/<text>", methods=["POST"])
    @has_access
    def save(self, text: str) -> Any:
        """Form: is_workday 1/0 and name, or restore=1."""
        day, company = _day(text), chosen_company()
        try:
            if request.form.get("restore") == "1":
                restore_day(db.session(), company.id, day)
            else:
                choice = request.form.get("is_workday")
                if choice not in ("0", "1"):
                    abort(400)
                name = request.form.get("name", "")
                set_day(db.session(), company.id, day, is_workday=choice == "1", name=name)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            page = self._day_page(company, day, refusal.message())
            return Response(page, 422, mimetype="text/html")
        flash(_("The day %(day)s was saved.", day=day.isoformat()), "success")
        address = url_for("WorkCalendarView.index", year=day.year, company=company.id)
        return redirect(f"{address}#m{day.month}", 303)

    @expose("/reload", methods=["POST"])
    @has_access
    def reload(self) -> Any:
        """Take a year's official days from the library again; days set by hand survive."""
        company = chosen_company()
        year = ascii_integer(request.form.get("year", "")) or 0
        if year not in known_years():
            flash(_("The official holidays of this year are not known yet."), "warning")
        else:
            count = reload_year(db.session(), company.id, year)
            db.session.commit()
            flash(
                _("The official calendar was loaded; %(count)d days changed.", count=count),
                "success",
            )
        year = min(max(year, FIRST_YEAR), LAST_YEAR)
        return redirect(url_for("WorkCalendarView.index", year=year, company=company.id), 303)

    def _day_page(self, company: Company, day: dt.date, error: str | None = None) -> str:
        entry = calendar_entry(db.session(), company.id, day)
        page: str = self.render_template(
            "master/calendar_day.html",
            title=_("Change %(day)s", day=day.isoformat()),
            company=company,
            day=day,
            weekday=weekdays("wide")[day.weekday()],
            shown=shown_day(day, entry, local_today()),
            entry=entry,
            default_is_workday=default_is_workday(day),
            typed=request.form,
            error=error,
            occasion=occasion,
        )
        return page


class CalendarDayView(PlanningView):
    """The days that differ from Monday to Friday, as a list to filter and export."""

    datamodel = SQLAInterface(CalendarDay)
    route_base = "/calendar-days"
    list_title = _l("Special days")
    hint = _l("Holidays, make-up workdays and days changed by hand. Change them in the calendar.")
    exclude_route_methods = {"download", "add", "edit", "delete", "bulk_edit"}
    base_permissions = ["can_read", "can_export"]
    list_columns = ["day", "is_workday", "name", "source"]
    show_columns = ["day", "is_workday", "name", "source", "updated_at"]
    card_columns = ["day", "name", "is_workday"]
    order_columns = ["day", "is_workday", "source"]
    base_order = ("day", "desc")
    filter_bar = [
        Quick("day", "date_range"),
        Quick("is_workday", "boolean"),
        Quick("source", "enum"),
        Quick("name", "contains"),
    ]
    tones = {
        "is_workday": {"True": "info", "False": "ok"},
        "source": {"DEFAULT": "mute", "MANUAL": "gold"},
    }
    formatters_columns = {"name": occasion}
    has_history = True


def weekdays(width: Literal["narrow", "abbreviated", "wide"]) -> list[str]:
    """Monday to Sunday in the page's language."""
    names = get_day_names(width, locale=get_locale())
    return [str(names[number]) for number in range(7)]


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        abort(404)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        abort(404)
    return day
