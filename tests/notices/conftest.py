"""``portal``: an application over `flow_world` that sends notices; ``mail``: a mail server; ``web``:
a web server that keeps what it gets.
"""

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import Flask

from tests import database
from tests.conftest import AppFactory, free_port
from tests.workflow import flow_world

PUBLIC = "https://portal.example.org"


class MailServer:
    """What arrived, newest last. `refuses`: an answer to give instead of taking the message."""

    def __init__(self) -> None:
        self.port = free_port()
        self.envelopes: list[Any] = []
        self.refuses = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses:
            return self.refuses
        self.envelopes.append(envelope)
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(each.content, policy=email.policy.default)
            for each in self.envelopes
        ]

    @property
    def url(self) -> str:
        return f"mailto://portal:secret@127.0.0.1:{self.port}?from=portal@example.org&mode=insecure"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


class WebServer:
    """`requests`: (path, body); `status` is what it answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.status = 200
        requests = self.requests
        answer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((self.path, json.loads(body)))
                self.send_response(answer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_words: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def texts(self) -> list[str]:
        return [body["text"]["content"] for _path, body in self.requests]


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.server.shutdown()
        server.server.server_close()
        thread.join(10)


@pytest.fixture
def flow_url(databases: database.Databases) -> Iterator[str]:
    with databases.copy("flow", flow_world.build) as url:
        yield url


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> flow_world.NoSteps:
    stand_in = flow_world.NoSteps()
    monkeypatch.setattr("app.workflow.flow.import_module", stand_in)
    return stand_in


@pytest.fixture
def portal(app_factory: AppFactory, flow_url: str, mail: MailServer) -> Flask:
    return app_factory(
        flow_url,
        PORTAL_NOTICE_MAIL_URL=mail.url,
        PORTAL_PUBLIC_URL=PUBLIC,
        PORTAL_NOTICE_HOSTS=("127.0.0.1",),
        PORTAL_NOTICE_SCHEMES=("mailto", "wecombot", "dingtalk", "feishu", "lark", "json"),
    )
