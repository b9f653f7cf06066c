"""A code besides the password: setting it up, logging in with it, guessing, losing the phone."""

import re
import time
from typing import Any

import pyotp
import pytest
from flask import Flask

from app.kernel.db import db
from app.models import ChangeLog, PortalUser, SecondFactor
from app.security.row_scope import UNRESTRICTED, scoped_to
from app.security.secret_box import SecretLost, seal, unseal
from tests.conftest import AppFactory
from tests.security.visitor import Visitor
from tests.security.world import PASSWORD, found

pytestmark = pytest.mark.web

SECRET = re.compile(r'<code class="secret">([A-Z2-7 ]+)</code>')
RECOVERY = re.compile(r"<code>([0-9a-f]{5}-[0-9a-f]{5})</code>")


def code_at(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(time.time(), counter_offset=steps)


def set_up(visitor: Visitor) -> tuple[str, list[str]]:
    """(secret, recovery codes) of a factor switched on by the visitor, with the last step's code."""
    assert visitor.post("/account/code/begin", {"password": PASSWORD}).status_code == 303
    match = SECRET.search(visitor.get("/account/code/").get_data(as_text=True))
    assert match
    secret = match[1].replace(" ", "")
    page = visitor.post("/account/code/confirm", {"code": code_at(secret, -1)})
    assert page.status_code == 200
    return secret, RECOVERY.findall(page.get_data(as_text=True))


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/account/").status_code == 200


def test_the_password_alone_no_longer_opens_the_account(portal: Flask):
    first = Visitor(portal, "customer_a1")
    elsewhere = Visitor(portal, "customer_a1")
    secret, recovery = set_up(first)
    assert len(set(recovery)) == 10
    assert is_in(first)
    assert not is_in(elsewhere)  # a session of before, perhaps a thief's
    visitor = Visitor(portal)
    answer = visitor.log_in("customer_a1")
    assert (answer.status_code, answer.location) == (303, "/login/code")
    assert not is_in(visitor)
    assert visitor.post("/login/code", {"code": "000000"}).status_code == 401
    assert visitor.post("/login/code", {"code": code_at(secret, -1)}).status_code == 401  # used
    answer = visitor.post("/login/code?next=/customers/list/", {"code": code_at(secret)})
    assert (answer.status_code, answer.location) == (303, "/customers/list/")
    assert is_in(visitor)


def test_a_recovery_code_is_good_once(portal: Flask):
    _secret, recovery = set_up(Visitor(portal, "customer_a1"))
    for status in (303, 401):
        visitor = Visitor(portal)
        visitor.log_in("customer_a1")
        assert (
            visitor.post("/login/code", {"code": f" {recovery[0].upper()} "}).status_code == status
        )


def test_guessing_codes_is_slowed_down_like_guessing_passwords(portal: Flask):
    secret, _recovery = set_up(Visitor(portal, "customer_a1"))
    visitor = Visitor(portal)
    visitor.log_in("customer_a1")
    for number in range(5):
        assert visitor.post("/login/code", {"code": f"{number:06}"}).status_code == 401
    assert visitor.post("/login/code", {"code": code_at(secret)}).status_code == 401
    assert Visitor(portal).log_in("customer_a1").status_code == 401


def test_nobody_reaches_the_code_page_without_the_password(portal: Flask):
    answer = Visitor(portal).get("/login/code")
    assert (answer.status_code, answer.location) == (303, "/login/")


@pytest.mark.parametrize("path", ["begin", "remove"])
def test_changes_ask_for_the_password(portal: Flask, path: str):
    visitor = Visitor(portal, "customer_a1")
    answer = visitor.post(f"/account/code/{path}", {"password": "not the password"})
    assert answer.status_code == 422


def test_an_administrator_removes_it_and_the_log_says_so_without_the_secret(portal: Flask):
    secret, _recovery = set_up(Visitor(portal, "customer_a1"))
    with portal.app_context():
        user_id = found(PortalUser, username="customer_a1").id
        db.session.rollback()
    for name, is_allowed in (("market_a1", False), ("admin_b", False), ("admin_a", True)):
        Visitor(portal, name).post(f"/users/action/remove_factor/{user_id}")
        visitor = Visitor(portal)
        answer = visitor.log_in("customer_a1")
        assert (answer.location == "/") == is_allowed, name
    with portal.app_context(), scoped_to(UNRESTRICTED):
        rows = [row for row in db.session.query(ChangeLog) if row.entity == "SecondFactor"]
        assert {row.action.name for row in rows} >= {"CREATED", "DELETED"}
        assert all(secret not in str(row.changes) for row in rows)
        db.session.rollback()


def test_a_role_that_must_have_one_sets_it_up_first(app_factory: AppFactory, world_url: str):
    portal = app_factory(world_url, PORTAL_SECOND_FACTOR="administrators")
    assert is_in(Visitor(portal, "customer_a1"))
    visitor = Visitor(portal, "admin_a")
    answer = visitor.get("/users/list/")
    assert (answer.status_code, answer.location) == (303, "/account/code/")
    set_up(visitor)
    assert visitor.get("/users/list/").status_code == 200


def test_what_is_sealed_opens_with_its_key_and_purpose_only(portal: Flask):
    with portal.app_context():
        sealed = seal("a secret", "one")
        assert unseal(sealed, "one") == "a secret"
        assert "secret" not in sealed
        with pytest.raises(SecretLost):
            unseal(sealed, "another")
        portal.config["SECRET_KEY"] = "another key of the portal, as long as it must be"
        with pytest.raises(SecretLost):
            unseal(sealed, "one")


def test_the_secret_is_not_stored_in_clear(portal: Flask):
    secret, _recovery = set_up(Visitor(portal, "customer_a1"))
    with portal.app_context(), scoped_to(UNRESTRICTED):
        rows: list[Any] = [row for row in db.session.query(SecondFactor) if row.confirmed_at]
        assert rows
        assert all(secret not in row.secret for row in rows)
        db.session.rollback()
