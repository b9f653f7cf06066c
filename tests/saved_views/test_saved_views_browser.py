"""A view in a browser: filter, choose columns, save, open again, share, a colleague finds it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

VIEW = "Phones by grade"


def open_menu(page: Page) -> None:
    page.locator(".list-tools .tool:has(.view-menu) > summary").click()


def heads(page: Page) -> list[str]:
    return page.eval_on_selector_all(
        ".grid-table td.title-cell, .grid-table tbody tr:first-child td[data-label]",
        "cells => [...new Set(cells.map(cell => cell.className.match(/cell-\\S+/)[0]))]",
    )


def choose_columns(page: Page) -> None:
    """Three columns go, the phone comes, moved by keyboard."""
    page.locator(".tool:has([data-columns]) > summary").click()
    choice = page.locator("[data-columns]")
    for name in ("scale", "market_type", "business_type"):
        choice.locator(f'[name="columns"][value="{name}"]').uncheck()
    phone = choice.locator('li:has([value="phone"])')
    phone.locator("input").check()
    for _step in range(3):
        phone.locator('[data-move="-1"]').press("Enter")
    choice.locator("button.btn-primary").click()


def test_filter_choose_columns_save_share(
    page: Page, live_server: str, log_in: Callable[[str], Page]
):
    log_in("market")
    page.goto(f"{live_server}/customers/list/?q_visit_mode=PHONE")
    page.locator(".grid-table th a").filter(has_text="档位").click()
    choose_columns(page)
    page.wait_for_url("**columns=**")
    shown = heads(page)
    assert "cell-phone" in shown
    assert "cell-scale" not in shown

    open_menu(page)
    page.locator(".view-menu form[action$='/add'] [name=name]").fill(VIEW)
    page.keyboard.press("Enter")
    page.wait_for_url("**in_view=**")
    saved = page.url
    open_menu(page)
    page.locator(".view-menu form[action$='/share'] button").click()
    expect(page.locator(".alert-success")).to_be_visible()
    page.goto(f"{live_server}/customers/list/?in_view=0")
    assert "cell-phone" not in heads(page)
    open_menu(page)
    page.locator(".view-list a", has_text=VIEW).click()
    page.wait_for_url("**in_view=**")
    assert heads(page) == shown
    assert page.url == saved

    # Editing and saving leads back to exactly this list.
    page.locator(".cell-tools a").first.click()
    page.locator(".save-bar [type=submit]").first.click()
    page.wait_for_url(saved)

    page.context.clear_cookies()
    log_in("customer")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server}/customers/list/")
    open_menu(page)
    page.locator(".view-list a", has_text=VIEW).click()
    page.wait_for_url("**in_view=**")
    expect(page.locator(".tool.is-set summary").first).to_contain_text(VIEW)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    open_menu(page)
    assert page.locator(".view-menu form[action$='/delete']").count() == 0

    page.context.clear_cookies()
    log_in("market")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(saved)
    open_menu(page)
    page.locator(".view-menu form[action$='/delete'] button").click()
    page.locator("#confirm-dialog [data-confirm-ok]").click()
    expect(page.locator(".alert-success")).to_be_visible()
    open_menu(page)
    assert page.locator(".view-list a", has_text=VIEW).count() == 0
