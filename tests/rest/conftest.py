"""Access keys for the people of the two companies of `tests.security.world`."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.kernel.db import db
from app.kernel.period import utc_now
from app.models import PortalUser
from app.security.access_keys import new_key
from tests import database
from tests.conftest import built_app
from tests.security import world
from tests.security.world import found


@pytest.fixture(scope="module")
def portal() -> Iterator[Flask]:
    """One application and database for the tests of a module."""
    databases = database.Databases("sqlite")
    with databases.copy("world", world.build) as url, built_app(url) as app:
        yield app


class Caller:
    """Another system with a key of `username`."""

    def __init__(self, app: Flask, username: str, scopes: str = "write") -> None:
        self.app = app
        with app.app_context():
            user = found(PortalUser, username=username)
            row, self.clear = new_key(user.id, "test", scopes, utc_now() + dt.timedelta(days=9))
            row.active, row.created_on = True, utc_now()
            db.session.add(row)
            db.session.commit()
            self.key_id = row.id
        self.headers = {"Authorization": f"Bearer {self.clear}"}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.app.test_client().get(
            f"/api/v1/{path}", query_string=query, headers=self.headers
        )

    def post(self, path: str, body: Any, key: str = "first-attempt", **headers: str):
        return self.app.test_client().post(
            f"/api/v1/{path}",
            json=body,
            headers={**self.headers, "Idempotency-Key": key, **headers},
        )

    def patch(self, path: str, body: Any, version: str | None = None, **headers: str):
        match = {} if version is None else {"If-Match": version}
        return self.app.test_client().patch(
            f"/api/v1/{path}", json=body, headers={**self.headers, **match, **headers}
        )
