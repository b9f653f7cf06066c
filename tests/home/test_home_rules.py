"""Pure parts of the home page: levels of the calendar, order of the work, the table of checks."""

import datetime as dt
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.home.calendar import LEVELS, level_bounds, level_of, visit_calendar
from app.home.readiness import CHECKS
from app.home.work import ToDo, in_order, urgency
from app.kernel.period import Month
from app.menu import MENU
from app.security.permissions import GRANTS_BY_ENTITY

TODAY = dt.date(2026, 11, 11)


def entry(days: int | None = None, *, count: int = 1, returned: bool = False) -> ToDo:
    due = None if days is None else TODAY + dt.timedelta(days=days)
    return ToDo(count, str(days), "", None, "", "", due=due, is_returned=returned)


@pytest.mark.pure
@given(st.integers(0, 200), st.integers(1, 200))
def test_levels_rise_with_the_visits(planned, most):
    bounds = level_bounds(most)
    level = level_of(min(planned, most), bounds)
    assert (level == 0) == (planned == 0)
    assert level <= LEVELS
    assert level_of(most, bounds) == LEVELS or most < LEVELS


@pytest.mark.pure
def test_a_month_of_visits():
    rows = [
        SimpleNamespace(day=dt.date(2026, 11, 2), n1=10, n2=9, n3=1),
        SimpleNamespace(day=dt.date(2026, 11, 10), n1=30, n2=10, n3=0),
        SimpleNamespace(day=dt.date(2026, 11, 10), n1=2, n2=1, n3=0),
        SimpleNamespace(day=dt.date(2026, 11, 11), n1=5, n2=1, n3=0),
    ]
    shown = visit_calendar(
        Month(2026, 11), TODAY, {dt.date(2026, 11, 3): False}, {dt.date(2026, 11, 3): "Feast"}, rows
    )
    assert (shown.planned, shown.done, shown.missed) == (47, 21, 1)
    assert [len(week) for week in shown.weeks] == [7] * 6
    assert shown.weeks[0][:6] == (None,) * 6
    assert [cell.day.day for cell in shown.left_open] == [10]
    assert shown.today is not None
    assert shown.today.unrecorded == 4
    days = {cell.day.day: cell for cell in shown.days}
    assert not days[3].is_workday
    assert days[3].name == "Feast"
    assert not days[7].is_workday
    assert [days[day].level for day in (1, 2, 10, 11)] == [0, 1, 3, 1]
    assert shown.legend == [(1, "1–10"), (2, "11–21"), (3, "22+")]


@pytest.mark.pure
def test_a_calendar_without_visits_has_no_legend():
    assert visit_calendar(Month(2026, 11), TODAY, {}, {}, []).legend == []


@pytest.mark.web
def test_the_most_urgent_is_first(app):
    with app.test_request_context():
        levels = [urgency(entry(day), TODAY)[1] for day in (-3, 0, 1, 4)]
        assert levels == ["late", "today", "soon", "soon"]
        assert urgency(entry(), TODAY) == ("", "")
        work = in_order([entry(3), entry(count=0), entry(-1), entry(9, returned=True)], TODAY)
        assert [each.level for each in work] == ["returned", "late", "soon"]


@pytest.mark.pure
def test_every_check_leads_to_a_page_of_the_menu():
    pages = {row.endpoint for row in MENU}
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    for check in CHECKS:
        assert check.endpoint in pages, check.code
        assert check.entity in GRANTS_BY_ENTITY, check.code
