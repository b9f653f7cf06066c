"""A plan is submitted: the bell of whoever decides tells it and leads to it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config import DEVELOPMENT_DEMO_PASSWORD
from tests import database
from tests.conftest import fill_demo, served
from tests.test_accessibility import grave_faults

pytestmark = pytest.mark.browser


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        database.Databases("sqlite").copy("demo", fill_demo) as url,
        served(url, tmp_path_factory.mktemp("notices")) as address,
    ):
        yield address


def log_in(page: Page, address: str, name: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{address}/login/")
    page.fill("#username", name)
    page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
    page.click("[type=submit]")


def test_a_submitted_plan_rings_and_leads_to_itself(page: Page, address: str):
    log_in(page, address, "customer3")
    page.goto(f"{address}/month-plans/")
    page.click(".flow-actions form[action$=withdraw] button")
    page.click("[data-confirm-ok]")
    expect(page.locator(".alert-success")).to_be_visible()
    page.click(".flow-actions form[action$=submit] button")
    expect(page.locator(".alert-success")).to_be_visible()

    log_in(page, address, "market2")
    page.goto(f"{address}/account/")
    bell = page.locator("[data-task-bell]")
    before = int(bell.get_attribute("data-unread") or 0)
    assert before >= 1
    page.click("[data-task-bell] summary")
    newest = page.locator(".bell-notice").first
    expect(newest).to_contain_text("河口片区")
    assert grave_faults(page) == []
    newest.locator("button").click()
    expect(page.locator(".desk-record")).to_contain_text("河口片区")
    assert "record=month-" in page.url
    expect(bell).to_have_attribute("data-unread", str(before - 1))

    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/notices/", "/account/notices/"):
        page.goto(f"{address}{path}")
        assert grave_faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
