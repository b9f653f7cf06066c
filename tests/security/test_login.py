"""Logging in, guessing, sessions and what ends them."""

import datetime as dt
import re
import threading
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.kernel.db import db
from app.kernel.period import utc_now
from app.models import Company, PortalUser
from app.security import login as login_module
from app.security.login import authenticate, normal_username, wait_after
from tests.conftest import AppFactory
from tests.security.visitor import Visitor
from tests.security.world import PASSWORD, found

pytestmark = pytest.mark.web


def change(portal: Flask, username: str, **values: Any) -> None:
    """Change a user behind the back of everybody."""
    with portal.app_context():
        users = PortalUser.__table__
        db.session.execute(update(users).where(users.c.username == username).values(**values))
        db.session.commit()


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account/").status_code == 200


# --- the form -------------------------------------------------------------------------------


def test_the_right_password_opens_the_portal(portal: Flask):
    visitor = Visitor(portal)
    answer = visitor.log_in("customer_a1")
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(visitor)


@pytest.mark.parametrize("typed", ["Customer_A1", "  customer_a1 ", "CUSTOMER_a1"])
def test_user_names_are_normalised(portal: Flask, typed: str):
    assert normal_username(typed) == "customer_a1"
    assert Visitor(portal).log_in(typed).status_code == 303


def test_refusals_do_not_tell_who_exists(portal: Flask):
    change(portal, "customer_a2", active=False)
    change(portal, "brand_a", locked_until=utc_now() + dt.timedelta(minutes=5))
    answers = []
    for name, password in (
        ("customer_a1", "wrong"),
        ("nobody_here", "wrong"),
        ("customer_a2", PASSWORD),
        ("brand_a", PASSWORD),
    ):
        visitor = Visitor(portal)
        answer = visitor.log_in(name, password)
        assert answer.status_code == 401
        answers.append(
            re.findall(r'role="alert".*?</div>', answer.get_data(as_text=True), re.DOTALL)
        )
        assert not is_in(visitor)
    assert answers[0]
    assert all(answer == answers[0] for answer in answers)


def test_every_refusal_hashes_once(portal: Flask, monkeypatch: pytest.MonkeyPatch):
    """The time of an answer must not depend on whether the account exists or waits."""
    hashed = []

    def counting(stored: str | None, password: str) -> bool:
        hashed.append(stored is None)
        return False

    monkeypatch.setattr(login_module, "matches", counting)
    change(portal, "brand_a", locked_until=utc_now() + dt.timedelta(minutes=5))
    with portal.test_request_context("/login/", method="POST"):
        for name in ("customer_a1", "nobody_here", "brand_a"):
            assert authenticate(db.session(), name, "wrong") is None
    assert hashed == [False, True, False]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/account/", "/account/"),
        ("/customers/list/?q_name=a", "/customers/list/?q_name=a"),
        ("//evil.example/x", "/"),
        ("https://evil.example/x", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
    ],
)
def test_only_paths_of_this_site_are_followed(portal: Flask, target: str, expected: str):
    visitor = Visitor(portal)
    answer = visitor.log_in("customer_a1", query_string={"next": target})
    assert answer.location == expected


def test_the_session_changes_at_login(portal: Flask):
    visitor = Visitor(portal)
    planted = visitor.csrf()
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["locale"] = "en"
    visitor.log_in("customer_a1")
    with visitor.client.session_transaction() as session:
        assert "planted" not in session
        assert session["locale"] == "en"
    visitor.token = ""
    assert visitor.csrf() != planted


# --- guessing -------------------------------------------------------------------------------


def test_waits_grow_and_end_at_a_quarter_of_an_hour():
    minutes = [wait_after(number).total_seconds() / 60 for number in range(1, 12)]
    assert minutes == [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]


class Clock:
    """The time `app.security.login` sees."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = utc_now()
        monkeypatch.setattr(login_module, "utc_now", lambda: self.now)

    def forward(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


def looked_at(portal: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords whose comparison decided about an attempt."""
    decided: list[str] = []
    count = login_module.count_attempt

    def counting(session: Any, user_id: int | None) -> bool:
        allowed = count(session, user_id)
        if allowed:
            decided.append("looked at")
        return allowed

    monkeypatch.setattr(login_module, "count_attempt", counting)
    return decided


def test_at_most_ten_guesses_in_any_quarter_of_an_hour(
    portal: Flask, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock(monkeypatch)
    decided = looked_at(portal, monkeypatch)
    times: list[float] = []
    with portal.test_request_context("/login/", method="POST"):
        for second in range(0, 3 * 3600, 15):
            before = len(decided)
            authenticate(db.session(), "customer_a1", "wrong")
            times += [second] * (len(decided) - before)
            clock.forward(15)
    for begin in times:
        assert sum(begin <= moment < begin + 900 for moment in times) <= 10


def test_the_right_password_waits_too_and_an_administrator_can_unlock(
    portal: Flask, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock(monkeypatch)
    with portal.test_request_context("/login/", method="POST"):
        for _try in range(5):
            authenticate(db.session(), "customer_a1", "wrong")
        assert authenticate(db.session(), "customer_a1", PASSWORD) is None
        clock.forward(61)
        assert authenticate(db.session(), "customer_a1", PASSWORD) is not None


def test_success_in_between_does_not_buy_more_guesses(
    portal: Flask, monkeypatch: pytest.MonkeyPatch
):
    Clock(monkeypatch)
    decided = looked_at(portal, monkeypatch)
    with portal.test_request_context("/login/", method="POST"):
        for _round in range(20):
            for _try in range(4):
                authenticate(db.session(), "customer_a1", "wrong")
            authenticate(db.session(), "customer_a1", PASSWORD)
    assert len(decided) <= 10


def test_guesses_at_once_are_counted_one_by_one(portal: Flask, monkeypatch: pytest.MonkeyPatch):
    decided = looked_at(portal, monkeypatch)

    def guess() -> None:
        with portal.test_request_context("/login/", method="POST"):
            authenticate(db.session(), "customer_a1", "wrong")
            db.session.remove()

    threads = [threading.Thread(target=guess, daemon=True) for _number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert len(decided) == 5


def test_addresses_are_limited(app_factory: AppFactory, world_url: str):
    portal = app_factory(world_url, RATELIMIT_ENABLED=True, AUTH_RATE_LIMIT="5 per minute")
    visitor = Visitor(portal)
    statuses = [visitor.log_in(f"nobody{n}", "wrong").status_code for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    other = visitor.client.post(
        "/login/",
        data={"csrf_token": visitor.csrf(), "username": "x", "password": "x"},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert other.status_code == 401


# --- sessions -------------------------------------------------------------------------------


def stolen(visitor: Visitor, portal: Flask) -> Visitor:
    """Another browser with a copy of the cookie."""
    thief = Visitor(portal)
    cookie = visitor.client.get_cookie("portal_session")
    assert cookie
    thief.client.set_cookie("portal_session", cookie.value)
    return thief


def test_logout_ends_copies_of_the_cookie_and_needs_a_post(portal: Flask):
    visitor = Visitor(portal, "customer_a1")
    thief = stolen(visitor, portal)
    assert is_in(thief)
    assert visitor.get("/logout/").status_code == 405
    assert visitor.post("/logout/").status_code == 303
    assert not is_in(visitor)
    assert not is_in(thief)


def test_deactivation_and_a_closed_company_end_sessions(portal: Flask):
    one, two = Visitor(portal, "customer_a1"), Visitor(portal, "customer_b")
    change(portal, "customer_a1", active=False)
    with portal.app_context():
        found(Company, code="Cb").is_active = False
        db.session.commit()
    assert not is_in(one)
    assert not is_in(two)
    assert Visitor(portal).log_in("customer_b").status_code == 401


def test_sessions_end_idle_and_old(portal: Flask, monkeypatch: pytest.MonkeyPatch):
    visitor = Visitor(portal, "customer_a1")
    real = time.time()
    monkeypatch.setattr("app.security.sessions.time.time", lambda: real + 29 * 60)
    assert is_in(visitor)
    monkeypatch.setattr("app.security.sessions.time.time", lambda: real + 58 * 60)
    assert is_in(visitor), "use keeps a session alive"
    monkeypatch.setattr("app.security.sessions.time.time", lambda: real + 89 * 60)
    answer = visitor.get("/account/")
    assert answer.status_code == 303
    assert answer.location.startswith("/login/")


def test_no_session_is_older_than_twelve_hours(portal: Flask, monkeypatch: pytest.MonkeyPatch):
    visitor = Visitor(portal, "customer_a1")
    real = time.time()
    for minute in range(0, 12 * 60, 20):
        now = real + minute * 60
        monkeypatch.setattr("app.security.sessions.time.time", lambda now=now: now)
        assert is_in(visitor), minute
    monkeypatch.setattr("app.security.sessions.time.time", lambda: real + 12 * 3600 + 60)
    assert not is_in(visitor)


def test_the_cookie_is_guarded(app_factory: AppFactory, world_url: str):
    portal = app_factory(world_url, SESSION_COOKIE_SECURE=True)
    header = portal.test_client().get("/login/").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" in header


def test_a_forged_host_is_refused(portal: Flask):
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example"):
        answer = portal.test_client().get("/login/", headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.get_data(as_text=True)
        assert "Location" not in answer.headers


# --- own password ---------------------------------------------------------------------------


NEW = "Quiet-harbour-9-lanterns"


def renew(visitor: Visitor, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> Any:
    return visitor.post("/account/password", {"old": old, "new": new, "again": again or new})


def test_an_initial_password_is_changed_before_anything_else(portal: Flask):
    change(portal, "customer_a1", must_change_password=True)
    visitor = Visitor(portal, "customer_a1")
    for url in ("/", "/account/", "/customers/list/", "/work/status"):
        answer = visitor.get(url)
        assert (answer.status_code, answer.location) == (303, "/account/password"), url
    assert visitor.post("/portal/month", {"month": "2026-01"}).location == "/account/password"
    assert visitor.get("/account/password").status_code == 200
    assert renew(visitor).status_code == 303
    assert visitor.get("/").status_code == 200


def test_a_new_password_ends_the_other_sessions(portal: Flask):
    visitor = Visitor(portal, "customer_a1")
    other = Visitor(portal, "customer_a1")
    assert renew(visitor).status_code == 303
    assert is_in(visitor)
    assert not is_in(other)
    assert Visitor(portal).log_in("customer_a1", PASSWORD).status_code == 401
    assert Visitor(portal).log_in("customer_a1", NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("not it", NEW, NEW),
        ("", NEW, NEW),
        (PASSWORD, NEW, "other"),
        (PASSWORD, PASSWORD, PASSWORD),
        (PASSWORD, "short", "short"),
        (PASSWORD, "customer_a1 has a password", "customer_a1 has a password"),
        (PASSWORD, "password12345", "password12345"),
    ],
)
def test_bad_changes_are_refused(portal: Flask, old: str, new: str, again: str):
    visitor = Visitor(portal, "customer_a1")
    assert renew(visitor, old, new, again).status_code == 422
    assert is_in(visitor)
    assert Visitor(portal).log_in("customer_a1").status_code == 303


def test_the_old_password_cannot_be_guessed_from_a_session(portal: Flask):
    visitor = Visitor(portal, "customer_a1")
    for number in range(6):
        assert renew(visitor, old=f"guess {number}").status_code == 422
    assert renew(visitor).status_code == 422, "the account waits"


# --- language and health --------------------------------------------------------------------


def test_the_language_is_chosen_by_post(portal: Flask):
    visitor = Visitor(portal)
    assert 'lang="zh-CN"' in visitor.get("/login/").get_data(as_text=True)
    answer = visitor.post("/language/", {"language": "en", "next": "/login/"})
    assert answer.location == "/login/"
    assert '<html lang="en">' in visitor.get("/login/").get_data(as_text=True)
    visitor.post("/language/", {"language": "xx", "next": "//evil.example"})
    assert '<html lang="en">' in visitor.get("/login/").get_data(as_text=True)
