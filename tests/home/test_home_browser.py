"""The home page and its help with a keyboard and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.test_accessibility import grave_faults

pytestmark = pytest.mark.browser


def test_help_opens_beside_the_link_and_closes_again(log_in):
    page = log_in("customer")
    link = page.locator("main .help-link")
    link.focus()
    page.keyboard.press("Enter")
    box = page.locator("#explanation")
    expect(box).to_be_visible()
    expect(box.locator(".help-text")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(link).to_be_focused()


def test_the_month_on_a_phone(log_in):
    page = log_in("customer")
    page.set_viewport_size({"width": 390, "height": 844})
    work = page.locator(".home-work").bounding_box()
    board = page.locator(".home-board").bounding_box()
    assert work
    assert board
    assert work["y"] < board["y"]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert grave_faults(page) == []
    today = page.locator(".month-calendar [aria-current]")
    today.focus()
    with page.expect_event("load"):
        page.keyboard.press("Enter")
    assert "day=" in page.url
