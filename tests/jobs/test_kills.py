"""kill -9 in the middle of every job that has an effect: never double, never half."""

import datetime as dt
import hashlib
import multiprocessing
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Table, func, select, update

from app.jobs.job_runs import RunKey, recover_runs
from app.jobs.job_work import run_once
from app.kernel.db import db
from app.kernel.period import Month, local_today, start_of
from app.models import (
    ChangeLog,
    Company,
    Customer,
    CustomerStatus,
    JobRun,
    KeyProductSnapshot,
    MarketAnalysis,
    Notice,
    RunState,
    StateRun,
    VisitPlan,
    VisitStatus,
)
from app.operation.backup import PATTERN
from tests import database
from tests.conftest import built_app, fill_demo
from tests.jobs import killed_run
from tests.jobs.killed_run import AFTER, BEFORE, BETWEEN, SOON

pytestmark = [pytest.mark.sql, pytest.mark.slow, pytest.mark.timeout(300)]

POINTS = (BEFORE, SOON, BETWEEN, AFTER)
"""Four kills, one attempt less than a run has."""

TODAY = local_today()
MOMENT = start_of(TODAY) + dt.timedelta(hours=10)
VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__


@pytest.fixture
def demo(database_kind: str, tmp_path: Path) -> Iterator[tuple[Flask, str, Path]]:
    with (
        database.Databases(database_kind).copy("demo", fill_demo) as url,
        built_app(url, PORTAL_DATA_DIR=tmp_path) as app,
    ):
        yield app, url, tmp_path


def rows_of(*tables: Table) -> str:
    """Everything in these tables but ids and times, as one number."""
    digest = hashlib.sha256()
    for table in tables:
        told = [
            column
            for column in table.c
            if column.name not in ("id", "version", "uuid", "sequence")
            and not column.name.endswith(("_at", "_hash", "_by"))
            and column.name != "at"
        ]
        rows = db.session.connection().execute(select(*told))
        for line in sorted(repr(tuple(row)) for row in rows):
            digest.update(line.encode())
    return digest.hexdigest()


def counted(*_: object) -> str:
    return rows_of(Company.__table__)


def key_brands(_data_dir: Path) -> str:
    return rows_of(KeyProductSnapshot.__table__)


def visits(_data_dir: Path) -> str:
    return rows_of(VISIT, ChangeLog.__table__)


def notices(_data_dir: Path) -> str:
    return rows_of(Notice.__table__)


def analyses(_data_dir: Path) -> str:
    return rows_of(StateRun.__table__, MarketAnalysis.__table__)


def archives(data_dir: Path) -> str:
    """Every archive there is can be read to its end."""
    found = sorted((data_dir / "backups").glob(PATTERN))
    for path in found:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    return str(bool(found))


def forget_snapshot() -> None:
    db.session.connection().execute(KeyProductSnapshot.__table__.delete())


def close_a_customer() -> None:
    """Its coming visits are to be cancelled; past ones were not recorded."""
    connection = db.session.connection()
    coming = select(VISIT.c.customer_id).where(
        VISIT.c.status == VisitStatus.PLANNED, VISIT.c.date > TODAY
    )
    gone = connection.execute(
        select(CUSTOMER.c.id).where(CUSTOMER.c.id.in_(coming)).order_by(CUSTOMER.c.id).limit(3)
    ).scalars()
    connection.execute(
        update(CUSTOMER)
        .where(CUSTOMER.c.id.in_(list(gone)))
        .values(
            status=next(state for state in CustomerStatus if state is not CustomerStatus.ACTIVE)
        )
    )


def forget_outcomes() -> None:
    """The visits of the earliest day were never recorded."""
    old = select(func.min(VISIT.c.date)).scalar_subquery()
    db.session.connection().execute(
        update(VISIT).where(VISIT.c.date == old).values(status=VisitStatus.PLANNED)
    )


def forget_analyses() -> None:
    connection = db.session.connection()
    month = Month.of(TODAY)
    connection.execute(StateRun.__table__.delete().where(StateRun.__table__.c.month == month))


def nothing() -> None:
    pass


CASES: dict[str, tuple[str, bool, Callable[[], None], Callable[[Path], str]]] = {
    "counted": (TODAY.isoformat(), False, nothing, counted),
    "key_brands": (Month.of(TODAY).key, True, forget_snapshot, key_brands),
    "visits": (TODAY.isoformat(), True, close_a_customer, visits),
    "close_visits": (TODAY.isoformat(), True, forget_outcomes, visits),
    "reminders": (TODAY.isoformat(), True, nothing, notices),
    "calculation": (Month.of(TODAY).key, True, forget_analyses, analyses),
    "backup": (TODAY.isoformat(), False, nothing, archives),
}
"""Job → period, whether it is a company's, what gives it something to do, what it leaves."""
IN_PARTS = {"calculation", "backup"}
"""Their parts are kept as they are made; whole they are all the same."""


@pytest.fixture(scope="module")
def children() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    # Imported once, not in every child.
    context.set_forkserver_preload(["tests.jobs.killed_run", "app.views"])
    return context


def test_a_killed_job_is_done_once_and_whole(demo, children, database_kind):
    app, url, data_dir = demo
    kills = 0
    for number, (job, (period, is_company, prepare, effect)) in enumerate(CASES.items()):
        if job == "backup" and database_kind == "postgresql":
            continue  # needs the server's own pg_dump; tests of the backup say more
        with app.app_context():
            company = db.session.scalar(select(func.min(Company.id))) if is_company else 0
            key = RunKey(job, company, period)
            prepare()
            db.session.commit()
            before = effect(data_dir)
            db.session.rollback()
            db.engine.dispose()
        seen = set()
        for point in POINTS:
            child = children.Process(
                target=killed_run.run,
                args=(url, data_dir, key, MOMENT, point, number),
                daemon=True,
            )
            child.start()
            child.join(60)
            assert child.exitcode == -signal.SIGKILL, (job, point)
            kills += 1
            with app.app_context():
                recover_runs(db.engine, -86_400 * 400)
                state = db.session.scalar(
                    select(JobRun.state).where(JobRun.job == job, JobRun.period == period)
                )
                now = effect(data_dir)
                is_done = state is RunState.DONE
                if job not in IN_PARTS:
                    assert is_done == (now != before), (job, point, state)
                assert is_done or point != AFTER
                if is_done:
                    seen.add(now)
                db.session.rollback()
                db.engine.dispose()
        assert run_once(app, key) is None
        with app.app_context():
            assert seen == {effect(data_dir)}, job
            assert effect(data_dir) != before, job
    assert kills >= 20
