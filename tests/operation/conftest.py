"""Portals with a row of every entity or with the demo company, and an uploaded file.

PostgreSQL's programs are on the path.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.kernel.db import db, read_only
from app.operation.contents import Digest, contents_of
from tests import database
from tests.conftest import AppFactory
from tests.security import world


@pytest.fixture(autouse=True)
def _postgresql_programs(monkeypatch: pytest.MonkeyPatch):
    folder = database.shared_folder() / "pg" / "programs" / database.PROGRAMS
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def portal(
    app_factory: AppFactory, databases: database.Databases, tmp_path: Path
) -> Iterator[Flask]:
    """The two small companies of `tests.security.world`, quickly hashed."""
    upload = tmp_path / "uploads" / "1" / "sales.csv"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"customer,product\n")
    with databases.copy("world", world.build) as url:
        yield app_factory(url)


@pytest.fixture
def demo_portal(app_factory: AppFactory, demo_url: str) -> Flask:
    return app_factory(demo_url)


@pytest.fixture
def contents() -> Callable[[Flask], dict[str, Digest]]:
    """What the database of a portal holds now."""

    def read(app: Flask) -> dict[str, Digest]:
        with app.app_context(), read_only(), db.engine.connect() as connection:
            return contents_of(
                connection.connection.driver_connection,
                is_sqlite=connection.dialect.name == "sqlite",
            )

    return read
