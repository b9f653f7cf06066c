"""The visit plan in a browser: dragging a visit to another day, and moving it on a phone."""

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.kernel.period import WorkWeek, local_today
from config import DEVELOPMENT_DEMO_PASSWORD

pytestmark = pytest.mark.browser

ALERT = ".alert-success"
MONDAY = WorkWeek.of(local_today() + dt.timedelta(days=7)).monday
"""The demo plans at least a week ahead."""


@pytest.fixture
def calendar(page: Page, live_server: str) -> Callable[[dt.date], Page]:
    """The calendar of a customer manager with a day open, in the month of that day."""
    page.goto(f"{live_server}/login/")
    page.fill("#username", "customer3")
    page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
    page.click(".login-form button[type=submit]")
    page.wait_for_url(f"{live_server}/")

    def open_day(day: dt.date) -> Page:
        page.goto(f"{live_server}/visit-plan/?day={day}")
        if page.locator(f"[data-drop-day='{day}']").count() == 0:
            page.locator("form:has(> input[name='month']) button").last.click()
            page.goto(f"{live_server}/visit-plan/?day={day}")
        return page

    return open_day


def first_visit(page: Page) -> str:
    return page.locator(".visit-list .visit .visit-who a").first.inner_text()


def test_a_visit_is_dragged_to_another_day(calendar: Callable[[dt.date], Page]) -> None:
    page = calendar(MONDAY)
    name = first_visit(page)
    row = page.locator("[data-visit]", has_text=name).first
    saturday = MONDAY + dt.timedelta(days=5)
    page.locator(".visit-month").evaluate("card => window.scrollTo(0, card.offsetTop - 70)")
    row.drag_to(page.locator(f"[data-drop-day='{saturday}']"))
    expect(page.locator(ALERT)).to_be_visible()
    page = calendar(saturday)
    expect(page.locator(".visit-list .visit-who a", has_text=name)).to_be_visible()
    expect(page.locator(".visit-map .map-point")).to_have_count(
        page.locator(".visit-list .visit").count()
    )


def test_a_visit_is_moved_and_cancelled_on_a_phone(calendar: Callable[[dt.date], Page]) -> None:
    page = calendar(MONDAY)
    page.set_viewport_size({"width": 390, "height": 844})
    page = calendar(MONDAY)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.locator("#move-date")).to_be_hidden()
    name = first_visit(page)
    page.locator(".visit-tick input").first.check()
    sunday = MONDAY + dt.timedelta(days=6)
    page.fill("#move-date", sunday.isoformat())
    page.locator(".visit-bar-part button").first.click()
    expect(page.locator(ALERT)).to_be_visible()
    page = calendar(sunday)
    row = page.locator(".visit", has_text=name)
    expect(row).to_be_visible()
    row.locator("input").check()
    page.fill("#cancel-note", "rain")
    page.locator(".visit-bar-part button").last.click()
    expect(page.locator(".visit.is-CANCELLED", has_text=name)).to_contain_text("rain")
