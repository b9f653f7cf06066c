"""Steps 1, 3 and 4: answers, confirmation, extraction, targets, lists; and the decomposition."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from app.analysis.decomposition import NotDecomposable, decompose_indicator, decompose_rate
from app.analysis.rules.decomposition import gap
from app.analysis.rules.indicators import INDICATORS, RATE_BY_CODE
from app.analysis.rules.needs import Form
from app.analysis.rules.targets import MonthRange, TargetDraft
from app.analysis.statements.brand_rates import company_rate_rows, rate_rows, rate_trend_rows
from app.analysis.statements.market_figures import indicator_rows
from app.analysis.statements.questionnaires import form_of
from app.analysis.step_01_direct_needs import (
    AnswersConfirmed,
    AnswersRefused,
    answer_rows,
    confirm,
    entry_rows,
    progress_rows,
    save_answers,
    unconfirm,
)
from app.analysis.step_01_extraction import extract
from app.analysis.step_02_customer_state import compute_effect
from app.analysis.step_03_brand_target import (
    TargetLocked,
    TargetsRefused,
    add_targets,
    change_target,
    offered_products,
    remove_target,
)
from app.analysis.step_04_target_customer import (
    CustomerFilter,
    ListLocked,
    history_rows,
    present_list,
    preview_count,
    save_list,
)
from app.analysis.step_05_brand_status import complete_brand_analysis, compute_brand_analysis
from app.kernel.errors import OutOfScope
from app.kernel.scope import Scope
from app.models import (
    BrandAnalysis,
    BrandTarget,
    MarketType,
    NeedOption,
    OrderMode,
    Questionnaire,
    QuestionnaireForm,
    QuestionnaireFormOption,
    QuestionnaireSource,
    QuestionnaireStatus,
)
from tests.analysis import world as w
from tests.analysis.random_world import random_world

pytestmark = pytest.mark.sql

ONE, TWO = Scope(1, (1,)), Scope(1, (2,))
FORM = Questionnaire.__table__


def shops(connection: Connection, **changes: Any) -> None:
    w.organisation(connection)
    world = w.World(products=[w.product(1), w.product(2)])
    world.customers = [
        w.customer(1, order_mode=OrderMode.ONLINE),
        w.customer(2, order_mode=OrderMode.PHONE, market_type=MarketType.RURAL),
        w.customer(3, 2),
    ]
    world.facts = [w.fact(1, 1, w.K, 3), w.fact(2, 1, w.K, 3), w.fact(2, 1, w.K.previous, -3)]
    w.write(connection, world)


def stored(connection: Connection) -> dict[int, Any]:
    return {row.customer_id: row for row in connection.execute(select(FORM))}


def sent(no: str, customer: int, *needs: str, day: int = 20) -> Form:
    moment = dt.datetime(2026, 10, day, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    return Form(no, f"{customer:06d}", moment, dict.fromkeys(needs))


def test_answers_from_the_platform_and_by_hand(connection: Connection):
    shops(connection)
    needs = w.ids(connection, NeedOption)
    forms = [sent("1", 1, "D01", "D15"), sent("2", 3, "D16"), sent("3", 2, "D02", day=26)]
    plan = extract(connection, 1, w.M, forms, 25, w.NOW)
    assert set(plan.write) == {"000001", "000003"}
    assert [row.reason for row in plan.rejected] == ["late"]
    first = stored(connection)[1]
    assert (first.source, first.status, first.form_version) == (
        QuestionnaireSource.PLATFORM, QuestionnaireStatus.OPEN, 1,
    )  # fmt: skip
    assert first.submitted_at == dt.datetime.fromisoformat("2026-10-20T15:59:00")
    # Customer 2 has no computer: keyed in; a correction of customer 1 keeps the source.
    hand = (w.NOW, 3)
    save_answers(connection, ONE, w.M, 2, {needs["D02"]: None}, None, *hand)
    save_answers(connection, ONE, w.M, 1, {needs["D03"]: "一周几条"}, "电话", *hand)
    rows = stored(connection)
    assert rows[2].source is QuestionnaireSource.MANUAL
    assert (rows[1].source, rows[1].is_edited) == (QuestionnaireSource.PLATFORM, True)
    # The same forms again: the edited answers stay, the other is written again as it was.
    plan = extract(connection, 1, w.M, [*forms, sent("9", 1, "D07", day=24)], 25, w.NOW)
    assert plan.kept == ("000001",)
    answers = connection.execute(answer_rows(ONE, w.M)).all()
    assert [(row.customer_id, row.need_option_id, row.details) for row in answers] == [
        (1, needs["D03"], "一周几条"), (2, needs["D02"], None),
    ]  # fmt: skip
    assert [row.territory_id for row in connection.execute(entry_rows(ONE, w.M))] == [1, 1]
    for wrong in ({}, {999_999: None}):
        with pytest.raises(AnswersRefused):
            save_answers(connection, ONE, w.M, 1, wrong, None, *hand)
    with pytest.raises(OutOfScope):
        save_answers(connection, ONE, w.M, 3, {needs["D02"]: None}, None, *hand)


def test_confirming_and_taking_it_back(connection: Connection):
    shops(connection)
    needs = w.ids(connection, NeedOption)
    extract(connection, 1, w.M, [sent("1", 1, "D01", "D15"), sent("2", 3, "D16")], 25, w.NOW)
    ids = {who: row.id for who, row in stored(connection).items()}
    assert confirm(connection, ONE, w.M, ids.values(), w.NOW, 3) == 1  # not territory 2's
    assert confirm(connection, ONE, w.M, ids.values(), w.NOW, 3) == 0
    assert confirm(connection, TWO, w.K, ids.values(), w.NOW, 3) == 0  # another month
    assert connection.execute(progress_rows(Scope(1), w.M)).all() == [(1, 2, 1, 1), (2, 1, 1, 0)]
    with pytest.raises(AnswersConfirmed):
        save_answers(connection, ONE, w.M, 1, {needs["D02"]: None}, None, w.NOW, 3)
    assert extract(connection, 1, w.M, [sent("5", 1, "D07")], 25, w.NOW).kept == ("000001",)
    assert unconfirm(connection, ONE, w.M, ids.values(), w.NOW, submitted_territories=[1]) == 0
    assert unconfirm(connection, ONE, w.M, ids.values(), w.NOW, submitted_territories=[2]) == 1
    assert stored(connection)[1].confirmed_at is None


def test_a_later_questionnaire_applies_from_its_month(connection: Connection):
    shops(connection)
    needs = w.ids(connection, NeedOption)
    w.add(
        connection,
        QuestionnaireForm,
        [{"id": 50, "company_id": 1, "number": 2, "from_month": w.M}],
    )
    w.add(connection, QuestionnaireFormOption, [{"form_id": 50, "need_option_id": needs["D01"]}])
    assert form_of(connection, 1, w.K).number == 1
    assert len(form_of(connection, 1, w.K).needs) == len(needs)
    now = form_of(connection, 1, w.M)
    assert (now.number, [need.code for need in now.needs]) == (2, ["D01"])
    assert form_of(connection, 2, w.M).number == 0
    plan = extract(connection, 1, w.M, [sent("1", 1, "D02")], 25, w.NOW)
    assert [row.reason for row in plan.rejected] == ["answer"]


def draft(product: int = 1, **changes: Any) -> TargetDraft:
    return replace(TargetDraft(product, MonthRange(w.K, w.M), listing=8000), **changes)


def test_targets_are_limited_to_watched_products_and_locked_once_used(connection: Connection):
    shops(connection)
    w.issue(connection, [w.focus(1, 1, w.K, w.M), w.focus(1, 2, w.K, w.K), w.focus(2, 2, w.K, w.M)])
    offered = connection.execute(offered_products(ONE, 1, MonthRange(w.K, w.M))).all()
    assert [row.id for row in offered] == [1, 2]
    with pytest.raises(TargetsRefused) as refused:
        add_targets(connection, ONE, 1, [draft(1), draft(2), draft(1)], 3)
    assert [(row.product_id, row.field) for row in refused.value.problems] == [
        (2, "product"), (1, "from_month"),
    ]  # fmt: skip
    with pytest.raises(OutOfScope):
        add_targets(connection, ONE, 2, [draft(1)], 3)
    add_targets(connection, ONE, 1, [draft(1)], 3)
    table = BrandTarget.__table__
    target = connection.scalars(select(table.c.id)).one()
    change_target(connection, ONE, target, draft(1, listing=9000), w.NOW, 3)
    with pytest.raises(OutOfScope):
        change_target(connection, TWO, target, draft(1), w.NOW, 3)
    compute_brand_analysis(connection, ONE, w.computation())
    analysis = connection.scalars(select(BrandAnalysis.__table__.c.id)).one()
    complete_brand_analysis(connection, ONE, analysis, w.computation())
    for refusal, action in (
        (TargetLocked, lambda: change_target(connection, ONE, target, draft(1), w.NOW, 3)),
        (TargetLocked, lambda: remove_target(connection, ONE, target)),
        (ListLocked, lambda: save_list(connection, ONE, target, [1], CustomerFilter(), w.NOW, 3)),
    ):
        with pytest.raises(refusal):
            action()
    header = BrandAnalysis.__table__
    connection.execute(update(header).values(status="DRAFT"))
    remove_target(connection, ONE, target)
    assert connection.scalars(select(table.c.id)).all() == []


def test_target_customers_are_an_explicit_list_with_history(connection: Connection):
    shops(connection)
    w.issue(connection, [w.focus(1, 1, w.K, w.M)])
    add_targets(connection, ONE, 1, [draft(1)], 3)
    target = connection.scalars(select(BrandTarget.__table__.c.id)).one()

    def count(**chosen: Any) -> int:
        return preview_count(connection, ONE, target, CustomerFilter(**chosen))

    assert count() == 2
    assert count(market_types=(MarketType.RURAL,)) == 1
    assert count(has_bought=True) == 1  # customer 2 gave everything back
    assert count(has_bought=True, bought_since=w.K) == 2
    assert count(has_bought=False) == 1
    assert count(grade_from=11) == 0
    assert count(grade_from=10, grade_to=10) == 2

    def save(*customers: int) -> int:
        return save_list(connection, ONE, target, customers, CustomerFilter(), w.NOW, 3)

    assert [save(1, 2), save(1, 2), save(2), save(1, 2)] == [1, 1, 2, 3]
    lists = [
        [row.customer_id for row in connection.execute(present_list(ONE, target, revision))]
        for revision in (None, 1, 2, 3)
    ]
    assert lists == [[1, 2], [1, 2], [2], [1, 2]]
    history = connection.execute(history_rows(ONE, target)).all()
    assert [(row.revision, row.added, row.removed, row.customers) for row in history] == [
        (3, 1, 0, 2), (2, 0, 1, 1), (1, 2, 0, 2),
    ]  # fmt: skip
    with pytest.raises(OutOfScope):
        save(1, 3)  # customer 3 belongs to territory 2
    with pytest.raises(OutOfScope):
        preview_count(connection, TWO, target, CustomerFilter())
    assert connection.execute(present_list(TWO, target)).all() == []


def test_the_parts_of_every_figure_add_up(connection: Connection):
    """By customer, product and territory, for every indicator and rate, on random data."""
    world = random_world(11, customers=25)
    w.organisation(connection)
    w.write(connection, world)
    computation = w.computation()
    stored = {
        (row.territory_id, row.indicator): (row.actual_num, row.actual_den)
        for row in connection.execute(indicator_rows(Scope(1), computation))
    }
    for row in INDICATORS:
        for by in ("customer", "product", "territory"):
            try:
                found = decompose_indicator(connection, ONE, computation, row.code, by, 5000)
            except NotDecomposable:
                assert row.is_entered or by == "product"
                continue
            assert (found.num, found.den) == stored[1, row.code]
            if found.gap is not None:
                assert sum(part.shortfall for part in found.contributions) == found.gap
                assert found.gap == gap(found.num, found.den, 5000, row.measure)
    rates = connection.execute(rate_rows(ONE, w.K, computation.parameters)).all()
    for row in rates:
        found = decompose_rate(connection, ONE, computation, row.product_id, row.rate, 7000)
        assert (found.num, found.den) == (row.actual_num, row.actual_den)
        total = sum(part.shortfall for part in found.contributions)
        assert found.gap in (None, total)
        assert (found.gap is None) == (row.actual_den == 0)
        assert RATE_BY_CODE[row.rate].code == row.rate


def test_company_rates_and_trends_agree_with_the_territory_s(connection: Connection):
    world = random_world(12, customers=25)
    w.organisation(connection)
    w.write(connection, world)
    parameters = w.computation().parameters
    of_one = {
        (row.product_id, row.rate): (row.actual_num, row.actual_den)
        for row in connection.execute(rate_rows(ONE, w.K, parameters))
    }
    products = {product for product, _ in of_one}
    same = {
        (row.product_id, row.rate.name): (row.actual_num, row.actual_den)
        for row in connection.execute(company_rate_rows(ONE, w.K, parameters, products))
    }
    assert same == of_one
    months = list(w.K.shift(-2).through(w.K))
    product = min(products)
    trend = connection.execute(rate_trend_rows(ONE, months, parameters, product)).all()
    assert len(trend) == 4 * len(months)
    now = {row.rate.name: (row.actual_num, row.actual_den) for row in trend if row.month == 202610}
    assert now == {rate: pair for (number, rate), pair in of_one.items() if number == product}
    whole = connection.execute(company_rate_rows(Scope(1), w.K, parameters, [product])).all()
    listing = next(row for row in whole if row.rate.name == "LISTING")
    assert listing.actual_den >= of_one[product, "LISTING"][1]


def test_needs_changed_after_generating_are_noticed(connection: Connection):
    shops(connection)
    compute_effect(connection, ONE, w.M, w.computation())
    from app.models import CustomerState, StateRun, StateStatus

    for table in (CustomerState.__table__, StateRun.__table__):
        connection.execute(update(table).values(status=StateStatus.GENERATED))
    needs = w.ids(connection, NeedOption)
    save_answers(connection, ONE, w.M, 2, {needs["D15"]: "错发"}, None, w.NOW, 3)
    states = connection.execute(select(CustomerState.__table__)).all()
    assert {row.customer_id: row.status for row in states} == {
        1: StateStatus.GENERATED, 2: StateStatus.STALE,
    }  # fmt: skip
    run = connection.execute(select(StateRun.__table__)).one()
    assert (run.status, run.stale_reason.name) == (StateStatus.STALE, "NEEDS")
