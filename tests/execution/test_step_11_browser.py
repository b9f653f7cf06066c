"""Step 11 in a browser: one-thumb recording, a cut connection, a conflict, log-out, the paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, create_engine, func, select

from app.models import DailySheet, DailySheetLine, DailyVisit, ItemMark, StrategyItem
from config import DEVELOPMENT_DEMO_PASSWORD
from tests import database
from tests.conftest import fill_demo, served
from tests.execution.day_world import Day, plan_day
from tests.test_accessibility import grave_faults

pytestmark = pytest.mark.browser

RECORD = DailyVisit.__table__
PHONE = {"width": 390, "height": 844}
A4_PIXELS = 190 / 25.4 * 96
"""Width of the printed area in CSS pixels."""


@dataclass
class Place:
    """A portal of this module's own, and the day prepared in its database."""

    address: str
    engine: Engine
    day: Day

    def records(self, place: int) -> list[tuple[str | None, str | None]]:
        shop = self.day.shops[place]
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(RECORD.c.outcome, RECORD.c.effect).where(
                    RECORD.c.customer_id == shop, RECORD.c.date == self.day.date
                )
            )
            return [(row.outcome and row.outcome.name, row.effect) for row in rows]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with database.Databases("sqlite").copy("demo", fill_demo) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            day = plan_day(connection)
        with served(url, tmp_path_factory.mktemp("visits")) as address:
            yield Place(address, engine, day)
        engine.dispose()


def sign_in(page: Page, address: str, name: str = "customer") -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{address}/login/")
    page.fill("#username", name)
    page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
    page.click(".login-form button[type=submit]")
    page.wait_for_url(f"{address}/")


def card(page: Page, place: Place, number: int) -> str:
    return f"[data-visit-card='{place.day.shops[number]}-{place.day.key}']"


def test_one_thumb_records_a_visit_with_its_stars(page: Page, place: Place) -> None:
    sign_in(page, place.address)
    page.goto(f"{place.address}/daily-visits/")
    shop = page.locator(card(page, place, 0))
    shop.locator("[data-open=VISITED]").click()
    expect(shop.locator("[name=started]")).not_to_have_value("")
    shop.locator(".star-line").first.click()
    shop.locator("[name=minutes]").fill("12")
    shop.locator("[name=effect]").fill("sold two new brands")
    shop.locator(".visit-save button").click()
    expect(shop).to_have_class(re.compile("is-done"))
    expect(page.locator("[data-draft-bar]")).to_have_count(0)
    assert place.records(0) == [("VISITED", "sold two new brands")]
    with place.engine.connect() as connection:
        marks = connection.scalars(
            select(StrategyItem.__table__.c.mark).where(
                StrategyItem.__table__.c.id.in_(place.day.items[place.day.shops[0]])
            )
        ).all()
    assert sorted(mark.name for mark in marks) == [ItemMark.DONE.name, ItemMark.OPEN.name]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_drafts_survive_a_cut_connection_and_arrive_once(page: Page, place: Place) -> None:
    sign_in(page, place.address)
    page.goto(f"{place.address}/daily-visits/")
    page.context.set_offline(True)
    for number, words in ((1, "no signal here"), (2, "nor here")):
        shop = page.locator(card(page, place, number))
        shop.locator("[data-open=VISITED]").click()
        shop.locator("[name=effect]").fill(words)
        shop.locator(".visit-save button").click()
        expect(shop.locator("[data-draft-state]")).to_contain_text(re.compile("连接|connection"))
    expect(page.locator("[data-draft-bar] a")).to_have_count(2)
    assert place.records(1) == place.records(2) == []

    page.context.set_offline(False)
    expect(page.locator("[data-draft-bar]")).to_have_count(0)
    assert place.records(1) == [("VISITED", "no signal here")]
    assert place.records(2) == [("VISITED", "nor here")]
    # The answer of a record that had arrived is lost: sending it again changes nothing.
    shop = page.locator(card(page, place, 1))
    page.route("**/daily-visits/save/**", lambda route: (route.fetch(), route.abort()))
    shop.locator("[data-open=VISITED]").click()
    shop.locator("[name=effect]").fill("changed on the way")
    shop.locator(".visit-save button").click()
    expect(shop.locator("[data-draft-state]")).to_contain_text(re.compile("连接|connection"))
    page.unroute("**/daily-visits/save/**")
    page.evaluate("VisitDrafts.sendAll()")
    expect(page.locator("[data-draft-bar]")).to_have_count(0)
    assert place.records(1) == [("VISITED", "changed on the way")]


def test_a_draft_survives_a_reload_and_a_conflict_loses_nothing(page: Page, place: Place) -> None:
    sign_in(page, place.address)
    page.goto(f"{place.address}/daily-visits/")
    shop = page.locator(card(page, place, 3))
    shop.locator("[data-open=VISITED]").click()
    shop.locator("[name=effect]").fill("my words")
    page.reload()
    expect(shop.locator("[name=effect]")).to_have_value("my words")

    other = page.context.browser.new_context(locale="zh-CN")
    colleague = other.new_page()
    colleague.set_default_timeout(15_000)
    sign_in(colleague, place.address)
    colleague.goto(f"{place.address}{place.day.record(3)}")
    colleague.locator(".outcome-ok").click()
    colleague.locator("[name=effect]").fill("their words")
    colleague.locator(".visit-save button").click()
    expect(colleague.locator("[data-draft-state]")).to_have_class(re.compile("is-ok"))
    other.close()

    shop.locator(".visit-save button").click()
    expect(shop.locator(".conflict-table")).to_contain_text("their words")
    expect(shop.locator(".conflict-table")).to_contain_text("my words")
    assert place.records(3) == [("VISITED", "their words")]
    shop.locator(".conflict-buttons .btn").nth(1).click()
    expect(shop.locator("[name=effect]")).to_have_value("their words\nmy words")
    shop.locator(".visit-save button").click()
    expect(page.locator("[data-draft-bar]")).to_have_count(0)
    assert place.records(3) == [("VISITED", "their words\nmy words")]


def test_drafts_belong_to_the_person_and_leave_after_a_warning(page: Page, place: Place) -> None:
    sign_in(page, place.address)
    page.goto(f"{place.address}/daily-visits/")
    shop = page.locator(card(page, place, 4))
    shop.locator("[data-open=VISITED]").click()
    shop.locator("[name=effect]").fill("not sent")
    asked: list[str] = []

    def leave(is_sure: bool) -> None:
        def answer(dialog: object) -> None:
            asked.append(dialog.message)  # type: ignore[attr-defined]
            dialog.accept() if is_sure else dialog.dismiss()  # type: ignore[attr-defined]

        page.once("dialog", answer)
        page.locator(".user-menu summary").click()
        page.locator(".user-menu form button").click()

    leave(is_sure=False)
    expect(page.locator("[data-draft-bar] a")).to_have_count(1)
    page.locator(".user-menu summary").click()
    leave(is_sure=True)
    page.wait_for_url("**/login/**")
    assert len(asked) == 2
    sign_in(page, place.address)
    page.goto(f"{place.address}/daily-visits/")
    expect(page.locator("[data-draft-bar]")).to_have_count(0)
    expect(page.locator(f"{card(page, place, 4)} [name=effect]")).to_have_value("")


def test_the_paper_is_complete_and_numbered(page: Page, place: Place, tmp_path: Path) -> None:
    sign_in(page, place.address, "market")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{place.address}/day-sheets/?q_territory={place.day.territory}")
    page.click("main form[action$='/print'] button")
    page.wait_for_url("**/day-sheets/paper?**")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round(A4_PIXELS), "height": 900})
    rows = page.locator(".row:not(.blank)")
    expect(rows).to_have_count(6)
    names = [place.day.names[shop] for shop in place.day.shops]
    assert rows.locator(".c-customer b").all_inner_texts() == names
    assert page.locator(".qr").count() == 6
    assert page.locator(".blank").count() == 2
    cut = page.evaluate(
        """() => [...document.querySelectorAll('td, th')].filter(cell =>
             cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.innerText)"""
    )
    assert cut == []
    heights = page.evaluate(
        "() => [...document.querySelectorAll('.row')].map(row => row.getBoundingClientRect().height)"
    )
    assert max(heights) < 900, "a row taller than a page would be cut"
    file = tmp_path / "sheet.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    content = file.read_bytes()
    pages = len(re.findall(rb"/Type /Page\b", content))
    assert 1 <= pages <= 2
    assert b"/MediaBox [0 0 594" in content or b"/MediaBox [0 0 595" in content
    with place.engine.connect() as connection:
        sheets = connection.execute(select(DailySheet.__table__)).all()
        lines = connection.scalar(select(func.count()).select_from(DailySheetLine.__table__))
    assert [(sheet.number, sheet.customers, sheet.plan_version) for sheet in sheets] == [(1, 6, 2)]
    assert lines >= 6


def test_a_second_print_says_what_changed(page: Page, place: Place) -> None:
    item = place.day.items[place.day.shops[5]][0]
    table = StrategyItem.__table__
    sign_in(page, place.address, "market")
    page.set_viewport_size({"width": 1440, "height": 900})
    address = f"{place.address}/day-sheets/?q_territory={place.day.territory}"
    for _print in range(2):
        page.goto(address)
        page.click("main form[action$='/print'] button")
        page.wait_for_url("**/day-sheets/paper?**")
        with place.engine.begin() as connection:
            connection.execute(
                table.update().where(table.c.id == item).values(content="Another text")
            )
    expect(page.locator(".changes")).to_contain_text(place.day.names[place.day.shops[5]])
    expect(page.locator(".changes span")).to_have_count(1)
    expect(page.locator(".row").nth(5)).to_contain_text("Another text")


def test_the_pages_are_accessible_on_a_phone(page: Page, place: Place) -> None:
    sign_in(page, place.address)
    page.goto(f"{place.address}/daily-visits/")
    shop = page.locator(card(page, place, 5))
    shop.locator("[data-open=NOT_VISITED]").click()
    assert grave_faults(page) == []
    for path in (
        place.day.record(4),
        "/day-sheets/",
        "/visit-overview/",
        "/daily-visits/unplanned",
        "/follow-ups/list/",
        "/visit-records/list/",
    ):
        page.goto(place.address + path)
        assert grave_faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
