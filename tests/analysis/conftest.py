"""A database with the portal's tables only, made from the metadata once per run and copied."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

import app.models  # noqa: F401 -- loads every entity
from app.kernel.db import db
from tests import database
from tests.analysis.demo_visitors import demo, stored, territory, visitor  # noqa: F401
from tests.analysis.early_month import early  # noqa: F401


def make_tables(url: str) -> None:
    engine = create_engine(url)
    db.Model.metadata.create_all(engine)
    engine.dispose()


@pytest.fixture
def connection(databases: database.Databases) -> Iterator[Connection]:
    """An open transaction on fresh tables, never committed."""
    with databases.copy("tables", make_tables) as url:
        engine = create_engine(url)
        with engine.connect() as opened:
            yield opened
            opened.rollback()
        engine.dispose()
