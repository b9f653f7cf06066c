"""The connector against a real HTTP server on the loopback interface, and against files."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.analysis.needs_connector import FileSource, HttpSource, NeedsSourceFailed
from app.kernel.period import Month

pytestmark = pytest.mark.pure

MONTH = Month(2026, 11)
TOKEN = "a-token-for-the-test"
Reply = Callable[["Handler"], None]


def form(
    no: str, customer: str = "A", sent_at: str = "2026-10-20T08:30:00+08:00"
) -> dict[str, Any]:
    answers = [{"code": "D01", "text": "高端"}, {"code": "D02"}]
    return {"form_no": no, "customer": customer, "sent_at": sent_at, "answers": answers}


def body(*forms: dict[str, Any], cursor: str | None = None, total: int | None = None) -> bytes:
    return json.dumps({"forms": forms, "next": cursor, "total": total}).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers with the script's next reply; remembers the queries."""

    script: list[Reply]
    queries: list[dict[str, str]]
    tokens: list[str]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.queries.append({name: values[0] for name, values in query.items()})
        self.tokens.append(self.headers.get("Authorization", ""))
        self.script.pop(0)(self)

    def log_message(self, *_arguments: Any) -> None:
        """Quiet."""


def ok(content: bytes) -> Reply:
    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def half(content: bytes) -> Reply:
    """Promises the whole body, sends half of it and hangs up."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])
        handler.close_connection = True

    return reply


def status(code: int, **headers: str) -> Reply:
    def reply(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


@contextmanager
def platform(*script: Reply) -> Iterator[tuple[type[Handler], str]]:
    handler = type("Scripted", (Handler,), {"script": list(script), "queries": [], "tokens": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield handler, f"http://127.0.0.1:{server.server_port}/forms"
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
        assert not thread.is_alive()


def source(url: str, pauses: list[float] | None = None, **changes: Any) -> HttpSource:
    pauses = [] if pauses is None else pauses
    settings = {"timeout_seconds": 2.0, "pause_seconds": 1.0, "sleep": pauses.append}
    return HttpSource(url, TOKEN, **{**settings, **changes})


def test_pages_until_the_last():
    first, second = body(form("1"), form("2"), cursor="p2", total=3), body(form("3"), total=3)
    with platform(ok(first), ok(second)) as (seen, url):
        forms = source(url).forms("YH", MONTH)
    assert [item.form_no for item in forms] == ["1", "2", "3"]
    assert forms[0].answers == {"D01": "高端", "D02": None}
    assert forms[0].sent_at.isoformat() == "2026-10-20T08:30:00+08:00"
    assert seen.queries == [
        {"company": "YH", "month": "202611"},
        {"company": "YH", "month": "202611", "cursor": "p2"},
    ]
    assert set(seen.tokens) == {f"Bearer {TOKEN}"}


def test_failures_that_pass_are_tried_again_with_growing_pauses():
    whole = body(form("1"), total=1)
    pauses: list[float] = []
    with platform(status(503), half(whole), hang_up, ok(whole)) as (seen, url):
        forms = source(url, pauses).forms("YH", MONTH)
    assert [item.form_no for item in forms] == ["1"]
    assert len(seen.queries) == 4
    assert pauses == [1.0, 2.0, 4.0]


def test_a_time_out_is_tried_again():
    release = threading.Event()

    def slow(handler: Handler) -> None:
        release.wait(5)
        hang_up(handler)

    with platform(slow, ok(body(form("1")))) as (seen, url):
        forms = source(url, timeout_seconds=0.2).forms("YH", MONTH)
        release.set()
    assert [item.form_no for item in forms] == ["1"]
    assert len(seen.queries) == 2


def test_the_tries_are_bounded():
    with platform(*[status(500)] * 4) as (seen, url), pytest.raises(NeedsSourceFailed):
        source(url).forms("YH", MONTH)
    assert len(seen.queries) == 4


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_refusals_are_not_repeated(code):
    with platform(status(code)) as (seen, url), pytest.raises(NeedsSourceFailed, match=str(code)):
        source(url).forms("YH", MONTH)
    assert len(seen.queries) == 1


def test_a_redirect_does_not_take_the_token_elsewhere():
    with platform() as (elsewhere, other_url):
        redirect = status(302, Location=other_url)
        with platform(redirect) as (_, url), pytest.raises(NeedsSourceFailed, match="302"):
            source(url).forms("YH", MONTH)
    assert elsewhere.queries == []


@pytest.mark.parametrize(
    "replies",
    [
        [ok(body(form("1"), total=2))],  # fewer forms than announced
        [ok(body(form("1"), form("1"), total=2))],  # the same form twice is one form
        [ok(body(form("1"), cursor="a")), ok(body(form("2"), cursor="a"))],  # goes in circles
        [ok(b'{"rows": []}')] * 4,
        [ok(b"[]")] * 4,
        [ok(b'{"forms": [')] * 4,
        [ok(body({**form("1"), "sent_at": "yesterday"}))] * 4,
        [ok(body({"form_no": "1"}))] * 4,
    ],
    ids=["short", "twice", "circle", "shape", "list", "cut off", "time", "fields"],
)
def test_incomplete_answers_give_nothing(replies):
    with platform(*replies) as (_, url), pytest.raises(NeedsSourceFailed):
        source(url).forms("YH", MONTH)


def test_repeated_forms_are_handed_on():
    """Which of them counts is decided by the rules, see plan_extraction."""
    content = body(form("1"), form("1"), form("2", sent_at="2026-10-21T09:00:00"), total=2)
    with platform(ok(content)) as (_, url):
        forms = source(url).forms("YH", MONTH)
    assert [item.form_no for item in forms] == ["1", "1", "2"]
    assert forms[2].sent_at.isoformat() == "2026-10-21T09:00:00+08:00"


def test_other_addresses_are_refused():
    with pytest.raises(NeedsSourceFailed):
        source("file:///etc/hostname").forms("YH", MONTH)


def test_files_of_the_month(tmp_path: Path):
    (tmp_path / "YH-202611-1.json").write_bytes(body(form("1"), total=1))
    (tmp_path / "YH-202611-2.json").write_bytes(body(form("2")))
    (tmp_path / "YH-202612.json").write_bytes(body(form("3")))
    (tmp_path / "XX-202611.json").write_bytes(body(form("4")))
    place = FileSource(f"file://{tmp_path}")
    assert [item.form_no for item in place.forms("YH", MONTH)] == ["1", "2"]
    assert place.forms("YH", Month(2026, 1)) == []


@pytest.mark.parametrize("content", [body(form("1"), total=5), body(form("1"))[:-9], b"\xff"])
def test_a_half_written_file_gives_nothing(tmp_path: Path, content: bytes):
    (tmp_path / "YH-202611.json").write_bytes(content)
    with pytest.raises(NeedsSourceFailed):
        FileSource(str(tmp_path)).forms("YH", MONTH)
