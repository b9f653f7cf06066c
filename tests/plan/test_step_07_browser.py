"""Step 7 in a browser: last month's left-overs, a strategy by hand, the difference, submitting."""

import re

import pytest
from playwright.sync_api import Page, expect

from config import DEVELOPMENT_DEMO_PASSWORD

pytestmark = pytest.mark.browser


def sign_in(page: Page, address: str, username: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("#username", username)
    page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
    page.click("[type=submit]")
    page.wait_for_load_state()


def test_the_customers_of_an_approved_plan_and_why(page: Page, live_server: str):
    sign_in(page, live_server, "customer3")
    page.goto(f"{live_server}/service-plans/list/")
    expect(page.locator(".flow .pill-ok")).to_be_visible()
    rows = page.locator(".grid-table tbody tr")
    expect(rows).to_have_count(25)
    assert rows.first.locator(".strategy").count() >= 1
    rows.first.locator("a.row-link").click()
    cards = page.locator(".strategy-card")
    expect(cards.first.locator(".reasons li").first).to_be_visible()
    assert page.locator(".strategy-add").count() == 0, "approved: nothing is added"
    cards.first.locator("h2 a").click()
    expect(page.locator("h1")).to_be_visible()
    assert "/strategy-items/show/" in page.url


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page, live_server: str):
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, live_server, "customer3")
    for path in ("/service-plans/list/", "/strategy-items/list/"):
        page.goto(live_server + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
        assert page.locator(".grid-table tbody tr").first.is_visible()
    page.goto(f"{live_server}/service-plans/list/")
    page.locator("[data-toggle-filters]").click()
    page.locator("summary", has_text=re.compile("来源|Source")).first.click()
    page.locator('input[name="q_source"][value="DIRECT"]').check()
    page.locator(".popover button").filter(visible=True).first.click()
    page.wait_for_url("**q_source=DIRECT**")
    assert page.locator(".strategy-info").count() > 1
