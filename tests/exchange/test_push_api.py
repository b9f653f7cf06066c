"""Rows pushed by another system with an access key."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.kernel.db import db
from app.models import Customer, ImportBatch, PortalUser
from app.security.access_keys import new_key
from app.security.row_scope import UNRESTRICTED, scoped_to
from tests.conftest import AppFactory

pytestmark = pytest.mark.web

ROW = {
    "code": "440100000001",
    "name": "Corner shop",
    "territory": "T1",
    "market_type": "C",
    "business_type": "Z",
    "scale": "小",
    "grade": 12,
    "order_mode": "网上订货",
    "settle_mode": "现金",
    "terminal_type": "普通",
    "open_date": "2020-05-01",
    "phone": 13800000000,
}

Push = Callable[..., Any]


@pytest.fixture
def key_of(app: Flask, company_made: int) -> Callable[..., str]:
    """``key_of(role, scopes)``: an access key of a new user with that role."""

    def make(role: str = "administrator", scopes: str = "import") -> str:
        with app.app_context(), scoped_to(UNRESTRICTED):
            manager = app.appbuilder.sm
            user = PortalUser(
                username=f"robot-{role}-{scopes}",
                first_name="",
                last_name="Robot",
                email=f"{role}{scopes}@users.invalid",
                active=True,
                must_change_password=False,
                company_id=company_made,
                roles=[manager.find_role(role)],
            )
            db.session.add(user)
            db.session.flush()
            key, clear = new_key(user.id, "test", scopes, None)
            db.session.add(key)
            db.session.commit()
        return clear

    return make


@pytest.fixture
def push(client: FlaskClient, key_of: Callable[..., str]) -> Push:
    admin = key_of()

    def send(sheet: str, rows: Any = None, key: str | None = admin, **request: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if rows is not None:
            request["json"] = {"rows": rows}
        return client.post(f"/api/v1/import/{sheet}", headers=headers, **request)

    return send


@pytest.fixture
def number_of(app: Flask) -> Callable[[Any], int]:
    def count(model: Any) -> int:
        with app.app_context():
            return db.session.scalar(select(func.count()).select_from(model)) or 0

    return count


def test_rows_go_in_once(app: Flask, push: Push, number_of: Callable[[Any], int]):
    first = push("customers", [ROW])
    assert (first.status_code, first.json["new"]) == (200, 1), first.json
    again = push("customers", [ROW])
    assert (again.status_code, again.json["unchanged"], again.json["new"]) == (200, 1, 0)
    assert number_of(Customer) == 1
    with app.app_context():
        batch = db.session.scalar(select(ImportBatch).order_by(ImportBatch.id))
        assert batch is not None
        assert (batch.source.name, batch.requested_name) == ("PUSH", "Robot")


def test_reasons_come_back_by_row_and_field(push: Push, number_of: Callable[[Any], int]):
    answer = push("customers", [ROW, {**ROW, "code": "2", "grade": 31, "scale": "?"}])
    assert (answer.status_code, answer.json["rejected"]) == (422, 1)
    (row,) = answer.json["rows"]
    assert row["row"] == 2
    assert {error["field"] for error in row["errors"]} == {"grade", "scale"}
    assert number_of(Customer) == 0


def test_csv_body(push: Push):
    text = ",".join(ROW) + "\n" + ",".join(map(str, ROW.values())) + "\n"
    answer = push("customers", data=text.encode("gb18030"), content_type="text/csv")
    assert (answer.status_code, answer.json["new"]) == (200, 1), answer.json


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"rows": []}},
        {"json": {"rows": [1]}},
        {"json": [1]},
        {"json": {"rows": [{"code": {"a": 1}}]}},
        {"json": {"rows": [{"nonsense": 1}]}},
        {"json": {"rows": [ROW], "options": {"date_format": "xyz"}}},
        {"data": b"\x00\x01", "content_type": "text/csv"},
        {"data": b"", "content_type": "text/csv"},
        {"data": b"{", "content_type": "application/json"},
        {"data": b"rows=1"},
    ],
)
def test_nonsense_is_refused_with_a_reason(
    push: Push, number_of: Callable[[Any], int], body: dict[str, Any]
):
    answer = push("customers", **body)
    assert answer.status_code == 422
    assert answer.json["error"]
    assert number_of(Customer) == 0


def test_unknown_sheet(push: Push):
    assert push("nonsense", [ROW]).status_code == 404


def test_only_keys_with_the_right_may_push(
    push: Push, key_of: Callable[..., str], number_of: Callable[[Any], int]
):
    assert push("customers", [ROW], key=None).status_code == 401
    assert push("customers", [ROW], key="portal_wrong").status_code == 401
    assert push("customers", [ROW], key=key_of(scopes="other")).status_code == 403
    assert push("customers", [ROW], key=key_of(role="customer_manager")).status_code == 403
    brand = key_of(role="brand_manager")
    assert push("customers", [ROW], key=brand).status_code == 403
    assert push("products", [{"code": "1", "name": "P"}], key=brand).status_code == 200
    assert number_of(Customer) == 0


def test_floods_are_slowed_down(app_factory: AppFactory, database_url: str):
    client = app_factory(database_url, RATELIMIT_ENABLED=True).test_client()
    answers = [client.post("/api/v1/import/customers").status_code for _turn in range(125)]
    assert set(answers) == {401, 429}
    assert answers.index(429) == 120


def test_a_cookie_opens_nothing(client: FlaskClient, push: Push):
    client.set_cookie("portal_session", "anything")
    assert push("customers", [ROW], key=None).status_code == 401
