"""Step 8's statements: what the rules say, on both databases; what a generation keeps."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from app.kernel.errors import PlanningError
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    CustomerProblem,
    CustomerStatus,
    ItemSource,
    Judgement,
    KeyCustomer,
    KeyCustomerReason,
    MarketIndicator,
    MonthPlan,
    MonthPlanStatus,
    PlannedFrequency,
    ProblemCode,
    RateKind,
    RowOrigin,
    VisitFrequency,
)
from app.plan import step_08_month_plan as step
from app.plan.rules.computation import PlanComputation
from app.plan.rules.frequencies import Standing, bands, frequencies
from app.plan.rules.key_customers import key_reasons
from tests.analysis import world as w
from tests.plan.month_plans import MonthWorld, plain_world, write_world

pytestmark = pytest.mark.sql

M, K = w.M, w.K
COMPANY = Scope(1)


def computation(number: int = 1, **changes: int) -> PlanComputation:
    return PlanComputation(Parameters(number=number, **changes), w.NOW, 3)


def plans(connection: Connection) -> dict[int, Any]:
    """Territory → month plan."""
    return {row.territory_id: row for row in connection.execute(select(MonthPlan.__table__))}


def rows_of(connection: Connection, model: Any, plan_id: int) -> dict[int, Any]:
    """Customer → row of the plan."""
    table = model.__table__
    found = connection.execute(select(table).where(table.c.plan_id == plan_id))
    return {row.customer_id: row for row in found}


def generated(connection: Connection, world: MonthWorld, scope: Scope = COMPANY) -> list[int]:
    write_world(connection, world)
    step.create(connection, scope, M, computation())
    return step.generate(connection, scope, M, computation())


# --- parity -----------------------------------------------------------------------------------


def standings(world: MonthWorld, territory: int) -> dict[int, Standing]:
    """The planned customers of a territory."""
    states = {row["customer_id"]: row for row in world.states}
    items = defaultdict(list)
    for row in world.items:
        if row["territory_id"] == territory and not row["is_removed"]:
            items[row["customer_id"]].append(row["source"])
    return {
        row["id"]: Standing(
            row["id"],
            row["code"],
            len(items[row["id"]]),
            items[row["id"]].count(ItemSource.DIRECT),
            states.get(row["id"], {}).get("effect_score"),
            states.get(row["id"], {}).get("amount_fen", 0),
        )
        for row in world.customers
        if row["territory_id"] == territory
        and row["status"] is CustomerStatus.ACTIVE
        and row["open_date"] <= M.last_day
    }


def expected_reasons(world: MonthWorld, territory: int) -> dict[int, set[Any]]:
    """Customer → reasons, by the rule; only customers with any."""
    problems = defaultdict(set)
    for row in world.problems:
        problems[row["customer_id"]].add((row["code"].name, row["product_id"]))
    marked = {row["customer_id"] for row in world.states if row["is_problem"]}
    rates = {
        (product, rate.name)
        for place, product, rate, status in world.rates
        if place == territory and status is Judgement.ABNORMAL
    }
    indicators = {
        indicator.name
        for place, indicator, status in world.indicators
        if place == territory and status is Judgement.ABNORMAL
    }
    found = {
        number: key_reasons(
            problems[number],
            is_problem_customer=number in marked,
            abnormal_rates=rates,
            abnormal_indicators=indicators,
        )
        for number in standings(world, territory)
    }
    return {number: reasons for number, reasons in found.items() if reasons}


def random_world(seed: int) -> MonthWorld:
    """Three territories; the service plan of the third is still a draft."""
    draw = Random(seed)  # noqa: S311 -- test data
    world = MonthWorld(drafts={3})
    for number in range(1, 91):
        place = draw.choice((1, 1, 2, 3))
        opened = draw.choice([dt.date(2020, 1, 1)] * 8 + [M.first_day, dt.date(2026, 11, 9)])
        status = draw.choice([CustomerStatus.ACTIVE] * 9 + [CustomerStatus.SUSPENDED])
        world.customer(number, place, open_date=opened, status=status)
        if draw.random() < 0.9:
            world.state(
                number,
                effect_score=draw.choice((None, 4000, 6000, 8000)),
                amount_fen=draw.choice((0, 100, 500)),
                is_problem=draw.random() < 0.2,
            )
        for code in draw.sample(list(ProblemCode), draw.randrange(4)):
            world.problem(number, code, draw.choice((1, 2)) if "STOCK" in code.name else 0)
        for _item in range(draw.randrange(4)):
            source = draw.choice((ItemSource.DIRECT, ItemSource.POTENTIAL, ItemSource.MANUAL))
            world.item(number, source=source, is_removed=draw.random() < 0.2)
    for place in (1, 2, 3):
        for rate in RateKind:
            for product in (1, 2):
                world.rates.append((place, product, rate, draw.choice(list(Judgement))))
        world.indicators += [(place, row, draw.choice(list(Judgement))) for row in MarketIndicator]
    return world


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("scope", [COMPANY, Scope(1, (1, 3))], ids=["company", "territories"])
def test_the_statements_do_what_the_rules_say(connection: Connection, scope: Scope, seed: int):
    world = random_world(seed)
    written = generated(connection, world, scope)
    stored = plans(connection)
    opened = {1, 2} if scope == COMPANY else {1}
    assert set(stored) == opened, "no plan where the service plan is a draft"
    assert set(written) == {row.id for row in stored.values()}
    for place, plan in stored.items():
        reasons = defaultdict(set)
        table = KeyCustomerReason.__table__
        for row in connection.execute(select(table).where(table.c.plan_id == plan.id)):
            reasons[row.customer_id].add((row.kind.name, row.code, row.indicator, row.product_id))
        assert reasons == expected_reasons(world, place)
        keys = rows_of(connection, KeyCustomer, plan.id)
        assert set(keys) == set(reasons)
        assert {row.origin for row in keys.values()} <= {RowOrigin.AUTOMATIC}
        people = standings(world, place)
        opened_late = {
            row["id"]
            for row in world.customers
            if row["id"] in people and row["open_date"] > M.first_day
        }
        expected = frequencies(
            people.values(), weekly={*keys, *opened_late}, top_percent=20, bottom_percent=30
        )
        found = rows_of(connection, PlannedFrequency, plan.id)
        assert {n: (row.rank, row.generated.name) for n, row in found.items()} == expected
        for number, row in found.items():
            one = people[number]
            assert row.frequency is row.generated
            assert row.is_key == (number in keys)
            assert (row.strategy_count, row.direct_count, row.effect_score, row.amount_fen) == (
                one.strategies, one.direct, one.effect_score, one.amount_fen,
            )  # fmt: skip
    assert step.generate(connection, scope, M, computation()) == [], "a second run is a no-op"
    assert {n: row.version for n, row in plans(connection).items()} == {
        n: row.version for n, row in stored.items()
    }


def test_the_table_of_shares_is_equal_everywhere(connection: Connection):
    """A territory of each n = 0 … 130: rules and statement put as many into each band."""
    places = range(131)
    world = MonthWorld(territories=tuple(place + 1 for place in places))
    number = 0
    for count in places:
        for _customer in range(count):
            number += 1
            world.customer(number, count + 1)
    generated(connection, world)
    table = PlannedFrequency.__table__
    counts: dict[int, dict[str, int]] = {place + 1: defaultdict(int) for place in places}
    territories = {row.id: row.territory_id for row in plans(connection).values()}
    for row in connection.execute(select(table.c.plan_id, table.c.frequency)):
        counts[territories[row.plan_id]][row.frequency.name] += 1
    for count in places:
        found, sizes = counts[count + 1], bands(count, 20, 30)
        assert (found["WEEKLY"], found["SEMIMONTHLY"], found["MONTHLY"]) == (
            sizes.top, sizes.middle, sizes.bottom,
        ), count  # fmt: skip


# --- generation -------------------------------------------------------------------------------


@pytest.fixture
def plan(connection: Connection) -> Iterator[Any]:
    """Ten shops of territory 1, generated: 1 and 2 are key customers, 3–10 are ranked 1–8."""
    generated(connection, plain_world())
    return plans(connection)[1]


def frequency_of(connection: Connection, plan: Any) -> dict[int, str]:
    return {n: r.frequency.name for n, r in rows_of(connection, PlannedFrequency, plan.id).items()}


def test_the_texts_come_from_both_analyses(connection: Connection, plan: Any):
    assert plan.last_problems == "Brands are short\nVolume falls"
    assert plan.focus == "The same in both", "equal texts once"
    assert (plan.generated_by, plan.parameter_version, plan.version) == (3, 1, 2)
    assert not plan.is_outdated
    table = MonthPlan.__table__
    connection.execute(update(table).values(focus="My own"))
    step.create(connection, COMPANY, M, computation())
    assert plans(connection)[1].focus == "My own", "texts of a plan that exists are a person's"


def test_the_lists_by_hand(connection: Connection, plan: Any):
    assert set(rows_of(connection, KeyCustomer, plan.id)) == {1, 2}
    assert frequency_of(connection, plan) == {
        1: "WEEKLY", 2: "WEEKLY", 3: "WEEKLY", 4: "WEEKLY", 5: "SEMIMONTHLY", 6: "SEMIMONTHLY",
        7: "SEMIMONTHLY", 8: "SEMIMONTHLY", 9: "MONTHLY", 10: "MONTHLY",
    }  # fmt: skip


def test_what_people_did_survives(connection: Connection, plan: Any):
    key, frequency = KeyCustomer.__table__, PlannedFrequency.__table__
    connection.execute(
        update(key).where(key.c.customer_id == 1).values(is_removed=True, note="moves away soon")
    )
    w.add(
        connection,
        KeyCustomer,
        [
            {"company_id": 1, "plan_id": plan.id, "customer_id": 9, "origin": RowOrigin.MANUAL,
             "note": "new manager"},
        ],
    )  # fmt: skip
    connection.execute(
        update(frequency)
        .where(frequency.c.customer_id == 10)
        .values(
            frequency=VisitFrequency.WEEKLY, origin=RowOrigin.MANUAL, note="asked for more visits"
        )
    )
    assert step.generate(connection, COMPANY, M, computation()) == [plan.id], "the lists follow"
    again = step.generate(connection, COMPANY, M, computation(2, frequency_top_percent=50))
    assert again == [plan.id]
    keys = rows_of(connection, KeyCustomer, plan.id)
    assert {n: (row.is_removed, row.origin.name, row.note) for n, row in keys.items()} == {
        1: (True, "AUTOMATIC", "moves away soon"),
        2: (False, "AUTOMATIC", None),
        9: (False, "MANUAL", "new manager"),
    }
    row = rows_of(connection, PlannedFrequency, plan.id)[10]
    assert (row.frequency.name, row.generated.name, row.origin.name, row.note) == (
        "WEEKLY", "MONTHLY", "MANUAL", "asked for more visits",
    )  # fmt: skip
    assert frequency_of(connection, plan)[1] == "WEEKLY", "the removed one has most strategies"
    assert plans(connection)[1].parameter_version == 2


def test_reasons_that_vanish_take_their_customer_along(connection: Connection, plan: Any):
    problem = CustomerProblem.__table__
    connection.execute(delete(problem).where(problem.c.customer_id == 2))
    customer = Customer.__table__
    connection.execute(
        update(customer).where(customer.c.id == 3).values(status=CustomerStatus.SUSPENDED)
    )
    step.generate(connection, COMPANY, M, computation())
    assert set(rows_of(connection, KeyCustomer, plan.id)) == {1}
    assert set(frequency_of(connection, plan)) == {1, 2, 4, 5, 6, 7, 8, 9, 10}


def test_only_drafts_are_written(connection: Connection, plan: Any):
    table = MonthPlan.__table__
    connection.execute(update(table).values(status=MonthPlanStatus.SUBMITTED, is_outdated=True))
    with pytest.raises(step.NoDraft):
        step.generate(connection, COMPANY, M, computation())
    connection.execute(update(table).values(status=MonthPlanStatus.DRAFT))
    assert step.generate(connection, COMPANY, M, computation()) == [plan.id]
    assert not plans(connection)[1].is_outdated


def test_the_gate_needs_submitted_strategies(connection: Connection):
    world = plain_world()
    world.drafts.add(1)
    write_world(connection, world)
    for act in (step.create, step.generate):
        with pytest.raises(step.ServicePlanMissing):
            act(connection, Scope(1, (1,)), M, computation())
    assert plans(connection) == {}


def test_another_company_is_left_alone(connection: Connection):
    write_world(connection, plain_world())
    with pytest.raises(PlanningError):
        step.create(connection, Scope(2), M, computation())
    assert list(connection.execute(step.key_customer_rows(Scope(2), M))) == []


def test_figures_of_other_months_do_not_count(connection: Connection):
    world = plain_world()
    for row in (*world.states, *world.problems, *world.items):
        row["month"] = K
    generated(connection, world)
    plan = plans(connection)[1]
    assert rows_of(connection, KeyCustomer, plan.id) == {}
    rows = rows_of(connection, PlannedFrequency, plan.id).values()
    assert len(rows) == 10
    assert {(row.strategy_count, row.effect_score, row.amount_fen) for row in rows} == {
        (0, None, 0)
    }
