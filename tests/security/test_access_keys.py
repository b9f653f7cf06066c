"""Access keys: made, used, limited, revoked."""

import datetime as dt
import re

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import ApiKey
from sqlalchemy import select, update

from app.kernel.db import db
from app.kernel.period import local_today, utc_now
from app.models import ChangeLog
from tests.security.test_login import change
from tests.security.test_users import edit, user_id
from tests.security.visitor import Visitor

pytestmark = pytest.mark.web

URL = "/api/v1/import/products"


def make(
    portal: Flask, visitor: Visitor, owner: str = "brand_a", **values: object
) -> tuple[int, str]:
    """(status, key in clear or "")."""
    data = {
        "name": "night run",
        "person": user_id(portal, owner),
        "valid_until": (local_today() + dt.timedelta(days=30)).isoformat(),
        **values,
    }
    answer = visitor.post("/access-keys/add", data)
    match = re.search(r'id="clear-key">([^<]+)<', answer.text)
    return answer.status_code, match[1] if match else ""


def push(portal: Flask, key: str) -> int:
    answer = portal.test_client().post(
        URL, json={"rows": []}, headers={"Authorization": f"Bearer {key}"}
    )
    return answer.status_code


def test_a_key_opens_the_push_address_and_nothing_else(portal: Flask):
    status, key = make(portal, Visitor(portal, "admin_a"))
    assert status == 200
    assert key.startswith("portal_")
    assert push(portal, key) not in (401, 403, 500)
    client = portal.test_client()
    for url in ("/products/list/", "/users/list/", "/account/"):
        answer = client.get(url, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 303, url
        assert answer.location.startswith("/login/")
    with portal.app_context():
        row = db.session.scalars(select(ApiKey).filter_by(name="night run")).one()
        assert row.last_used_on is not None
        assert key not in str(vars(row))
        log = db.session.scalars(select(ChangeLog).filter_by(entity="ApiKey")).all()
        assert log
        assert all(row.key_hash not in str(entry.changes) for entry in log)


def test_the_key_is_shown_once(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    _status, key = make(portal, visitor)
    with portal.app_context():
        number = db.session.scalars(select(ApiKey.id).filter_by(name="night run")).one()
    for url in ("/access-keys/list/", f"/access-keys/show/{number}"):
        page = visitor.get(url).text
        assert "night run" in page
        assert key not in page


def test_keys_end(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    _status, key = make(portal, visitor)
    with portal.app_context():
        number = db.session.scalars(select(ApiKey.id).filter_by(name="night run")).one()
    opened = push(portal, key)
    change(portal, "brand_a", active=False)
    assert push(portal, key) == 401
    change(portal, "brand_a", active=True)
    keys = ApiKey.__table__
    for values in ({"expires_on": utc_now()}, {"active": False}):
        with portal.app_context():
            db.session.execute(update(keys).where(keys.c.id == number).values(**values))
            db.session.commit()
        assert push(portal, key) == 401, values
        with portal.app_context():
            later = utc_now() + dt.timedelta(days=3)
            db.session.execute(
                update(keys).where(keys.c.id == number).values(expires_on=later, active=True)
            )
            db.session.commit()
        assert push(portal, key) == opened
    assert visitor.post(f"/access-keys/action/revoke/{number}").status_code in (302, 303)
    assert push(portal, key) == 401


def test_a_key_can_do_no_more_than_its_user(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    _status, key = make(portal, visitor, "customer_a1")
    assert push(portal, key) == 403
    _status, key = make(portal, visitor, "brand_a")
    assert push(portal, key) != 403
    assert edit(visitor, portal, "brand_a", roles=["customer_manager"]) in (302, 303)
    assert push(portal, key) == 403, "the role was taken from the user"


@pytest.mark.parametrize(
    "key", ["", "portal_x", "portal_" + "a" * 43, "eyJhbGciOiJIUzI1NiJ9.e30.x"]
)
def test_what_is_no_key_opens_nothing(portal: Flask, key: str):
    assert push(portal, key) in (401, 422)


def test_a_cookie_opens_no_api(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    assert visitor.client.post(URL, json={"rows": []}).status_code == 401


def test_keys_stay_within_the_company(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    assert make(portal, visitor, "brand_a", person=user_id(portal, "admin_b"))[0] == 422
    assert make(portal, visitor, "brand_a", person=user_id(portal, "platform"))[0] == 422
    _status, key = make(portal, Visitor(portal, "admin_b"), "admin_b")
    assert key
    with portal.app_context():
        number = db.session.scalars(select(ApiKey.id).filter_by(name="night run")).one()
    assert visitor.get(f"/access-keys/show/{number}").status_code == 404
    assert visitor.post(f"/access-keys/action/revoke/{number}").status_code == 404
    assert "night run" not in visitor.get("/access-keys/list/").text
    assert push(portal, key) != 401


@pytest.mark.parametrize("days", [-1, 731, 100000])
def test_no_key_is_for_ever(portal: Flask, days: int):
    day = (local_today() + dt.timedelta(days=days)).isoformat()
    assert make(portal, Visitor(portal, "admin_a"), valid_until=day)[0] == 422


@pytest.mark.parametrize("name", ["market_a1", "customer_a1", "brand_a"])
def test_only_administrators_make_keys(portal: Flask, name: str):
    assert make(portal, Visitor(portal, name))[0] == 403
