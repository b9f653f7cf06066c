"""The pages everybody meets keep the rules of accessibility that a machine can judge."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from config import DEVELOPMENT_DEMO_PASSWORD

pytestmark = pytest.mark.browser


def grave_faults(page: Page) -> list[str]:
    """Serious and critical violations, with the first element each concerns."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {fault['help']}: {fault['nodes'][0]['html'][:120]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def test_login_page(page: Page, live_server: str):
    page.goto(f"{live_server}/login/")
    assert grave_faults(page) == []


@pytest.mark.parametrize("user", ["admin", "market", "customer", "brand"])
def test_demo_accounts_log_in_and_their_home_page(page: Page, live_server: str, user: str):
    page.goto(f"{live_server}/login/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", DEVELOPMENT_DEMO_PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{live_server}/")
    assert grave_faults(page) == []
