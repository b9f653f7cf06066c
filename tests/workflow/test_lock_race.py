"""Somebody changes a plan while somebody else submits it: one of them waits and then knows."""

import threading
from typing import Any

import pytest
from flask import Flask

from app.kernel.db import db
from app.models import KeyCustomer, MonthPlan
from app.workflow.flow import RecordLocked, perform, record_of
from tests.workflow.flow_world import NoSteps, acting, record_id, snapshot

pytestmark = pytest.mark.sql

CUSTOMER, SUBSTITUTE = "customer_a1", "substitute_a1"


def run(*people: threading.Thread) -> None:
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=60)
        assert not person.is_alive(), "nobody waits for ever"


def submit(portal: Flask, key: int, results: list[Any], held: Any, let_go: Any) -> None:
    """Submit and keep the transaction open until `let_go`."""
    with acting(portal, CUSTOMER) as person:
        plan = record_of("MonthPlan", db.session(), key)
        perform(db.session(), plan, "submit", person, version=plan.version)
        held.set()
        let_go.wait(timeout=5)
        db.session.commit()
        results.append("submitted")


def change(portal: Flask, results: list[Any], held: Any, let_go: Any) -> None:
    """Change a row of the plan as soon as the submission is under way."""
    held.wait(timeout=30)
    threading.Timer(0.4, let_go.set).start()
    with acting(portal, SUBSTITUTE):
        try:
            db.session.query(KeyCustomer).one().note = "too late"
            db.session.commit()
            results.append("changed")
        except RecordLocked as refusal:
            results.append(refusal)


def test_a_change_during_the_submission_is_refused(portal: Flask, steps: NoSteps):
    key = record_id(portal, "MonthPlan")
    results: list[Any] = []
    held, let_go = threading.Event(), threading.Event()
    run(
        threading.Thread(target=submit, args=(portal, key, results, held, let_go)),
        threading.Thread(target=change, args=(portal, results, held, let_go)),
    )
    assert sorted(str(type(result)) for result in results) == sorted(
        str(kind) for kind in (str, RecordLocked)
    ), results
    assert "submitted" in results
    assert snapshot(portal, "MonthPlan", key)[0] == "SUBMITTED"
    with portal.app_context():
        assert db.session.query(KeyCustomer).filter(KeyCustomer.note == "too late").count() == 0
        assert db.session.get(MonthPlan, key).revision == 1
