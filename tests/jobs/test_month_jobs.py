"""What the month's own jobs do, and leave alone, in the demo company."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.analysis.month_calculation import queue_after_import
from app.jobs.job_runs import RunKey
from app.jobs.job_work import run_once
from app.jobs.task_claims import claim_next
from app.jobs.task_run import run_claimed
from app.kernel.db import db
from app.kernel.period import Month, local_today
from app.models import (
    AnalysisStatus,
    ChangeLog,
    DailyVisit,
    MarketAnalysis,
    Notice,
    NoticeKind,
    RunState,
    StateRun,
    StateStatus,
    Task,
    TaskState,
    VisitPlan,
    VisitStatus,
)
from app.plan.rules.visit_closing import closed_before
from tests import database
from tests.conftest import built_app, fill_demo

COMPANY = 1
TODAY = local_today()
MONTH = Month.of(TODAY)
VISIT, RECORD = VisitPlan.__table__, DailyVisit.__table__


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("month_jobs")
    with (
        database.Databases("sqlite").copy("demo", fill_demo) as url,
        built_app(url, PORTAL_DATA_DIR=folder) as app,
    ):
        yield app


def key(job: str, period: str, number: int = 1) -> RunKey:
    return RunKey(job, COMPANY, period, number)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("today", "days", "before"),
    [
        ("2026-11-24", 7, "2026-11-17"),
        ("2026-11-03", 7, "2026-11-01"),  # the month before has ended
        ("2026-12-01", 60, "2026-12-01"),
        ("2026-11-24", 60, "2026-11-01"),
    ],
)
def test_visits_are_closed_with_their_month_or_after_some_days(today, days, before):
    day = dt.date.fromisoformat
    assert closed_before(day(today), days) == day(before)


def test_only_visits_nobody_recorded_are_closed_and_it_is_logged(demo):
    past = (VISIT.c.company_id == COMPANY) & (VISIT.c.date < MONTH.first_day)
    is_recorded = (
        select(RECORD.c.id)
        .where(
            RECORD.c.company_id == COMPANY,
            RECORD.c.customer_id == VISIT.c.customer_id,
            RECORD.c.date == VISIT.c.date,
            RECORD.c.outcome.is_not(None),
        )
        .exists()
    )

    def some(*conditions: object) -> list[int]:
        query = select(VISIT.c.id).where(past, *conditions).order_by(VISIT.c.id).limit(3)
        return list(db.session.connection().scalars(query))

    with demo.app_context():
        recorded = some(is_recorded)
        forgotten = some(~is_recorded)
        cancelled = some(VISIT.c.status == VisitStatus.CANCELLED, VISIT.c.id.not_in(forgotten))
        db.session.connection().execute(
            update(VISIT)
            .where(VISIT.c.id.in_([*recorded, *forgotten]))
            .values(status=VisitStatus.PLANNED)
        )
        db.session.commit()
    assert recorded
    assert forgotten
    assert run_once(demo, key("close_visits", TODAY.isoformat())) is RunState.DONE
    with demo.app_context():

        def states(ids: list[int]) -> set[VisitStatus]:
            return set(db.session.scalars(select(VisitPlan.status).where(VisitPlan.id.in_(ids))))

        assert states(forgotten) == {VisitStatus.MISSED}
        assert states(recorded) == {VisitStatus.PLANNED}  # what a person wrote is theirs
        assert states(cancelled) <= {VisitStatus.CANCELLED}
        logged = db.session.scalars(
            select(ChangeLog.record_id).where(ChangeLog.user_name == "close_visits")
        )
        assert sorted(logged) == sorted(forgotten)


def test_people_are_reminded_once(demo):
    day = MONTH.last_day - dt.timedelta(days=1)  # steps 3, 4 and 12 are due tomorrow
    assert run_once(demo, key("reminders", day.isoformat())) is RunState.DONE

    def told() -> list[tuple[int, str]]:
        with demo.app_context():
            rows = db.session.execute(
                select(Notice.user_id, Notice.key).where(
                    Notice.kind.in_((NoticeKind.STEP_DUE, NoticeKind.STEP_OVERDUE))
                )
            )
            return sorted((row.user_id, row.key) for row in rows)

    first = told()
    assert any(entry[1].startswith("step-due:") for entry in first)
    assert len(first) == len(set(first))
    assert run_once(demo, key("reminders", day.isoformat(), 2)) is RunState.DONE
    assert told() == first


def test_an_import_computes_what_is_open_and_touches_nothing_else(demo):
    with demo.app_context():
        generated = select(StateRun.territory_id, StateRun.version).where(
            StateRun.company_id == COMPANY,
            StateRun.month == MONTH,
            StateRun.status.in_((StateStatus.GENERATED, StateStatus.STALE)),
        )
        completed = select(MarketAnalysis.id, MarketAnalysis.version).where(
            MarketAnalysis.status == AnalysisStatus.COMPLETED
        )
        before = [list(db.session.execute(query)) for query in (generated, completed)]
        db.session.execute(
            update(StateRun.__table__)
            .where(
                StateRun.__table__.c.company_id == COMPANY,
                StateRun.__table__.c.month == MONTH,
                StateRun.__table__.c.status == StateStatus.COMPUTED,
            )
            .values(data_batch_id=-1)
        )
        task = queue_after_import(db.session(), COMPANY, 4711, [MONTH.previous])
        assert task is not None
        assert queue_after_import(db.session(), COMPANY, 4712, [MONTH.shift(-40)]) is None
        task_id = task.id
        db.session.commit()
        claim = claim_next(db.engine)
    assert claim is not None
    assert run_claimed(demo, claim) is TaskState.DONE
    with demo.app_context():
        task = db.session.get_one(Task, task_id)
        assert task.progress_total
        assert task.result["text"]
        assert [list(db.session.execute(query)) for query in (generated, completed)] == before
        stale = select(func.count()).where(StateRun.__table__.c.data_batch_id == -1)
        assert db.session.scalar(stale) == 0
    assert run_once(demo, key("calculation", f"{MONTH.key} #4711")) is None
