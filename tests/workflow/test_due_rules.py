"""When steps are due: every kind of deadline, with holidays, make-up workdays and month ends."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.period import Month, WorkWeek, work_weeks
from app.master.rules_calendar import is_workday, workdays
from app.workflow.rules_due import arranged, calendar_span, due_day, week_start
from app.workflow.steps import Due

pytestmark = pytest.mark.pure

OCTOBER = Month(2026, 10)
HOLIDAYS = {
    **{dt.date(2026, 10, day): False for day in range(1, 9)},
    dt.date(2026, 9, 27): True,
    dt.date(2026, 10, 10): True,
}
"""National Day: 1 to 8 October off; the Sunday before and a Saturday after are workdays."""

MONTHS = st.builds(Month, st.integers(2001, 2060), st.integers(1, 12))
CALENDARS = st.dictionaries(
    st.integers(-31, 62), st.booleans(), max_size=60
)  # distance from the month's first day → workday


def overrides_of(month, changes):
    return {month.first_day + dt.timedelta(gap): kind for gap, kind in changes.items()}


@pytest.mark.parametrize(
    ("due", "today", "day"),
    [
        (Due.CUTOFF_BEFORE, dt.date(2026, 10, 9), dt.date(2026, 9, 25)),
        # the first workday is 9 October: before it comes 30 September
        (Due.BEFORE_VISITS, dt.date(2026, 10, 9), dt.date(2026, 9, 30)),
        (Due.IN_MONTH, dt.date(2026, 10, 9), dt.date(2026, 10, 31)),
        (Due.MONTH_END, dt.date(2026, 10, 9), dt.date(2026, 10, 31)),
        (Due.NEXT_MONTH, dt.date(2026, 10, 9), dt.date(2026, 10, 30)),
        # the week of 5 October begins on Friday the 9th
        (Due.WEEK_START, dt.date(2026, 10, 1), dt.date(2026, 10, 9)),
        (Due.WEEK_START, dt.date(2026, 10, 12), dt.date(2026, 10, 12)),
        (Due.WEEK_START, dt.date(2026, 11, 30), dt.date(2026, 10, 26)),
        (Due.WEEK_END, dt.date(2026, 10, 12), dt.date(2026, 10, 18)),
        (Due.EACH_DAY, dt.date(2026, 10, 3), dt.date(2026, 10, 9)),
        (Due.EACH_DAY, dt.date(2026, 10, 10), dt.date(2026, 10, 10)),
        (Due.EACH_DAY, dt.date(2026, 12, 1), dt.date(2026, 10, 30)),
    ],
)
def test_october_with_its_holidays(due, today, day):
    assert due_day(due, OCTOBER, HOLIDAYS, today) == day


def test_planned_visits_move_the_day():
    today = dt.date(2026, 10, 1)
    first = dt.date(2026, 10, 12)  # a Monday; the Saturday before is a make-up workday
    day = due_day(Due.BEFORE_VISITS, OCTOBER, HOLIDAYS, today, first_visit=first)
    assert day == dt.date(2026, 10, 10)
    later = dt.date(2026, 11, 4)
    assert due_day(Due.NEXT_MONTH, OCTOBER, HOLIDAYS, today, next_first_visit=later) == dt.date(
        2026, 11, 3
    )


@given(MONTHS, CALENDARS, st.integers(-40, 80))
def test_deadlines_whatever_the_calendar(month, changes, gap):
    overrides = overrides_of(month, changes)
    today = month.first_day + dt.timedelta(gap)
    days = {due: due_day(due, month, overrides, today) for due in Due}
    first, last = calendar_span(month)
    assert all(first <= day <= last for day in days.values())
    assert days[Due.CUTOFF_BEFORE] == dt.date(month.previous.year, month.previous.month, 25)
    working = workdays(month, overrides)
    if working:
        assert days[Due.BEFORE_VISITS] < working[0]
        between = (days[Due.BEFORE_VISITS] + dt.timedelta(n) for n in range(1, 63))
        for day in between:
            if day >= working[0]:
                break
            assert not is_workday(day, overrides)
    weeks = work_weeks(month)
    for due in (Due.WEEK_START, Due.WEEK_END, Due.EACH_DAY):
        assert weeks[0].monday <= days[due] <= max(weeks[-1].sunday, month.last_day)
    assert WorkWeek.of(days[Due.WEEK_END]).sunday == days[Due.WEEK_END]
    if weeks[0].monday <= today <= weeks[-1].sunday:
        assert days[Due.WEEK_END] >= today


@given(MONTHS, CALENDARS)
def test_weeks_without_a_workday_need_no_arrangement(month, changes):
    overrides = overrides_of(month, changes)
    found = arranged(month, overrides)
    for week in work_weeks(month):
        works = any(is_workday(day, overrides) for day in week.days())
        assert (week in found) == works
        if works:
            start = week_start(week, overrides)
            assert is_workday(start, overrides)
            assert week.monday <= start <= week.sunday
