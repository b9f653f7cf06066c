"""A generation that dies in the middle leaves the old plan whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select, update

from app.models import Questionnaire, QuestionnaireStatus, StrategyItem, StrategyItemReason
from app.plan import step_07_service_strategy as step
from tests import database
from tests.analysis.conftest import make_tables
from tests.plan import world as p

pytestmark = pytest.mark.sql
ROOT = Path(__file__).resolve().parents[2]

DYING = """
import os, signal, sys
from sqlalchemy import create_engine
import app.models
from app.plan import step_07_service_strategy as step
from tests.plan import world as p

def die(*_arguments):
    print("reached", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

step._keep_without_reason = die
with create_engine(sys.argv[1]).begin() as connection:
    step.generate(connection, p.ONE, p.M, p.computation())
"""


@pytest.fixture
def engine(databases: database.Databases) -> Iterator[Engine]:
    with databases.copy("tables", make_tables) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


def everything(engine: Engine) -> tuple[list[Any], list[Any]]:
    item, reason = StrategyItem.__table__, StrategyItemReason.__table__
    with engine.connect() as connection:
        return (
            list(connection.execute(select(item).order_by(item.c.id))),
            list(connection.execute(select(reason).order_by(*reason.primary_key.columns))),
        )


def changed_plan(engine: Engine) -> tuple[list[Any], list[Any]]:
    """A generated plan whose next generation would add, change and drop."""
    with engine.begin() as connection:
        p.analysed(connection)
        form = p.answer(connection, 1, {"D08": None})
        p.answer(connection, 2, {"D01": "before"})
        p.planned(connection)
        table = Questionnaire.__table__
        connection.execute(
            update(table).where(table.c.id == form).values(status=QuestionnaireStatus.OPEN)
        )
        p.answer(connection, 3, {"D09": None})
    return everything(engine)


def test_a_killed_process_leaves_the_plan_whole(engine: Engine):
    before = changed_plan(engine)
    url = engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", DYING, url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "reached" in done.stdout
    assert everything(engine) == before
    with engine.begin() as connection:
        step.generate(connection, p.ONE, p.M, p.computation())
    assert everything(engine) != before


def test_an_error_in_the_middle_leaves_the_plan_whole(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    before = changed_plan(engine)

    def fail(*_arguments: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(step, "_keep_without_reason", fail)
    with pytest.raises(RuntimeError), engine.begin() as connection:
        step.generate(connection, p.ONE, p.M, p.computation())
    assert everything(engine) == before
