"""The people of the load run: 80 % lists, 15 % forms saved, 5 % exports. Needs gevent (locust)."""

from __future__ import annotations

import os
import random
import re
from html.parser import HTMLParser
from itertools import count
from typing import Any, ClassVar

from locust import FastHttpUser, between, task

from benchmarks.customer_list import PASSWORD

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
LISTS = (
    "/", "/customers/list/", "/customers/list/?q_name=店", "/products/list/", "/sales-lines/list/",
    "/monthly-sales/list/", "/operating-states/list/", "/customers/list/?q_line=东",
    "/customers/list/?page_CustomerView=2", "/visit-records/list/",
)  # fmt: skip
ACCOUNTS = ("admin", "customer")
SECONDS_BETWEEN = (5, 15)


class Fields(HTMLParser):
    """Names and values of the form that has a field called `line`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._form: dict[str, str] = {}
        self._select, self._text = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = {name: value or "" for name, value in attrs}
        name = words.get("name", "")
        if tag == "form":
            self._form = {}
        elif tag == "input" and name:
            is_choice = words.get("type") in ("checkbox", "radio")
            if not is_choice or "checked" in words:
                self._form[name] = words.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in words:
            self._form[self._select] = words.get("value", "")
        elif tag == "textarea":
            self._text = name
            self._form[name] = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self._form[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and "line" in self._form:
            self.found = self._form
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = ""


class Person(FastHttpUser):
    """Logged in since the morning; each edits a customer of its own."""

    wait_time = between(*SECONDS_BETWEEN)
    numbers: ClassVar[Any] = count()
    cookies: ClassVar[dict[str, Any]] = {}
    tokens: ClassVar[dict[str, str]] = {}
    customers: ClassVar[dict[str, list[int]]] = {}

    def on_start(self) -> None:
        number = next(self.numbers)
        self.chance = random.Random(number)  # noqa: S311
        self.account = ACCOUNTS[number % len(ACCOUNTS)]
        known = self.customers[self.account]
        self.customer = known[number // len(ACCOUNTS) % len(known)]
        for cookie in self.cookies[self.account]:
            self.client.cookiejar.set_cookie(cookie)

    @task(80)
    def read_list(self) -> None:
        self.client.get(self.chance.choice(LISTS), name="list")

    @task(15)
    def save_form(self) -> None:
        address = f"/customers/edit/{self.customer}"
        page = self.client.get(address, name="form")
        if page.status_code != 200 or not page.text:
            return
        values = {**Fields(page.text).found, "line": f"线路{self.chance.randrange(20)}"}
        with self.client.post(
            address, data=values, name="save", allow_redirects=False, catch_response=True
        ) as answer:
            if answer.status_code not in (302, 303):
                answer.failure(f"not saved: {answer.status_code}")

    @task(5)
    def export(self) -> None:
        values = {"csrf_token": self.tokens[self.account]}
        with self.client.post(
            "/customers/export", data=values, name="export", catch_response=True
        ) as answer:
            if answer.status_code != 200 or not (answer.content or b"").startswith(b"PK"):
                answer.failure(f"no workbook: {answer.status_code}")


def log_in(address: str) -> None:
    """Once per account; the people share the sessions."""
    import requests

    for account in ACCOUNTS:
        session = requests.Session()
        page = session.get(f"{address}/login/", timeout=60).text
        form = {"username": account, "password": PASSWORD}
        if token := TOKEN.search(page):
            form["csrf_token"] = token[1]
        session.post(f"{address}/login/", data=form, timeout=60)
        found = TOKEN.search(session.get(f"{address}/customers/list/", timeout=60).text)
        if found is None:
            raise SystemExit(f"{account} could not log in")
        Person.tokens[account] = found[1]
        Person.cookies[account] = list(session.cookies)


def run_people(
    address: str, people: int, seconds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """(name → seconds of the response times, further figures)."""
    import gevent
    from locust.env import Environment

    os.environ.setdefault("LOCUST_SKIP_MONKEY_PATCH", "")
    Person.host = address
    log_in(address)
    environment = Environment(user_classes=[Person])
    runner = environment.create_local_runner()
    runner.start(people, spawn_rate=max(1, people / 10))
    gevent.sleep(12)  # everybody has arrived and pages are compiled
    environment.stats.clear_all()
    gevent.sleep(seconds)
    stats = environment.stats
    total = stats.total
    parts = {
        f"{entry.name or 'all'} {words}": entry.get_response_time_percentile(share) / 1000
        for entry in (total, *stats.entries.values())
        for words, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        if entry.num_requests
    }
    facts = {
        "requests": total.num_requests,
        "requests per s": round(total.num_requests / seconds, 1),
        "failures": total.num_failures,
    }
    for error in stats.errors.values():
        print(f"  {error.occurrences} × {error.name}: {error.error}", flush=True)
    runner.quit()
    return parts, facts
