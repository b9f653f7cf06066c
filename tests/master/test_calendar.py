"""The stored work calendar: official days, changes by hand, and what survives a reload."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.period import Month
from app.master.calendar import (
    calendar_overrides,
    english_name,
    known_years,
    load_official_calendar,
    official_days,
    reload_year,
    restore_day,
    set_day,
)
from app.master.rules_calendar import workdays
from app.models import CalendarDay, ChangeLog, Company, DaySource

pytestmark = pytest.mark.sql

TODAY = dt.date(2026, 11, 24)
NATIONAL_DAY = dt.date(2026, 10, 1)
MAKE_UP = dt.date(2026, 2, 14)
PLAIN_DAY = dt.date(2026, 11, 25)


@pytest.fixture
def company_id(app):
    with app.app_context():
        company = Company(code="T1", name="Test")
        db.session.add(company)
        db.session.commit()
        load_official_calendar(db.session(), company.id, TODAY)
        yield company.id
        db.session.rollback()


def entry(day):
    return db.session.scalars(select(CalendarDay).where(CalendarDay.day == day)).one_or_none()


def test_official_holidays_and_make_up_workdays(company_id):
    overrides = calendar_overrides(
        db.session(), company_id, dt.date(2026, 2, 1), dt.date(2026, 2, 28)
    )
    assert overrides[MAKE_UP] is True
    assert overrides[dt.date(2026, 2, 17)] is False
    assert len(workdays(Month(2026, 2), overrides)) == 16
    assert entry(NATIONAL_DAY).source is DaySource.DEFAULT


def test_loading_again_writes_nothing(company_id):
    before = db.session.scalar(select(func.count()).select_from(CalendarDay))
    assert load_official_calendar(db.session(), company_id, TODAY) == 0
    assert reload_year(db.session(), company_id, 2026) == 0
    assert db.session.scalar(select(func.count()).select_from(CalendarDay)) == before
    assert db.session.scalar(select(func.min(CalendarDay.day))).year == 2023


def test_a_day_set_by_hand_survives_a_reload_and_can_be_taken_back(company_id):
    set_day(db.session(), company_id, NATIONAL_DAY, is_workday=True, name="duty")
    set_day(db.session(), company_id, PLAIN_DAY, is_workday=False, name="stock-taking")
    reload_year(db.session(), company_id, 2026)
    assert (entry(NATIONAL_DAY).is_workday, entry(NATIONAL_DAY).name) == (True, "duty")
    assert entry(PLAIN_DAY).source is DaySource.MANUAL
    restore_day(db.session(), company_id, NATIONAL_DAY)
    restore_day(db.session(), company_id, PLAIN_DAY)
    assert (entry(NATIONAL_DAY).is_workday, entry(NATIONAL_DAY).source) == (
        False,
        DaySource.DEFAULT,
    )
    assert entry(PLAIN_DAY) is None


def test_a_reload_corrects_official_days_and_removes_what_is_no_longer_one(company_id):
    entry(NATIONAL_DAY).is_workday = True
    db.session.add(
        CalendarDay(company_id=company_id, day=PLAIN_DAY, is_workday=False, name="once announced")
    )
    db.session.flush()
    assert reload_year(db.session(), company_id, 2026) == 2
    assert entry(NATIONAL_DAY).is_workday is False
    assert entry(PLAIN_DAY) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_change_needs_a_reason_of_at_most_forty_characters(company_id, name):
    with pytest.raises(PlanningError) as refusal:
        set_day(db.session(), company_id, PLAIN_DAY, is_workday=False, name=name)
    assert refusal.value.field == "name"


def test_a_change_is_logged(company_id):
    set_day(db.session(), company_id, PLAIN_DAY, is_workday=False, name="snow")
    log = db.session.scalars(select(ChangeLog).where(ChangeLog.entity == "CalendarDay")).all()
    assert [(row.record_label, row.changes["name"]) for row in log] == [
        (PLAIN_DAY.isoformat(), [None, "snow"])
    ]


def test_a_year_not_announced_yet_has_no_official_days(company_id):
    assert official_days(known_years()[-1] + 1) == {}
    assert reload_year(db.session(), company_id, known_years()[-1] + 1) == 0


def test_every_official_name_has_its_english_one():
    for year in known_years():
        for _is_work, name in official_days(year).values():
            assert english_name(name), name
    assert english_name("own words") is None
