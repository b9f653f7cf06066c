"""The approval desk with keyboard and fingers: choose, return with a reason, approve."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.kernel.period import Month
from config import DEVELOPMENT_DEMO_PASSWORD
from tests import database
from tests.conftest import fill_demo, served
from tests.test_accessibility import grave_faults
from tests.workflow.demo_plans import submit_plans

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a portal with the demo company and two month plans of last month submitted."""
    with database.Databases("sqlite").copy("demo", fill_demo) as url:
        submit_plans(url, Month.current().previous)
        with served(url, tmp_path_factory.mktemp("desk")) as address:
            yield address


def open_desk(page: Page, desk: str) -> None:
    page.goto(f"{desk}/login/")
    page.fill("#username", "market")
    page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
    page.click("[type=submit]")
    page.goto(f"{desk}/approvals/?subject=month")


def press(page: Page, key: str) -> None:
    """A key that leads to another page, whose scripts are then ready."""
    with page.expect_event("load"):
        page.keyboard.press(key)


def test_a_phone_shows_the_list_or_the_record(page: Page, desk: str):
    page.set_viewport_size({"width": 390, "height": 844})
    open_desk(page, desk)
    page.goto(f"{desk}/approvals/")
    expect(page.locator(".desk-list")).to_be_visible()
    expect(page.locator(".desk-record")).to_be_hidden()
    page.locator("[data-desk-entry]").first.click()
    expect(page.locator(".desk-record")).to_be_visible()
    expect(page.locator(".desk-list")).to_be_hidden()
    assert grave_faults(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_keys_choose_return_and_approve(page: Page, desk: str):
    open_desk(page, desk)
    entries = page.locator("[data-desk-entry]")
    expect(entries).to_have_count(2)
    first, second = (entries.nth(place).inner_text() for place in (0, 1))
    assert first != second
    press(page, "j")
    expect(entries.nth(1)).to_have_attribute("aria-current", "true")
    press(page, "k")
    expect(entries.nth(0)).to_have_attribute("aria-current", "true")
    page.keyboard.press("r")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    assert grave_faults(page) == []
    dialog.locator("select").select_option(index=2)
    dialog.locator("textarea").fill("a r j k")
    with page.expect_event("load"):
        dialog.locator(".btn-danger").click()
    expect(page.locator(".alert-success")).to_be_visible()
    expect(entries).to_have_count(1)
    for path in ("/approvals/list/", "/approvals/clean", "/return-reasons/list/"):
        page.goto(f"{desk}{path}")
        assert grave_faults(page) == [], path
    page.goto(f"{desk}/approvals/?subject=month")
    press(page, "a")
    expect(page.locator(".alert-success")).to_be_visible()
    expect(entries).to_have_count(0)
