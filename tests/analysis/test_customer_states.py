"""Step 2 over its life: gates, reruns, stale results, edge cases of the domain."""

import datetime as dt

import pytest
from sqlalchemy import Connection, func, select, update

from app.analysis.statements.stale_results import mark_stale
from app.analysis.statements.state_progress import unscored_customers
from app.analysis.step_02_ability import (
    AbilityEntry,
    ScoreRefused,
    copy_last_month,
    score_ability,
)
from app.analysis.step_02_customer_state import (
    NotComputed,
    UnscoredCustomers,
    compute_effect,
    generate,
)
from app.analysis.step_06_market import (
    compute_market_analysis,
)
from app.analysis.step_06_market import line_rows as market_lines
from app.kernel.errors import OutOfScope
from app.kernel.scope import Scope
from app.models import (
    AbilityItem,
    Customer,
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerProblem,
    CustomerStatus,
    MarketIndicator,
    PotentialStrategy,
    ProductStatus,
    ServiceStrategy,
    StaleReason,
    StateStatus,
)
from tests.analysis import world as w
from tests.analysis.shops import ONE, run, score_all, shop, states

pytestmark = pytest.mark.sql


def test_from_computing_to_generating(connection: Connection):
    shop(connection)
    computation = w.computation(user_id=3, data_batch_id=8)
    with pytest.raises(NotComputed):
        generate(connection, ONE, w.M, computation)
    compute_effect(connection, ONE, w.M, computation)
    assert run(connection).status is StateStatus.COMPUTED
    with pytest.raises(UnscoredCustomers) as refused:
        generate(connection, ONE, w.M, computation)
    assert refused.value.params == {"count": 6}
    assert len(connection.execute(unscored_customers(ONE, w.M)).all()) == 6
    score_all(connection)
    assert run(connection).status is StateStatus.EVALUATED
    generate(connection, ONE, w.M, computation)
    done = run(connection)
    assert (done.status, done.customers, done.scored_customers) == (StateStatus.GENERATED, 6, 6)
    assert (done.parameter_version, done.data_batch_id, done.generated_by) == (1, 8, 3)
    # (70 × 60 + 10 × 100) / 80 = 65 points without key brands, and 80 points: 潜力型 S18, S17.
    rows = states(connection)
    assert {row.effect_score for row in rows.values()} == {6500}
    assert {row.ability_score for row in rows.values()} == {8000}
    strategy, potential = ServiceStrategy.__table__, PotentialStrategy.__table__
    found = connection.execute(
        select(strategy.c.code, potential.c.source_code)
        .join(potential, potential.c.strategy_id == strategy.c.id)
        .where(potential.c.customer_id == 1)
    ).all()
    assert set(map(tuple, found)) == {("S18", "Z04"), ("S17", "Z04")}


def test_running_again_changes_nothing_but_the_version(connection: Connection):
    shop(connection)
    computation = w.computation()
    compute_effect(connection, ONE, w.M, computation)
    score_all(connection)
    generate(connection, ONE, w.M, computation)
    tables = [model.__table__ for model in (CustomerEffectItem, CustomerProblem, PotentialStrategy)]
    before = [connection.execute(select(table)).all() for table in tables]
    ids = {row.id for row in states(connection).values()}
    compute_effect(connection, ONE, w.M, computation)
    assert run(connection).status is StateStatus.STALE
    assert run(connection).stale_reason is StaleReason.EFFECT
    generate(connection, ONE, w.M, computation)
    assert [connection.execute(select(table)).all() for table in tables] == before
    assert {row.id for row in states(connection).values()} == ids
    assert run(connection).stale_since is None
    assert {row.status for row in states(connection).values()} == {StateStatus.GENERATED}


def test_a_changed_score_makes_the_result_stale_and_keeps_it(connection: Connection):
    shop(connection)
    compute_effect(connection, ONE, w.M, w.computation())
    score_all(connection)
    generate(connection, ONE, w.M, w.computation())
    item = connection.scalars(select(AbilityItem.__table__.c.id)).first()
    assert item
    score_ability(connection, ONE, w.M, w.computation(), [AbilityEntry(2, item, 1)])
    rows = states(connection)
    assert rows[2].status is StateStatus.STALE
    assert rows[2].operating_state_id is not None
    assert rows[1].status is StateStatus.GENERATED
    assert run(connection).stale_reason is StaleReason.ABILITY
    generate(connection, ONE, w.M, w.computation())
    mark_stale(connection, ONE, w.M, StaleReason.CUSTOMER, w.NOW, [4])
    assert [n for n, row in states(connection).items() if row.status is StateStatus.STALE] == [4]
    assert run(connection).stale_reason is StaleReason.CUSTOMER


def test_scores_are_refused_or_foreign(connection: Connection):
    shop(connection)
    compute_effect(connection, ONE, w.M, w.computation())
    item = connection.scalars(select(AbilityItem.__table__.c.id)).first()
    assert item
    for entry, error in (
        (AbilityEntry(1, item, 0), ScoreRefused),
        (AbilityEntry(1, item, 6), ScoreRefused),
        (AbilityEntry(1, 9999, 3), ScoreRefused),
        (AbilityEntry(77, item, 3), OutOfScope),
    ):
        with pytest.raises(error):
            score_ability(connection, ONE, w.M, w.computation(), [entry])
    with pytest.raises(OutOfScope):
        score_ability(connection, Scope(1, (2,)), w.M, w.computation(), [AbilityEntry(1, item, 3)])
    count = select(func.count()).select_from(CustomerAbilityScore.__table__)
    assert connection.execute(count).scalar_one() == 0


def test_last_month_s_scores_fill_the_gaps(connection: Connection):
    shop(connection)
    items = connection.scalars(select(AbilityItem.__table__.c.id)).all()
    common = {"company_id": 1, "scored_at": w.NOW}
    w.add(
        connection,
        CustomerAbilityScore,
        [
            {**common, "month": w.K, "customer_id": who, "ability_item_id": item, "score": 3}
            for who in (1, 2)
            for item in items
        ],
    )
    compute_effect(connection, ONE, w.M, w.computation())
    score_ability(connection, ONE, w.M, w.computation(), [AbilityEntry(1, items[0], 5)])
    copy_last_month(connection, ONE, w.M, w.computation())
    rows = states(connection)
    assert rows[1].ability_score == 6400  # 60 and two points more on an item of weight 10
    assert rows[2].ability_score == 6000
    assert rows[3].ability_score is None
    copied = select(func.count()).where(CustomerAbilityScore.__table__.c.is_copied)
    assert connection.execute(copied).scalar_one() == 2 * len(items) - 1


def test_closed_moved_and_new_customers(connection: Connection):
    world = w.World()
    world.customers = [
        *(w.customer(n) for n in range(1, 6)),
        w.customer(6, open_date=w.K.first_day + dt.timedelta(1)),
    ]
    shop(connection, world)
    compute_effect(connection, Scope(1), w.M, w.computation())
    score_all(connection, scope=Scope(1))
    generate(connection, Scope(1), w.M, w.computation())
    new = states(connection)[6]
    assert (new.is_new, new.peer_count) == (True, 5)
    assert new.effect_band is not None
    codes = connection.scalars(
        select(ServiceStrategy.__table__.c.code)
        .join(
            PotentialStrategy.__table__,
            PotentialStrategy.__table__.c.strategy_id == ServiceStrategy.__table__.c.id,
        )
        .where(PotentialStrategy.__table__.c.customer_id == 6)
    ).all()
    assert set(codes) == {"S03", "S15", "S24"}

    table = Customer.__table__
    connection.execute(update(table).where(table.c.id == 1).values(status=CustomerStatus.CANCELLED))
    connection.execute(update(table).where(table.c.id == 2).values(territory_id=2))
    compute_effect(connection, ONE, w.M, w.computation())
    assert set(states(connection)) == {3, 4, 5, 6}
    compute_effect(connection, Scope(1, (2,)), w.M, w.computation())
    moved = states(connection)[2]
    assert (moved.territory_id, moved.sticks, moved.ability_score) == (2, 2000, 8000)
    assert run(connection, 2).status is StateStatus.EVALUATED


def test_a_customer_who_moved_within_the_month(connection: Connection):
    """Sales are credited to the territory of the order date; the score follows the customer."""
    world = w.World()
    world.products = [w.product(1), w.product(2)]
    world.customers = [w.customer(1, 2), *(w.customer(n) for n in range(2, 7))]
    middle = w.K.first_day + dt.timedelta(14)
    world.facts = [
        w.fact(1, 1, w.K, 5, 1),
        w.fact(1, 1, w.K, -5, 2),  # returned after the move: not bought on balance
        w.fact(1, 2, w.K, 3, 1),
        w.fact(1, 2, w.K, 4, 2),
        w.fact(2, 1, w.K, 10, 1),
    ]
    shop(connection, world)
    w.moves(
        connection, [(1, 1, dt.date(2020, 1, 1), middle), (1, 2, middle + dt.timedelta(1), None)]
    )
    compute_effect(connection, Scope(1), w.M, w.computation())
    row = states(connection)[1]
    assert (row.territory_id, row.sticks, row.width) == (2, 7 * 200, 1)
    compute_market_analysis(connection, Scope(1), w.computation())
    figures = {
        (line.territory_id, line.indicator.name): (line.actual_num, line.actual_den)
        for line in connection.execute(market_lines(Scope(1), w.K))
    }
    assert figures[1, "VOLUME"] == (18 * 200, 200)
    assert figures[2, "VOLUME"] == (-1 * 200, 200)
    assert figures[1, "ONLINE_RATE"] == (5, 5)  # five residents on the last day
    assert figures[2, "ONLINE_RATE"] == (1, 1)


def test_key_brands_are_those_of_the_month(connection: Connection):
    world = w.World()
    world.products = [w.product(1, status=ProductStatus.RETIRED), w.product(2, is_key=True)]
    world.keys = {(w.K, 1)}  # product 2 became a key brand later, product 1 was retired
    shop(connection, world)
    compute_effect(connection, ONE, w.M, w.computation())
    assert {row.key_sticks for row in states(connection).values()} == {2000}
    compute_market_analysis(connection, ONE, w.computation())
    lines = {row.indicator: row for row in connection.execute(market_lines(ONE, w.K))}
    assert lines[MarketIndicator.KEY_SHARE].actual_num == 6 * 2000
    assert lines[MarketIndicator.KEY_GROWTH].actual_num == 0
