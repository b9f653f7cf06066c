"""§2.2 step 14: the figures of a month counted by hand, on both databases."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Connection

from app.improvement.step_14_month_summary import figure_rows, undone_reasons
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    Customer,
    ItemMark,
    ItemSource,
    Judgement,
    KeyCustomer,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MonthPlan,
    MonthPlanStatus,
    PlannedFrequency,
    Product,
    RateKind,
    RowOrigin,
    ServicePlan,
    ServicePlanStatus,
    StrategyItem,
    UndoneReason,
    VisitFrequency,
    VisitPlan,
    VisitStatus,
)
from tests.analysis import world as w

pytestmark = pytest.mark.sql

M = Month(2026, 10)
RECORD = {
    "version": 1,
    "created_at": w.NOW,
    "updated_at": w.NOW,
}
DONE, MISSED, PLANNED, CANCELLED = (
    VisitStatus.DONE,
    VisitStatus.MISSED,
    VisitStatus.PLANNED,
    VisitStatus.CANCELLED,
)


def own(**values: Any) -> dict[str, Any]:
    return {"company_id": 1, "territory_id": 1, **RECORD, **values}


def visit(customer: int, day: int, status: VisitStatus, **more: Any) -> dict[str, Any]:
    return own(
        customer_id=customer,
        date=dt.date(2026, 10, day),
        month=M,
        origin=RowOrigin.AUTOMATIC,
        status=status,
        **more,
    )


def item(customer: int, sequence: int, mark: ItemMark, **more: Any) -> dict[str, Any]:
    return own(
        plan_id=1,
        month=M,
        customer_id=customer,
        strategy_id=1,
        sequence=sequence,
        source=ItemSource.DIRECT,
        content="x",
        mark=mark,
        **{"is_removed": False, "undone_reason": None, **more},
    )


def line(system: Judgement, final: Judgement, **keys: Any) -> dict[str, Any]:
    return {
        "company_id": 1,
        "actual_num": 1,
        "actual_den": 2,
        "target": 100,
        "system_status": system,
        "final_status": final,
        "formula_version": 1,
        **keys,
    }


@pytest.fixture
def month(connection: Connection) -> Connection:
    w.organisation(connection)
    weekly = VisitFrequency.WEEKLY
    w.add(connection, Product, [w.product(1), w.product(2)])
    w.add(
        connection,
        Customer,
        [w.customer(1), w.customer(2, visit_frequency=weekly), w.customer(3), w.customer(4)],
    )
    w.add(
        connection,
        MonthPlan,
        [own(id=1, month=M, status=MonthPlanStatus.APPROVED, revision=1, is_outdated=False)],
    )
    planned = {1: weekly, 2: VisitFrequency.MONTHLY}
    w.add(
        connection,
        PlannedFrequency,
        [
            {
                "company_id": 1,
                "plan_id": 1,
                "customer_id": customer,
                "is_key": False,
                "strategy_count": 1,
                "direct_count": 0,
                "amount_fen": 0,
                "rank": customer,
                "generated": frequency,
                "frequency": frequency,
                "origin": RowOrigin.AUTOMATIC,
            }
            for customer, frequency in planned.items()
        ],
    )
    w.add(
        connection,
        VisitPlan,
        [
            visit(1, 5, DONE),
            visit(1, 12, DONE),
            visit(1, 19, MISSED),
            visit(1, 26, CANCELLED),
            visit(2, 6, DONE),
            visit(3, 7, PLANNED),
            {**visit(4, 8, DONE), "territory_id": 2},
        ],
    )
    keys = [(1, RowOrigin.AUTOMATIC, False), (2, RowOrigin.AUTOMATIC, True)]
    keys += [(3, RowOrigin.MANUAL, False), (4, RowOrigin.MANUAL, True)]
    w.add(
        connection,
        KeyCustomer,
        [
            {"company_id": 1, "plan_id": 1, "customer_id": c, "origin": origin, "is_removed": gone}
            for c, origin, gone in keys
        ],
    )
    w.add(
        connection,
        ServicePlan,
        [own(id=1, month=M, status=ServicePlanStatus.APPROVED, revision=1)],
    )
    w.add(
        connection,
        StrategyItem,
        [
            item(1, 0, ItemMark.DONE),
            item(1, 1, ItemMark.TEMPORARY),
            item(2, 0, ItemMark.OPEN, undone_reason=UndoneReason.CLOSED),
            item(3, 0, ItemMark.OPEN, undone_reason=UndoneReason.CLOSED),
            item(3, 1, ItemMark.OPEN, undone_reason=UndoneReason.OTHER),
            item(3, 2, ItemMark.OPEN, is_removed=True, undone_reason=UndoneReason.OTHER),
        ],
    )
    analyses(connection)
    return connection


def analyses(connection: Connection) -> None:
    """The analysis made for the month (of September) and that of the month itself."""
    bad, good = Judgement.ABNORMAL, Judgement.NORMAL
    header = {"parameter_version": 1, "computed_at": w.NOW}
    for model in (BrandAnalysis, MarketAnalysis):
        w.add(
            connection,
            model,
            [own(id=1, month=M.previous, **header), own(id=2, month=M, **header)],
        )
    w.add(
        connection,
        BrandAnalysisLine,
        [
            line(bad, bad, analysis_id=1, product_id=1, rate=RateKind.LISTING),
            line(bad, good, analysis_id=1, product_id=1, rate=RateKind.ACTIVE),
            line(good, bad, analysis_id=2, product_id=2, rate=RateKind.LISTING),
            line(
                Judgement.NO_TARGET,
                Judgement.NO_TARGET,
                analysis_id=2,
                product_id=2,
                rate=RateKind.ACTIVE,
            ),
        ],
    )
    w.add(
        connection,
        MarketAnalysisLine,
        [
            line(good, good, analysis_id=1, indicator=MarketIndicator.VOLUME),
            line(good, good, analysis_id=2, indicator=MarketIndicator.VOLUME),
            line(bad, bad, analysis_id=2, indicator=MarketIndicator.AMOUNT),
        ],
    )


EXPECTED = {
    "VISITS_WEEKLY": (2, 3),
    "VISITS_MONTHLY": (1, 1),
    "VISITS_ALL": (3, 5),
    "TASKS_DONE": (1, 4),
    "TEMPORARY_TASKS": (1, None),
    "JUDGEMENTS_KEPT": (2, 3),
    "KEY_CUSTOMERS_KEPT": (1, 3),
    "BRAND_ABNORMAL": (1, 1),
    "MARKET_ABNORMAL": (1, 2),
}


def test_every_figure(month: Connection):
    rows = month.execute(figure_rows(Scope(1, (1,)), M)).all()
    assert {row.figure: (row.numerator, row.denominator) for row in rows} == EXPECTED
    assert {row.territory_id for row in rows} == {1}


def test_a_whole_company_at_once(month: Connection):
    rows = month.execute(figure_rows(Scope(1), M)).all()
    other = {row.figure: (row.numerator, row.denominator) for row in rows if row.territory_id == 2}
    assert other == {"VISITS_ALL": (1, 1)}
    assert month.execute(figure_rows(Scope(2), M)).all() == []


def test_a_month_without_anything(month: Connection):
    assert month.execute(figure_rows(Scope(1, (1,)), Month(2027, 3))).all() == []


def test_reasons_most_frequent_first(month: Connection):
    rows = month.execute(undone_reasons(Scope(1, (1,)), M)).all()
    assert [(row.undone_reason, row.tasks) for row in rows] == [
        (UndoneReason.CLOSED, 2),
        (UndoneReason.OTHER, 1),
    ]
