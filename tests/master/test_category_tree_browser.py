"""§1.2 in a browser: the tree's toolbar, dragging, and the list a phone gets instead."""

import contextlib
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, TimeoutError, expect  # noqa: A004 -- its own name

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def tree(log_in: Callable[[str], Page], live_server: str) -> Page:
    """The tree page as the brand manager; the page fixture fails on any script or policy error."""
    page = log_in("brand")
    page.goto(f"{live_server}/categories/tree")
    return page


def row(page: Page, text: str):
    return page.locator(".wb-row", has_text=text).first


def said(page: Page, pattern: str) -> None:
    expect(page.locator("[data-tree-state]")).to_have_text(re.compile(pattern))


def ask_to_delete(page: Page, text: str) -> None:
    """Select and delete, again if the answer to the move redrew the tree under the click."""
    dialog = page.locator("#confirm-dialog [data-confirm-ok]")
    for _attempt in range(5):
        row(page, text).click()
        expect(page.locator("[data-tree-action=delete]")).to_be_enabled()
        page.click("[data-tree-action=delete]")
        with contextlib.suppress(TimeoutError):
            dialog.wait_for(timeout=2000)
            return


def test_add_move_drag_and_delete(tree: Page):
    row(tree, "50元/条以下").click()
    tree.click("[data-tree-action=add-child]")
    tree.fill("#tree-name", "Trial")
    tree.press("#tree-name", "Enter")
    said(tree, "Trial")
    row(tree, "Trial").click()
    tree.click("[data-tree-action=out]")
    expect(tree.locator("[data-tree-action=in]")).to_be_enabled()
    expect(row(tree, "Trial")).to_be_visible()
    with tree.expect_response(re.compile(r"/move/")):
        row(tree, "Trial").drag_to(row(tree, "300–600元/条"))
    said(tree, "Trial")
    ask_to_delete(tree, "Trial")
    tree.click("#confirm-dialog [data-confirm-ok]")
    expect(tree.locator(".wb-row", has_text="Trial")).to_have_count(0)


def test_what_would_be_refused_is_not_offered(tree: Page):
    row(tree, "50元/条以下").click()
    expect(tree.locator("[data-tree-action=rename]")).to_be_enabled()
    expect(tree.locator("[data-tree-action=delete]")).to_be_disabled()


def test_a_phone_gets_a_list_that_leads_to_plain_forms(tree: Page):
    tree.set_viewport_size({"width": 390, "height": 844})
    tree.reload()
    expect(tree.locator("#category-tree")).to_be_hidden()
    tree.locator("[data-tree-list] a").nth(1).click()
    expect(tree.locator("form[action*='/move/']").first).to_be_visible()
    assert tree.evaluate("document.documentElement.scrollWidth") <= 390
