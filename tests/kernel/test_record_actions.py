"""Actions, deletions and bulk changes of the record views through the client."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.kernel.db import db
from app.master.models.customer import Customer, VisitMode
from tests.kernel.conftest import SignIn
from tests.kernel.record_pages import customer, page_of

pytestmark = pytest.mark.web


def test_actions_and_deletions_are_posts(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("ada")
    key = customer(records, "1000")["id"]
    for path in (f"action/greet/{key}", "action_post", f"delete/{key}", "bulk_edit", "export"):
        assert client.get(f"/shopview/{path}").status_code == 405, path
    assert client.post(f"/shopview/action/greet/{key}").status_code == 303
    assert client.post(f"/shopview/action/nothing/{key}").status_code == 404
    assert client.post("/shopview/action_post", data={"action": "greet"}).status_code == 400


def test_a_post_without_token_is_refused(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("ada")
    key = customer(records, "1000")["id"]
    records.config["WTF_CSRF_ENABLED"] = True
    assert client.post(f"/shopview/delete/{key}").status_code == 400
    assert customer(records, "1000")["id"] == key


def test_rows_of_others_are_not_there(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("anna")
    own, foreign = customer(records, "1000")["id"], customer(records, "2000")
    key = foreign["id"]
    for path in (f"show/{key}", f"edit/{key}", "show/99999999", "show/abc", "edit/1e3", "show/-1"):
        assert client.get(f"/shopview/{path}").status_code == 404, path
    posts: list[tuple[str, dict[str, Any]]] = [
        (f"edit/{key}", {"name": "stolen", "_version": "1"}),
        (f"action/greet/{key}", {}),
        ("action_post", {"action": "greet", "rowid": [str(own), str(key)]}),
        ("action_post", {"action": "greet", "rowid": "abc"}),
        (
            "bulk_edit",
            {"bulk_field": "visit_mode", "bulk-visit_mode": "ONLINE", "rowid": [own, key]},
        ),
    ]
    for path, data in posts:
        assert client.post(f"/shopview/{path}", data=data).status_code == 404, path
    assert customer(records, "2000") == foreign
    assert customer(records, "1000")["visit_mode"] is VisitMode.PHONE


def test_all_filtered_rows_means_the_scope_of_the_person(records: Flask, sign_in: SignIn) -> None:
    answer = sign_in("anna").post(
        "/shopview/bulk_edit",
        data={
            "bulk_field": "visit_mode",
            "bulk-visit_mode": "ONLINE",
            "all_filtered": "1",
            "filter_query": "q_name=shop+1",
            "next": "/shopview/list/?q_name=shop+1",
        },
    )
    assert answer.location == "/shopview/list/?q_name=shop+1"
    with records.app_context():
        changed = db.session.scalars(
            select(Customer).where(Customer.visit_mode == VisitMode.ONLINE)
        ).all()
        names = {item.name for item in changed}
    assert names == {f"anna shop {n}" for n in (1, *range(10, 20))}


def test_bulk_change_counts_changed_unchanged_and_refused(records: Flask, sign_in: SignIn) -> None:
    with records.app_context():
        first, second, third = db.session.scalars(
            select(Customer).where(Customer.code.in_(["1000", "1001", "1002"])).order_by("code")
        )
        second.visit_mode = VisitMode.ONLINE
        third.name = "refused"
        keys = [first.id, second.id, third.id]
        db.session.commit()
    client = sign_in("anna")
    client.post(
        "/shopview/bulk_edit",
        data={"bulk_field": "visit_mode", "bulk-visit_mode": "ONLINE", "rowid": keys},
    )
    page = page_of(client, "/shopview/list/")
    alert = page[page.index('class="alert alert-warning"') :]
    text = unescape(alert[: alert.index("</div>")])
    assert re.findall(r"\d+", text.split("<ul>")[0].rsplit("</button>")[-1]) == ["1", "1", "1"]
    assert "1002 refused" in text
    assert customer(records, "1000")["visit_mode"] is VisitMode.ONLINE
    assert customer(records, "1002")["visit_mode"] is VisitMode.PHONE
