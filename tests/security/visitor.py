"""A person with a browser: logs in, keeps cookies, sends forms with a valid token."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.security.world import PASSWORD

TOKEN = re.compile(rb'name="csrf-token" content="([^"]+)"')


class Visitor:
    """One browser. `post` sends a valid CSRF token unless told not to."""

    def __init__(self, app: Flask, username: str = "", password: str = PASSWORD) -> None:
        self.client = app.test_client()
        self.token = ""
        if username:
            answer = self.log_in(username, password)
            assert answer.status_code == 303, (username, answer.status_code)
            self.token = ""

    def get(self, url: str, **options: Any) -> TestResponse:
        return self.client.get(url, **options)

    def csrf(self) -> str:
        if not self.token:
            page = self.client.get("/login/", follow_redirects=True).data
            match = TOKEN.search(page)
            assert match, page[:500]
            self.token = match[1].decode()
        return self.token

    def post(self, url: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self.client.post(url, data={"csrf_token": self.csrf(), **(data or {})}, **options)

    def log_in(self, username: str, password: str = PASSWORD, **options: Any) -> TestResponse:
        return self.post("/login/", {"username": username, "password": password}, **options)
