"""The queue: every task is done once, whatever happens to the process that does it."""

import datetime as dt
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, update

from app.jobs import queue
from app.jobs.queue import TaskKind, enqueue, is_runner_missing, request_cancel
from app.jobs.task_claims import claim_next, finish, recover, report
from app.jobs.task_context import TaskContext
from app.jobs.task_run import run_claimed
from app.kernel.actor import Actor
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.period import utc_now
from app.models import Company, PortalUser, Task, TaskState

pytestmark = pytest.mark.sql

ROOT = Path(__file__).resolve().parents[2]
NOBODY = Actor(None, "system", "job")


def succeed(context: TaskContext) -> dict[str, object]:
    context.progress(1, 2, "half")
    db.session.add(Company(code=f"T{context.task_id}", name="made by a task"))
    db.session.commit()
    return {"text": "done"}


def fail(_context: TaskContext) -> None:
    db.session.add(Company(code="BAD", name="must not stay"))
    db.session.flush()
    raise RuntimeError("secret detail")


def refuse(_context: TaskContext) -> None:
    raise PlanningError("The file was rejected; nothing was written.")


def go_on(context: TaskContext) -> None:
    for number in range(10_000):
        context.progress(number, 10_000, str(number))


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    here = __name__
    sys.modules.setdefault(here, sys.modules[__name__])
    added = {
        name: TaskKind(f"{here}.{name}", name, None)
        for name in ("succeed", "fail", "refuse", "go_on")
    }
    added["guarded"] = TaskKind(f"{here}.succeed", "guarded", "Product", "create")
    added["fragile"] = TaskKind(f"{here}.succeed", "fragile", None, is_restartable=False)
    for module in (queue, sys.modules["app.jobs.task_run"], sys.modules["app.jobs.task_claims"]):
        monkeypatch.setattr(module, "TASK_KINDS", {**queue.TASK_KINDS, **added})


def ask(app, kind="succeed", actor=NOBODY, **params) -> int:
    with app.app_context():
        task = enqueue(kind, kind, params, actor, None)
        db.session.commit()
        return task.id


def state_of(app, task_id) -> Task:
    with app.app_context():
        task = db.session.get_one(Task, task_id)
        db.session.expunge(task)
        return task


def work(app) -> list[TaskState | None]:
    states = []
    while True:
        with app.app_context():
            claim = claim_next(db.engine)
        if claim is None:
            return states
        states.append(run_claimed(app, claim))


def test_a_task_runs_and_says_what_came_out(app):
    task_id = ask(app)
    assert work(app) == [TaskState.DONE]
    task = state_of(app, task_id)
    assert (task.state, task.result, task.attempts) == (TaskState.DONE, {"text": "done"}, 1)
    assert (task.progress_done, task.progress_total) == (1, 2)


def test_a_failure_is_undone_and_told_without_details(app, caplog):
    task_id = ask(app, "fail")
    assert work(app) == [TaskState.FAILED]
    task = state_of(app, task_id)
    assert "secret" not in task.error
    number = caplog.records[-1].args[-1]
    assert number in task.error
    with app.app_context():
        assert db.session.scalar(select(Company).where(Company.code == "BAD")) is None


def test_a_refusal_is_told_in_the_persons_words(app):
    task_id = ask(app, "refuse", locale="en")
    work(app)
    assert state_of(app, task_id).error


def test_the_same_request_twice_is_one_task(app):
    person = Actor(1, "A", "form")
    assert ask(app, actor=person, n=1) == ask(app, actor=person, n=1)
    assert ask(app, actor=person, n=2) != ask(app, actor=person, n=1)


def test_cancelling(app):
    waiting, running = ask(app, "succeed"), ask(app, "go_on")
    with app.app_context():
        request_cancel(db.session.get_one(Task, waiting))
        db.session.commit()
        claim = claim_next(db.engine)
    assert claim.task_id == running
    with app.app_context():
        request_cancel(db.session.get_one(Task, running))
        db.session.commit()
    assert run_claimed(app, claim) is TaskState.CANCELLED
    assert state_of(app, waiting).state is TaskState.CANCELLED
    with app.app_context(), pytest.raises(PlanningError):
        request_cancel(db.session.get_one(Task, running))


def test_a_stopping_runner_gives_the_task_back(app):
    task_id = ask(app, "go_on")
    with app.app_context():
        claim = claim_next(db.engine)
    assert run_claimed(app, claim, lambda: True) is None
    task = state_of(app, task_id)
    assert (task.state, task.attempts) == (TaskState.QUEUED, 0)


def test_rights_are_those_of_the_moment_of_running(app):
    with app.app_context():
        user = PortalUser(
            username="x", first_name="X", last_name="Y", email="x@example.org", active=True
        )
        user.company = Company(code="C", name="C")
        db.session.add(user)
        db.session.commit()
        actor = Actor(user.id, "X", "form")
    guarded = ask(app, "guarded", actor)
    assert work(app) == [TaskState.FAILED]
    assert state_of(app, guarded).error
    ask(app, "succeed", actor)
    with app.app_context():
        db.session.get_one(PortalUser, actor.user_id).active = False
        db.session.commit()
    assert work(app) == [TaskState.FAILED]


def test_a_silent_task_returns_to_the_queue_and_fails_in_the_end(app):
    task_id, fragile = ask(app), ask(app, "fragile")
    with app.app_context():
        engine = db.engine
        for attempt in range(1, 4):
            claim = claim_next(engine)
            assert claim.task_id == task_id
            if attempt == 1:
                assert claim_next(engine).task_id == fragile
                assert recover(engine) == 0
            now = utc_now()
            with engine.begin() as connection:
                connection.execute(
                    update(Task.__table__).values(heartbeat_at=now - dt.timedelta(seconds=61))
                )
            assert recover(engine, ours=frozenset({task_id, fragile})) == 0
            recover(engine)
        assert claim_next(engine) is None
    assert state_of(app, task_id).state is TaskState.FAILED
    assert state_of(app, fragile).state is TaskState.FAILED


def test_who_lost_a_task_cannot_touch_it(app):
    ask(app)
    with app.app_context():
        engine = db.engine
        lost = claim_next(engine)
        recover(engine, silent_seconds=0)
        assert claim_next(engine) is not None
        assert not report(engine, lost, phase="late")
        assert not finish(engine, lost, TaskState.DONE)


def test_a_missing_runner_is_noticed(app):
    task_id, other = ask(app), ask(app, n=2)
    later = utc_now() + dt.timedelta(seconds=31)
    with app.app_context():
        assert not is_runner_missing()
        assert is_runner_missing(later)
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(
                update(Task.__table__)
                .where(Task.__table__.c.id == other)
                .values(state=TaskState.RUNNING, heartbeat_at=later)
            )
        assert not is_runner_missing(later)
    assert state_of(app, task_id).state is TaskState.QUEUED


def test_progress_is_skipped_while_the_task_itself_writes(app):
    ask(app)
    with app.app_context():
        claim = claim_next(db.engine)
        db.session.add(Company(code="W", name="W"))
        db.session.flush()
        started = time.monotonic()
        assert report(db.engine, claim, progress_done=1)
        assert time.monotonic() - started < 1
        db.session.rollback()


def race(url: str, taken: str) -> None:
    engine = create_engine(url)
    with Path(taken).open("a") as file:
        while (claim := claim_next(engine)) is not None:
            file.write(f"{claim.task_id}\n")
            file.flush()
    engine.dispose()


def test_two_processes_never_claim_the_same_task(app, database_url, tmp_path):
    with app.app_context():
        for number in range(200):
            enqueue("succeed", "x", {"n": number}, NOBODY, None)
        db.session.commit()
        db.engine.dispose()
    files = [tmp_path / "a", tmp_path / "b"]
    start = multiprocessing.get_context("spawn").Process
    processes = [start(target=race, args=(database_url, str(file)), daemon=True) for file in files]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    claimed = [line for file in files for line in file.read_text().split()]
    assert len(claimed) == len(set(claimed)) == 200


def runner(url: str, data_dir: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.runner_with_slow_task"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_DATABASE_URL": url, "PORTAL_DATA_DIR": str(data_dir)},
    )


def wait_for(condition, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.mark.slow
def test_killing_the_runner_in_a_task_finishes_it_once_after_the_restart(
    app, database_url, tmp_path, monkeypatch
):
    monkeypatch.setitem(queue.TASK_KINDS, "slow", TaskKind("x.y", "slow", None))
    task_id = ask(app, "slow")
    first = runner(database_url, tmp_path)
    second = None
    try:
        wait_for((tmp_path / "started").exists)
        second = runner(database_url, tmp_path)  # waits for the lock
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        (tmp_path / "go").touch()
        if not database_url.startswith("sqlite"):  # only the file lock proves the death
            with app.app_context(), db.engine.begin() as connection:
                past = utc_now() - dt.timedelta(seconds=61)
                connection.execute(update(Task.__table__).values(heartbeat_at=past))
        wait_for(lambda: state_of(app, task_id).state is TaskState.DONE)
        second.send_signal(signal.SIGTERM)
        assert second.wait(25) == 0
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait(10)
    with app.app_context():
        made = db.session.scalars(select(Company).where(Company.name == "slow")).all()
    assert len(made) == 1
    assert state_of(app, task_id).attempts == 2
