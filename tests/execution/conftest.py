"""A database with the portal's tables only, the demo company's visitors, a day of visits."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.kernel.db import db
from tests.analysis.conftest import connection  # noqa: F401
from tests.analysis.demo_visitors import demo, stored, territory, visitor  # noqa: F401
from tests.execution.day_world import Day, plan_day


@pytest.fixture
def day(demo: Flask) -> Day:  # noqa: F811
    """Today in the first territory of the demo company."""
    with demo.app_context():
        made = plan_day(db.session.connection())
        db.session.commit()
    return made


@pytest.fixture
def change(demo: Flask) -> Callable[..., None]:  # noqa: F811
    """``change(statement)``: outside any request."""

    def run(*statements: object) -> None:
        with demo.app_context():
            for statement in statements:
                db.session.connection().execute(statement)
            db.session.commit()

    return run
