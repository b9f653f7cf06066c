"""The sheets of steps 3, 5 and 6 in a browser: typing, keys, pasting, refusals, explanations."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.kernel.period import Month
from config import DEVELOPMENT_DEMO_PASSWORD

pytestmark = pytest.mark.browser

PASTE = """([selector, text]) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const field = document.querySelector(selector);
  field.focus();
  return field.dispatchEvent(
    new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""
K = Month.current().previous
LATER = Month.current().shift(4)
NARROW = {"width": 390, "height": 844}


@pytest.fixture
def opened(page: Page, live_server: str) -> Callable[..., Page]:
    """``opened(address, user)``: the page as this person."""

    def open_page(address: str, user: str = "customer") -> Page:
        if not page.url.startswith(live_server):
            page.goto(f"{live_server}/login/")
            page.fill("#username", user)
            page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
            page.click(".login-form button[type=submit]")
            page.wait_for_url(f"{live_server}/")
        page.goto(f"{live_server}{address}")
        return page

    return open_page


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.name || ''"))


# ---------------------------------------------------------------------- step 3: the target grid


@pytest.fixture
def grid(opened: Callable[..., Page]) -> Page:
    """The grid of next month's watched products, empty; with fields in rows."""
    page = opened(f"/brand-targets/new?from_month={K.key}&to_month={K.key}")
    page.wait_for_selector("[data-number-grid]")
    return page


def names(page: Page) -> list[list[str]]:
    return page.evaluate(
        "[...document.querySelectorAll('[data-number-grid] tbody tr')]"
        ".map(row => [...row.querySelectorAll('input')].map(field => field.name))"
    )


def value(page: Page, name: str) -> str:
    return page.locator(f"[name='{name}']").input_value()


def test_keys_move_through_the_target_grid(grid: Page) -> None:
    page, fields = grid, names(grid)
    page.locator(f"[name='{fields[0][0]}']").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("81.5")
    page.keyboard.press("Enter")
    assert focused(page) == fields[1][0]
    page.keyboard.press("ArrowDown")
    assert focused(page) == fields[2][0]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert focused(page) == fields[1][1]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+Enter")
    assert focused(page) == fields[0][0]
    assert value(page, fields[0][0]) == "81.5"
    # Within a number being typed the arrows move the caret, not the cell.
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == fields[0][0]


def test_a_block_is_pasted_and_a_bad_number_is_marked_at_once(grid: Page) -> None:
    page, fields = grid, names(grid)
    at = f"[name='{fields[0][1]}']"
    page.evaluate(PASTE, [at, "90\t3.5\t70\r\n 88.25 \tx\t65%\r\n"])
    assert [value(page, name) for name in fields[0][1:]] == ["90", "3.5", "70"]
    assert [value(page, name) for name in fields[1][1:]] == ["88.25", "x", "65%"]
    bad = page.locator("[data-number-grid] .is-bad-number")
    expect(bad).to_have_count(1)
    expect(bad).to_have_attribute("name", fields[1][2])
    expect(bad).to_have_attribute("aria-invalid", "true")
    # A single value is left to the browser; nothing else is overwritten.
    assert page.evaluate(PASTE, [at, "91"]) is True
    assert value(page, fields[0][0]) == ""


def test_a_refused_grid_keeps_everything_and_says_where(grid: Page) -> None:
    page, fields = grid, names(grid)
    typed = {fields[0][0]: "80", fields[1][0]: "250", fields[2][3]: "abc"}
    for name, text in typed.items():
        page.fill(f"[name='{name}']", text)
    page.click(".target-form .save-bar button.btn-primary")
    expect(page.locator(".alert-danger")).to_be_visible()
    for name, text in typed.items():
        assert value(page, name) == text
    wrong = page.locator(f"[name='{fields[2][3]}']")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#e-{fields[2][3]}")).to_be_visible()
    # The message leads to the field.
    page.locator(f".alert-danger a[href='#{fields[2][3]}']").click()
    expect(wrong).to_be_in_viewport()


def test_leaving_an_unsaved_grid_asks(grid: Page) -> None:
    page, fields = grid, names(grid)
    page.fill(f"[name='{fields[0][0]}']", "80")
    asked = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => window.location.reload(), 0)")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert value(page, fields[0][0]) == "80"


# ---------------------------------------------------------------------- steps 5 and 6: the sheet


def test_judging_otherwise_asks_for_the_reason_and_keeps_it(opened: Callable[..., Page]) -> None:
    page = opened("/market-analysis/")
    row = page.locator("[data-judged][data-system=ABNORMAL]").first
    name = str(row.get_attribute("id")).removeprefix("line-")
    reason = page.locator(f"[name='reason-{name}']")
    expect(reason).to_be_hidden()
    page.select_option(f"[name='final-{name}']", "NORMAL")
    expect(reason).to_be_visible()
    expect(reason).to_be_focused()
    # Without a reason the browser itself holds the sheet back.
    page.click(".sheet-form .save-bar button.btn-primary")
    assert reason.evaluate("field => field.validity.valueMissing")
    reason.fill("节后恢复")
    page.fill("[name=problems]", "东片区货源不足")
    page.click(".sheet-form .save-bar button.btn-primary")
    expect(page.locator(".alert-success")).to_be_visible()
    assert page.locator(f"[name='final-{name}']").input_value() == "NORMAL"
    assert reason.input_value() == "节后恢复"
    assert page.locator("[name=problems]").input_value() == "东片区货源不足"
    # Back to the system's judgement: the reason is asked no longer, the cause is.
    page.select_option(f"[name='final-{name}']", "ABNORMAL")
    expect(reason).to_be_hidden()
    expect(page.locator(f"[name='cause-{name}']")).to_be_visible()


def test_only_what_is_abnormal_is_shown_on_request(opened: Callable[..., Page]) -> None:
    page = opened("/market-analysis/")
    rows = page.locator("[data-judged]:visible")
    everything = rows.count()
    page.locator("[data-only-abnormal]").check()
    assert 0 < rows.count() < everything
    assert page.locator(".group-row:visible").count() <= rows.count()
    page.locator("[data-only-abnormal]").uncheck()
    assert rows.count() == everything


def test_a_column_of_targets_is_pasted_and_a_refusal_loses_nothing(
    opened: Callable[..., Page],
) -> None:
    page = opened("/market-analysis/")
    area = "#targets [data-paste-column] input"
    fields = page.eval_on_selector_all(area, "all => all.map(field => field.name)")
    page.evaluate(PASTE, [f"[name='{fields[0]}']", "15,000\r\n2600000\r\n 175.5 \r\n"])
    shown = [value(page, name) for name in fields[:3]]
    assert shown == ["15,000", "2600000", "175.5"]
    page.fill(f"[name='{fields[4]}']", "two")
    page.click("#targets button.btn-primary")
    expect(page.locator("[role=alert]").first).to_contain_text("two")
    assert [value(page, name) for name in (*fields[:3], fields[4])] == [*shown, "two"]
    page.fill(f"[name='{fields[4]}']", "2")
    page.click("#targets button.btn-primary")
    expect(page.locator(".alert-success")).to_be_visible()
    assert [value(page, name) for name in fields[:3]] == ["15000", "2600000", "175.5"]


# ---------------------------------------------------------------------- explanations


@pytest.mark.parametrize(
    ("address", "user", "page_of_it"),
    [
        ("/market-analysis/", "customer", r"/market-analysis/figure/\d+/VOLUME$"),
        ("/brand-analysis/", "customer", r"/brand-analysis/figure/\d+/\d+-LISTING$"),
        ("/market-analysis/", "market", r"/market-analysis/figure/\d+/VOLUME$"),
    ],
)
def test_a_figure_explains_itself_beside_it(
    opened: Callable[..., Page], address: str, user: str, page_of_it: str
) -> None:
    page = opened(address, user)
    here, box = page.url, page.locator("#explanation")
    link = page.locator("a[data-explain]:not(.help-link)").first
    link.click()
    expect(box).to_be_visible()
    expect(box.locator("dl")).to_contain_text(K.key[:4])
    expect(link).to_have_attribute("aria-expanded", "true")
    edges = box.bounding_box()
    assert edges is not None
    assert edges["x"] >= 0
    assert edges["y"] >= 0
    assert edges["x"] + edges["width"] <= 1440
    assert edges["y"] + edges["height"] <= 900
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(link).to_be_focused()
    assert page.url == here
    # On a phone the link is a link.
    page.set_viewport_size(NARROW)
    link.click()
    page.wait_for_url(re.compile(page_of_it))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_explanation_that_cannot_be_loaded_is_opened_as_a_page(
    opened: Callable[..., Page],
) -> None:
    page = opened("/market-analysis/")
    page.route(re.compile("fragment=1"), lambda route: route.abort())
    page.locator("a[data-explain]:not(.help-link)").first.click()
    page.wait_for_url(re.compile(r"/market-analysis/figure/\d+/VOLUME$"))
