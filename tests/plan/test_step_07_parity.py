"""Step 7: the statements do what the rules say, on random plans, on both databases."""

import random
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from app.models import (
    ItemMark,
    ItemSource,
    PotentialStrategy,
    Questionnaire,
    QuestionnaireStatus,
    ServicePlan,
    ServiceStrategy,
    StrategyItem,
)
from app.plan import step_07_service_strategy as step
from app.plan.rules import strategies as rules
from tests.plan import world as p

pytestmark = pytest.mark.sql
ITEM = StrategyItem.__table__
NEEDS = [f"D{n:02d}" for n in range(1, 18)]


def reasons_now(connection: Connection) -> list[rules.Reason]:
    potential = PotentialStrategy.__table__
    found = [
        rules.Reason(row.customer_id, row.strategy_id, row.source.name, row.source_code)
        for row in connection.execute(select(potential))
    ]
    for form_id, customer_id in connection.execute(
        select(Questionnaire.id, Questionnaire.customer_id).where(
            Questionnaire.status == QuestionnaireStatus.CONFIRMED
        )
    ):
        found += [
            rules.Reason(customer_id, strategy_id, "NEED", code, details)
            for code, details, strategy_id in p.answered(connection, form_id)
        ]
    return found


def stored(connection: Connection) -> dict[rules.Key, rules.StoredItem]:
    return {
        (row.customer_id, row.strategy_id): rules.StoredItem(
            row.content,
            row.source.name,
            row.generated_content,
            row.is_touched,
            row.is_removed,
            row.carried_from_id is not None,
            row.mark.name,
        )
        for row in connection.execute(select(ITEM).where(ITEM.c.sequence == 0))
    }


def disturb(connection: Connection, draw: random.Random) -> None:
    """What people do: edit, remove, mark, carry over, add, take needs back and state others."""
    for row in connection.execute(select(ITEM)).all():
        values: dict[str, Any] = draw.choice(
            [
                {}, {}, {},
                {"content": "mine", "is_touched": True},
                {"is_removed": True},
                {"carried_from_id": 99},
                {"mark": ItemMark.DONE},
                {"content": "mine", "is_touched": True, "is_removed": True},
            ]
        )  # fmt: skip
        if values:
            connection.execute(update(ITEM).where(ITEM.c.id == row.id).values(**values))
    plan_id = connection.scalar(select(ServicePlan.id))
    present = stored(connection)
    strategies = p.strategies(connection)
    for customer in range(1, 7):
        strategy = strategies[draw.choice(sorted(strategies))]
        if (customer, strategy) in present:
            continue
        source = draw.choice([ItemSource.MANUAL, ItemSource.TEMPORARY, ItemSource.CARRIED])
        connection.execute(
            insert(ITEM).values(
                company_id=1, plan_id=plan_id, territory_id=1, month=p.M, customer_id=customer,
                strategy_id=strategy, source=source, content="added",
                is_touched=draw.random() < 0.5,
                carried_from_id=draw.choice([7, None]),
            )
        )  # fmt: skip
    form = Questionnaire.__table__
    for (form_id,) in connection.execute(select(form.c.id)).all():
        status = draw.choice(list(QuestionnaireStatus))
        connection.execute(update(form).where(form.c.id == form_id).values(status=status))
        for code in draw.sample(NEEDS, 3):
            p.say(connection, form_id, code, draw.choice(["new words", "x" * 490]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statements_and_rules_agree(connection: Connection, seed: int):
    draw = random.Random(seed)  # noqa: S311 -- test data
    p.analysed(connection, score=draw.choice([1, 2, 4]))
    for customer in range(1, 7):
        needs = {code: draw.choice([None, f"about {code}"]) for code in draw.sample(NEEDS, 5)}
        p.answer(connection, customer, needs, confirmed=draw.random() < 0.7)
    p.planned(connection)
    disturb(connection, draw)
    strategy = ServiceStrategy.__table__
    off = strategy.c.code.in_(draw.sample(sorted(p.strategies(connection)), 3))
    connection.execute(update(strategy).where(off).values(is_active=False))
    names = {
        row.id: row.name for row in connection.execute(select(strategy).where(strategy.c.is_active))
    }
    proposals = rules.merged(reasons_now(connection), names)
    before = stored(connection)
    keys = set(before) | set(proposals)
    told = {
        (row.customer_id, row.strategy_id): row.change
        for row in connection.execute(step.difference_rows(p.ONE, p.M))
    }
    expected = {key: rules.change_of(before.get(key), proposals.get(key)).name for key in keys}
    assert told == expected
    assert len(set(expected.values())) >= 4, "the draw has many kinds of changes"
    step.generate(connection, p.ONE, p.M, p.computation())
    wanted = {key: rules.after(before.get(key), proposals.get(key)) for key in keys}
    assert stored(connection) == {key: item for key, item in wanted.items() if item is not None}
    rows = connection.execute(select(ITEM).order_by(ITEM.c.id)).all()
    step.generate(connection, p.ONE, p.M, p.computation())
    assert connection.execute(select(ITEM).order_by(ITEM.c.id)).all() == rows
