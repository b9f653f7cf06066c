"""``people``: a browser per account of the demo company, with its CSRF token and direct reads."""

import re
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.kernel.db import db, read_only
from tests.conftest import AppFactory

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
VERSION = re.compile(r'name="_version" value="(\d+)"')
BASE = re.compile(r'name="_base" value="([^"]*)"')


class Person:
    """One account with a browser. Forms are posted as the page would post them."""

    def __init__(self, app: Flask, username: str) -> None:
        self.client = app.test_client()
        self.token = ""
        self.token = self._token("/login/")
        answer = self.post(
            "/login/", {"username": username, "password": app.config["PORTAL_DEMO_PASSWORD"]}
        )
        assert answer.status_code in (302, 303), answer.text
        self.token = self._token("/")

    def _token(self, url: str) -> str:
        match = TOKEN.search(self.client.get(url, follow_redirects=True).text)
        assert match
        return match[1]

    def get(self, url: str, **options: Any) -> TestResponse:
        return self.client.get(url, **options)

    def page(self, url: str) -> str:
        answer = self.client.get(url, follow_redirects=True)
        assert answer.status_code == 200, (url, answer.status_code)
        return answer.text

    def post(self, url: str, data: dict[str, Any], **options: Any) -> TestResponse:
        return self.client.post(url, data={"csrf_token": self.token, **data}, **options)

    def edit(self, url: str, data: dict[str, Any], **options: Any) -> TestResponse:
        """Open an edit page and send `data` with the version it carries."""
        version = VERSION.search(self.page(url))
        assert version
        return self.post(url, {"_version": version[1], **data}, **options)

    def messages(self, answer: TestResponse) -> str:
        """What the next page says."""
        assert answer.status_code in (302, 303), answer.status_code
        return self.page(answer.headers["Location"])


@pytest.fixture
def demo(app_factory: AppFactory, demo_url: str) -> Flask:
    return app_factory(demo_url, RATELIMIT_ENABLED=False, BABEL_DEFAULT_LOCALE="en")


@pytest.fixture
def person(demo: Flask) -> Callable[[str], Person]:
    return lambda username: Person(demo, username)


@pytest.fixture
def stored(demo: Flask) -> Callable[[Any], Any]:
    """``stored(statement)``: the first value of a statement, read outside any request."""

    def read(statement: Any) -> Any:
        with demo.app_context(), read_only():
            return db.session.execute(statement).scalar()

    return read


@pytest.fixture
def change(demo: Flask) -> Any:
    """Direct writes in an application context, committed at the end."""

    @contextmanager
    def block() -> Any:
        with demo.app_context():
            yield db.session
            db.session.commit()

    return block
