"""The approval flow by its function: who may, what is logged, what is refused, two at once."""

import threading
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import models
from app.kernel.db import db
from app.kernel.errors import InvalidTransition, OutOfScope, PlanningError, StaleVersion
from app.models import AssignmentKind, FlowEvent, PortalUser, ReturnReason, TerritoryAssignment
from app.workflow.flow import NotAllowed, OwnRecord, ReasonMissing, available, record_of
from app.workflow.machine import RECORDS, TRANSITIONS
from app.workflow.steps import STEP_BY_NUMBER, module_path
from tests.security.world import found
from tests.workflow.flow_world import NoSteps, act, acting, record_id, snapshot

CUSTOMER, MARKET = "customer_a1", "market_a1"


@pytest.mark.pure
def test_the_table_speaks_of_states_that_exist():
    for row in TRANSITIONS:
        states = {member.name for member in getattr(models, f"{row.record}Status")}
        assert {row.state, row.target} <= states
        for part, open_in in RECORDS[row.record].editable.items():
            assert open_in <= states, part


@pytest.mark.pure
def test_every_state_can_be_reached_and_left_only_as_the_table_says():
    for kind in RECORDS:
        rows = [row for row in TRANSITIONS if row.record == kind]
        states = {member.name for member in getattr(models, f"{kind}Status")}
        assert {"DRAFT", *(row.target for row in rows)} == states
        assert len({(row.state, row.action) for row in rows}) == len(rows)


@pytest.mark.pure
def test_guards_and_effects_exist_in_their_step():
    missing = [
        f"{path}.{name}"
        for row in TRANSITIONS
        for path in [module_path(STEP_BY_NUMBER[RECORDS[row.record].step])]
        for name in (*row.guards, *row.effects)
        if not callable(getattr(import_module(path), name, None))
    ]
    assert missing == []


@pytest.mark.sql
def test_a_service_plan_goes_all_the_way(portal: Flask, steps: NoSteps):
    key = record_id(portal, "ServicePlan")
    for who, action, reasons in (
        (CUSTOMER, "submit", {}),
        (MARKET, "return", {"reason": "No satisfaction target"}),
        ("substitute_a1", "submit", {}),
        (MARKET, "approve", {}),
        (CUSTOMER, "submit_result", {}),
        (MARKET, "approve_result", {}),
    ):
        assert act(portal, who, "ServicePlan", key, action, **reasons)[1] is False
    assert steps.ran == [
        "require_submittable",
        "outdate_month_plan",
        "require_submittable",
        "require_result_complete",
    ]
    state, _version, events = snapshot(portal, "ServicePlan", key)
    assert state == "RESULT_APPROVED"
    assert [event[0] for event in events] == [
        "submit", "return", "submit", "approve", "submit_result", "approve_result",
    ]  # fmt: skip
    with portal.app_context():
        plan = db.session.get(models.ServicePlan, key)
        people = {
            name: found(PortalUser, username=name).id
            for name in (CUSTOMER, MARKET, "substitute_a1")
        }
        assert plan.revision == 2
        assert plan.return_reason is None, "empty once it is submitted again"
        assert (plan.submitted_by, plan.decided_by) == (people["substitute_a1"], people[MARKET])
        assert (plan.result_submitted_by, plan.result_decided_by) == (
            people[CUSTOMER],
            people[MARKET],
        )
        event = db.session.scalars(select(FlowEvent).where(FlowEvent.action == "return")).one()
        assert event.reason == "No satisfaction target"
        assert event.user_name == found(PortalUser, username=MARKET).display_name
        assert event.territory_id == plan.territory_id
        assert event.month == plan.month


@pytest.mark.web
def test_a_listed_reason_is_enough_and_must_be_the_companys(portal: Flask, steps: NoSteps):
    key = record_id(portal, "MonthPlan")
    act(portal, CUSTOMER, "MonthPlan", key, "submit")
    with portal.app_context():
        own, foreign = (
            db.session.scalars(
                select(ReturnReason).join(models.Company).where(models.Company.code == code)
            ).first()
            for code in ("Ca", "Cb")
        )
        own_id, own_name, foreign_id = own.id, own.name, foreign.id
    with pytest.raises(ReasonMissing):
        act(portal, MARKET, "MonthPlan", key, "return", reason="   ")
    with pytest.raises(PlanningError) as refused:
        act(portal, MARKET, "MonthPlan", key, "return", reason_id=foreign_id)
    assert refused.value.field == "reason_id"
    with pytest.raises(PlanningError):
        act(portal, MARKET, "MonthPlan", key, "return", reason="x" * 501)
    act(portal, MARKET, "MonthPlan", key, "return", reason_id=own_id, reason="and more")
    with portal.app_context():
        plan = db.session.get(models.MonthPlan, key)
        assert plan.return_reason == f"{own_name}; and more"


@pytest.mark.web
def test_nobody_decides_on_their_own_record(portal: Flask, steps: NoSteps):
    """A substitute who did not submit may; who submitted, or holds the territory, may not."""
    key = record_id(portal, "MonthPlan")
    act(portal, CUSTOMER, "MonthPlan", key, "submit")
    with portal.app_context():
        manager = found(PortalUser, username=MARKET)
        held = found(TerritoryAssignment, user_id=manager.id)
        assert held.kind is AssignmentKind.SUBSTITUTE
        holders = TerritoryAssignment.__table__
        db.session.execute(
            holders.delete().where(
                holders.c.kind == AssignmentKind.PRIMARY,
                holders.c.territory_id == held.territory_id,
            )
        )
        held.kind = AssignmentKind.PRIMARY
        db.session.commit()
    with pytest.raises(OwnRecord):
        act(portal, MARKET, "MonthPlan", key, "approve")
    with acting(portal, MARKET) as person:
        record = record_of("MonthPlan", db.session(), key)
        assert available(db.session(), record, person) == []
    with portal.app_context():
        found(
            TerritoryAssignment, user_id=found(PortalUser, username=MARKET).id
        ).kind = AssignmentKind.SUBSTITUTE
        db.session.commit()
    assert act(portal, MARKET, "MonthPlan", key, "approve") == ("APPROVED", False)


@pytest.mark.web
def test_who_submitted_does_not_approve_even_with_the_grant(portal: Flask, steps: NoSteps):
    key = record_id(portal, "MonthPlan")
    act(portal, CUSTOMER, "MonthPlan", key, "submit")
    with portal.app_context():
        plan = db.session.get(models.MonthPlan, key)
        table = models.MonthPlan.__table__
        admin = found(PortalUser, username="admin_a")
        db.session.execute(
            table.update().where(table.c.id == plan.id).values(submitted_by=admin.id)
        )
        db.session.commit()
    with pytest.raises(OwnRecord):
        act(portal, "admin_a", "MonthPlan", key, "approve")


@pytest.mark.web
@pytest.mark.parametrize(
    ("who", "action", "error"),
    [
        (CUSTOMER, "approve", NotAllowed),
        (MARKET, "submit", NotAllowed),
        ("brand_a", "submit", OutOfScope),
        ("market_a2", "approve", OutOfScope),
        ("customer_a2", "submit", OutOfScope),
        ("admin_b", "approve", OutOfScope),
        (CUSTOMER, "withdraw", InvalidTransition),
        (MARKET, "return", InvalidTransition),
        (MARKET, "nonsense", NotAllowed),
    ],
)
def test_what_a_draft_refuses(
    portal: Flask, steps: NoSteps, who: str, action: str, error: type[Exception]
):
    key = record_id(portal, "MonthPlan")
    before = snapshot(portal, "MonthPlan", key)
    with pytest.raises(error):
        act(portal, who, "MonthPlan", key, action, reason="x")
    assert snapshot(portal, "MonthPlan", key) == before


@pytest.mark.web
def test_an_old_version_is_refused(portal: Flask, steps: NoSteps):
    key = record_id(portal, "MonthPlan")
    with pytest.raises(StaleVersion):
        act(portal, CUSTOMER, "MonthPlan", key, "submit", behind=1)


@pytest.mark.web
def test_a_guard_that_refuses_leaves_nothing_behind(portal: Flask, steps: NoSteps):
    key = record_id(portal, "ServicePlan")
    act(portal, CUSTOMER, "ServicePlan", key, "submit")
    before = snapshot(portal, "ServicePlan", key)

    def refuse() -> None:
        raise PlanningError("The effect failed.")

    steps.refusing = refuse
    with pytest.raises(PlanningError, match="The effect failed"):
        act(portal, MARKET, "ServicePlan", key, "return", reason="x")
    assert snapshot(portal, "ServicePlan", key) == before


@pytest.mark.sql
def test_two_simultaneous_approvals_give_one(portal: Flask, steps: NoSteps):
    key = record_id(portal, "MonthPlan")
    act(portal, CUSTOMER, "MonthPlan", key, "submit")
    together = threading.Barrier(2, timeout=30)
    results: list[Any] = []

    def approve(who: str) -> None:
        together.wait()
        try:
            results.append(act(portal, who, "MonthPlan", key, "approve"))
        except Exception as error:  # noqa: BLE001 -- shown by the assertion
            results.append(error)

    people = [threading.Thread(target=approve, args=(who,)) for who in (MARKET, "admin_a")]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=60)
    states = sorted(map(str, results))
    assert ("APPROVED", False) in results, states
    other = next(result for result in results if result != ("APPROVED", False))
    # The later one finds it done, or notices that the version it read is old.
    assert other == ("APPROVED", True) or isinstance(other, StaleVersion), states
    assert steps.ran.count("write_frequencies") == 1
    assert [event[0] for event in snapshot(portal, "MonthPlan", key)[2]] == ["submit", "approve"]
