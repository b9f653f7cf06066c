"""Steps 3–6 in the demo: watched products, targets, lists, and last month's analyses.

Targets are what the products reached before their stories began, so the stories show as abnormal
figures. Territories differ in how far they are: half judged, completed, computed, not begun.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import step_03_brand_target as targets
from app.analysis import step_04_target_customer as lists
from app.analysis import step_05_brand_status as brand
from app.analysis import step_06_market as market
from app.analysis.computation import computation_of
from app.analysis.rules.computation import Computation
from app.analysis.rules.indicators import INDICATOR_BY_CODE
from app.analysis.rules.targets import MonthRange, TargetDraft
from app.analysis.statements.brand_rates import rate_rows
from app.demo.plan import FAILING_FROM, Dates, seed_rows
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AssignmentKind,
    BrandAnalysis,
    BrandTarget,
    Department,
    FocusProduct,
    Judgement,
    MarketAnalysis,
    MarketIndicator,
    ProblemReason,
    Product,
    RateKind,
    Territory,
    TerritoryAssignment,
)

WATCHED = ("Y009", "Y013", "Y015", "Y016", "Y018", "Y020", "Y025", "Y030")
MEASURED_AGO = FAILING_FROM + 2
"""The month whose figures become the targets: the stories have not begun."""
LISTED_SINCE_AGO = MEASURED_AGO + 3
MOST_LISTING = 9_500

CAUSES = {"Y018": "R01", "Y020": "R07", "Y013": "R04", "Y016": "R05"}
"""Product with a story → cause a customer manager would name."""

ENTERED = {"SATISFACTION": 8_850, "PRICE_TAG_RATE": 9_640, "MARKET_ORDER_RATE": 9_710}
FIXED_TARGETS = {
    "VOLUME_YEAR_GROWTH": 200, "VOLUME_MONTH_GROWTH": 0, "KEY_GROWTH": 300,
    "ORDER_SUCCESS": 9_500, "STOCKOUT_RATE": 400, "SATISFACTION": 9_000,
    "PRICE_TAG_RATE": 9_600, "MARKET_ORDER_RATE": 9_800,
}  # fmt: skip

VOLUMES = ("VOLUME", "AMOUNT", "KEY_VOLUME", "VOLUME_PER_CUSTOMER")
ORDINARY_PERCENT = 76
"""What a month is expected to sell, of the month measured: that one has a festival in it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a territory is with last month's analyses."""

    is_computed: bool = True
    is_judged: bool = False
    is_completed: bool = False


PROGRESS = (
    Progress(is_judged=True),
    Progress(is_judged=True, is_completed=True),
    Progress(),
    Progress(is_computed=False),
)


def add_brand_story(session: Session, company_id: int, dates: Dates) -> None:
    """Everything of one company in the caller's transaction."""
    products = _products(session, company_id)
    _issue(session, company_id, products, dates)
    territories = session.scalars(
        select(Territory.id).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    for number, territory_id in enumerate(territories):
        scope = Scope(company_id, (territory_id,))
        _set_targets(session, scope, products, dates)
        _analyse(session, scope, dates, PROGRESS[number % len(PROGRESS)], products)


def _products(session: Session, company_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Product.code, Product.id)
        .where(Product.company_id == company_id, Product.code.in_(WATCHED))
        .order_by(Product.code)
    )
    return {row.code: row.id for row in rows}


def _issue(session: Session, company_id: int, products: dict[str, int], dates: Dates) -> None:
    departments = session.execute(
        select(Department.id, Department.manager_id).where(Department.company_id == company_id)
    ).all()
    session.add_all(
        FocusProduct(
            company_id=company_id,
            department_id=row.id,
            product_id=product_id,
            from_month=dates.ago(MEASURED_AGO),
            to_month=dates.month.shift(2),
            created_by=row.manager_id,
        )
        for row in departments
        for product_id in products.values()
    )
    session.flush()


def _set_targets(session: Session, scope: Scope, products: dict[str, int], dates: Dates) -> None:
    """Targets up to last month, their lists, and the same for the running months."""
    connection = session.connection()
    territory_id = (scope.territory_ids or ())[0]
    holder = _holder(session, territory_id)
    measured = computation_of(session, scope.company_id, dates.ago(MEASURED_AGO))
    past = MonthRange(measured.month, dates.ago(1))
    ahead = MonthRange(dates.month, dates.month.shift(2))
    drafts = [TargetDraft(key, past, 0, 0, 0, 0) for key in products.values()]
    targets.add_targets(connection, scope, territory_id, drafts, holder)
    ids = _target_ids(session, territory_id, past.first)
    for target_id in ids.values():
        _save_list(session, scope, target_id, dates, measured, holder)
    reached: dict[int, dict[str, int]] = {}
    for row in connection.execute(rate_rows(scope, measured.month, measured.parameters)):
        rate = RateKind[row.rate]
        reached.setdefault(row.product_id, {})[rate.name] = _aim(
            rate, row.actual_num, row.actual_den
        )
    for product_id, target_id in ids.items():
        values = reached[product_id]
        draft = _draft(product_id, past, values)
        targets.change_target(connection, scope, target_id, draft, measured.now, holder)
    targets.add_targets(
        connection,
        scope,
        territory_id,
        [_draft(key, ahead, reached[key]) for key in products.values()],
        holder,
    )
    # The newest watched product has no list yet for the running months: a page should say so.
    *listed, _unlisted = _target_ids(session, territory_id, ahead.first).values()
    for target_id in listed:
        _save_list(session, scope, target_id, dates, measured, holder)


def _draft(product_id: int, months: MonthRange, values: dict[str, int]) -> TargetDraft:
    return TargetDraft(
        product_id,
        months,
        listing=values["LISTING"],
        active=values["ACTIVE"],
        stockout=values["STOCKOUT"],
        repurchase=values["REPURCHASE"],
    )


def _aim(rate: RateKind, num: int, den: int) -> int:
    """A round target near what was reached, in hundredths of a percent."""
    if not den:
        return 500 if rate is RateKind.STOCKOUT else 8_000
    whole = 10_000 * num // den // 100 * 100
    if rate is RateKind.STOCKOUT:
        return max(whole, 200) + 100
    if rate is RateKind.ACTIVE:
        return min(max(whole - 200, 5_000), 11_000)
    return min(max(whole - 200, 4_000), MOST_LISTING)


def _target_ids(session: Session, territory_id: int, first: Month) -> dict[int, int]:
    rows = session.execute(
        select(BrandTarget.product_id, BrandTarget.id)
        .where(BrandTarget.territory_id == territory_id, BrandTarget.from_month == first)
        .order_by(BrandTarget.product_id)
    )
    return {row.product_id: row.id for row in rows}


def _save_list(
    session: Session,
    scope: Scope,
    target_id: int,
    dates: Dates,
    computation: Computation,
    holder: int | None,
) -> None:
    """Customers of the upper grades who bought the product before the stories began."""
    connection = session.connection()
    target = lists.target_of(connection, scope, target_id)
    chosen = lists.CustomerFilter(
        grade_from=8, has_bought=True, bought_since=dates.ago(LISTED_SINCE_AGO)
    )
    found = [row.id for row in connection.execute(lists.matching_customers(scope, target, chosen))]
    if found:
        lists.save_list(connection, scope, target_id, found, chosen, computation.now, holder)


def _holder(session: Session, territory_id: int) -> int | None:
    return session.scalar(
        select(TerritoryAssignment.user_id)
        .where(
            TerritoryAssignment.territory_id == territory_id,
            TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        )
        .order_by(TerritoryAssignment.valid_from.desc(), TerritoryAssignment.id)
        .limit(1)
    )


# ---------------------------------------------------------------------- the analyses


def _analyse(
    session: Session, scope: Scope, dates: Dates, progress: Progress, products: dict[str, int]
) -> None:
    connection = session.connection()
    territory_id = (scope.territory_ids or ())[0]
    holder = _holder(session, territory_id)

    def computation(month: Month) -> Computation:
        return replace(computation_of(session, scope.company_id, month), user_id=holder)

    before, last = computation(dates.ago(2)), computation(dates.ago(1))
    market.compute_market_analysis(connection, scope, before)
    aims = _market_aims(session, scope, dates.ago(2))
    for month in (dates.ago(1), dates.month):
        market.save_targets(connection, scope, territory_id, month, aims, last)
    if not progress.is_computed:
        return
    brand.compute_brand_analysis(connection, scope, before)
    brand.compute_brand_analysis(connection, scope, last)
    market.compute_market_analysis(connection, scope, last)
    analyses: dict[Any, int] = {
        model: session.execute(
            select(model.id).where(model.territory_id == territory_id, model.month == dates.ago(1))
        ).scalar_one()
        for model in (BrandAnalysis, MarketAnalysis)
    }
    for name, value in ENTERED.items():
        market.enter_value(
            connection, scope, last, analyses[MarketAnalysis], MarketIndicator[name], value
        )
    if progress.is_judged:
        _judge(session, scope, last, analyses[BrandAnalysis], products)
        _write_texts(session, analyses, dates)
    if progress.is_completed:
        brand.complete_brand_analysis(connection, scope, analyses[BrandAnalysis], last)
        market.complete_market_analysis(connection, scope, analyses[MarketAnalysis], last)


def _market_aims(session: Session, scope: Scope, month: Month) -> dict[MarketIndicator, int | None]:
    """Round targets near the figures of a month."""
    aims: dict[MarketIndicator, int | None] = {}
    for row in session.connection().execute(market.line_rows(scope, month)):
        indicator = INDICATOR_BY_CODE[row.indicator.name]
        if row.indicator.name in FIXED_TARGETS:
            aims[row.indicator] = FIXED_TARGETS[row.indicator.name]
        elif row.actual_num is not None and row.actual_den:
            value = indicator.measure.factor * row.actual_num // row.actual_den
            if row.indicator.name in VOLUMES:
                value = value * ORDINARY_PERCENT // 100
            step = 100 if value < 100_000 else 100_000
            aims[row.indicator] = max(value // step, 1) * step
    return aims


def _judge(
    session: Session,
    scope: Scope,
    computation: Computation,
    analysis_id: int,
    products: dict[str, int],
) -> None:
    """Causes for the abnormal rates of the story products; one figure judged otherwise."""
    connection = session.connection()
    causes = dict(
        session.execute(
            select(ProblemReason.code, ProblemReason.id).where(
                ProblemReason.company_id == scope.company_id
            )
        ).all()
    )
    by_product = {products[code]: causes[cause] for code, cause in CAUSES.items()}
    others = 0
    for row in connection.execute(brand.line_rows(scope, computation.month)).all():
        if row.system_status is not Judgement.ABNORMAL:
            continue
        if row.product_id in by_product:
            brand.judge_rate(
                connection,
                scope,
                analysis_id,
                row.product_id,
                row.rate,
                Judgement.ABNORMAL,
                reason_id=by_product[row.product_id],
            )
        elif others == 0:
            others += 1
            brand.judge_rate(
                connection,
                scope,
                analysis_id,
                row.product_id,
                row.rate,
                Judgement.NORMAL,
                reason=_text("judged_otherwise"),
            )


def _text(kind: str) -> str:
    return next(row["text"] for row in seed_rows("brand_texts") if row["kind"] == kind)


def _write_texts(session: Session, analyses: dict[Any, int], dates: Dates) -> None:
    for model, analysis_id in analyses.items():
        row = session.get_one(model, analysis_id)
        row.problems = _text(f"problems_{model.__tablename__}")
        row.next_focus = _text(f"focus_{model.__tablename__}")
    session.flush()
