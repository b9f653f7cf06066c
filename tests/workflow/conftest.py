"""``portal``: an application over `flow_world`; ``steps``: what stands for the step modules."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests import database
from tests.conftest import AppFactory
from tests.workflow import flow_world


@pytest.fixture
def flow_url(databases: database.Databases) -> Iterator[str]:
    with databases.copy("flow", flow_world.build) as url:
        yield url


@pytest.fixture
def portal(app_factory: AppFactory, flow_url: str) -> Flask:
    return app_factory(flow_url, BABEL_DEFAULT_LOCALE="en")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> flow_world.NoSteps:
    stand_in = flow_world.NoSteps()
    monkeypatch.setattr("app.workflow.flow.import_module", stand_in)
    return stand_in
