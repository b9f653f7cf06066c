"""The record pages in a browser: selection, dialogs, searched selects, phones, print."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def customers(log_in: Callable[[str], Page], live_server: str) -> Callable[[str], Page]:
    """``customers("?q_name=x")``: the customer list of the demo administrator."""
    page = log_in("admin")

    def open_list(query: str = "") -> Page:
        page.goto(f"{live_server}/customers/list/{query}")
        return page

    return open_list


def does_not_scroll_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_selecting_rows_opens_the_bulk_bar(customers: Callable[[str], Page]) -> None:
    page = customers("")
    bar = page.locator("[data-bulk]")
    expect(bar).to_be_hidden()
    page.locator("[data-check-row]").first.check()
    expect(bar).to_be_visible()
    expect(page.locator("[data-select-all]")).to_be_hidden()
    page.locator("[data-check-all]").check()
    page.locator("[data-select-all]").click()
    total = bar.get_attribute("data-all-rows") or ""
    expect(page.locator("[data-bulk-count]")).to_contain_text(total)
    page.locator("[data-clear-selection]").click()
    expect(bar).to_be_hidden()


def test_one_field_is_set_in_several_records(customers: Callable[[str], Page]) -> None:
    page = customers("?q_visit_mode_missing=1")
    code = page.locator("tbody tr").first.locator("td").nth(2).inner_text()
    page.locator("[data-check-row]").first.check()
    page.locator("[data-open-dialog]").click()
    page.locator("[data-bulk-field]").select_option("visit_mode")
    page.locator("[data-bulk-input=visit_mode] select").select_option("PHONE")
    page.locator("dialog[open] .btn-primary").click()
    expect(page.locator(".alert")).to_be_visible()
    assert "q_visit_mode_missing=1" in page.url
    expect(page.get_by_text(code, exact=True)).to_have_count(0)


def test_deleting_asks_first(customers: Callable[[str], Page]) -> None:
    page = customers("")
    page.locator("[data-delete]").first.click()
    dialog = page.locator("#confirm-dialog")
    expect(dialog).to_be_visible()
    dialog.locator("[value=cancel]").click()
    expect(dialog).to_be_hidden()
    assert "/customers/list/" in page.url


def test_slash_goes_to_the_search(customers: Callable[[str], Page]) -> None:
    page = customers("")
    page.keyboard.press("/")
    expect(page.locator("[data-search-key]")).to_be_focused()


def test_a_searched_select_finds_by_typing(customers: Callable[[str], Page]) -> None:
    page = customers("")
    chosen = page.locator("td.cell-territory").first.inner_text()
    page.locator(".filter-relation .select2-selection").first.click()
    expect(page.locator(".select2-search__field")).to_be_focused()
    page.keyboard.type(chosen)
    page.locator(".select2-results__option", has_text=chosen).first.click()
    page.wait_for_url("**q_territory=*")
    expect(page.locator(".chips")).to_contain_text(chosen)


def test_unsaved_changes_are_announced_and_guarded(customers: Callable[[str], Page]) -> None:
    page = customers("")
    page.locator("a[href*='/edit/']").first.click()
    page.locator(".record-form textarea, .record-form input[type=text]").first.fill("x")
    expect(page.locator("[data-save-state]")).not_to_be_empty()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.locator(".brand").click()
    page.wait_for_url("**/")
    assert asked == ["beforeunload"]


def test_errors_take_the_focus_and_link_to_their_field(customers: Callable[[str], Page]) -> None:
    page = customers("")
    page.locator("a[href*='/edit/']").first.click()
    page.fill("#name", "")
    page.click(".save-bar button[type=submit]")
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    summary.locator("a[href='#name']").click()
    expect(page.locator("#name")).to_be_focused()
    assert page.locator("#name").get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize("path", ["list/", "list/?q_name=zzzz", "add"])
def test_phones_never_scroll_sideways(customers: Callable[[str], Page], path: str) -> None:
    page = customers("")
    page.set_viewport_size(PHONE)
    page.goto(page.url.split("/list/")[0] + "/" + path)
    assert does_not_scroll_sideways(page)
    small = page.evaluate(
        """[...document.querySelectorAll('.content a, .content button, .top button, .top summary')]
           .filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5
                        && !e.closest('p, li, td:not(.cell-tools)'))
           .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_a_phone_shows_cards_and_hides_the_filters(customers: Callable[[str], Page]) -> None:
    page = customers("")
    page.set_viewport_size(PHONE)
    expect(page.locator(".filter-enum").first).to_be_hidden()
    page.locator("[data-toggle-filters]").click()
    expect(page.locator(".filter-enum").first).to_be_visible()
    expect(page.locator("thead")).to_be_hidden()
    page.locator("button[data-toggle-side]").click()
    expect(page.locator(".side")).to_be_in_viewport()


def test_print_keeps_the_table_and_drops_the_frame(customers: Callable[[str], Page]) -> None:
    page = customers("")
    page.set_viewport_size({"width": 703, "height": 1000})
    page.emulate_media(media="print")
    expect(page.locator("thead")).to_be_visible()
    for part in (".side", ".top", ".filters-row", ".cell-tools >> nth=0", ".pager"):
        expect(page.locator(part)).to_be_hidden()


def test_a_month_is_chosen_for_the_session(customers: Callable[[str], Page]) -> None:
    page = customers("?q_name=1")
    page.locator(".month-menu summary").click()
    page.locator(".month-grid button[value$='-03']").first.click()
    assert "q_name=1" in page.url
    expect(page.locator(".month-menu summary")).to_contain_text("3")
