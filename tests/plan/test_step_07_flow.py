"""Step 7 and the approval flow: what submitting asks for, what a return does, the left-overs."""

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from app.kernel.scope import Scope
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    MonthPlan,
    MonthPlanStatus,
    ServicePlan,
    StrategyItem,
    UndoneReason,
)
from app.plan import step_07_service_strategy as step
from app.plan.statements.left_over_items import left_over_rows
from tests.plan import world as p

pytestmark = pytest.mark.sql
ITEM, PLAN = StrategyItem.__table__, ServicePlan.__table__


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    p.analysed(connection)
    p.answer(connection, 1, {"D08": None})
    p.planned(connection)
    with Session(connection, join_transaction_mode="rollback_only") as opened:
        yield opened


def the_plan(session: Session) -> ServicePlan:
    return session.scalars(select(ServicePlan).where(ServicePlan.month == p.M)).one()


def test_submitting_asks_for_the_target_and_a_list(session: Session):
    plan = the_plan(session)
    with pytest.raises(step.TargetMissing):
        step.require_submittable(session, plan)
    plan.satisfaction_target = 0
    step.require_submittable(session, plan)
    generated_at, plan.generated_at = plan.generated_at, None
    with pytest.raises(step.NotGenerated):
        step.require_submittable(session, plan)
    plan.generated_at = generated_at
    session.execute(update(ITEM).values(is_removed=True))
    with pytest.raises(step.EmptyPlan):
        step.require_submittable(session, plan)
    plan.is_empty_accepted = True
    step.require_submittable(session, plan)


def test_generating_takes_the_statement_of_emptiness_back(session: Session):
    plan = the_plan(session)
    plan.is_empty_accepted = True
    session.flush()
    step.generate(session.connection(), p.ONE, p.M, p.computation())
    session.refresh(plan)
    assert not plan.is_empty_accepted


@pytest.mark.parametrize("status", list(MonthPlanStatus))
def test_a_plan_that_comes_back_outdates_the_month_plan(session: Session, status: MonthPlanStatus):
    step.outdate_month_plan(session, the_plan(session))  # without a month plan nothing happens
    for territory, month in ((1, p.M), (2, p.M), (1, p.M.next)):
        session.execute(
            insert(MonthPlan.__table__).values(
                company_id=1, territory_id=territory, month=month, status=status, version=1,
                created_at=p.NOW, updated_at=p.NOW, revision=1,
            )
        )  # fmt: skip
    step.outdate_month_plan(session, the_plan(session))
    session.flush()
    outdated = session.execute(
        select(MonthPlan.territory_id, MonthPlan.month).where(MonthPlan.is_outdated)
    ).all()
    assert outdated == ([] if status is MonthPlanStatus.APPROVED else [(1, p.M)])


def test_the_result_needs_every_item_done_or_explained(session: Session):
    plan = the_plan(session)
    with pytest.raises(step.UnexplainedItems):
        step.require_result_complete(session, plan)
    ids = session.scalars(select(StrategyItem.id).order_by(StrategyItem.id)).all()
    first, second, third, *rest = ids
    for key, values in (
        (first, {"mark": ItemMark.DONE}),
        (second, {"is_removed": True}),
        (third, {"source": "TEMPORARY"}),
    ):
        session.execute(update(ITEM).where(ITEM.c.id == key).values(**values))
    session.execute(
        update(ITEM).where(ITEM.c.id.in_(rest[1:])).values(undone_reason=UndoneReason.NO_TIME)
    )
    with pytest.raises(step.UnexplainedItems, match=r"^1 strategies"):
        step.require_result_complete(session, plan)
    session.execute(
        update(ITEM).where(ITEM.c.id == rest[0]).values(undone_reason=UndoneReason.NEXT_MONTH)
    )
    step.require_result_complete(session, plan)


def left_over(connection: Connection, scope: Scope = p.ONE) -> list[int]:
    rows = connection.execute(left_over_rows(scope, p.M.next))
    return [row.item_id for row in rows]


def test_left_overs_follow_the_customer_and_end_with_it(session: Session):
    connection = session.connection()
    items = p.items(connection)
    by_customer = {who: sorted(row.id for (c, _s), row in items.items() if c == who) for who in
                   range(1, 7)}  # fmt: skip
    assert sorted(left_over(connection)) == sorted(row.id for row in items.values())
    customer = Customer.__table__
    connection.execute(update(customer).where(customer.c.id == 1).values(territory_id=2))
    connection.execute(
        update(customer).where(customer.c.id == 2).values(status=CustomerStatus.SUSPENDED)
    )
    assert sorted(left_over(connection, Scope(1, (2,)))) == by_customer[1]
    mine = set(left_over(connection))
    assert not mine & set(by_customer[1] + by_customer[2])
    done, removed, temporary = by_customer[3][0], by_customer[4][0], by_customer[5][0]
    for key, values in (
        (done, {"mark": ItemMark.DONE, "done_on": dt.date(2026, 11, 5)}),
        (removed, {"is_removed": True}),
        (temporary, {"source": "TEMPORARY", "mark": ItemMark.TEMPORARY}),
    ):
        connection.execute(update(ITEM).where(ITEM.c.id == key).values(**values))
    assert set(left_over(connection)) == mine - {done, removed, temporary}


def test_what_was_carried_over_is_not_offered_again_and_stays(session: Session):
    connection = session.connection()
    old = p.items(connection)[1, "S09"]
    step.create_plan(connection, p.ONE, p.M.next, p.computation())
    plan_id = connection.scalar(select(PLAN.c.id).where(PLAN.c.month == p.M.next))
    connection.execute(
        insert(ITEM).values(
            company_id=1, plan_id=plan_id, territory_id=1, month=p.M.next, customer_id=1,
            strategy_id=old.strategy_id, source="CARRIED", content="goes on",
            carried_from_id=old.id,
        )
    )  # fmt: skip
    assert old.id not in left_over(connection)
    connection.execute(update(ITEM).where(ITEM.c.month == p.M.next).values(is_removed=True))
    assert old.id in left_over(connection)
