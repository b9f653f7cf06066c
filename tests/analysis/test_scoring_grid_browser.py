"""The scoring grid in a browser: typing, Enter, pasting, refusals, a lost connection, a reload."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

READY = "[data-entry-grid][data-ready='1']"
STATUS = "[data-grid-status]"
PASTE = """text => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  document.querySelector('[data-entry-grid]').dispatchEvent(
    new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def grid(log_in: Callable[[str], Page], live_server: str) -> Callable[[], Page]:
    """The scoring grid of the customer manager whose customers nobody has scored."""
    page = log_in("customer4")

    def open_grid() -> Page:
        page.goto(f"{live_server}/ability-scores/")
        page.wait_for_selector(READY)
        return page

    return open_grid


def scores(page: Page, row: int) -> list[str]:
    cells = page.locator(".tabulator-row").nth(row).locator(".ge-score")
    return [text.strip() for text in cells.all_inner_texts()]


def test_typing_entering_and_pasting_is_saved(grid: Callable[[], Page]) -> None:
    page = grid()
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    page.keyboard.press("5")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("2")
    expect(page.locator(STATUS)).to_have_class("ge-status is-ok")
    assert scores(page, 0)[0] == "4"
    assert scores(page, 1)[:2] == ["5", "2"]

    page.keyboard.press("Enter")
    page.evaluate(PASTE, "3\t4\r\n1\t9\r\n5\t5\r\n")
    expect(page.locator("[data-grid-report]")).to_be_visible()
    expect(page.locator(".ge-invalid")).to_have_count(1)
    expect(page.locator(STATUS)).to_have_class("ge-status is-bad")
    page = grid()
    assert scores(page, 0)[0] == "4"
    assert scores(page, 1)[:2] == ["5", "2"]
    assert [scores(page, row)[1] for row in (2, 3, 4)] == ["3", "1", "5"]
    assert [scores(page, row)[2] for row in (2, 3, 4)] == ["4", "", "5"]


def test_a_whole_customer_counts_as_scored(grid: Callable[[], Page]) -> None:
    page = grid()
    page.locator("[data-grid-advance]").select_option("right")
    page.locator(".tabulator-row").nth(6).locator(".ge-score").first.click()
    for digit in "343434345":
        page.keyboard.press(digit)
    expect(page.locator(STATUS)).to_have_class("ge-status is-ok")
    expect(page.locator("[data-grid-progress]")).to_contain_text("1")
    name = page.locator(".tabulator-row").nth(6).locator(".ge-head").inner_text()
    page.locator("[data-grid-remaining]").check()
    expect(page.locator(".ge-head", has_text=name)).to_have_count(0)


def test_entries_survive_a_lost_connection_and_a_reload(grid: Callable[[], Page]) -> None:
    page = grid()
    page.route("**/ability-scores/save*", lambda route: route.abort())
    page.locator(".tabulator-row").nth(8).locator(".ge-score").nth(3).click()
    page.keyboard.press("5")
    expect(page.locator(STATUS)).to_have_class("ge-status is-bad")
    page.unroute("**/ability-scores/save*")
    page = grid()
    expect(page.locator(STATUS)).to_have_class("ge-status is-ok")
    page = grid()
    assert scores(page, 8)[3] == "5"


def test_it_fits_a_phone(grid: Callable[[], Page]) -> None:
    page = grid()
    page.set_viewport_size({"width": 390, "height": 844})
    page = grid()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.locator(".ge-head").first).to_be_visible()
