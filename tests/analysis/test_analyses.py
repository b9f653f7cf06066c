"""Steps 5 and 6 over their life: drafts, judgements, completed analyses, late imports, targets."""

from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.analysis.statements.territory_analysis import AnalysisCompleted, PlanSubmitted
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
    BrandAnalysis,
    BrandShare,
    Judgement,
    MarketAnalysis,
    MarketIndicator,
    MonthlySales,
    RateKind,
)
from tests.analysis import world as w
from tests.analysis.shops import ONE, shop

pytestmark = pytest.mark.sql


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
    share = BrandShare.__table__
    assert connection.execute(select(share)).all() == [(1, analysis, 1, 1000, 1000, 1000, 1)]
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
