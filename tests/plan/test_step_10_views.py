"""§2.2 step 10: the week as each role – proposals, saving, overlaps, foreign rows, workbook."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, select, update

from app.kernel.db import db, read_only
from app.kernel.period import WorkWeek, local_today, seven_days
from app.models import (
    ServicePlan,
    ServicePlanStatus,
    Territory,
    VisitPlan,
    WeekArrangement,
    WeekArrangementDay,
)
from app.plan import week_arrangements as weeks
from tests.analysis.demo_visitors import DemoVisitor

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
START = WorkWeek.of(local_today()).monday
WEEK = f"start={START.isoformat()}"
PAGE = f"/week-arrangements/?{WEEK}"
SAVE = f"/week-arrangements/save?{WEEK}"


@pytest.fixture(autouse=True)
def without_arrangements(demo: Flask) -> None:
    """The demo's own weeks are not what these tests are about; the plans are approved."""
    with demo.app_context(), db.engine.begin() as connection:
        for model in (WeekArrangementDay, WeekArrangement):
            connection.execute(delete(model.__table__))
        connection.execute(update(ServicePlan.__table__).values(status=ServicePlanStatus.APPROVED))


@pytest.fixture
def own(territory: Callable[[str], int]) -> int:
    return territory("YH-A1")


def versions(stored: Stored, own: int) -> list[tuple[dt.date, int]]:
    return stored(
        select(WeekArrangement.start_date, WeekArrangement.version).where(
            WeekArrangement.territory_id == own
        )
    )


def test_a_week_is_saved_with_its_days(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    values = {
        "market_focus": "Strange cheap cigarettes",
        "brand_focus": "New products",
        f"line-{START.isoformat()}": "North line",
        f"note-{START.isoformat()}": "Take the samples along",
    }
    assert "The week arrangement was saved." in person.said(person.post(SAVE, values))
    page = person.page(PAGE)
    for text in values.values():
        assert text in page
    days = stored(select(WeekArrangementDay.date, WeekArrangementDay.line))
    assert days == [(START, "North line")]


def test_a_stale_page_does_not_overwrite(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    person.post(SAVE, {"market_focus": "first"})
    again = person.post(SAVE, {"market_focus": "without a version"})
    assert again.status_code in {409, 422}
    version = versions(stored, own)[0][1]
    assert person.post(SAVE, {"version": version, "market_focus": "second"}).status_code == 303
    late = person.post(SAVE, {"version": version, "market_focus": "third thoughts"})
    assert late.status_code == 409
    assert "third thoughts" in late.text
    assert stored(select(WeekArrangement.market_focus)) == [("second",)]


@pytest.mark.parametrize("shift", [-6, -1, 1, 6])
def test_overlapping_weeks_are_refused(visitor: Visitors, stored: Stored, own: int, shift: int):
    person = visitor("customer")
    person.post(SAVE, {"market_focus": "x"})
    start = START + dt.timedelta(days=shift)
    answer = person.post(
        f"/week-arrangements/save?start={start.isoformat()}", {"market_focus": "y"}
    )
    assert answer.status_code == 422
    assert "overlaps" in answer.text
    assert len(versions(stored, own)) == 1


@pytest.mark.parametrize("shift", [-7, 7])
def test_adjoining_weeks_are_saved(visitor: Visitors, stored: Stored, own: int, shift: int):
    person = visitor("customer")
    person.post(SAVE, {"market_focus": "x"})
    start = START + dt.timedelta(days=shift)
    url = f"/week-arrangements/save?start={start.isoformat()}"
    assert person.post(url, {"market_focus": "y"}).status_code == 303
    assert len(versions(stored, own)) == 2


def test_lines_are_proposed_and_gates_say_what_is_missing(demo: Flask, own: int):
    with demo.app_context(), read_only():
        session = db.session()
        place = session.get_one(Territory, own)
        days = weeks.week_days(session, place, START, None)
        gate = weeks.gate_of(session, place, days)
        assert [day.date for day in days] == seven_days(START)
        busy = [day for day in days if day.planned]
        assert busy
        assert all(1 <= len(day.proposed_lines) <= weeks.LINES_PROPOSED for day in busy)
        assert gate.is_open
        assert gate.visits == sum(day.planned for day in days)
    with demo.app_context(), db.engine.begin() as connection:
        connection.execute(update(ServicePlan.__table__).values(status=ServicePlanStatus.DRAFT))
    with demo.app_context(), read_only():
        session = db.session()
        place = session.get_one(Territory, own)
        days = weeks.week_days(session, place, START, None)
        gate = weeks.gate_of(session, place, days)
        assert not gate.is_open
        assert not any(day.visits for day in days)
        assert gate.unapproved


def test_foreign_territories_do_not_exist(visitor: Visitors, stored: Stored, own: int):
    name_of_own = stored(select(Territory.name).where(Territory.id == own))[0][0]
    for name in ("customer3", "market2"):
        person = visitor(name)
        page = person.get(f"{PAGE}&q_territory={own}")
        assert page.status_code == 404 or name_of_own not in page.text
        assert person.post(f"{SAVE}&q_territory={own}", {}).status_code in {403, 404}
    assert versions(stored, own) == []


def test_who_may_what(visitor: Visitors, own: int):
    assert visitor("brand").get(PAGE).status_code == 403
    boss = visitor("market")
    assert boss.post(f"{SAVE}&q_territory={own}", {}).status_code == 403
    assert "Save" not in boss.page(f"{PAGE}&q_territory={own}").split("<main")[-1]
    assert visitor("admin").get(f"{PAGE}&q_territory={own}").status_code == 200


def test_the_overview_shows_territories_and_weeks(visitor: Visitors, own: int):
    visitor("customer").post(SAVE, {"market_focus": "x"})
    page = visitor("market").page("/week-arrangements/")
    assert START.isoformat() in page
    assert f"q_territory={own}" in page


def test_the_workbook_has_a_row_per_visit(visitor: Visitors, stored: Stored, own: int):
    answer = visitor("customer").post(f"/week-arrangements/export?{WEEK}", {})
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    days = {day.isoformat() for day in seven_days(START)}
    assert {row[0] for row in rows[1:]} <= days
    planned = stored(
        select(VisitPlan.id).where(
            VisitPlan.territory_id == own, VisitPlan.date.in_(seven_days(START))
        )
    )
    assert 0 < len({(row[0], row[4]) for row in rows[1:] if row[4]}) <= len(planned)


@pytest.mark.parametrize("start", ["nonsense", "2026-02-31", "0001-01-01", "9999-12-31", ""])
def test_nonsense_dates(visitor: Visitors, start: str):
    person = visitor("customer")
    assert person.get(f"/week-arrangements/?start={start}").status_code == 200
    assert person.post(f"/week-arrangements/save?start={start}", {}).status_code < 500
