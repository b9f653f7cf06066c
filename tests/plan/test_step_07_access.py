"""Step 7: who sees and changes what; several territories; exports; foreign rows."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.jobs.task_claims import claim_next
from app.jobs.task_run import run_claimed
from app.kernel.db import db
from app.models import StrategyItem, Task, TaskState
from tests.analysis.demo_visitors import MONTH
from tests.analysis.test_state_views import score_all
from tests.plan.plan_pages import ITEMS, LIST, Stored, Visitors, own_items

pytestmark = pytest.mark.web


@pytest.fixture
def place(territory: Callable[[str], int]) -> int:
    return territory("YH-B2")


def test_several_territories_see_an_overview(visitor: Visitors, stored: Stored, place: int):
    for name in ("market", "admin", "customer2"):
        person = visitor(name)
        assert "How far the plan of every territory is" in person.page(LIST)
        answer = person.post("/service-plans/overview-export")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
        head, *rows = sheet.to_python()
        assert head[0] == "Territory"
        assert len(rows) >= 2
    admin = visitor("admin")
    page = admin.page(f"{LIST}?q_territory={place}")
    assert "/service-plans/settings" not in page, "the administrator reads"
    page = admin.page(ITEMS)
    assert page.count("data-check-row") in (0, 25)


def test_market_managers_read_and_brand_managers_do_not(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    place = territory("YH-B2")
    other = territory("YH-B1")
    item = own_items(stored, other)[0]
    before = stored(select(StrategyItem.id, StrategyItem.version))
    market = visitor("market2")
    assert market.get(f"/service-plans/show/{item[1]}").status_code in (200, 404)
    changing = (
        ("/service-plans/generate", {"q_territory": place}),
        ("/service-plans/generate-all", {}),
        ("/service-plans/settings", {"q_territory": place, "satisfaction_target": "1"}),
        ("/service-plans/carry-over", {"q_territory": place, "item": "1"}),
        (f"/service-plans/add-item/{item[1]}", {}),
        (f"/strategy-items/edit/{item[0]}", {}),
        ("/strategy-items/action_post", {"action": "remove", "rowid": str(item[0])}),
    )
    for url, form in changing:
        assert market.post(url, form).status_code == 403, url
    brand = visitor("brand")
    for url in (LIST, ITEMS, f"/service-plans/show/{item[1]}", f"/strategy-items/show/{item[0]}"):
        assert brand.get(url).status_code == 403
    assert stored(select(StrategyItem.id, StrategyItem.version)) == before


def test_foreign_rows_do_not_exist(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    person, foreign = visitor("customer"), territory("YH-B1")
    item = own_items(stored, foreign)[0]
    before = stored(select(StrategyItem.id, StrategyItem.version))
    for url in (
        f"/service-plans/show/{item[1]}",
        f"/strategy-items/show/{item[0]}",
        f"/strategy-items/edit/{item[0]}",
        f"/service-plans/difference?q_territory={foreign}",
        f"/service-plans/left-overs?q_territory={foreign}",
        "/strategy-items/show/abc",
        "/service-plans/show/987654",
    ):
        assert person.get(url).status_code == 404, url
    for url, form in (
        ("/service-plans/generate", {"q_territory": foreign}),
        ("/service-plans/settings", {"q_territory": foreign, "satisfaction_target": "1"}),
        ("/service-plans/carry-over", {"q_territory": foreign, "item": str(item[0])}),
        (f"/service-plans/add-item/{item[1]}", {"strategy": "1", "content": "x"}),
        (f"/strategy-items/action/remove/{item[0]}", {}),
        ("/strategy-items/action_post", {"action": "remove", "rowid": str(item[0])}),
    ):
        assert person.post(url, form).status_code == 404, url
    assert stored(select(StrategyItem.id, StrategyItem.version)) == before


def test_exports_hold_the_filtered_rows_with_their_reasons(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    person = visitor("customer3")
    count = stored(
        select(func.count(StrategyItem.id)).where(
            StrategyItem.territory_id == territory("YH-B1"),
            StrategyItem.month == MONTH,
            StrategyItem.source == "DIRECT",
            StrategyItem.is_removed.is_(False),
        )
    )[0][0]
    answer = person.post("/strategy-items/export?q_source=DIRECT")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    head, *rows = sheet.to_python()
    assert len(rows) == count
    assert all("Direct need" in str(row[head.index("Why")]) for row in rows)
    answer = person.post("/service-plans/export?q_unserved=1")
    assert answer.status_code == 200


@pytest.mark.usefixtures("early")
def test_several_territories_are_generated_in_the_background(
    demo: Flask, visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    """A substitute has two: what is ready is generated, what waits or was submitted is named, the rest is not seen."""
    person = visitor("customer2")
    said = person.said(person.post("/service-plans/generate-all"))
    assert "in the background" in said
    with demo.app_context():
        claim = claim_next(db.engine)
    assert claim is not None
    before = [own_items(stored, territory(code)) for code in ("YH-A1", "YH-B1")]
    assert run_claimed(demo, claim) is TaskState.DONE
    result = stored(select(Task.result).where(Task.kind == "service_plans"))[0][0]
    assert "of 0 territories were generated" in result["text"]
    assert "Step 2 has to generate" in result["warning"]
    score_all(
        person,
        [
            row
            for row in person.rows(f"/ability-scores/data?q_territory={territory('YH-A2')}")
            if row["effect"] != "New"
        ],
    )
    person.post("/operating-states/generate", {"q_territory": territory("YH-A2")})
    person.post("/service-plans/generate-all")
    with demo.app_context():
        claim = claim_next(db.engine)
    assert claim is not None
    assert run_claimed(demo, claim) is TaskState.DONE
    assert own_items(stored, territory("YH-A2"))
    assert [own_items(stored, territory(code)) for code in ("YH-A1", "YH-B1")] == before
