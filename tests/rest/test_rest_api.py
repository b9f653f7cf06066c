"""The REST API: whose rows, which fields, versions, idempotency keys, paging, refusals."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from sqlalchemy import func, select

from app.kernel.db import db
from app.kernel.period import local_today, utc_now
from app.models import ChangeLog, Customer, FollowUp, IdempotencyKey, Product, Territory, VisitPlan
from app.rest.idempotency import remove_expired
from app.rest.resources import RESOURCES
from app.security.access_keys import REST_READS, REST_WRITES
from tests import database
from tests.conftest import AppFactory
from tests.rest.conftest import Caller
from tests.security import world
from tests.security.world import found

pytestmark = pytest.mark.web

PROBLEM = "application/problem+json"


def row_of(portal: Flask, model: type[Any], place: str) -> int:
    """The id of the row of a place."""
    with portal.app_context():
        territory = found(Territory, code=f"T{place}")
        if model is Product:
            query = select(Product.id).where(Product.company_id == territory.company_id)
        else:
            query = select(model.id).where(model.territory_id == territory.id)
        return db.session.scalars(query.order_by("id")).first()


def count(portal: Flask, model: type[Any], **values: Any) -> int:
    with portal.app_context():
        query = select(func.count()).select_from(model).filter_by(**values)
        return db.session.scalar(query) or 0


@pytest.fixture(scope="module")
def manager(portal: Flask) -> Caller:
    return Caller(portal, "customer_a1")


@pytest.fixture(scope="module")
def administrator(portal: Flask) -> Caller:
    return Caller(portal, "admin_a")


# ---------------------------------------------------------------------- whose rows


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_rows_of_others_do_not_exist(
    portal: Flask, manager: Caller, administrator: Caller, resource: Any
):
    own = manager.get(resource.path)
    assert own.status_code == 200
    assert set(own.json) == {"data", "next"}
    assert all(tuple(row) and set(row) == set(resource.fields) for row in own.json["data"])
    assert "Magnolia" not in own.text
    everything = administrator.get(resource.path)
    assert "Magnolia" not in everything.text
    assert len(everything.json["data"]) >= len(own.json["data"]) > 0
    if "territory_id" in resource.fields:
        assert "Juniper" not in own.text
    if resource.has_id:
        theirs = Caller(portal, "admin_b").get(resource.path).json["data"]
        assert theirs
        for pk in (theirs[0]["id"], 987_654, 2**63, 10**30):
            answer = manager.get(f"{resource.path}/{pk}")
            assert answer.status_code == 404
            assert answer.mimetype == PROBLEM
        answer = manager.get(f"{resource.path}/{own.json['data'][0]['id']}")
        assert answer.json == own.json["data"][0]
        assert answer.headers["ETag"] == f'"{answer.json["version"]}"'


def test_foreign_rows_cannot_be_changed_or_named(portal: Flask, manager: Caller):
    foreign = row_of(portal, Customer, "a2")
    assert manager.patch(f"customers/{foreign}", {"line": "x"}, '"1"').status_code == 404
    body = {"customer_id": foreign, "kind": "ANOMALY", "text": "forged"}
    assert manager.post("follow-ups", body).status_code == 404
    assert count(portal, FollowUp, text="forged") == 0
    own = row_of(portal, FollowUp, "a1")
    answer = manager.patch(f"follow-ups/{own}", {"company_id": 2, "territory_id": 2}, '"1"')
    assert answer.status_code == 422


def test_personal_data_stays_inside(administrator: Caller):
    text = administrator.get("customers").text
    assert '"phone"' not in text
    assert '"owner"' not in text


# ---------------------------------------------------------------------- keys


def test_purposes_are_the_needs_of_the_resources():
    reads = {("can_read", resource.entity) for resource in RESOURCES}
    writes = {
        (f"can_{name}", resource.entity)
        for resource in RESOURCES
        for name in resource.permissions
        if name != "read"
    }
    assert reads == REST_READS
    assert writes == REST_WRITES


def test_a_key_does_no_more_than_its_purpose(portal: Flask):
    reader, importer = Caller(portal, "admin_a", "read"), Caller(portal, "admin_a", "import")
    pk = row_of(portal, Customer, "a1")
    assert reader.get(f"customers/{pk}").status_code == 200
    assert reader.patch(f"customers/{pk}", {"line": "x"}, '"1"').status_code == 403
    assert importer.get("customers").status_code == 403
    brand = Caller(portal, "brand_a")
    assert brand.get("customers").status_code == 403
    assert brand.get("products").status_code == 200
    client = portal.test_client()
    for headers in ({}, {"Authorization": "Bearer portal_x"}, {"Authorization": "Basic eDp5"}):
        answer = client.get("/api/v1/customers", headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, PROBLEM)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_address_is_limited(app_factory: Any, database_url: str):
    app = app_factory(database_url, fresh=True, RATELIMIT_ENABLED=True)
    client = app.test_client()
    answers = {client.patch("/api/v1/products/1").status_code for _ in range(121)}
    assert answers == {401, 429}
    answer = client.patch("/api/v1/products/1")
    assert answer.mimetype == PROBLEM
    limited = [view for view in app.appbuilder.baseviews if hasattr(view, "resource")]
    assert len(limited) == len(RESOURCES)
    assert all(len(view.limits) == 2 for view in limited)


# ---------------------------------------------------------------------- refusals


def test_refusals_are_problems_in_the_callers_language(manager: Caller):
    answer = manager.app.test_client().get(
        "/api/v1/customers?limit=0", headers={**manager.headers, "Accept-Language": "en"}
    )
    assert answer.status_code == 422
    assert answer.mimetype == PROBLEM
    assert answer.json["errors"][0]["field"] == "limit"
    assert answer.json["detail"] == "A page has 1 to 200 rows."
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert "Set-Cookie" not in answer.headers
    for path, status in (("nothing", 404), ("customers/x", 404)):
        answer = manager.get(path)
        assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    answer = manager.app.test_client().delete("/api/v1/customers", headers=manager.headers)
    assert (answer.status_code, answer.mimetype) == (405, PROBLEM)


HOSTILE = ["' OR 1=1 --", "1; DROP TABLE customer", "<script>alert(1)</script>", "%00", "\x00", "٣"]


@pytest.mark.parametrize("text", HOSTILE)
def test_filters_take_values_not_code(manager: Caller, text: str):
    for name in ("code", "territory_id", "status", "after", "sort", "updated_since", "nonsense"):
        answer = manager.get("customers", **{name: text})
        assert answer.status_code in (200, 422), (name, answer.status_code)
        assert answer.json.get("data", []) == []
        assert answer.mimetype in ("application/json", PROBLEM)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "body",
    [
        {"company_id": 2},
        {"territory_id": 2},
        {"version": 9},
        {"frequency_source": "SYSTEM"},
        {"phone": "1"},
        {"password": "x"},
        {"name": "an administrator's field"},
        {"visit_mode": None},
        {"visit_mode": "BY_BALLOON"},
        {"line": ["x"]},
        {"line": "x" * 41},
        {"visit_weekday": 8, "visit_mode": "ONSITE"},
        {"visit_weekday": 10**30},
        {"visit_weekday": True},
        {"remark": "half a pair \ud800"},
    ],
)
def test_no_other_fields_and_no_wrong_values(portal: Flask, manager: Caller, body: dict[str, Any]):
    pk = row_of(portal, Customer, "a1")
    before = manager.get(f"customers/{pk}")
    answer = manager.patch(f"customers/{pk}", body, before.headers["ETag"])
    assert answer.status_code == 422, answer.json
    assert answer.json["errors"][0]["field"] == next(iter(body))
    assert manager.get(f"customers/{pk}").json == before.json


@pytest.mark.parametrize(
    ("data", "mimetype", "status"),
    [("{", "application/json", 400), ("[]", "application/json", 422), ("a=1", "text/plain", 415)],
)
def test_what_is_no_object(manager: Caller, portal: Flask, data: str, mimetype: str, status: int):
    pk = row_of(portal, Customer, "a1")
    answer = portal.test_client().patch(
        f"/api/v1/customers/{pk}",
        data=data,
        content_type=mimetype,
        headers={**manager.headers, "If-Match": manager.get(f"customers/{pk}").headers["ETag"]},
    )
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)


# ---------------------------------------------------------------------- changes


def test_a_change_needs_the_version_it_was_made_from(portal: Flask, administrator: Caller):
    pk = row_of(portal, Product, "a1")
    path = f"products/{pk}"
    assert administrator.patch(path, {"is_key": True}).status_code == 428
    assert administrator.patch(path, {"is_key": True}, "*").status_code == 428
    read = administrator.get(path).headers["ETag"]
    changed = administrator.patch(path, {"tar_tenths": 81}, read)
    assert changed.status_code == 200
    assert (changed.json["tar_tenths"], changed.json["tar_source"]) == (81, "MANUAL")
    assert changed.headers["ETag"] != read
    for stale in (read, f"W/{changed.headers['ETag']}", "nonsense"):
        assert administrator.patch(path, {"tar_tenths": 12}, stale).status_code == 412
    for wrong in (201, -1, None):
        answer = administrator.patch(path, {"tar_tenths": wrong}, changed.headers["ETag"])
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "tar_tenths")
    assert administrator.get(path).json["tar_tenths"] == 81
    with portal.app_context():
        last = db.session.scalars(
            select(ChangeLog).filter_by(entity="Product", record_id=pk).order_by(ChangeLog.id)
        ).all()[-1]
        assert (last.source, last.changes["tar_tenths"][1]) == ("api", 81)


def test_a_post_sent_again_does_nothing_again(portal: Flask, manager: Caller):
    body = {"customer_id": row_of(portal, Customer, "a1"), "kind": "SUGGESTION", "text": "once"}
    first = manager.post("follow-ups", body, "key-number-1")
    again = manager.post("follow-ups", body, "key-number-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Location"].endswith(f"/api/v1/follow-ups/{first.json['id']}")
    assert count(portal, FollowUp, text="once") == 1
    assert count(portal, ChangeLog, entity="FollowUp", record_id=first.json["id"]) == 1
    other = manager.post("follow-ups", {**body, "text": "twice"}, "key-number-1")
    assert other.status_code == 422
    assert manager.post("follow-ups", body, "short").status_code == 400
    assert count(portal, FollowUp, text="twice") == 0
    market = Caller(portal, "market_a1").post("follow-ups", body, "key-number-1")
    assert market.status_code == 201, "keys of others are others"
    done = {"status": "ANSWERED"}
    answer = manager.patch(f"follow-ups/{first.json['id']}", done, first.headers["ETag"])
    assert answer.status_code == 422, "the rules of the page hold"


def test_keys_are_forgotten_after_a_day(portal: Flask, manager: Caller):
    body = {"customer_id": row_of(portal, Customer, "a1"), "kind": "ANOMALY", "text": "old"}

    def age_and_tidy(hours: int, *, tidy: bool) -> int:
        with portal.app_context():
            kept = found(IdempotencyKey, key="yesterdays-key", access_key_id=manager.key_id)
            kept.created_at = utc_now() - timedelta(hours=hours)
            db.session.flush()
            removed = remove_expired(db.session(), utc_now()) if tidy else 0
            db.session.commit()
            return removed

    assert manager.post("follow-ups", body, "yesterdays-key").status_code == 201
    assert age_and_tidy(23, tidy=True) == 0
    assert age_and_tidy(25, tidy=False) == 0
    again = manager.post("follow-ups", body, "yesterdays-key")
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers
    assert count(portal, FollowUp, text="old") == 2
    assert age_and_tidy(25, tidy=True) == 1


@pytest.mark.sql
def test_two_at_once_give_one_effect(databases: database.Databases, app_factory: AppFactory):
    with databases.copy("world", world.build) as url:
        two_at_once(app_factory(url))


def two_at_once(portal: Flask) -> None:
    manager = Caller(portal, "customer_a1")
    body = {"customer_id": row_of(portal, Customer, "a1"), "kind": "ANOMALY", "text": "at once"}
    answers: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(manager.post("follow-ups", body, "double-submit"))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert count(portal, FollowUp, text="at once") == 1


def test_visits_are_planned_and_moved_by_the_rules_of_the_page(portal: Flask, manager: Caller):
    customer = row_of(portal, Customer, "a1")
    day, next_day = (local_today() + timedelta(days=days) for days in (40, 41))
    body = {"customer_id": customer, "date": day.isoformat()}
    made = manager.post("visit-plans", body, "visit-number-1")
    assert made.status_code == 201, made.json
    assert (made.json["origin"], made.json["status"]) == ("MANUAL", "PLANNED")
    assert manager.post("visit-plans", body, "visit-number-2").status_code == 409
    path = f"visit-plans/{made.json['id']}"
    moved = manager.patch(path, {"date": next_day.isoformat()}, made.headers["ETag"])
    assert (moved.status_code, moved.json["moved_from"]) == (200, day.isoformat())
    past = manager.patch(path, {"date": "2020-01-01"}, moved.headers["ETag"])
    assert (past.status_code, past.json["errors"][0]["field"]) == (422, "date")
    assert manager.patch(path, {"status": "DONE"}, moved.headers["ETag"]).status_code == 422
    assert count(portal, VisitPlan, id=made.json["id"], date=next_day) == 1


# ---------------------------------------------------------------------- pages


@pytest.mark.parametrize("sort", ["id", "-id", "code", "-name", "-updated_at"])
def test_pages_hold_every_row_once(portal: Flask, sort: str):
    caller = Caller(portal, "platform")
    whole = caller.get("customers", sort=sort).json["data"]
    pages, answer = [], caller.get("customers", sort=sort, limit=1)
    while True:
        assert answer.status_code == 200
        pages += answer.json["data"]
        if answer.json["next"] is None:
            break
        assert answer.headers["Link"] == f'<{answer.json["next"]}>; rel="next"'
        answer = portal.test_client().get(answer.json["next"], headers=caller.headers)
    assert pages == whole
    assert len(pages) == 3
    forged = caller.get("customers", sort="grade", after="WyJjb2RlIiwieCIsMV0")
    assert forged.status_code == 422


def test_rows_with_a_key_of_many_columns_are_paged_too(portal: Flask):
    caller = Caller(portal, "platform")
    for path in ("sales-lines", "monthly-sales"):
        first = caller.get(path, limit=2).json
        rest = portal.test_client().get(first["next"], headers=caller.headers).json
        assert first["data"] + rest["data"] == caller.get(path).json["data"]


def test_filters(manager: Caller, administrator: Caller):
    row = administrator.get("customers").json["data"][0]
    assert administrator.get("customers", code=row["code"]).json["data"] == [row]
    assert administrator.get("customers", updated_since="2999-01-01T00:00:00Z").json["data"] == []
    since = administrator.get("customers", updated_since=row["updated_at"]).json["data"]
    assert row in since
    sales = manager.get("monthly-sales").json["data"][0]
    month = sales["month"]
    assert manager.get("monthly-sales", month_from=month, month_to=month).json["data"] == [sales]
    assert manager.get("monthly-sales", month_from="2999-01").json["data"] == []
    assert manager.get("monthly-sales", month="2026-13").status_code == 422


# ---------------------------------------------------------------------- the document


def test_the_document_is_valid_and_translated(portal: Flask):
    client = portal.test_client()
    english = client.get("/api/v1/openapi.json", headers={"Accept-Language": "en-GB"}).json
    validate(english)
    chinese = client.get("/api/v1/openapi.json").json
    names = [d["components"]["schemas"]["Customer"]["properties"]["code"]["description"]
             for d in (english, chinese)]  # fmt: skip
    assert names[0] == "Customer code"
    assert names[1] != names[0]


def test_sorts_have_no_gaps():
    for resource in RESOURCES:
        for name in (*resource.sorts, *resource.key):
            assert not resource.column(name).nullable, (resource.path, name)
