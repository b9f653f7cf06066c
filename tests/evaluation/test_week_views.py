"""The week summary as each role: compute, judge, write, submit, return, comment, overview, export."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, select

from app.kernel.db import db
from app.kernel.period import WorkWeek, local_today
from app.models import WeekIndicator, WeekJudgement, WeekSummary, WeekSummaryLine, WeekSummaryStatus
from tests.analysis.demo_visitors import DemoVisitor

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
START = WorkWeek.of(local_today()).monday - dt.timedelta(days=14)
WEEK = f"start={START.isoformat()}"
PAGE = f"/week-summaries/?{WEEK}"


@pytest.fixture(autouse=True)
def without_summaries(demo: Any) -> None:
    """The demo's own summaries are not what these tests are about."""
    with demo.app_context(), db.engine.begin() as connection:
        for model in (WeekSummaryLine, WeekSummary):
            connection.execute(delete(model.__table__))


@pytest.fixture
def own(territory: Callable[[str], int]) -> int:
    return territory("YH-A1")


def computed(visitor: Visitors, stored: Stored, own: int) -> tuple[int, int]:
    """A computed summary of the week: (id, version)."""
    person = visitor("customer")
    answer = person.post(f"/week-summaries/compute?{WEEK}", {})
    assert "The figures of the week were computed." in person.said(answer)
    return record(stored, own)


def record(stored: Stored, own: int) -> tuple[int, int]:
    return stored(
        select(WeekSummary.id, WeekSummary.version).where(
            WeekSummary.territory_id == own, WeekSummary.start_date == START
        )
    )[0]


def line(stored: Stored, key: int, indicator: WeekIndicator) -> tuple[Any, ...]:
    return stored(
        select(
            WeekSummaryLine.system_status,
            WeekSummaryLine.final_status,
            WeekSummaryLine.override_reason,
            WeekSummaryLine.target,
        ).where(WeekSummaryLine.summary_id == key, WeekSummaryLine.indicator == indicator)
    )[0]


def other(status: WeekJudgement) -> WeekJudgement:
    choices = (WeekJudgement.NORMAL, WeekJudgement.ABNORMAL)
    return next(choice for choice in choices if choice is not status)


def test_a_week_without_summary_offers_to_compute_it(visitor: Visitors):
    assert "Compute the figures of the week" in visitor("customer").page(PAGE)
    future = (START + dt.timedelta(days=70)).isoformat()
    page = visitor("customer").page(f"/week-summaries/?start={future}")
    assert "This week has not begun yet." in page
    assert "Compute the figures of the week" not in page


def test_computed_figures_have_targets_and_explain_themselves(
    visitor: Visitors, stored: Stored, own: int
):
    key, _version = computed(visitor, stored, own)
    page = visitor("customer").page(PAGE)
    for indicator in WeekIndicator:
        assert f'name="final-{indicator.name}"' in page
        assert line(stored, key, indicator)[3] is not None
    assert "How this figure came about" in page
    chart = visitor("customer").get(f"/week-summaries/chart/pace?{WEEK}&q_territory={own}")
    data = chart.get_json()
    assert len(data["days"]) == len(data["actual"]) == len(data["pace"])


def test_another_judgement_needs_a_reason_and_survives_computing(
    visitor: Visitors, stored: Stored, own: int
):
    person = visitor("customer")
    key, version = computed(visitor, stored, own)
    system = line(stored, key, WeekIndicator.VOLUME)[0]
    values = {
        "version": version,
        "final-VOLUME": other(system).name,
        "arrangement_text": "The lines were well chosen.",
        "effect_text": "Two shops order online now.",
    }
    refused = person.post(f"/week-summaries/save/{key}", values)
    assert refused.status_code == 422
    assert "Say why the judgement differs" in refused.text
    assert "The lines were well chosen." in refused.text
    assert line(stored, key, WeekIndicator.VOLUME)[1] is system
    saved = person.post(
        f"/week-summaries/save/{key}", {**values, "reason-VOLUME": "Two lorries were late."}
    )
    assert "The week summary was saved." in person.said(saved)
    person.post(f"/week-summaries/compute?{WEEK}", {})
    assert line(stored, key, WeekIndicator.VOLUME)[:3] == (
        system,
        other(system),
        "Two lorries were late.",
    )


def test_a_stale_page_does_not_overwrite(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, version = computed(visitor, stored, own)
    first = {"version": version, "arrangement_text": "first", "effect_text": "first"}
    assert person.post(f"/week-summaries/save/{key}", first).status_code == 303
    second = person.post(
        f"/week-summaries/save/{key}", {**first, "arrangement_text": "second thoughts"}
    )
    assert second.status_code == 409
    assert "second thoughts" in second.text
    assert stored(select(WeekSummary.arrangement_text).where(WeekSummary.id == key)) == [("first",)]


def test_overlapping_weeks_are_refused(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    computed(visitor, stored, own)
    tuesday = (START + dt.timedelta(days=1)).isoformat()
    answer = person.post(f"/week-summaries/compute?start={tuesday}", {})
    assert "overlaps" in person.said(answer)


def test_submit_return_and_comment(visitor: Visitors, stored: Stored, own: int):
    person, boss = visitor("customer"), visitor("market")
    key, version = computed(visitor, stored, own)
    early = person.post(f"/flow/week-summary/{key}/submit", {"version": version, "next": PAGE})
    assert "Write about the arrangement" in person.said(early)
    person.post(
        f"/week-summaries/save/{key}",
        {"version": version, "arrangement_text": "good", "effect_text": "better"},
    )
    version = record(stored, own)[1]
    done = person.post(f"/flow/week-summary/{key}/submit", {"version": version, "next": PAGE})
    assert done.status_code == 303
    locked = person.post(
        f"/week-summaries/save/{key}", {"version": record(stored, own)[1], "effect_text": "x"}
    )
    assert locked.status_code == 422
    assert "was submitted" in locked.text
    noted = boss.post(f"/week-summaries/comment/{key}", {"comment": "Look at line 3."})
    assert noted.status_code == 303
    boss_url = f"{PAGE}&q_territory={own}"
    assert "Look at line 3." in boss.page(boss_url)
    back = boss.post(
        f"/flow/week-summary/{key}/return",
        {"version": record(stored, own)[1], "reason": "Say more.", "next": boss_url},
    )
    assert back.status_code == 303
    assert stored(select(WeekSummary.status).where(WeekSummary.id == key)) == [
        (WeekSummaryStatus.DRAFT,)
    ]
    assert "Say more." in person.page(PAGE)
    assert "Look at line 3." in person.page(PAGE)


def test_foreign_weeks_do_not_exist(visitor: Visitors, stored: Stored, own: int):
    key, version = computed(visitor, stored, own)
    stranger = visitor("customer3")
    assert stranger.post(f"/week-summaries/save/{key}", {"version": version}).status_code == 404
    assert stranger.post(f"/week-summaries/compute?{WEEK}&q_territory={own}", {}).status_code == 404
    other_boss = visitor("market2")
    assert other_boss.post(f"/week-summaries/comment/{key}", {"comment": "x"}).status_code == 404


def test_who_may_what(visitor: Visitors, stored: Stored, own: int):
    key, _version = computed(visitor, stored, own)
    assert visitor("customer").post(f"/week-summaries/comment/{key}", {}).status_code == 403
    assert visitor("market").post(f"/week-summaries/save/{key}", {}).status_code == 403
    assert visitor("brand").get("/week-summaries/").status_code == 403


def test_the_overview_and_its_workbook(visitor: Visitors, stored: Stored, own: int):
    computed(visitor, stored, own)
    month = WorkWeek.of(START).month
    boss = visitor("market")
    with boss.client.session_transaction() as session:
        session["month"] = month.key
    page = boss.page("/week-summaries/")
    assert START.isoformat() in page
    assert "not written" in page
    exported = boss.post("/week-summaries/export", {})
    rows = CalamineWorkbook.from_filelike(io.BytesIO(exported.data)).get_sheet_by_index(0)
    found = rows.to_python()
    words = {str(indicator.label) for indicator in WeekIndicator}
    assert {row[4] for row in found if row[4] in words} == words


@pytest.mark.parametrize("start", ["nonsense", "2026-02-31", "9999-99-99"])
def test_nonsense_in_the_address(visitor: Visitors, start: str):
    assert visitor("customer").get(f"/week-summaries/?start={start}").status_code == 200


def test_an_extreme_date_is_no_error(visitor: Visitors):
    for start in ("0001-01-01", "9999-12-31"):
        assert visitor("customer").get(f"/week-summaries/?start={start}").status_code < 500
