"""Random walks of all people over all kinds of records never leave the table of transitions."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import models
from app.kernel.db import db
from app.kernel.errors import InvalidTransition, OutOfScope, PlanningError, StaleVersion
from app.models import FlowEvent
from app.workflow.flow import NotAllowed, OwnRecord, ReasonMissing
from app.workflow.machine import (
    DECIDE,
    RECORDS,
    TRANSITIONS,
    UPDATE,
    actions_of,
    permission_of,
    transition,
)
from tests.workflow import flow_world
from tests.workflow.flow_world import NoSteps, act, record_id, snapshot

pytestmark = pytest.mark.web

PERMISSIONS = {
    "customer_a1": {UPDATE},
    "substitute_a1": {UPDATE},
    "market_a1": {DECIDE},
    "admin_a": {DECIDE},
    "market_a2": {DECIDE},
    "customer_a2": {UPDATE},
    "brand_a": set(),
    "admin_b": {DECIDE},
    "platform": {DECIDE},
}
SEES = {"customer_a1", "substitute_a1", "market_a1", "admin_a", "platform"}
PRIMARY = {"customer_a1"}

ACTIONS = sorted({row.action for row in TRANSITIONS})


@dataclass
class Expected:
    """A record as the table says it must be."""

    state: str = "DRAFT"
    events: list[tuple[str, str, str]] = field(default_factory=list)
    submitters: dict[str, str] = field(default_factory=dict)

    def refusal(self, kind: str, who: str, action: str, late: int, reason: str) -> Any:
        """The error, "repeated", or None = it happens."""
        if who not in SEES:
            return OutOfScope
        if permission_of(kind, action) not in PERMISSIONS[who]:
            return NotAllowed
        row = transition(kind, self.state, action)
        if row is None:
            last = self.events[-1] if self.events else None
            is_same = last is not None and (last[0], last[2]) == (action, self.state)
            return "repeated" if is_same else InvalidTransition
        if row.is_decision and (who in PRIMARY or who in self.submitters.values()):
            return OwnRecord
        if late:
            return StaleVersion
        return ReasonMissing if row.needs_reason and not reason else None

    def happens(self, kind: str, who: str, action: str) -> None:
        row = transition(kind, self.state, action)
        assert row is not None
        self.events.append((action, self.state, row.target))
        self.state = row.target
        if action.startswith("submit"):
            self.submitters[action] = who


def attempt(
    portal: Flask, who: str, kind: str, key: int, action: str, late: int, reason: str
) -> Any:
    """The class of the error, "repeated", or None = it happened."""
    try:
        _state, is_repeated = act(portal, who, kind, key, action, behind=late, reason=reason)
    except PlanningError as error:
        return type(error)
    return "repeated" if is_repeated else None


MOVES = st.lists(
    st.tuples(
        st.sampled_from(sorted(RECORDS)),
        st.sampled_from(sorted(PERMISSIONS)),
        st.sampled_from(ACTIONS),
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from(["", "Too many key customers"]),
    ),
    min_size=6,
    max_size=16,
)
LIKELY = [
    ("customer_a1", "submit"), ("substitute_a1", "submit"), ("market_a1", "approve"),
    ("market_a1", "return"), ("customer_a1", "withdraw"), ("customer_a1", "submit_result"),
    ("admin_a", "approve_result"), ("market_a1", "return_result"),
]  # fmt: skip
LIKELY_MOVES = st.lists(
    st.tuples(
        st.just("ServicePlan"),
        st.sampled_from(LIKELY),
        st.sampled_from([0, 0, 0, 0, 1]),
    ).map(lambda move: (move[0], *move[1], move[2], "A reason")),
    min_size=8,
    max_size=16,
)


def afresh(portal: Flask) -> dict[str, int]:
    """Every record of a1 a draft again, without events: kind → id."""
    ids = {kind: record_id(portal, kind) for kind in RECORDS}
    with portal.app_context():
        connection = db.session.connection()
        connection.execute(FlowEvent.__table__.delete())
        for kind, key in ids.items():
            table = getattr(models, kind).__table__
            columns = ("submitted_by", "result_submitted_by", "return_reason")
            empty = {name: None for name in columns if name in table.c}
            connection.execute(
                table.update().where(table.c.id == key).values(status="DRAFT", **empty)
            )
        db.session.commit()
    return ids


WHOLE_WAY = [
    ("ServicePlan", who, action, 0, "A reason")
    for who, action in (
        ("customer_a1", "submit"), ("market_a1", "approve"),
        ("customer_a1", "submit_result"), ("admin_a", "approve_result"),
    )
]  # fmt: skip


@given(moves=st.one_of(MOVES, LIKELY_MOVES))
@example(moves=WHOLE_WAY)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def walk(portal: Flask, moves: list[tuple[str, str, str, int, str]]) -> None:
    ids = afresh(portal)
    expected = {kind: Expected() for kind in RECORDS}
    for kind, who, action, late, reason in moves:
        record, before = expected[kind], snapshot(portal, kind, ids[kind])
        refusal = record.refusal(kind, who, action, late, reason)
        outcome = attempt(portal, who, kind, ids[kind], action, late, reason)
        assert outcome == refusal, (kind, who, action, record.state)
        if outcome is None:
            record.happens(kind, who, action)
        after = snapshot(portal, kind, ids[kind])
        assert after[0] == record.state
        assert after[2] == record.events
        if refusal is not None:
            assert after == before, "a refused action changed something"


def test_random_walks_stay_in_the_table(portal: Flask, steps: NoSteps):
    walk(portal)
    named = {name for row in TRANSITIONS for name in (*row.guards, *row.effects)}
    assert {"require_submittable", "require_result_complete"} <= set(steps.ran) <= named


def test_the_expectations_speak_of_people_who_exist(portal: Flask):
    """The walk's table of permissions is that of the grants."""
    for who, names in PERMISSIONS.items():
        with flow_world.acting(portal, who) as person:
            for kind in RECORDS:
                held = {name for name in (UPDATE, DECIDE) if (name, kind) in person.permissions}
                assert held == names, (who, kind)


def test_every_action_has_one_permission_whatever_the_state():
    for kind in RECORDS:
        for action in actions_of(kind):
            rows = [row for row in TRANSITIONS if (row.record, row.action) == (kind, action)]
            assert len({row.permission for row in rows}) == 1
