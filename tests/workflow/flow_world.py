"""The two companies of `tests.security.world` with the people an approval needs.

Besides the people there: ``substitute_a1`` stands in for ``customer_a1``, ``market_a2`` heads the
department of a2, and ``market_a1`` is also a substitute of a1 – who may nevertheless decide.
Every place has one draft of every kind of record.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app import models
from app.kernel.db import db
from app.models import (
    AssignmentKind,
    Department,
    FlowEvent,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.workflow.flow import Person, perform, record_of
from app.workflow.flow_bar import person_of
from app.workflow.machine import RECORDS
from tests.conftest import built_app
from tests.security import world
from tests.security.world import FIRST_DAY, PASSWORD, found, signed_in

PLACE_OF_CODE = {f"T{place}": place for place in world.PLACES}


def build(url: str) -> None:
    """Fill the empty database at `url`."""
    world.build(url)
    with built_app(url) as app, app.app_context():
        a1, a2 = found(Territory, code="Ta1"), found(Territory, code="Ta2")
        substitute = _user("substitute_a1", "customer_manager", a1)
        head = _user("market_a2", "market_manager", a2)
        db.session.flush()
        found(Department, code="Da2").manager_id = head.id
        # The rows that fill the tables made the manager of a1 the primary holder's colleague.
        for user in (substitute, found(PortalUser, username="market_a1")):
            db.session.add(
                TerritoryAssignment(
                    company_id=a1.company_id,
                    territory_id=a1.id,
                    user_id=user.id,
                    kind=AssignmentKind.SUBSTITUTE,
                    valid_from=FIRST_DAY,
                    valid_to=dt.date(2099, 12, 31),
                )
            )
        # The events that fill the table happened to no record.
        events = FlowEvent.__table__
        db.session.connection().execute(events.delete())
        db.session.commit()


def _user(name: str, role: str, territory: Territory) -> PortalUser:
    user = PortalUser(
        username=name,
        first_name=name.title(),
        last_name="Extra",
        email=f"{name}@example.org",
        employee_no=f"E-{name}",
        password=generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000"),
        active=True,
        must_change_password=False,
        company_id=territory.company_id,
        roles=[db.session.scalars(select(Role).where(Role.name == role)).one()],
    )
    db.session.add(user)
    return user


def record_id(portal: Flask, kind: str, place: str = "a1") -> int:
    """The draft of a kind at a place."""
    entity = getattr(models, kind)
    with portal.app_context():
        territory = found(Territory, code=f"T{place}")
        ids = db.session.scalars(select(entity.id).where(entity.territory_id == territory.id))
        return ids.one()


def snapshot(portal: Flask, kind: str, key: int) -> tuple[str, int, list[tuple[str, str, str]]]:
    """(state, version, events as (action, from, to)) of a record, read without a scope."""
    entity = getattr(models, RECORDS[kind].entity)
    with portal.app_context():
        record = db.session.get(entity, key)
        events = db.session.scalars(
            select(FlowEvent)
            .where(FlowEvent.record == kind, FlowEvent.record_id == key)
            .order_by(FlowEvent.id)
        )
        return (
            record.status.name,
            record.version,
            [(event.action, event.from_state, event.to_state) for event in events],
        )


@contextmanager
def acting(portal: Flask, username: str) -> Iterator[Person]:
    """A request of this person that may write."""
    with signed_in(portal, username, "POST") as user:
        try:
            yield person_of(user)
        finally:
            db.session.rollback()


def act(
    portal: Flask,
    username: str,
    kind: str,
    key: int,
    action: str,
    *,
    behind: int = 0,
    **reasons: Any,
) -> Any:
    """One action with commit; `behind` versions late. Returns the outcome's state and repetition."""
    with acting(portal, username) as person:
        record = record_of(kind, db.session(), key)
        outcome = perform(
            db.session(), record, action, person, version=record.version - behind, **reasons
        )
        db.session.commit()
        return outcome.state, outcome.is_repeated


class NoSteps:
    """Stands for the step modules: guards let everything pass, and what ran is remembered."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.refusing: Callable[[], None] | None = None

    def __call__(self, path: str) -> Any:
        return _Recorder(self)


class _Recorder(SimpleNamespace):
    def __init__(self, steps: NoSteps) -> None:
        super().__init__(steps=steps)

    def __getattr__(self, name: str) -> Any:
        def function(_session: Any, _record: Any) -> None:
            self.steps.ran.append(name)
            if self.steps.refusing is not None:
                self.steps.refusing()

        return function
