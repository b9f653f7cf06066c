"""Headers, error pages, health, the request log, and readers that cannot write."""

import json
import logging
import re
import sqlite3

import pytest
from flask import Flask, abort
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.kernel.db import db
from app.kernel.errors import GateClosed
from app.models import Customer
from app.security.health_views import sqlite_warnings
from tests.conftest import AppFactory
from tests.security.visitor import Visitor
from tests.security.world import signed_in

pytestmark = pytest.mark.web

CSP = re.compile(
    r"default-src 'self'; script-src 'self' 'nonce-[\w-]{16,}'; style-src 'self'; "
    r"style-src-attr 'unsafe-inline'; .*object-src 'none'; frame-ancestors 'none'; "
    r"base-uri 'self'; form-action 'self'"
)


@pytest.mark.parametrize("url", ["/login/", "/healthz/", "/nothing-here", "/customers/list/"])
def test_every_answer_carries_the_headers(portal: Flask, url: str):
    headers = portal.test_client().get(url).headers
    assert CSP.fullmatch(headers["Content-Security-Policy"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert len(headers["X-Request-Id"]) == 12
    assert "Strict-Transport-Security" not in headers


def test_nonces_and_ids_are_new_each_time_and_used(portal: Flask):
    client = portal.test_client()
    pages = [client.get("/login/") for _number in range(2)]
    nonces = [re.findall(r"nonce-([\w-]+)", p.headers["Content-Security-Policy"])[0] for p in pages]
    assert nonces[0] != nonces[1]
    assert pages[0].headers["X-Request-Id"] != pages[1].headers["X-Request-Id"]
    scripts = re.findall(r"<script\b[^>]*>", pages[0].text)
    assert scripts
    assert all(f'nonce="{nonces[0]}"' in script for script in scripts)
    assert not re.search(r"\son\w+=", pages[0].text)


def test_https_is_kept(portal: Flask):
    answer = portal.test_client().get("/login/", base_url="https://localhost")
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_behind_a_proxy_the_persons_address_counts(app_factory: AppFactory, world_url: str):
    portal = app_factory(world_url, PORTAL_PROXY_HOPS=1)
    answer = portal.test_client().get("/login/", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" in answer.headers
    direct = app_factory(world_url)
    answer = direct.test_client().get("/login/", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in answer.headers


# --- error pages ----------------------------------------------------------------------------


@pytest.fixture
def failing(app_factory: AppFactory, world_url: str, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A portal whose health page answers with what `?status=` asks for."""
    from app.security.health_views import HealthView

    def health(self: HealthView) -> None:
        from flask import request

        status = int(request.args["status"])
        if status == 409:
            raise GateClosed
        if status == 500:
            raise ZeroDivisionError("secret detail")
        abort(status)

    health._urls = [("/", ["GET"])]  # what @expose leaves behind
    monkeypatch.setattr(HealthView, "health", health)
    return app_factory(world_url, fresh=True, TESTING=False, PROPAGATE_EXCEPTIONS=False)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 429, 500, 503])
def test_errors_are_pages_in_words_or_json(failing: Flask, status: int):
    client = failing.test_client()
    page = client.get(f"/healthz/?status={status}")
    assert page.status_code == status
    assert page.mimetype == "text/html"
    assert page.headers["X-Request-Id"] in page.text
    assert "secret detail" not in page.text
    assert "Traceback" not in page.text
    answer = client.get(f"/healthz/?status={status}", headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.json["status"] == status
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert "secret detail" not in answer.text


def test_errors_of_people_who_are_logged_in(portal: Flask):
    visitor = Visitor(portal, "customer_a1")
    for url, status in (("/users/list/", 403), ("/customers/show/987654", 404), ("/x", 404)):
        answer = visitor.get(url)
        assert answer.status_code == status
        assert answer.headers["X-Request-Id"] in answer.text
    assert visitor.get("/logout/").headers["Allow"]


def test_a_page_open_too_long_is_explained(portal: Flask):
    answer = Visitor(portal, "customer_a1").client.post("/portal/month", data={"month": "2026-01"})
    assert answer.status_code == 400
    assert answer.headers["X-Request-Id"] in answer.text
    assert "too long" in answer.text or "过长" in answer.text or "太久" in answer.text


def test_a_database_busy_writing_is_no_fault(
    app_factory: AppFactory, world_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.kernel.db.SQLITE_BUSY_TIMEOUT_MS", 50)
    portal = app_factory(world_url)
    visitor = Visitor(portal, "customer_a1")
    token = visitor.csrf()
    other = sqlite3.connect(world_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = visitor.client.post(
            "/portal/month", data={"month": "2026-01", "csrf_token": token}
        )
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "locked" not in answer.text
        assert visitor.get("/customers/list/").status_code == 200, "readers are not kept waiting"
    finally:
        other.close()


def test_too_much_is_refused(app_factory: AppFactory, world_url: str):
    portal = app_factory(world_url, MAX_CONTENT_LENGTH=2000)
    visitor = Visitor(portal)
    visitor.csrf()
    assert visitor.log_in("x" * 5000, "y").status_code == 413


# --- health and log -------------------------------------------------------------------------


def test_health(portal: Flask):
    answer = portal.test_client().get("/healthz/")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["database"] == "ok"
    assert set(answer.json) == {"status", "database", "warnings"}


def test_health_without_database(portal: Flask, monkeypatch: pytest.MonkeyPatch):
    def broken(*_arguments: object, **_options: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("no such host db.internal"))

    monkeypatch.setattr(db.session, "execute", broken)
    answer = portal.test_client().get("/healthz/")
    assert answer.status_code == 503
    assert "internal" not in answer.text


@pytest.mark.parametrize(
    ("version", "count"),
    [((3, 40, 1), 1), ((3, 44, 5), 1), ((3, 44, 6), 0), ((3, 50, 7), 0), ((3, 51, 2), 1),
     ((3, 51, 3), 0), ((3, 52, 0), 0)],
)  # fmt: skip
def test_versions_of_sqlite_with_the_log_fault_are_named(version: tuple[int, int, int], count: int):
    assert len(sqlite_warnings(version)) == count


def test_one_line_per_request_without_personal_data(
    portal: Flask, caplog: pytest.LogCaptureFixture
):
    visitor = Visitor(portal, "customer_a1")
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="portal.request"):
        answer = visitor.get("/customers/list/?q_name=secret-shop")
    lines = [record.message for record in caplog.records if record.name == "portal.request"]
    line = json.loads(lines[-1])
    assert line["id"] == answer.headers["X-Request-Id"]
    assert line["endpoint"] == "CustomerView.list"
    assert line["status"] == 200
    assert 0 < line["statements"] < 25
    assert line["user"]
    assert "secret-shop" not in lines[-1]


# --- readers --------------------------------------------------------------------------------


def test_a_get_request_cannot_write(portal: Flask):
    with signed_in(portal, "customer_a1", "GET"):
        customer = db.session.scalars(select(Customer)).one()
        customer.remark = "written by a reader"
        with pytest.raises(OperationalError, match="readonly"):
            db.session.commit()
        db.session.rollback()
    with signed_in(portal, "customer_a1", "POST"):
        customer = db.session.scalars(select(Customer)).one()
        customer.remark = "written by a writer"
        db.session.commit()
