"""The search field in a browser: keys, choice, composing Chinese, phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_from_initials_to_the_customer_file(log_in: Callable[[str], Page], live_server: str):
    page = log_in("customer")
    page.set_default_timeout(15_000)
    page.goto(f"{live_server}/customers/list/")
    asked: list[str] = []
    page.on("request", lambda request: "/search/panel" in request.url and asked.append(request.url))
    field, options = page.locator("[data-search-key]"), page.locator("[role=option]")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    # While a Chinese character is being composed nothing is asked.
    field.dispatch_event("compositionstart")
    page.keyboard.type("hm")
    page.wait_for_timeout(400)
    assert asked == []
    field.dispatch_event("compositionend")
    expect(options.first).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(options.first.locator("mark").first).to_have_text("惠民")
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(field).to_have_value("hm")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    chosen = options.first.get_attribute("href")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server}{chosen}")
    # Without a choice Enter leads to the page of results.
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("hm")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=hm"))
    expect(page.locator(".found-card").first).to_be_visible()
    # On a phone an icon opens the field over the whole bar.
    page.set_viewport_size({"width": 390, "height": 844})
    expect(field).to_be_hidden()
    page.click("[data-search-open]")
    expect(field).to_be_focused()
    page.keyboard.type("8")
    expect(options).to_have_count(1)
    box = page.locator("[data-search]").bounding_box()
    assert box
    assert box["width"] == 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("[data-search-close]")
    expect(field).to_be_hidden()
