"""Every page of the sidebar, as each role sees it, on a phone and at the desk, in both languages.

A page answers, does not scroll sideways, shows no leftover of the program (placeholders, `None`,
names of enum members) and its text fits the language: Chinese pages have no English sentence, and
English pages no word of the Chinese catalogue. Script errors and violations of the content
security policy fail the test through the ``page`` fixture. The pages are those the menu shows, so
a new step is crawled without a word here.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LogIn = Callable[[str], Page]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LEFTOVERS = re.compile(
    r"%%|%\(\w+\)|\bNone\b|\bundefined\b|\bNaN\b|<(?:class|function|lazy)|\b(?!PORTAL_)[A-Z]{3,}_[A-Z_]+\b"
)
CHINESE = re.compile("[\u4e00-\u9fff]")
# Three words in a row: single ones are product names, units and account names.
ENGLISH_SENTENCE = re.compile(r"\b[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}\b")
COMMAND = re.compile(r"“[^”]*”")

TEXTS = """
  const texts = [page.title];
  const walker = document.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  const skipped = 'script, style, template, noscript, [lang="en"], [lang="zh-CN"]:not(html)';
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    if (text && !walker.currentNode.parentElement.closest(skipped)) texts.push(text);
  }
  for (const name of ['title', 'placeholder', 'aria-label', 'alt']) {
    page.querySelectorAll(`[${name}]`).forEach((e) => texts.push(e.getAttribute(name)));
  }"""
LOOK = f"() => {{ const page = document; {TEXTS} return texts; }}"
# Without its scripts, styles and pictures, which the walk in Chinese has loaded.
FETCH = f"""async (path) => {{
  const answer = await fetch(path, {{signal: AbortSignal.timeout(20000)}});
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  {TEXTS}
  return {{status: answer.status, texts}};
}}"""
SIDEWAYS = """() => {
  const root = document.documentElement;
  return root.scrollWidth - root.clientWidth;
}"""
SIDEBAR = """() => Array.from(document.querySelectorAll('.side a[href]'))
  .map((link) => link.getAttribute('href'))"""


@pytest.fixture(scope="module")
def chinese_words() -> frozenset[str]:
    """Translations of the catalogue that are Chinese and too long to be some demo record's name."""
    with (ROOT / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh")
    words = {str(message.string) for message in catalogue if message.id and message.string}
    return frozenset(word for word in words if CHINESE.search(word) and len(word) > 4)


def sidebar(page: Page) -> list[str]:
    """The addresses of the menu, each once, in its order."""
    paths = list(dict.fromkeys(page.evaluate(SIDEBAR)))
    assert len(paths) > 10
    return paths


def leftovers(path: str, texts: list[str]) -> Iterator[str]:
    return (f"{path}: {text[:120]!r}" for text in texts if LEFTOVERS.search(text))


@pytest.mark.parametrize("user", ["admin", "market", "customer", "brand"])
def test_sidebar_in_chinese(log_in: LogIn, live_server: str, user: str) -> None:
    page = log_in(user)
    found = []
    for path in sidebar(page):
        page.set_viewport_size(PHONE)
        response = page.goto(live_server + path)
        assert response is not None
        if response.status != 200:
            found.append(f"{path}: status {response.status}")
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            if too_wide := page.evaluate(SIDEWAYS):
                found.append(f"{path}: {too_wide} pixels sideways at {size['width']}")
        texts = page.evaluate(LOOK)
        found += leftovers(path, texts)
        found += [
            f"{path}: {text[:120]!r} is not Chinese"
            for text in texts
            if ENGLISH_SENTENCE.search(COMMAND.sub("", text))
        ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("user", ["admin", "customer"])
def test_sidebar_in_english(log_in: LogIn, user: str, chinese_words: frozenset[str]) -> None:
    page = log_in(user)
    with page.expect_navigation():
        page.click("button.language")
    assert page.get_attribute("html", "lang") == "en"
    found = []
    for path in sidebar(page):
        seen = page.evaluate(FETCH, path)
        if seen["status"] != 200:
            found.append(f"{path}: status {seen['status']}")
        found += leftovers(path, seen["texts"])
        found += [f"{path}: {text!r}" for text in seen["texts"] if text in chinese_words]
    assert not found, "\n".join(found)
