"""The extraction as job, task and page: when it runs, what it says, what it leaves alone."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.analysis import needs_extraction
from app.analysis.needs_connector import FileSource, HttpSource
from app.analysis.needs_extraction import due_month, extract_when_due, source_of
from app.jobs.task_claims import claim_next
from app.jobs.task_run import run_claimed
from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    Customer,
    CustomerStatus,
    JobRun,
    OrderMode,
    Questionnaire,
    QuestionnaireSource,
    QuestionnaireStatus,
    RunState,
    Task,
    TaskState,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor

SHANGHAI = ZoneInfo("Asia/Shanghai")


def stored_time(moment: str) -> dt.datetime:
    """A time of Shanghai as it is stored."""
    local = dt.datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)
    return local.astimezone(dt.UTC).replace(tzinfo=None)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2026-10-25 23:54", None),
        ("2026-10-25 23:59", Month(2026, 11)),
        ("2026-10-26 00:10", Month(2026, 11)),
        ("2026-11-04 23:59", Month(2026, 11)),
        ("2026-11-05 00:01", None),
        ("2026-12-26 03:00", Month(2027, 1)),
    ],
)
def test_when_it_is_due(moment: str, due: Month | None):
    assert due_month(stored_time(moment), 25) == due


@pytest.mark.pure
def test_a_cut_off_at_the_end_of_february_is_made_up_for_in_march():
    assert due_month(stored_time("2026-03-01 05:00"), 28) == Month(2026, 3)


@pytest.mark.pure
def test_the_address_decides_how_it_is_read():
    settings = {"PORTAL_NEEDS_TOKEN": "t", "PORTAL_NEEDS_TIMEOUT_SECONDS": 7}
    web = source_of({**settings, "PORTAL_NEEDS_URL": "https://orders.example.org/needs"})
    assert isinstance(web, HttpSource)
    assert web.timeout_seconds == 7
    assert isinstance(source_of({**settings, "PORTAL_NEEDS_URL": "/var/needs"}), FileSource)
    with pytest.raises(needs_extraction.NoSource):
        source_of({**settings, "PORTAL_NEEDS_URL": ""})


def write_forms(folder: Path, rows: list[dict[str, Any]]) -> None:
    path = folder / f"YUNHE-{MONTH.number}.json"
    path.write_text(json.dumps({"total": len(rows), "forms": rows}), encoding="utf-8")


def form(number: int, customer: str, *codes: str, day: int = 20) -> dict[str, Any]:
    sent = MONTH.previous.first_day.replace(day=day)
    return {
        "form_no": f"F{number}",
        "customer": customer,
        "sent_at": f"{sent.isoformat()}T09:00:00+08:00",
        "answers": [{"code": code} for code in codes],
    }


WHY = {"reason": "The platform was repaired"}


def run_next(app: Flask) -> TaskState | None:
    with app.app_context():
        claim = claim_next(db.engine)
    assert claim is not None
    return run_claimed(app, claim)


@pytest.mark.web
def test_an_administrator_extracts_again(
    demo: Flask,
    visitor: Callable[[str], DemoVisitor],
    stored: Callable[..., Any],
    tmp_path: Path,
):
    demo.config["PORTAL_NEEDS_URL"] = str(tmp_path)
    answered = select(Questionnaire.customer_id).where(Questionnaire.month == MONTH)
    fresh = stored(
        select(Customer.code, Customer.id).where(
            Customer.id.not_in(answered),
            Customer.order_mode == OrderMode.ONLINE,
            Customer.status == CustomerStatus.ACTIVE,
            Customer.code.like("8801%"),
        )
    )
    confirmed = stored(
        select(Customer.code, Questionnaire.id, Questionnaire.version)
        .join(Questionnaire, Questionnaire.customer_id == Customer.id)
        .where(
            Questionnaire.month == MONTH,
            Questionnaire.status == QuestionnaireStatus.CONFIRMED,
            Questionnaire.source == QuestionnaireSource.PLATFORM,
        )
        .limit(1)
    )[0]
    write_forms(
        tmp_path,
        [
            form(1, fresh[0][0], "D05"),
            form(2, fresh[0][0], "D16", day=22),
            form(3, fresh[1][0], "D05", day=26),
            form(4, confirmed[0], "D16"),
            form(5, "000000000000", "D05"),
            form(6, fresh[2][0], "D99"),
        ],
    )
    person = visitor("admin")
    assert "State why" in person.said(person.post("/needs-extraction/start/1"))
    assert str(tmp_path) in person.page("/needs-extraction/")
    answer = person.post("/needs-extraction/start/1", WHY)
    assert "runs in the background" in person.said(answer)
    assert person.post("/needs-extraction/start/987654", WHY).status_code == 404
    assert person.post("/needs-extraction/start/x").status_code == 404
    assert run_next(demo) is TaskState.DONE
    page = person.page("/needs-extraction/")
    assert "1 forms taken over; 1 kept" in page
    assert WHY["reason"] in page
    assert "3 rejected" in page
    assert "unknown or closed customer" in page
    rows = stored(
        select(Questionnaire.source, Questionnaire.status, Questionnaire.is_edited).where(
            Questionnaire.customer_id == fresh[0][1], Questionnaire.month == MONTH
        )
    )
    assert rows == [(QuestionnaireSource.PLATFORM, QuestionnaireStatus.OPEN, False)]
    kept = stored(select(Questionnaire.version).where(Questionnaire.id == confirmed[1]))
    assert kept == [(confirmed[2],)]
    history = stored(select(JobRun.job, JobRun.run_no, JobRun.state, JobRun.rows, JobRun.reason))
    assert history == [("needs", 2, RunState.DONE, 1, WHY["reason"])]


@pytest.mark.web
def test_others_cannot_start_it_and_without_a_connection_nobody_can(
    demo: Flask, visitor: Callable[[str], DemoVisitor], stored: Callable[..., Any]
):
    for name in ("customer", "market", "brand"):
        person = visitor(name)
        assert person.get("/needs-extraction/").status_code == 403
        assert person.post("/needs-extraction/start/1", WHY).status_code == 403
    admin = visitor("admin")
    said = admin.said(admin.post("/needs-extraction/start/1", WHY))
    assert "PORTAL_NEEDS_URL" in said
    demo.config["PORTAL_NEEDS_URL"] = "/nowhere"
    admin.post("/portal/month", {"month": MONTH.shift(3).key, "next": "/"})
    said = admin.said(admin.post("/needs-extraction/start/1", WHY))
    assert "after the cut-off" in said
    assert stored(select(Task.id)) == []


@pytest.mark.web
def test_a_broken_source_changes_nothing_and_is_reported(
    demo: Flask, visitor: Callable[[str], DemoVisitor], stored: Callable[..., Any], tmp_path: Path
):
    demo.config["PORTAL_NEEDS_URL"] = str(tmp_path)
    (tmp_path / f"YUNHE-{MONTH.number}.json").write_text('{"total": 2, "forms": [', "utf-8")
    before = stored(select(Questionnaire.id, Questionnaire.version))
    admin = visitor("admin")
    admin.post("/needs-extraction/start/1", WHY)
    assert run_next(demo) is TaskState.FAILED
    assert "no complete answer" in admin.page("/needs-extraction/")
    assert stored(select(Questionnaire.id, Questionnaire.version)) == before
    assert stored(select(JobRun.job, JobRun.state)) == [("needs", RunState.FAILED)]


@pytest.mark.web
def test_the_nightly_job_asks_once_per_company(
    demo: Flask, stored: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    demo.config["PORTAL_NEEDS_URL"] = str(tmp_path)

    def night(moment: str, asked_before: int) -> None:
        """Run the job at this time of Shanghai; new tasks bear that time."""
        now = stored_time(moment)
        monkeypatch.setattr(needs_extraction, "utc_now", lambda: now)
        monkeypatch.setattr(needs_extraction, "local_today", lambda _now=None: MONDAY_AFTER)
        extract_when_due(demo)
        stamp(demo, asked_before, now)

    night("2026-11-25 23:59", 0)
    night("2026-11-25 23:59", 2)
    asked = stored(select(Task.kind, Task.params, Task.requested_by).order_by(Task.company_id))
    assert len(asked) == 2, "two demo companies; the same request twice is one task"
    assert {row[1]["month"] for row in asked} == {"2026-12"}
    assert {row[2] for row in asked} == {None}
    # Forms of the last minute: once more after the cut-off, then no more when it succeeded.
    end_all(demo, TaskState.DONE)
    night("2026-11-26 00:10", 2)
    assert len(stored(select(Task.id))) == 4
    end_all(demo, TaskState.DONE)
    night("2026-11-26 23:59", 4)
    assert len(stored(select(Task.id))) == 4
    # A failed night is made up for.
    end_all(demo, TaskState.FAILED)
    night("2026-11-29 09:00", 4)
    assert len(stored(select(Task.id))) == 6


MONDAY_AFTER = dt.date(2026, 11, 30)


def stamp(app: Flask, known: int, moment: dt.datetime) -> None:
    """Give the tasks after the first `known` ones the time they would have been asked for."""
    with app.app_context():
        tasks = db.session.scalars(select(Task).order_by(Task.id)).all()
        for task in tasks[known:]:
            task.requested_at = moment
        db.session.commit()


def end_all(app: Flask, state: TaskState) -> None:
    with app.app_context():
        for task in db.session.scalars(select(Task)):
            task.state = state
        db.session.commit()
