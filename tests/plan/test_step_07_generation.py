"""Step 7 on SQLite and PostgreSQL: the list equals the rules; people's changes survive."""

from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from app.kernel.scope import Scope
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    PotentialStrategy,
    Questionnaire,
    QuestionnaireStatus,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StateRun,
    StateStatus,
    StrategyItem,
)
from app.plan import step_07_service_strategy as step
from app.plan.rules import strategies as rules
from tests.plan import world as p

pytestmark = pytest.mark.sql
ITEM, PLAN = StrategyItem.__table__, ServicePlan.__table__


def change(connection: Connection, key: tuple[int, str], **values: Any) -> None:
    connection.execute(
        update(ITEM).where(ITEM.c.id == p.items(connection)[key].id).values(**values)
    )


def regenerate(connection: Connection, number: int = 1) -> None:
    step.generate(connection, p.ONE, p.M, p.computation(number))


def changes(connection: Connection, scope: Scope = p.ONE) -> dict[tuple[int, str], str]:
    """(customer, strategy code) → what generating now would do, without UNCHANGED."""
    codes = {key: code for code, key in p.strategies(connection).items()}
    return {
        (row.customer_id, codes[row.strategy_id]): row.change
        for row in connection.execute(step.difference_rows(scope, p.M))
        if row.change != "UNCHANGED"
    }


def expected(connection: Connection) -> dict[tuple[int, str], tuple[str, str]]:
    """What the pure rules propose for the stored needs and states: → (source, content)."""
    strategy, potential = ServiceStrategy.__table__, PotentialStrategy.__table__
    names = {row.id: row.name for row in connection.execute(select(strategy))}
    codes = {row.id: row.code for row in connection.execute(select(strategy))}
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
    return {
        (customer, codes[key]): (proposal.source, proposal.content)
        for (customer, key), proposal in rules.merged(found, names).items()
    }


def test_the_list_is_what_the_rules_propose(connection: Connection):
    p.analysed(connection)
    p.answer(connection, 1, {"D01": "short of P001", "D03": None})
    p.answer(connection, 2, {"D04": "too many cartons", "D13": None})
    p.answer(connection, 3, {"D16": None})
    p.answer(connection, 4, {"D05": None}, confirmed=False)
    p.planned(connection)
    found = {key: (row.source.name, row.content) for key, row in p.items(connection).items()}
    assert found == expected(connection)
    assert found[1, "S01"][0] == "DIRECT"
    assert found[1, "S01"][1].endswith(": short of P001")
    assert (4, "S06") not in found, "unconfirmed answers call for nothing"
    plan = connection.execute(select(PLAN)).one()
    assert (plan.status, plan.generated_by, plan.parameter_version) == (
        ServicePlanStatus.DRAFT,
        p.MANAGER,
        1,
    )


def test_direct_and_potential_reasons_make_one_direct_item_with_all_reasons(connection: Connection):
    p.analysed(connection, score=1)  # low ability: potential needs of many kinds
    potential = {(customer, code) for customer, code, *_rest in _potential(connection)}
    assert (1, "S06") in potential
    p.answer(connection, 1, {"D05": None})
    p.planned(connection)
    assert p.items(connection)[1, "S06"].source.name == "DIRECT"
    own = {
        (source, code)
        for who, item, source, code, _d in p.reasons(connection)
        if (who, item) == (1, "S06")
    }
    assert ("NEED", "D05") in own
    assert {source for source, _code in own} >= {"NEED", "ABILITY"}


def _potential(connection: Connection) -> list[tuple[int, str, str]]:
    strategy, potential = ServiceStrategy.__table__, PotentialStrategy.__table__
    return [
        tuple(row)
        for row in connection.execute(
            select(potential.c.customer_id, strategy.c.code, potential.c.source).join(
                strategy, strategy.c.id == potential.c.strategy_id
            )
        )
    ]


def test_a_second_run_changes_no_item(connection: Connection):
    p.analysed(connection)
    p.answer(connection, 1, {"D01": "words"})
    p.planned(connection)
    change(connection, (1, "S01"), content="mine", is_touched=True)
    change(connection, (1, "S02"), is_removed=True)
    regenerate(connection)
    before = p.items(connection)
    assert changes(connection) == {(1, "S01"): "KEPT", (1, "S02"): "TOMBSTONE"}
    regenerate(connection)
    assert p.items(connection) == before, "versions and times too"


def test_what_people_did_stays_and_untouched_rows_follow(connection: Connection):
    p.analysed(connection)
    form = p.answer(connection, 1, {"D01": "first", "D03": None, "D05": None, "D06": None})
    p.planned(connection)
    own = p.items(connection)
    assert {(1, "S01"), (1, "S02"), (1, "S04"), (1, "S06"), (1, "S07")} <= set(own)
    change(connection, (1, "S01"), content="my words", is_touched=True)
    change(connection, (1, "S06"), is_removed=True)
    change(connection, (1, "S07"), mark=ItemMark.DONE)
    p.say(connection, form, "D01", "second")
    for code in ("D03", "D05", "D06"):
        p.unsay(connection, form, code)
    p.answer(connection, 2, {"D08": None})
    waiting = changes(connection)
    assert waiting[1, "S01"] == "KEPT"
    assert waiting[1, "S02"] == "UPDATED"
    assert waiting[2, "S09"] == "ADDED"
    assert (1, "S06") not in waiting, "removed, and nothing calls for it any more"
    regenerate(connection)
    now = p.items(connection)
    assert now[1, "S01"].content == "my words"
    assert now[1, "S01"].generated_content.endswith("second")
    assert now[1, "S02"].content.endswith("second")
    assert now[1, "S06"].is_removed
    assert now[1, "S07"].mark is ItemMark.DONE
    assert now[1, "S07"].version == own[1, "S07"].version
    assert now[2, "S09"].source.name == "DIRECT"
    assert set(changes(connection).values()) <= {"KEPT", "TOMBSTONE"}


def test_untouched_rows_nobody_calls_for_are_dropped(connection: Connection):
    p.analysed(connection)
    form = p.answer(connection, 1, {"D08": None})
    p.planned(connection)
    assert (1, "S09") in p.items(connection)
    connection.execute(
        update(Questionnaire.__table__)
        .where(Questionnaire.__table__.c.id == form)
        .values(status=QuestionnaireStatus.OPEN)
    )
    assert changes(connection) == {(1, "S09"): "DROPPED"}
    regenerate(connection)
    assert (1, "S09") not in p.items(connection)
    assert not [row for row in p.reasons(connection) if row[3] == "D08"]


def test_an_item_added_by_hand_takes_the_reasons_and_survives_their_end(connection: Connection):
    p.analysed(connection)
    p.planned(connection)
    strategy = p.strategies(connection)["S09"]
    plan_id = connection.scalar(select(PLAN.c.id))
    connection.execute(
        insert(ITEM).values(
            company_id=1, plan_id=plan_id, territory_id=1, month=p.M, customer_id=2,
            strategy_id=strategy, source="MANUAL", content="by hand", is_touched=True,
        )
    )  # fmt: skip
    form = p.answer(connection, 2, {"D08": None})
    regenerate(connection)
    item = p.items(connection)[2, "S09"]
    assert (item.source.name, item.content) == ("DIRECT", "by hand")
    p.unsay(connection, form, "D08")
    regenerate(connection)
    item = p.items(connection)[2, "S09"]
    assert (item.source.name, item.content, item.generated_content) == ("MANUAL", "by hand", None)


def test_customers_who_closed_are_left_out(connection: Connection):
    p.analysed(connection)
    p.answer(connection, 1, {"D08": None})
    p.planned(connection)
    customer = Customer.__table__
    connection.execute(
        update(customer).where(customer.c.id == 1).values(status=CustomerStatus.SUSPENDED)
    )
    assert set(changes(connection).values()) == {"DROPPED"}
    regenerate(connection)
    assert {key[0] for key in p.items(connection)} == {2, 3, 4, 5, 6}


def test_a_customer_who_moved_in_brings_needs_and_state_along(connection: Connection):
    p.analysed(connection)
    p.answer(connection, 1, {"D08": None})
    customer = Customer.__table__
    connection.execute(update(customer).where(customer.c.id == 1).values(territory_id=2))
    run = StateRun.__table__
    connection.execute(
        insert(run).values(
            company_id=1, territory_id=2, month=p.M, status=StateStatus.GENERATED,
            parameter_version=1,
        )
    )  # fmt: skip
    p.planned(connection, Scope(1, (2,)))
    found = p.items(connection)
    assert {row.territory_id for row in found.values()} == {2}
    assert {key[0] for key in found} == {1}
    assert found[1, "S09"].source.name == "DIRECT"


def test_without_generated_states_the_gate_is_closed_and_named(connection: Connection):
    p.analysed(connection)
    connection.execute(update(StateRun.__table__).values(status=StateStatus.EVALUATED))
    step.create_plan(connection, p.ONE, p.M, p.computation())
    with pytest.raises(step.StatesMissing, match="T1"):
        regenerate(connection)
    connection.execute(update(StateRun.__table__).values(status=StateStatus.STALE))
    regenerate(connection)
    assert p.items(connection), "an outdated result is used with a warning"


def test_only_drafts_are_written(connection: Connection):
    p.analysed(connection)
    p.planned(connection)
    before = p.items(connection)
    p.answer(connection, 1, {"D08": None})
    for status in set(ServicePlanStatus) - {ServicePlanStatus.DRAFT}:
        p.set_status(connection, status)
        assert changes(connection) == {}
        with pytest.raises(step.NoDraft):
            regenerate(connection)
    assert p.items(connection) == before
    p.set_status(connection, ServicePlanStatus.DRAFT)
    assert changes(connection) == {(1, "S09"): "ADDED"}, "late answers reach a draft"


def test_other_territories_and_companies_are_left_alone(connection: Connection):
    world = p.w.World()
    world.customers = [p.w.customer(n, 1 if n < 4 else 2) for n in range(1, 7)]
    p.analysed(connection, world)
    p.planned(connection)
    assert {row.territory_id for row in p.items(connection).values()} == {1}
    p.planned(connection, p.COMPANY)
    plans = connection.execute(select(PLAN)).all()
    assert {row.territory_id for row in plans} == {1, 2, 3}
    one = {key for key, row in p.items(connection).items() if row.territory_id == 1}
    connection.execute(delete(ITEM).where(ITEM.c.territory_id == 2))
    regenerate(connection)
    assert set(p.items(connection)) == one


def test_creating_again_keeps_the_plan(connection: Connection):
    p.analysed(connection)
    p.planned(connection)
    before = connection.execute(select(PLAN)).one()
    step.create_plan(connection, p.ONE, p.M, p.computation())
    assert connection.execute(select(PLAN)).one() == before
