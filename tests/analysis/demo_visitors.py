"""The people of the demo company with a browser each, and what the tests of pages ask for."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.kernel.db import db, read_only
from app.kernel.period import Month
from app.models import Territory
from config import DEVELOPMENT_DEMO_PASSWORD
from tests.conftest import AppFactory
from tests.security.visitor import Visitor

ALERT = re.compile(r'class="alert alert-(\w+)"[^>]*>(.*?)</div>', re.DOTALL)
MONTH = Month.current()


def alerts(page: str) -> str:
    """The text of the page's messages."""
    texts = (re.sub(r"<[^>]+>", " ", text) for _tone, text in ALERT.findall(page))
    return html.unescape(" ".join(" ".join(texts).split()))


class DemoVisitor(Visitor):
    """Somebody of the demo company."""

    def __init__(self, app: Flask, username: str) -> None:
        super().__init__(app, username, DEVELOPMENT_DEMO_PASSWORD)

    def page(self, url: str) -> str:
        answer = self.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return answer.text

    def rows(self, url: str) -> list[dict[str, Any]]:
        """The rows of a grid's data."""
        answer = self.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        return answer.get_json()["rows"]

    def send(self, url: str, body: Any, token: str | None = None) -> TestResponse:
        """What the script of a grid sends."""
        headers = {"X-CSRFToken": self.csrf() if token is None else token}
        return self.client.post(url, json=body, headers={**headers, "Accept": "application/json"})

    def said(self, answer: TestResponse) -> str:
        """The messages of the page a form leads to."""
        assert answer.status_code == 303, answer.status_code
        return alerts(self.page(answer.headers["Location"]))


@pytest.fixture
def demo(app_factory: AppFactory, demo_url: str) -> Flask:
    return app_factory(demo_url, BABEL_DEFAULT_LOCALE="en")


@pytest.fixture
def visitor(demo: Flask) -> Callable[[str], DemoVisitor]:
    return lambda username: DemoVisitor(demo, username)


@pytest.fixture
def stored(demo: Flask) -> Callable[..., Any]:
    """``stored(statement)``: its rows, read outside any request."""

    def read(statement: Any) -> list[Any]:
        with demo.app_context(), read_only():
            return [tuple(row) for row in db.session.execute(statement)]

    return read


@pytest.fixture
def territory(stored: Callable[..., Any]) -> Callable[[str], int]:
    """Code → id."""
    return lambda code: stored(select(Territory.id).where(Territory.code == code))[0][0]
