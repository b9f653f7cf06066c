"""``world_url``: a fresh database with the two companies of `tests.security.world`."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests import database
from tests.conftest import AppFactory
from tests.security import world


@pytest.fixture
def world_url(databases: database.Databases) -> Iterator[str]:
    with databases.copy("world", world.build) as url:
        yield url


@pytest.fixture
def portal(app_factory: AppFactory, world_url: str) -> Flask:
    """An application over the two companies."""
    return app_factory(world_url)
