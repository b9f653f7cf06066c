"""``records``: an application with the views and rows of `record_world`; ``sign_in`` to it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import database
from tests.conftest import AppFactory
from tests.kernel import record_world

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def records_url(databases: database.Databases) -> Iterator[str]:
    with databases.copy("records", record_world.build) as url:
        yield url


@pytest.fixture
def records(app_factory: AppFactory, records_url: str, monkeypatch: pytest.MonkeyPatch) -> Flask:
    from app import views

    monkeypatch.setattr(views, "VIEWS", (*views.VIEWS, *record_world.VIEWS))
    return app_factory(records_url, WTF_CSRF_ENABLED=False, PROPAGATE_UNEXPECTED_ERRORS=True)


@pytest.fixture
def sign_in(records: Flask) -> SignIn:
    """``sign_in("anna")``: a client that is logged in."""

    def client_of(name: str) -> FlaskClient:
        client = records.test_client()
        answer = client.post("/login/", data={"username": name, "password": record_world.PASSWORD})
        assert answer.location == "/", answer.get_data(as_text=True)
        return client

    return client_of
