"""Every address × every kind of person × own, foreign and missing rows × GET and POST."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.security.route_access import PUBLIC, is_api
from app.security.scope_option import ScopeOption
from tests import database
from tests.conftest import AppFactory
from tests.contracts import access_matrix as matrix
from tests.contracts.access_matrix import ENDS_THE_SESSION, MISSING, Person, World
from tests.security import world as two_companies
from tests.security.visitor import Visitor

pytestmark = [pytest.mark.web, pytest.mark.slow]

PEOPLE = ["customer_a1", "market_a1", "brand_a", "admin_a", "platform"]
REFUSED = {403, 404, 405}


@pytest.fixture
def portal(app_factory: AppFactory, databases: database.Databases) -> Iterator[tuple[Flask, World]]:
    with databases.copy("world", two_companies.build) as url:
        app = app_factory(url)
        yield app, matrix.read_world(app)


def rules(app: Flask, method: str):
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if method in (rule.methods or ()) and not rule.endpoint.endswith("static"):
            yield rule


def foreign_place(username: str) -> str:
    return "a2" if username in ("customer_a1", "market_a1") else "b"


def text_of(answer: TestResponse) -> str:
    """The text of an answer; what is inside workbooks is checked by their own tests."""
    is_text = answer.mimetype.startswith("text/") or answer.mimetype == "application/json"
    return answer.get_data(as_text=True) if is_text else ""


def leaks(person: Person, known: World, text: str) -> list[str]:
    """Sentinels of rows the person must not know of."""
    return [
        token
        for (model, place), token in known.tokens.items()
        if token in text and (known.rows.get(model, {}).get(place),) not in person.visible[model]
    ]


def page_problems(
    app: Flask, known: World, username: str, visitor: Visitor, only: str = ""
) -> tuple[list[str], int]:
    """(what is wrong, pages that opened) of every page, or of those whose endpoint begins `only`."""
    person = Person.of(app, username)
    place = foreign_place(username)
    problems, reached = [], 0
    with app.app_context():
        apis = {rule.endpoint for rule in app.url_map.iter_rules() if is_api(rule.endpoint)}
    for rule in rules(app, "GET"):
        if rule.endpoint in apis or not rule.endpoint.startswith(only):
            continue
        grant = app.extensions["route_grants"].get(rule.endpoint)
        model = matrix.model_of(app, rule.endpoint)
        for url, pk in matrix.urls(app, rule, known):
            filters = matrix.foreign_filters(app, rule.endpoint, known, place)
            for query in [{}, filters] if filters else [{}]:
                answer = visitor.get(url, query_string=query)
                status, text = answer.status_code, text_of(answer)
                where = f"{username} GET {url} {query or ''} → {status}"
                if status >= 500:
                    problems.append(where)
                if rule.endpoint not in PUBLIC and grant not in person.pairs:
                    if status != 403:
                        problems.append(f"{where}, without the grant {grant}")
                elif pk is not None and pk != MISSING and not person.sees(model, pk):
                    if status != 404:
                        problems.append(f"{where}, a foreign row")
                elif pk == MISSING and status not in REFUSED:
                    problems.append(f"{where}, a missing row")
                else:
                    reached += status == 200
                problems += [f"{where} shows {token}" for token in leaks(person, known, text)]
    return problems, reached


@pytest.mark.parametrize("username", PEOPLE)
def test_pages_show_only_what_the_person_may_see(portal: tuple[Flask, World], username: str):
    app, known = portal
    visitor = Visitor(app, username)
    before = matrix.contents(app)
    problems, reached = page_problems(app, known, username, visitor)
    assert problems == []
    assert reached > 5, "the positive control: the person's own pages opened"
    assert matrix.contents(app) == before, "no GET changes anything"


@pytest.mark.parametrize("hole", ["rows", "grants"])
def test_the_matrix_finds_a_hole(
    portal: tuple[Flask, World], hole: str, monkeypatch: pytest.MonkeyPatch
):
    """Without the row scope, and without the gate and the decorators, the walk complains."""
    app, known = portal
    person = Person.of(app, "customer_a1")
    visitor = Visitor(app, "customer_a1")
    monkeypatch.setattr(Person, "of", lambda _app, _username: person)
    if hole == "rows":
        monkeypatch.setattr("app.security.row_scope.scope_option", lambda _scope: ScopeOption([]))
        problems, _reached = page_problems(app, known, "customer_a1", visitor, "CustomerView")
        assert any("a foreign row" in problem for problem in problems)
        assert any("shows Magnolia-customer-" in problem for problem in problems)
    else:
        monkeypatch.setattr(
            "app.security.security_manager.PortalSecurityManager._has_view_access",
            lambda *_arguments: True,
        )
        problems, _reached = page_problems(app, known, "customer_a1", visitor, "UserView")
        assert any("without the grant" in problem for problem in problems)


@pytest.mark.parametrize("username", PEOPLE)
def test_forms_reach_only_what_the_person_may_change(portal: tuple[Flask, World], username: str):
    app, known = portal
    person = Person.of(app, username)
    visitor = Visitor(app, username)
    place = foreign_place(username)
    before = matrix.contents(app)
    problems, reached = [], 0
    with app.app_context():
        apis = {rule.endpoint for rule in app.url_map.iter_rules() if is_api(rule.endpoint)}
    for own_turn in (False, True):  # foreign rows first, while the own ones are still there
        for rule in rules(app, "POST"):
            if rule.endpoint in ENDS_THE_SESSION | apis | PUBLIC:
                continue
            grant = app.extensions["route_grants"].get(rule.endpoint)
            model = matrix.model_of(app, rule.endpoint)
            for url, pk in matrix.urls(app, rule, known):
                is_own = pk is None or person.sees(model, pk)
                if is_own is not own_turn:
                    continue
                answer = visitor.post(url, matrix.forged(app, rule.endpoint, known, place))
                status = answer.status_code
                where = f"{username} POST {url} → {status}"
                if status >= 500:
                    problems.append(where)
                if grant not in person.pairs:
                    if status != 403:
                        problems.append(f"{where}, without the grant {grant}")
                elif not is_own and status not in REFUSED:
                    problems.append(f"{where}, a foreign or missing row")
                else:
                    reached += status < 400
                problems += [
                    f"{where} shows {token}" for token in leaks(person, known, text_of(answer))
                ]
    assert problems == []
    assert reached > 1
    later = Person.of(app, username)
    assert matrix.touched(before, matrix.contents(app), person, later) == []
    assert matrix.ties_between_companies(app) == []


def test_nothing_opens_before_login(portal: tuple[Flask, World]):
    app, known = portal
    visitor = Visitor(app)
    before = matrix.contents(app)
    problems = []
    with app.app_context():
        apis = {rule.endpoint for rule in app.url_map.iter_rules() if is_api(rule.endpoint)}
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            if rule.endpoint in PUBLIC:
                continue
            for url, _pk in matrix.urls(app, rule, known):
                data = matrix.forged(app, rule.endpoint, known, "a1") if method == "POST" else {}
                answer = visitor.get(url) if method == "GET" else visitor.post(url, data)
                where = f"nobody {method} {url} → {answer.status_code}"
                if rule.endpoint in apis:
                    if answer.status_code != 401:
                        problems.append(where)
                elif answer.status_code != 303 or not answer.location.startswith("/login/"):
                    problems.append(where)
                script = visitor.client.open(
                    url, method=method, data={"csrf_token": visitor.csrf()},
                    headers={"Accept": "application/json"},
                )  # fmt: skip
                if script.status_code != 401:
                    problems.append(f"script {where} {script.status_code}")
    assert problems == []
    assert matrix.contents(app) == before


def test_every_form_needs_its_token(portal: tuple[Flask, World]):
    app, known = portal
    visitor = Visitor(app, "platform")
    before = matrix.contents(app)
    problems = []
    with app.app_context():
        apis = {rule.endpoint for rule in app.url_map.iter_rules() if is_api(rule.endpoint)}
    for rule in rules(app, "POST"):
        if rule.endpoint in apis:
            continue
        for url, _pk in matrix.urls(app, rule, known):
            for token in ({}, {"csrf_token": "forged"}):
                answer = visitor.client.post(url, data=token)
                if answer.status_code != 400:
                    problems.append(f"POST {url} {token} → {answer.status_code}")
    assert problems == []
    assert matrix.contents(app) == before


def test_addresses_are_not_opened_by_other_methods(portal: tuple[Flask, World]):
    app, known = portal
    visitor = Visitor(app, "platform")
    problems = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.endswith("static") or "GET" in (rule.methods or ()):
            continue
        if any(
            other.rule == rule.rule and "GET" in (other.methods or ())
            for other in app.url_map.iter_rules()
        ):
            continue
        for url, _pk in matrix.urls(app, rule, known):
            status = visitor.get(url).status_code
            if status != 405:
                problems.append(f"GET {url} → {status}")
    assert problems == []
