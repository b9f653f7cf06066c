"""Saving, opening, sharing and starting with a view, as different people."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from app.kernel.db import db
from app.models import DefaultView, SavedView
from tests.security.visitor import Visitor

pytestmark = pytest.mark.web

LIST = "/customers/list/"
QUERY = (
    "q_name=a&q_visit_mode=PHONE&q_visit_mode=ONLINE&_oc_CustomerView=name&_od_CustomerView=desc"
)


def save(person: Visitor, name: str, query: str = QUERY, **data: str) -> int:
    """The id of a view just saved."""
    answer = person.post(
        "/saved-views/add", {"list": "CustomerView", "name": name, "query": query, **data}
    )
    assert answer.status_code == 303
    return int(parse_qs(urlsplit(answer.location).query)["in_view"][0])


def change(person: Visitor, view: int, what: str, version: int = 1, **data: str) -> str:
    """The page after a change."""
    form = {"version": str(version), "next": f"{LIST}?in_view=0", **data}
    answer = person.post(f"/saved-views/{view}/{what}", form, follow_redirects=True)
    assert answer.status_code == 200, what
    return answer.text


def stored(portal: Flask, view: int) -> SavedView | None:
    with portal.app_context():
        return db.session.get(SavedView, view)


def test_a_view_opens_with_all_it_holds(portal: Flask):
    person = Visitor(portal, "customer_a1")
    view = save(person, "Mine", f"page_CustomerView=3&{QUERY}&columns=name,phone")
    answer = person.get(f"{LIST}?view={view}&q_name=b&work_month=2026-10")
    arguments = parse_qs(urlsplit(answer.location).query)
    assert answer.status_code == 302
    assert arguments["q_visit_mode"] == ["PHONE", "ONLINE"]
    assert arguments["q_name"] == ["b"], "what the address says itself wins"
    assert arguments["columns"] == ["name,phone"]
    assert arguments["in_view"] == [str(view)]
    assert "page_CustomerView" not in arguments
    page = person.get(answer.location)
    assert page.status_code == 200
    assert "Mine" in page.text
    assert person.get(f"/saved-views/open/{view}").location == f"{LIST}?view={view}"
    # Removing a condition keeps it removed; paging and order keep the repeated one.
    assert 'href="/customers/list/?q_visit_mode=PHONE&amp;q_visit_mode=ONLINE' in page.text


def test_only_those_who_may_see_a_view_see_it(portal: Flask):
    owner, colleague = Visitor(portal, "customer_a1"), Visitor(portal, "customer_a2")
    brand, other = Visitor(portal, "brand_a"), Visitor(portal, "customer_b")
    view = save(owner, "Hidden lanes")
    for person in (colleague, other, brand):
        assert person.get(f"/saved-views/open/{view}").status_code == 404
        for what in ("rename", "keep", "share", "delete", "start-with"):
            answer = person.post(f"/saved-views/{view}/{what}", {"version": "1", "name": "x"})
            assert answer.status_code == 404, what
    page = colleague.get(f"{LIST}?view={view}", follow_redirects=True)
    assert page.status_code == 200
    assert "alert-warning" in page.text
    assert "Hidden lanes" not in page.text

    change(owner, view, "share", is_shared="1")
    assert "Hidden lanes" in colleague.get(LIST).text
    assert "Hidden lanes" not in other.get(LIST).text
    assert other.get(f"/saved-views/open/{view}").status_code == 404
    assert brand.get(f"/saved-views/open/{view}").status_code == 404, "may not read the list"
    assert brand.post("/saved-views/add", {"list": "CustomerView", "name": "x"}).status_code == 404

    change(colleague, view, "rename", version=2, name="Stolen")
    assert stored(portal, view).name == "Hidden lanes"
    admin = Visitor(portal, "admin_a")
    change(admin, view, "rename", version=2, name="Better name")
    assert stored(portal, view).name == "Better name"
    change(owner, view, "share", version=3, is_shared="0")
    assert admin.get(f"/saved-views/open/{view}").status_code == 404


def test_the_default_opens_and_can_be_left(portal: Flask):
    owner, colleague = Visitor(portal, "market_a1"), Visitor(portal, "customer_a1")
    view = save(owner, "Team", is_shared="1")
    change(colleague, view, "start-with", is_default="1")
    opened = colleague.get(LIST)
    assert f"in_view={view}" in opened.location
    plain = colleague.get(f"{LIST}?in_view=0")
    assert plain.status_code == 200
    assert 'name="in_view" value="0"' in plain.text
    assert colleague.get(f"{LIST}?q_name=x").status_code == 200, "a link from elsewhere"
    assert f'href="{LIST}?in_view=0"' in colleague.get(f"{LIST}?q_name=x").text
    assert owner.get(LIST).status_code == 200, "nobody else's default"
    second = save(colleague, "Other")
    change(colleague, second, "start-with", is_default="1")
    assert f"in_view={second}" in colleague.get(LIST).location
    change(colleague, second, "delete")
    assert colleague.get(LIST).status_code == 200
    with portal.app_context():
        assert list(db.session.scalars(select(DefaultView).filter_by(view_id=second))) == []


def test_names_versions_and_nonsense(portal: Flask):
    person = Visitor(portal, "customer_a1")
    view = save(person, "Twice")
    for name in ("Twice", "  ", "x" * 61):
        answer = person.post(
            "/saved-views/add",
            {"list": "CustomerView", "name": name, "query": QUERY, "next": f"{LIST}?in_view=0"},
            follow_redirects=True,
        )
        assert "alert-danger" in answer.text, name
    assert "alert-danger" in change(person, view, "keep", version=9, query="q_name=z")
    change(person, view, "keep", query="q_name=z&_od_CustomerView=asc")
    assert stored(portal, view).query == [["q_name", "z"], ["_od_CustomerView", "asc"]]
    for text in ("x", "-1", "99999999999999999999", "0"):
        assert person.get(f"/saved-views/open/{text}").status_code == 404
        page = person.get(f"{LIST}?view={text}&q_name=a", follow_redirects=True)
        assert page.status_code == 200
        assert "alert-warning" in page.text
    for name in ("", "NoSuchView", "LoginView", "HomeView"):
        answer = person.post("/saved-views/add", {"list": name, "name": "x", "query": ""})
        assert answer.status_code == 404, name
    assert person.client.post("/saved-views/add", data={"list": "CustomerView"}).status_code == 400


def test_a_view_of_a_removed_column_or_condition_still_opens(portal: Flask):
    person = Visitor(portal, "customer_a1")
    view = save(person, "Old", "q_gone=1&q_name=a&columns=name,gone,phone")
    page = person.get(f"{LIST}?view={view}", follow_redirects=True)
    assert page.status_code == 200
    # The list's own: the bell has one too while the world's task waits for a jobs process.
    assert page.text.count('<div class="alert alert-warning"') == 2
    assert "“gone”" in page.text
    assert 'class="cell-phone' in page.text or "list-foot" not in page.text
