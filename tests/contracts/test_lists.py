"""Every list of the portal: columns, unknown conditions, a default view, and the way back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.models import PortalUser, SavedView, Territory
from config import DEVELOPMENT_DEMO_PASSWORD
from tests.conftest import AppFactory

pytestmark = pytest.mark.web

RECORD_LINK = re.compile(r'(?:href|formaction)="([^"]*/(?:show|edit|delete)/[^"]*)"')
PAGE_LINK = re.compile(r'href="([^"]*page_\w+=\d[^"]*)"')
HEAD = re.compile(r'<th scope="col"')
WARNING = 'class="alert alert-warning" role="alert">'


@dataclass
class ListOfPortal:
    """A list with what its address needs to show rows."""

    client: FlaskClient
    view: Any
    url: str
    offered: list[str]
    place: str

    @property
    def name(self) -> str:
        return type(self.view).__name__

    def opened(self, query: str) -> tuple[str, str]:
        """(query, page), after the period that some lists add by themselves."""
        query += self.place
        answer = self.client.get(f"{self.url}?{query}")
        if answer.status_code == 302:
            query = urlsplit(answer.location).query
            answer = self.client.get(answer.location)
        assert answer.status_code == 200, f"{self.url}?{query}"
        return query, answer.text


def lists(app: Flask, client: FlaskClient, territory: int) -> Iterator[ListOfPortal]:
    for view in app.appbuilder.baseviews:
        if not isinstance(view, PlanningView) or "list" in view.exclude_route_methods:
            continue
        owned = {name for quick in view.all_quicks() for name in quick.parameters}
        # Step pages show an overview until one territory is chosen.
        place = f"&q_territory={territory}" if "q_territory" in owned else ""
        with app.test_request_context():
            url = app.url_for(f"{type(view).__name__}.list")
            yield ListOfPortal(client, view, url, view.offered_columns(), place)


def check_columns(one: ListOfPortal) -> None:
    """All at once, backwards, and one that is none; a condition that is none."""
    names = ",".join(["no_such_column", *reversed(one.offered)])
    _query, page = one.opened(f"in_view=0&columns={names}&q_no_such=1")
    assert page.count(WARNING) >= 2, one.url
    if 'class="list-foot"' in page:
        assert len(HEAD.findall(page)) >= len(one.offered), one.url
    _query, page = one.opened("in_view=0&columns=no_such_column")
    assert "no_such_column" in page


def check_ways_back(one: ListOfPortal) -> int:
    """How many links to records lead back to exactly this list; pages keep what is set."""
    first = one.offered[0]
    order = (one.view.order_columns or ["id"])[0]
    query, page = one.opened(
        f"in_view=0&psize_{one.name}=50&columns={first}&repeated=1&repeated=2"
        f"&_oc_{one.name}={order}&_od_{one.name}=desc"
    )
    here, returning, edits = f"{one.url}?{query}", 0, []
    for link in map(unescape, RECORD_LINK.findall(page)):
        back = parse_qs(urlsplit(link).query).get("next", [""])
        assert back in ([here], [""]), (one.url, link)
        returning += back == [here]
        edits += [link] if "/edit/" in link and back == [here] else []
    for link in map(unescape, PAGE_LINK.findall(page)):
        arguments = parse_qs(urlsplit(link).query)
        assert (arguments["repeated"], arguments["columns"]) == (["1", "2"], [first]), link
    for link in edits[:1]:
        form = one.client.get(link)
        assert form.status_code in (200, 303), link
        assert form.status_code == 303 or here in unescape(form.text), link
    return returning


def check_default(one: ListOfPortal, key: int) -> None:
    """A default opens, even one of conditions and columns that are gone; afterwards it is not missed."""
    form = {"is_default": "1", "version": "1", "next": "/"}
    assert one.client.post(f"/saved-views/{key}/start-with", data=form).status_code == 303
    opened = one.client.get(one.url)
    assert f"in_view={key}" in opened.location
    assert one.client.get(opened.location, follow_redirects=True).status_code == 200
    assert one.client.post(f"/saved-views/{key}/delete", data=form).status_code == 303
    answer = one.client.get(f"{one.url}?view={key}", follow_redirects=True)
    assert answer.status_code == 200
    assert "alert-warning" in answer.text


def test_every_list_takes_columns_and_views_and_leads_back(app_factory: AppFactory, demo_url: str):
    app = app_factory(demo_url, WTF_CSRF_ENABLED=False)
    client = app.test_client()
    person = {"username": "admin", "password": DEVELOPMENT_DEMO_PASSWORD}
    assert client.post("/login/", data=person).status_code == 303
    with app.app_context():
        admin = db.session.scalars(select(PortalUser).filter_by(username="admin")).one()
        owner, company = admin.id, admin.company_id
        territory = db.session.scalars(select(Territory.id).filter_by(company_id=company)).first()
    found = list(lists(app, client, territory))
    assert len(found) > 25
    with app.app_context():
        for one in found:
            query = [["q_no_such", "1"], ["columns", f"{one.offered[0]},no_such"]]
            db.session.add(
                SavedView(
                    company_id=company, owner_id=owner, list_name=one.name, name="x", query=query
                )
            )
        db.session.commit()
        keys = {row.list_name: row.id for row in db.session.scalars(select(SavedView))}
    returning = 0
    for one in found:
        check_columns(one)
        returning += check_ways_back(one)
        check_default(one, keys[one.name])
    assert returning > 50
