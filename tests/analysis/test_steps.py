"""Steps 2, 5 and 6 over their life: gates, reruns, stale results, edge cases of the domain."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from app.analysis.statements.state_progress import mark_stale, unscored_customers
from app.analysis.statements.territory_analysis import AnalysisCompleted, PlanSubmitted
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
from app.analysis.step_05_brand_status import (
    abnormal_rows,
    brand_difference_rows,
    complete_brand_analysis,
    compute_brand_analysis,
    judge_rate,
    line_rows,
    reopen_brand_analysis,
)
from app.analysis.step_06_market import (
    compute_market_analysis,
    enter_value,
    proposed_targets,
    save_targets,
)
from app.analysis.step_06_market import line_rows as market_lines
from app.kernel.errors import InvalidTransition, OutOfScope, PlanningError
from app.kernel.scope import Scope
from app.models import (
    AbilityItem,
    BrandAnalysis,
    Customer,
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerProblem,
    CustomerState,
    CustomerStatus,
    Judgement,
    MarketAnalysis,
    MarketIndicator,
    MonthlySales,
    PotentialStrategy,
    ProductStatus,
    RateKind,
    ServiceStrategy,
    StaleReason,
    StateRun,
    StateStatus,
)
from tests.analysis import world as w

pytestmark = pytest.mark.sql

ONE = Scope(1, (1,))
STATE = CustomerState.__table__


def shop(connection: Connection, world: w.World | None = None) -> w.World:
    """Six like shops in territory 1 with steady sales of product 1; written."""
    world = world or w.World()
    world.products = world.products or [w.product(1), w.product(2)]
    world.customers = world.customers or [w.customer(n) for n in range(1, 7)]
    if not world.facts:
        world.facts = [
            w.fact(row["id"], 1, month, 10)
            for row in world.customers
            for month in (w.K, w.K.previous, w.K.shift(-12))
        ]
        world.lines = [
            w.line(row["id"], day) for row in world.customers for day in list(w.K.days())[1::7]
        ]
    w.organisation(connection)
    w.write(connection, world)
    return world


def states(connection: Connection) -> dict[int, Any]:
    rows = connection.execute(select(STATE).order_by(STATE.c.customer_id))
    return {row.customer_id: row for row in rows}


def run(connection: Connection, territory: int = 1) -> Any:
    table = StateRun.__table__
    return connection.execute(select(table).where(table.c.territory_id == territory)).one()


def score_all(connection: Connection, score: int = 4, scope: Scope = ONE) -> None:
    items = connection.scalars(select(AbilityItem.__table__.c.id)).all()
    customers = connection.scalars(
        select(STATE.c.customer_id).where(scope.rows(STATE), STATE.c.month == w.M)
    ).all()
    entries = [AbilityEntry(who, item, score) for who in customers for item in items]
    score_ability(connection, scope, w.M, w.computation(user_id=3), entries)


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


def targeted(connection: Connection) -> w.World:
    """Product 1 with a listing target of 100 %, all six shops listed, one does not buy."""
    world = w.World()
    world.targets = [
        {
            "id": 1,
            "company_id": 1,
            "territory_id": 1,
            "product_id": 1,
            "from_month": w.K,
            "to_month": w.K,
            "listing_target": 10_000,
            "list_revision": 1,
        }
    ]
    world.listed = [
        {"company_id": 1, "target_id": 1, "customer_id": n, "added_revision": 1}
        for n in range(1, 7)
    ]
    world.customers = [w.customer(n) for n in range(1, 7)]
    world.facts = [w.fact(n, 1, w.K, 1) for n in range(1, 6)]
    return shop(connection, world)


def brand_lines(connection: Connection) -> dict[str, Any]:
    return {row.rate.name: row for row in connection.execute(line_rows(ONE, w.K))}


def test_brand_analysis_from_draft_to_completed(connection: Connection):
    targeted(connection)
    compute_brand_analysis(connection, ONE, w.computation(data_batch_id=1))
    listing = brand_lines(connection)["LISTING"]
    assert (listing.actual_num, listing.actual_den, listing.target) == (5, 6, 10_000)
    assert listing.system_status is Judgement.ABNORMAL
    assert {
        row.system_status for rate, row in brand_lines(connection).items() if rate != "LISTING"
    } == {Judgement.NO_TARGET}
    analysis = listing.analysis_id
    key = (analysis, 1, RateKind.LISTING)
    with pytest.raises(PlanningError):
        judge_rate(connection, ONE, *key, Judgement.NORMAL, "  ")
    with pytest.raises(OutOfScope):
        judge_rate(connection, Scope(1, (2,)), *key, Judgement.NORMAL, "closed for repairs")
    judge_rate(connection, ONE, *key, Judgement.NORMAL, "closed for repairs")
    # The shop buys; the figure follows, the person's judgement stays.
    w.add(connection, MonthlySales, [w.fact(6, 1, w.K, 1)])
    compute_brand_analysis(connection, ONE, w.computation(data_batch_id=2))
    listing = brand_lines(connection)["LISTING"]
    assert (listing.actual_num, listing.system_status) == (6, Judgement.NORMAL)
    assert listing.final_status is Judgement.NORMAL
    judge_rate(connection, ONE, *key, Judgement.ABNORMAL, "bought on the last day only")
    assert connection.execute(abnormal_rows(ONE, w.K)).all() == [(1, 1, RateKind.LISTING)]
    complete_brand_analysis(connection, ONE, analysis, w.computation(user_id=3))
    with pytest.raises(AnalysisCompleted):
        judge_rate(connection, ONE, *key, Judgement.NORMAL)
    with pytest.raises(InvalidTransition):
        complete_brand_analysis(connection, ONE, analysis, w.computation())
    # A late import: the completed analysis keeps its figures and shows the difference.
    sales = MonthlySales.__table__
    connection.execute(sales.delete().where(sales.c.customer_id.in_([1, 2])))
    late = w.computation(data_batch_id=3)
    compute_brand_analysis(connection, ONE, late)
    assert brand_lines(connection)["LISTING"].actual_num == 6
    changes = connection.execute(brand_difference_rows(ONE, late)).all()
    change = next(row for row in changes if row.rate is RateKind.LISTING)
    assert (change.old_actual_num, change.new_actual_num) == (6, 4)
    header = BrandAnalysis.__table__
    assert connection.scalars(select(header.c.data_batch_id)).all() == [2]
    with pytest.raises(PlanSubmitted):
        reopen_brand_analysis(connection, ONE, analysis, is_plan_submitted=True)
    reopen_brand_analysis(connection, ONE, analysis, is_plan_submitted=False)
    compute_brand_analysis(connection, ONE, late)
    assert brand_lines(connection)["LISTING"].actual_num == 4
    with pytest.raises(OutOfScope):
        complete_brand_analysis(connection, Scope(1, (2,)), analysis, late)


def test_a_target_that_is_gone_leaves_the_draft(connection: Connection):
    targeted(connection)
    compute_brand_analysis(connection, ONE, w.computation())
    assert len(brand_lines(connection)) == 4
    connection.execute(w.BrandTarget.__table__.delete())
    compute_brand_analysis(connection, ONE, w.computation())
    assert brand_lines(connection) == {}


def test_market_values_entered_and_targets(connection: Connection):
    shop(connection)
    save_targets(
        connection,
        ONE,
        1,
        w.K,
        {MarketIndicator.SATISFACTION: 9000, MarketIndicator.VOLUME: 6000},
        w.computation(user_id=3),
    )
    compute_market_analysis(connection, ONE, w.computation())

    def line(indicator: MarketIndicator) -> Any:
        return {row.indicator: row for row in connection.execute(market_lines(ONE, w.K))}[indicator]

    satisfaction = line(MarketIndicator.SATISFACTION)
    assert satisfaction.system_status is Judgement.UNDETERMINED
    assert line(MarketIndicator.VOLUME).system_status is Judgement.NORMAL
    where = (connection, ONE, w.computation(), satisfaction.analysis_id)
    enter_value(*where, MarketIndicator.SATISFACTION, 8550)  # 85.50 of 90.00: exactly 5 %
    assert line(MarketIndicator.SATISFACTION).final_status is Judgement.ABNORMAL
    enter_value(*where, MarketIndicator.SATISFACTION, 8551)
    assert line(MarketIndicator.SATISFACTION).final_status is Judgement.NORMAL
    compute_market_analysis(connection, ONE, w.computation())
    assert line(MarketIndicator.SATISFACTION).actual_num == 8551
    for value, indicator in ((10_001, MarketIndicator.SATISFACTION), (1, MarketIndicator.VOLUME)):
        with pytest.raises(PlanningError):
            enter_value(*where, indicator, value)
    with pytest.raises(OutOfScope):
        enter_value(connection, Scope(1, (2,)), *where[2:], MarketIndicator.SATISFACTION, 1)
    # This month's targets start from last month's.
    proposed = {row.indicator: row.value for row in connection.execute(proposed_targets(ONE, w.M))}
    assert proposed == {MarketIndicator.SATISFACTION: 9000, MarketIndicator.VOLUME: 6000}
    changed = {MarketIndicator.VOLUME: 7000, MarketIndicator.SATISFACTION: None}
    save_targets(connection, ONE, 1, w.M, changed, w.computation())
    proposed = {row.indicator: row.value for row in connection.execute(proposed_targets(ONE, w.M))}
    assert proposed == {MarketIndicator.SATISFACTION: 9000, MarketIndicator.VOLUME: 7000}
    with pytest.raises(OutOfScope):
        save_targets(connection, ONE, 2, w.M, changed, w.computation())


def test_the_first_month_has_no_targets_and_nothing_abnormal(connection: Connection):
    shop(connection)
    compute_brand_analysis(connection, Scope(1), w.computation())
    compute_market_analysis(connection, Scope(1), w.computation())
    lines = connection.execute(market_lines(Scope(1), w.K)).all()
    assert {row.system_status for row in lines} == {Judgement.NO_TARGET}
    assert len(lines) == 3 * len(MarketIndicator)
    count = select(func.count()).select_from(MarketAnalysis.__table__)
    assert connection.execute(count).scalar_one() == 3
