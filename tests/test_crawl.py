"""Every page of the sidebar, as each role sees it, at the desk and on a phone.

A page answers, does not scroll sideways, shows no leftover of the program (placeholders, `None`,
names of enum members) and its text fits the language: Chinese pages have no English sentence, and
English pages no word of the Chinese catalogue. Script errors and violations of the content
security policy fail the test through the ``page`` fixture.
"""

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from config import DEVELOPMENT_DEMO_PASSWORD
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {1440: 900, 390: 844}
LEFTOVERS = re.compile(
    r"%%|%\(\w+\)|\bNone\b|\bundefined\b|\bNaN\b|<(?:class|function|lazy)|\b(?!PORTAL_)[A-Z]{3,}_[A-Z_]+\b"
)
CHINESE = re.compile("[\u4e00-\u9fff]")
# Three words in a row: single ones are product names, units and account names.
ENGLISH_SENTENCE = re.compile(r"\b[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}\b")
COMMAND = re.compile(r"“[^”]*”")

LOOK = """() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text && !parent.closest('script, style, template, noscript, [lang="en"], [lang="zh-CN"]:not(html)')) {
      texts.push(text);
    }
  }
  for (const name of ['title', 'placeholder', 'aria-label', 'alt']) {
    document.querySelectorAll('[' + name + ']').forEach((e) => texts.push(e.getAttribute(name)));
  }
  const root = document.documentElement;
  return {texts, sideways: root.scrollWidth - root.clientWidth};
}"""

SIDEBAR = """() => Array.from(document.querySelectorAll('.side a[href]'))
  .map((link) => link.getAttribute('href'))"""


@pytest.fixture(scope="module")
def chinese_words() -> frozenset[str]:
    """Translations of the catalogue that are Chinese and not the same as some demo record's name."""
    with (ROOT / "translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh")
    words = {str(message.string) for message in catalogue if message.id and message.string}
    return frozenset(word for word in words if CHINESE.search(word) and len(word) > 4)


def log_in(page: Page, address: str, user: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", DEVELOPMENT_DEMO_PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def faults_of(page: Page, address: str, paths: list[str]) -> Iterator[tuple[str, list[str]]]:
    """(what is wrong, all texts of the page) per page."""
    for path in paths:
        response = page.goto(address + path)
        assert response is not None
        seen = page.evaluate(LOOK)
        if response.status != 200:
            yield f"{path}: status {response.status}", []
        if seen["sideways"] > 0:
            yield f"{path}: scrolls sideways by {seen['sideways']} pixels", []
        for text in seen["texts"]:
            if LEFTOVERS.search(text):
                yield f"{path}: {text[:80]!r}", []
        yield "", [f"{path}: {text}" for text in seen["texts"]]


@pytest.mark.parametrize("user", ["admin", "market", "customer", "brand"])
@pytest.mark.parametrize("width", SIZES)
def test_sidebar_in_chinese(page: Page, live_server: str, user: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    log_in(page, live_server, user)
    paths = list(dict.fromkeys(page.evaluate(SIDEBAR)))
    assert len(paths) > 10
    found = []
    for fault, texts in faults_of(page, live_server, paths):
        found += [fault] if fault else []
        found += [text[:120] for text in texts if ENGLISH_SENTENCE.search(COMMAND.sub("", text))]
    assert found == []


@pytest.mark.parametrize("user", ["admin", "customer"])
def test_sidebar_in_english(
    page: Page, live_server: str, user: str, chinese_words: frozenset[str]
) -> None:
    log_in(page, live_server, user)
    with page.expect_navigation():
        page.click("button.language")
    assert page.get_attribute("html", "lang") == "en"
    paths = list(dict.fromkeys(page.evaluate(SIDEBAR)))
    found = []
    for fault, texts in faults_of(page, live_server, paths):
        found += [fault] if fault else []
        found += [text for text in texts if text.partition(": ")[2] in chinese_words]
    assert found == []
