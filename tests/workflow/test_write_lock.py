"""What was submitted stays as it is: by objects, forms, bulk changes, statements and imports."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import delete, insert, select, update

from app import models, views
from app.exchange.sheets import SHEETS
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.models import FlowEvent, ItemMark, ItemSource, KeyCustomer, MonthPlan, StrategyItem
from app.workflow.flow import RecordLocked, require_editable
from app.workflow.machine import COMMENT, MARKS
from app.workflow.write_lock import LOCKS, UnguardedStatement
from tests.conftest import AppFactory
from tests.security.visitor import Visitor
from tests.workflow.flow_world import NoSteps, act, acting, record_id, snapshot

CUSTOMER, MARKET = "customer_a1", "market_a1"


def advance(portal: Flask, kind: str, *actions: str) -> int:
    """The record of a1 after these actions, taken by whoever may."""
    key = record_id(portal, kind)
    for action in actions:
        act(portal, MARKET if action.startswith("approve") else CUSTOMER, kind, key, action)
    return key


def row(entity: type[Any]) -> Any:
    """The one row of an entity that the present person sees."""
    return db.session.scalars(select(entity)).one()


def refused(change: Callable[[], Any], error: type[Exception] = RecordLocked) -> None:
    with pytest.raises(error):  # noqa: PT012 -- some fail at once, some at the flush
        change()
        db.session.flush()
    db.session.rollback()


def change(entity: type[Any], **values: Any) -> Callable[[], None]:
    def apply() -> None:
        item = row(entity)
        for name, value in values.items():
            setattr(item, name, value)

    return apply


TEXTS = {
    "ServicePlan": {"satisfaction_target": 900},
    "StrategyItem": {"content": "another"},
    "StrategyItemReason": {"details": "another"},
    "MonthPlan": {"focus": "another"},
    "KeyCustomer": {"note": "another"},
    "PlannedFrequency": {"note": "another"},
    "WeekSummary": {"effect_text": "another"},
    "WeekSummaryLine": {"override_reason": "another"},
    "MonthSummary": {"experience": "another"},
    "MonthSummaryFigure": {"numerator": 77},
}
"""Entity → a change of its content."""


@pytest.mark.sql
def test_drafts_can_be_changed_and_submitted_ones_not(portal: Flask, steps: NoSteps):
    for entity, values in TEXTS.items():
        with acting(portal, CUSTOMER):
            change(getattr(models, entity), **values)()
            db.session.commit()
    for kind in ("ServicePlan", "MonthPlan", "WeekSummary", "MonthSummary"):
        advance(portal, kind, "submit")
    for entity, values in TEXTS.items():
        other = {
            name: f"{value}2"[:3] if isinstance(value, str) else 1 for name, value in values.items()
        }
        model = getattr(models, entity)
        with acting(portal, CUSTOMER):
            refused(change(model, **other))
            refused(lambda model=model: db.session.delete(row(model)))


@pytest.mark.sql
def test_rows_cannot_be_added_to_or_moved_into_a_submitted_plan(portal: Flask, steps: NoSteps):
    plan = advance(portal, "MonthPlan", "submit")
    with acting(portal, CUSTOMER):
        present = row(KeyCustomer)
        keys = {"company_id": present.company_id, "plan_id": plan, "customer_id": 1}
        refused(lambda: db.session.add(KeyCustomer(**keys, origin=present.origin)))
        fresh = MonthPlan(
            company_id=present.company_id,
            territory_id=row(MonthPlan).territory_id,
            month=row(MonthPlan).month.next,
        )
        db.session.add(fresh)
        db.session.flush()
        refused(change(KeyCustomer, plan_id=fresh.id))


@pytest.mark.web
def test_marks_and_temporary_tasks_belong_to_an_approved_plan(portal: Flask, steps: NoSteps):
    def temporary() -> None:
        item = row(StrategyItem)
        db.session.add(
            StrategyItem(
                company_id=item.company_id,
                plan_id=item.plan_id,
                territory_id=item.territory_id,
                month=item.month,
                customer_id=item.customer_id,
                strategy_id=item.strategy_id,
                sequence=7,
                source=ItemSource.TEMPORARY,
                content="came up",
            )
        )

    mark = change(StrategyItem, mark=ItemMark.DONE, done_on=dt.date(2026, 11, 3))
    with acting(portal, CUSTOMER):
        refused(mark)
        refused(temporary)
    advance(portal, "ServicePlan", "submit")
    with acting(portal, CUSTOMER):
        refused(mark)
    advance(portal, "ServicePlan", "approve")
    with acting(portal, CUSTOMER):
        mark()
        db.session.flush()
        refused(change(StrategyItem, mark=ItemMark.OPEN, content="another"))
        refused(change(StrategyItem, source=ItemSource.TEMPORARY))
        refused(change(models.ServicePlan, satisfaction_target=1))
        temporary()
        db.session.flush()
        task = db.session.scalars(
            select(StrategyItem).where(StrategyItem.source == ItemSource.TEMPORARY)
        ).one()
        task.content = "came up later"
        db.session.flush()
        refused(lambda: setattr(task, "source", ItemSource.MANUAL))
        mark()
        db.session.commit()
    advance(portal, "ServicePlan", "submit_result")
    with acting(portal, CUSTOMER):
        refused(change(StrategyItem, mark=ItemMark.OPEN))
        refused(temporary)


@pytest.mark.web
@pytest.mark.parametrize("kind", ["WeekSummary", "MonthSummary"])
def test_a_market_manager_comments_on_a_submitted_summary(portal: Flask, steps: NoSteps, kind: str):
    model = getattr(models, kind)
    with acting(portal, MARKET):
        refused(change(model, comment="Good"))
    advance(portal, kind, "submit")
    with acting(portal, MARKET):
        change(model, comment="Good")()
        db.session.flush()
        refused(change(model, comment="Good", return_reason="x"))


@pytest.mark.web
def test_the_state_and_the_log_change_by_transitions_only(portal: Flask, steps: NoSteps):
    key = record_id(portal, "MonthPlan")
    with acting(portal, CUSTOMER):
        for values in (
            {"status": models.MonthPlanStatus.APPROVED},
            {"submitted_by": 1},
            {"revision": 4},
            {"return_reason": "x"},
        ):
            refused(change(MonthPlan, **values))
        plan = row(MonthPlan)
        keys = {"company_id": plan.company_id, "territory_id": plan.territory_id}
        for early in ({"status": models.MonthPlanStatus.APPROVED}, {"decided_by": 1}):
            refused(
                lambda early=early: db.session.add(
                    MonthPlan(**keys, month=plan.month.next, **early)
                )
            )
        refused(
            lambda: db.session.add(
                FlowEvent(
                    **keys, record="MonthPlan", record_id=key, month=plan.month, action="approve",
                    from_state="SUBMITTED", to_state="APPROVED", record_version=1, user_name="me",
                )
            )
        )  # fmt: skip
    advance(portal, "MonthPlan", "submit")
    with acting(portal, CUSTOMER):
        refused(change(FlowEvent, user_name="somebody else"))
        refused(lambda: db.session.delete(row(FlowEvent)))


@pytest.mark.web
def test_bulk_statements_are_refused_in_every_state(portal: Flask):
    with portal.app_context():
        for name in (*LOCKS, "FlowEvent"):
            entity = getattr(models, name)
            for statement in (
                update(entity).values(company_id=1),
                delete(entity),
                insert(entity).values(company_id=1),
            ):
                with pytest.raises(UnguardedStatement):
                    db.session.execute(statement)
            with pytest.raises(UnguardedStatement):
                db.session.query(entity).delete()


@pytest.mark.sql
def test_statements_ask_first(portal: Flask, steps: NoSteps):
    for kind, part, actions in (
        ("MonthPlan", "content", ()),
        ("ServicePlan", MARKS, ("submit", "approve")),
        ("WeekSummary", COMMENT, ("submit",)),
    ):
        advance(portal, kind, *actions)
        with acting(portal, CUSTOMER):
            record = row(getattr(models, kind))
            require_editable(record, part)
            with pytest.raises(RecordLocked):
                require_editable(record, COMMENT if part == MARKS else MARKS)


@pytest.mark.pure
def test_no_import_writes_a_locked_table():
    """Import sheets write by statements; none of them may reach a record with a flow."""
    tables = {getattr(models, name).__tablename__ for name in (*LOCKS, "FlowEvent")}
    assert not tables & {sheet.model.__tablename__ for sheet in SHEETS.values()}


# --- forms and bulk changes -----------------------------------------------------------------


class PlanFormView(PlanningView):
    """A form as the generator makes it, without a thought of states."""

    datamodel = SQLAInterface(MonthPlan)
    class_permission_name = "MonthPlan"
    route_base = "/plan-form"
    list_columns = ["territory", "month"]
    edit_columns = ["focus"]
    bulk_fields = ["focus"]
    base_permissions = ["can_read", "can_update"]


@pytest.mark.web
def test_forms_and_bulk_changes_meet_the_lock(
    app_factory: AppFactory, flow_url: str, steps: NoSteps, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(views, "VIEWS", (*views.VIEWS, PlanFormView))
    portal = app_factory(flow_url, BABEL_DEFAULT_LOCALE="en")
    key = record_id(portal, "MonthPlan")
    visitor = Visitor(portal, CUSTOMER)
    form = {"_version": "1", "focus": "North side", "_base": "{}"}
    assert visitor.post(f"/plan-form/edit/{key}", form).status_code == 302
    act(portal, CUSTOMER, "MonthPlan", key, "submit")
    before = snapshot(portal, "MonthPlan", key)
    answer = visitor.post(
        f"/plan-form/edit/{key}", {**form, "_version": str(before[1]), "focus": "South side"}
    )
    assert answer.status_code == 422
    assert "Withdraw it first" in answer.text
    bulk = {"rowid": [str(key)], "bulk_field": "focus", "focus": "South side"}
    assert visitor.post("/plan-form/bulk_edit", bulk).status_code == 303
    assert "Withdraw it first" in visitor.get("/plan-form/list/").text
    assert snapshot(portal, "MonthPlan", key) == before
    with portal.app_context():
        assert db.session.get(MonthPlan, key).focus == "North side"
