"""The demo company moves from SQLite to PostgreSQL, equal row by row, and works on there."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.kernel.db import db
from app.models import ChangeLog, Department
from app.operation.contents import Digest, differences
from app.operation.move import move_portal
from app.operation.refusal import OperationRefused
from app.security.change_seal import check_chains
from config import DEVELOPMENT_DEMO_PASSWORD
from tests import database
from tests.conftest import AppFactory
from tests.security.visitor import Visitor

Contents = Callable[[Flask], dict[str, Digest]]


@pytest.fixture
def empty_postgresql() -> Iterator[str]:
    with database.Databases("postgresql").empty() as url:
        yield url


def test_the_demo_company_moves(
    demo_portal: Flask, contents: Contents, app_factory: AppFactory, empty_postgresql: str
):
    assert all(check.is_intact for check in check_chains(demo_portal))
    lines: list[str] = []
    moved = move_portal(demo_portal, empty_postgresql, lines.append)
    new = app_factory(empty_postgresql)
    after = contents(new)
    assert differences(contents(demo_portal), after) == []
    assert moved == {name: digest for name, digest in after.items() if name != "alembic_version"}
    assert any("customer:" in line for line in lines)

    # It works on: pages, new ids behind the old ones, the chain goes on from its head.
    visitor = Visitor(new, "admin", DEVELOPMENT_DEMO_PASSWORD)
    for page in ("/", "/customers/list/", "/products/list/", "/change-log/list/"):
        assert visitor.get(page).status_code == 200, page
    with new.app_context():
        highest = db.session.scalar(select(func.max(Department.id)))
        one = db.session.scalars(select(Department)).first()
        added = Department(company_id=one.company_id, code="moved", name="Moved")
        db.session.add(added)
        db.session.commit()
        assert added.id > highest
        assert db.session.scalar(select(func.count()).select_from(ChangeLog))
    assert all(check.is_intact for check in check_chains(new))

    with pytest.raises(OperationRefused, match="not empty"):
        move_portal(demo_portal, empty_postgresql, lines.append)


def test_a_failed_move_leaves_an_empty_target_and_can_be_repeated(
    app: Flask, contents: Contents, app_factory: AppFactory, empty_postgresql: str
):
    path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    good = "UPDATE ab_role SET name = 'brand_manager' WHERE name LIKE 'brand_manager%'"
    # PostgreSQL takes no NUL in a text.
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE ab_role SET name = name || char(0) WHERE name = 'brand_manager'")
    with pytest.raises(OperationRefused, match="ab_role"):
        move_portal(app, empty_postgresql, print)

    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(good)

    def saving_meanwhile(line: str) -> None:
        if "ab_view_menu" in line:
            with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
                connection.execute(good)

    with pytest.raises(OperationRefused, match="Somebody saved"):
        move_portal(app, empty_postgresql, saving_meanwhile)
    new = app_factory(empty_postgresql)
    with new.app_context(), db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM ab_role")).scalar() == 0

    runner = app.test_cli_runner()
    moved = runner.invoke(args=["portal", "move", "--to", empty_postgresql])
    assert moved.exit_code == 0, moved.output
    assert "The SQLite database is unchanged" in moved.output
    assert differences(contents(app), contents(new)) == []


def test_only_from_sqlite_to_postgresql(app: Flask):
    for target in ("sqlite:///x.db", "mysql://x"):
        with pytest.raises(OperationRefused, match="--to"):
            move_portal(app, target, print)
