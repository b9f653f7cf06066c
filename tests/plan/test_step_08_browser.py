"""The month plan in a browser: taking it back, a frequency by hand, a key customer removed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config import DEVELOPMENT_DEMO_PASSWORD
from tests import database
from tests.conftest import fill_demo, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal of its own: the plan's state is changed."""
    with (
        database.Databases("sqlite").copy("demo", fill_demo) as url,
        served(url, tmp_path_factory.mktemp("month_plan")) as address,
    ):
        yield address


@pytest.fixture
def holder(page: Page, own_server: str) -> Page:
    """The customer manager of the territory whose plan was submitted."""
    page.goto(f"{own_server}/login/")
    page.fill("#username", "customer3")
    page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{own_server}/")
    return page


def test_a_plan_is_taken_back_and_adjusted(holder: Page, own_server: str) -> None:
    page = holder
    page.goto(f"{own_server}/month-plans/")
    expect(page.locator("textarea[name=focus]")).to_have_count(0)
    page.locator("[data-flow=withdraw]").click()
    page.locator("[data-confirm-ok]").click()
    focus = page.locator("textarea[name=focus]")
    expect(focus).to_be_visible()
    page.locator(".capacity-formula summary").click()
    expect(page.locator(".capacity-formula .is-sum").first).to_be_visible()

    page.goto(f"{own_server}/month-plans/frequencies?frequency=SEMIMONTHLY")
    row = page.locator(".frequency-table tbody tr").first
    name = row.locator(".title-cell").inner_text()
    row.locator("[data-override]").click()
    dialog = page.locator("#override-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[data-override-name]")).to_have_text(name)
    dialog.locator("select").select_option("MONTHLY")
    dialog.locator("[name=note]").fill("路远")
    dialog.locator(".btn-primary").click()
    expect(page.locator(".alert-success")).to_be_visible()
    expect(page.locator(".title-cell", has_text=name)).to_have_count(0)
    page.goto(f"{own_server}/month-plans/frequencies?frequency=MONTHLY")
    moved = page.locator(".frequency-table tbody tr.is-other", has_text=name)
    expect(moved.locator(".pill-gold")).to_be_visible()
    expect(moved).to_contain_text("路远")

    page.goto(f"{own_server}/month-plans/key-customers")
    count = page.locator(".tabs [aria-selected=true] .tab-count")
    before = int(count.inner_text())
    first = page.locator(".key-table tbody tr").nth(1)
    removed = first.locator(".title-cell").inner_text()
    first.locator("button[name=only]").click()
    expect(count).to_have_text(str(before - 1))
    gone = page.locator(".list-card").last.locator("tr", has_text=removed)
    expect(gone).to_have_count(1)
    gone.locator("button[name=only]").click()
    expect(count).to_have_text(str(before))
    expect(page).to_have_url(re.compile(r"/key-customers\?q_territory=\d+$"))


def test_the_pages_fit_a_phone(holder: Page, own_server: str) -> None:
    page = holder
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("", "key-customers", "frequencies?frequency=SEMIMONTHLY"):
        page.goto(f"{own_server}/month-plans/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
