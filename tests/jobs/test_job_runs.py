"""Job runs: begun by one, recorded with the work, tried again, given up, run again by hand."""

import datetime as dt
import re

import pytest
from sqlalchemy import select

from app.jobs import JOBS, JOBS_BY_ID, Job, Period
from app.jobs import job_work as work
from app.jobs.job_context import Outcome
from app.jobs.job_runs import BACK_OFF, MOST_ATTEMPTS, RunKey, begin, finish, recover_runs, waiting
from app.jobs.schedule import last_due, next_due, period_at
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.period import COMPANY_ZONE, start_of, utc_now
from app.models import Company, JobRun, Notice, RunState
from tests.analysis.demo_visitors import DemoVisitor
from tests.conftest import ROOT

DAY = dt.date(2026, 11, 24)
KEY = RunKey("visits", 0, DAY.isoformat())


def local(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=COMPANY_ZONE)  # type: ignore[arg-type]


def utc(*parts: int) -> dt.datetime:
    return local(*parts).astimezone(dt.UTC).replace(tzinfo=None)


# --- pure -----------------------------------------------------------------------------------


@pytest.mark.pure
@pytest.mark.parametrize(
    ("job", "now", "period"),
    [
        ("visits", (2026, 11, 24, 2, 19), "2026-11-23"),
        ("visits", (2026, 11, 24, 2, 20), "2026-11-24"),
        ("visits", (2026, 12, 1, 0, 0), "2026-11-30"),  # local days: UTC is still in November
        ("key_brands", (2026, 12, 1, 0, 9), "2026-11"),
        ("key_brands", (2026, 12, 1, 0, 10), "2026-12"),
        ("key_brands", (2026, 12, 31, 23, 59), "2026-12"),
        ("calculation", (2027, 1, 3, 12, 0), "2027-01"),
        ("calculation", (2027, 1, 20, 12, 0), None),  # too late to make up for
    ],
)
def test_the_last_time_due_names_the_period(job, now, period):
    row = JOBS_BY_ID[job]
    due = last_due(row, {}, utc(*now))
    assert (None if due is None else period_at(row.period, due)) == period


@pytest.mark.pure
def test_the_next_time_due_needs_no_scheduler():
    assert next_due(JOBS_BY_ID["visits"], {}, utc(2026, 11, 24, 2, 21)) == local(
        2026, 11, 25, 2, 20
    )
    assert next_due(JOBS_BY_ID["tasks"], {}, utc(2026, 11, 24)) is None


@pytest.mark.pure
def test_jobs_with_periods_have_a_clock_time_and_a_place_in_the_documents():
    assert all(job.trigger == "cron" for job in JOBS if job.period in (Period.MONTH, Period.DAY))
    assert len(BACK_OFF) == MOST_ATTEMPTS - 1
    document = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", document, re.MULTILINE)
    assert told == [(job.id, job.description) for job in JOBS]


# --- runs -----------------------------------------------------------------------------------


@pytest.fixture
def job(monkeypatch):
    """A job of this test: what it does is `job["does"]`."""
    does = {}
    row = Job("visits", "x.y", "cron", {"hour": 2}, 86_400, "test", period=Period.DAY)
    monkeypatch.setitem(work.JOBS_BY_ID, "visits", row)  # type: ignore[arg-type]
    monkeypatch.setattr(work, "function_of", lambda _job: does["does"])
    return does


def run_of(app, number: int = 1) -> JobRun:
    with app.app_context():
        run = db.session.scalar(select(JobRun).where(JobRun.run_no == number))
        db.session.expunge(run)
        return run


def add_company(context) -> Outcome:
    context.session.add(Company(code="JOB", name="made by a job"))
    return Outcome(1, "%(count)s made.", {"count": 1})


def made(app) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Company).where(Company.code == "JOB")).all())


@pytest.mark.sql
def test_a_run_is_done_once(app, job):
    job["does"] = add_company
    assert work.run_once(app, KEY) is RunState.DONE
    assert work.run_once(app, KEY) is None
    run = run_of(app)
    assert (made(app), run.rows, run.attempts) == (1, 1, 1)
    assert run.sentence % run.sentence_values == "1 made."


def test_a_new_installation_has_no_missed_backup(app, monkeypatch):
    done = []
    monkeypatch.setattr(work, "run_once", lambda _app, key, _stopping: done.append(key.period))
    backup = JOBS_BY_ID["backup"]
    for moment in (utc(2026, 11, 24, 9), utc(2026, 11, 25, 1, 0, 5)):
        monkeypatch.setattr(work, "utc_now", lambda moment=moment: moment)
        work.run_due(app, backup, lambda: False)
    assert done == ["2026-11-25"]  # not the night before the first start
    with app.app_context():
        begin(db.engine, RunKey("backup", 0, "2026-11-25"), moment)
    monkeypatch.setattr(work, "utc_now", lambda: utc(2026, 11, 27, 0, 30))
    work.run_due(app, backup, lambda: False)
    assert done == ["2026-11-25", "2026-11-26"]  # missed while it was down


@pytest.mark.sql
def test_whoever_lost_the_run_leaves_nothing(app, job):
    def slow(context) -> Outcome:
        with app.app_context():
            recover_runs(db.engine, -60)  # another process holds this one for dead
        return add_company(context)

    job["does"] = slow
    assert work.run_once(app, KEY) is None
    assert made(app) == 0
    job["does"] = add_company
    assert work.run_once(app, KEY) is RunState.DONE
    assert made(app) == 1


def test_two_claims_give_one(app):
    now = start_of(DAY)
    with app.app_context():
        first = begin(db.engine, KEY, now)
        assert first is not None
        assert begin(db.engine, KEY, now) is None
        finish(db.session.connection(), first, Outcome())
        db.session.commit()
        assert begin(db.engine, KEY, now) is None


def test_failures_are_tried_again_with_growing_pauses_and_given_up(app, job, monkeypatch):
    def broken(context) -> Outcome:
        add_company(context)
        context.session.flush()
        raise RuntimeError("secret detail")

    told = []
    monkeypatch.setattr(work, "tell_of_failure", lambda _session, key: told.append(key))
    job["does"] = broken
    now = start_of(DAY)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        monkeypatch.setattr(work, "utc_now", lambda now=now: now)
        work.run_waiting(app, lambda: False) if attempt > 1 else work.run_once(app, KEY)
        run = run_of(app)
        assert (run.attempts, run.error_number in str(run.sentence_values)) == (attempt, True)
        assert "secret" not in f"{run.sentence}{run.sentence_values}"
        if attempt < MOST_ATTEMPTS:
            assert run.state is RunState.RETRYING
            assert work.run_once(app, KEY) is None  # not before its time
            now += dt.timedelta(seconds=BACK_OFF[attempt - 1])
    assert run.state is RunState.FAILED
    assert told == [KEY]
    assert made(app) == 0
    assert work.run_once(app, KEY) is None


def test_a_refusal_is_kept_as_its_sentence(app, job):
    def refuse(_context) -> Outcome:
        raise PlanningError("%(what)s is missing.", what="the calendar")

    job["does"] = refuse
    work.run_once(app, KEY)
    run = run_of(app)
    assert (run.sentence, run.sentence_values, run.error_number) == (
        "%(what)s is missing.",
        {"what": "the calendar"},
        None,
    )


def test_the_administrators_hear_of_it_once(demo_app):
    with demo_app.app_context():
        for _ in range(2):
            work.tell_of_failure(db.session(), RunKey("visits", 1, "2026-11-24"))
        db.session.commit()
        keys = db.session.scalars(select(Notice.key).where(Notice.key.like("job:visits:%"))).all()
    assert keys == ["job:visits:1:2026-11-24:1"]  # one administrator, told once


@pytest.fixture
def demo_app(app_factory, demo_url):
    return app_factory(demo_url)


def test_a_person_runs_a_job_again_with_a_reason(demo_app):
    admin = DemoVisitor(demo_app, "admin")
    admin.page("/scheduled-work/list/")
    values = {"job": "close_visits", "company": "1", "period": "2026-11-20"}

    def again(**changes: str) -> int:
        return admin.post("/scheduled-work/again", {**values, **changes}).status_code

    assert again(reason=" ") == again(reason="early", period="2999-01-01") == 303
    with demo_app.app_context():
        assert waiting(db.engine, utc_now()) == []
    assert again(reason="a late correction") == 303
    assert again(reason="not mine", company="2") == 404
    assert again(reason="not mine", job="backup") == 404
    work.run_waiting(demo_app, lambda: False)
    run = run_of(demo_app, 2)
    assert (run.job, run.company_id, run.state) == ("close_visits", 1, RunState.DONE)
    assert (run.reason, bool(run.requested_name)) == ("a late correction", True)
    shown = admin.page("/scheduled-work/list/?q_job=close_visits&q_state=DONE")
    assert "a late correction" in shown
    assert "a late correction" in admin.page("/change-log/list/")
    customer = DemoVisitor(demo_app, "customer")
    assert customer.get("/scheduled-work/list/").status_code == 403
    assert customer.post("/scheduled-work/again", {**values, "reason": "x"}).status_code == 403
