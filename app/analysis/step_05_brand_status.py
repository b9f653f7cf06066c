"""§2.2 step 5 — monthly brand analysis: four rates per targeted product, judged.

Reads: brand_target, target_customer, monthly_sales, territory_sales, customer,
    product
Writes: brand_analysis, brand_analysis_line, brand_share
Grain: territory × analysed month K; line = product × rate
Units: rates as set sizes num/den; targets in hundredths of a percent
Nulls: a zero denominator is UNDETERMINED, a missing target NO_TARGET, never an error
Errors: `OutOfScope`, `AnalysisCompleted`, `PlanSubmitted`, `InvalidTransition`
Ambiguity: 5 % is relative to the target; targets made in M cover M and are used when M is analysed.
    品牌占有率 is kept beside the rates of the products analysed, as information: step 3 sets no
    target for it, and of a market indicator there would be one per product

The caller owns the transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, literal, not_, select

from app.analysis.rules.computation import Computation
from app.analysis.rules.indicators import BRAND_SHARE, RATES
from app.analysis.statements import territory_analysis
from app.analysis.statements.brand_rates import rate_rows, targeted_products
from app.analysis.statements.brand_share import share_rows
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    BrandShare,
    Judgement,
    RateKind,
)

HEADER, LINE = BrandAnalysis.__table__, BrandAnalysisLine.__table__
SHARE = BrandShare.__table__
KEYS = ("product_id", "rate")
SHARE_COLUMNS = ("product_id", "product_sticks", "brand_sticks", "area_sticks")
RATE_FORMULA_VERSION = max(row.version for row in RATES)


def versioned_rate_rows(scope: Scope, computation: Computation) -> Select[Any]:
    """`rate_rows` with the version of the formulas."""
    rows = rate_rows(scope, computation.month, computation.parameters)
    return rows.add_columns(literal(RATE_FORMULA_VERSION).label("formula_version"))


def compute_brand_analysis(connection: Connection, scope: Scope, computation: Computation) -> None:
    """Make or refresh the drafts of every territory in scope; completed analyses stay."""
    month = computation.month
    territory_analysis.write_drafts(connection, HEADER, scope, computation)
    connection.execute(_lines_without_target(scope, month))
    territory_analysis.write_lines(
        connection, HEADER, LINE, scope, month, versioned_rate_rows(scope, computation), KEYS
    )
    _write_shares(connection, scope, month)


def _write_shares(connection: Connection, scope: Scope, month: Month) -> None:
    """品牌占有率 of the open analyses, made anew."""
    is_open = territory_analysis.drafts(HEADER, scope, month)
    open_ids = select(HEADER.c.id).where(is_open)
    connection.execute(delete(SHARE).where(scope.company(SHARE), SHARE.c.analysis_id.in_(open_ids)))
    new = share_rows(scope, month).subquery("computed")
    columns = {
        "company_id": HEADER.c.company_id,
        "analysis_id": HEADER.c.id,
        **{name: new.c[name] for name in SHARE_COLUMNS},
        "formula_version": literal(BRAND_SHARE.version),
    }
    same = and_(
        new.c.company_id == HEADER.c.company_id, new.c.territory_id == HEADER.c.territory_id
    )
    connection.execute(
        insert(SHARE).from_select(
            list(columns), select(*columns.values()).join(new, same).where(is_open)
        )
    )


def _lines_without_target(scope: Scope, month: Month) -> Any:
    """Lines of open analyses whose product has no target any more."""
    targeted = targeted_products(scope, month)
    kept = (
        select(HEADER.c.id)
        .join(
            targeted,
            and_(
                targeted.c.company_id == HEADER.c.company_id,
                targeted.c.territory_id == HEADER.c.territory_id,
            ),
        )
        .where(
            HEADER.c.company_id == LINE.c.company_id,
            HEADER.c.id == LINE.c.analysis_id,
            targeted.c.product_id == LINE.c.product_id,
        )
        .correlate(LINE)
        .exists()
    )
    open_ids = select(HEADER.c.id).where(territory_analysis.drafts(HEADER, scope, month))
    return delete(LINE).where(scope.company(LINE), LINE.c.analysis_id.in_(open_ids), not_(kept))


def brand_difference_rows(scope: Scope, computation: Computation) -> Select[Any]:
    """What would change if computed now; see `territory_analysis.difference_rows`."""
    return territory_analysis.difference_rows(
        HEADER, LINE, scope, computation.month, versioned_rate_rows(scope, computation), KEYS
    )


def judge_rate(
    connection: Connection,
    scope: Scope,
    analysis_id: int,
    product_id: int,
    rate: RateKind,
    final_status: Judgement,
    reason: str | None = None,
    reason_id: int | None = None,
) -> None:
    """状态判断 of one line by a person."""
    territory_analysis.judge_line(
        connection,
        HEADER,
        LINE,
        scope,
        analysis_id,
        {"product_id": product_id, "rate": rate},
        final_status,
        reason,
        reason_id,
    )


def complete_brand_analysis(
    connection: Connection, scope: Scope, analysis_id: int, computation: Computation
) -> None:
    """草稿→已完成; the targets it used are locked from now on (step 3)."""
    territory_analysis.complete(connection, HEADER, scope, analysis_id, computation)


def reopen_brand_analysis(
    connection: Connection, scope: Scope, analysis_id: int, *, is_plan_submitted: bool
) -> None:
    """已完成→草稿. Step 8 tells whether the month plan was submitted."""
    territory_analysis.reopen(
        connection, HEADER, scope, analysis_id, is_plan_submitted=is_plan_submitted
    )


def line_rows(scope: Scope, month: Month) -> Select[Any]:
    """All stored lines of a month in scope, for grids and the market manager's overview:
    (analysis_id, territory_id, analysis_status, parameter_version, product_id, rate, actual_num,
    actual_den, target, system_status, final_status, override_reason, reason_id).
    """
    return (
        select(
            HEADER.c.id.label("analysis_id"),
            HEADER.c.territory_id,
            HEADER.c.status.label("analysis_status"),
            HEADER.c.parameter_version,
            LINE.c.product_id,
            LINE.c.rate,
            LINE.c.actual_num,
            LINE.c.actual_den,
            LINE.c.target,
            LINE.c.system_status,
            LINE.c.final_status,
            LINE.c.override_reason,
            LINE.c.reason_id,
        )
        .join(
            LINE, and_(LINE.c.company_id == HEADER.c.company_id, LINE.c.analysis_id == HEADER.c.id)
        )
        .where(scope.rows(HEADER), HEADER.c.month == month)
        .order_by(HEADER.c.territory_id, LINE.c.product_id, LINE.c.rate)
    )


def abnormal_rows(scope: Scope, month: Month) -> Select[Any]:
    """(territory_id, product_id, rate) with final status 异常: what step 8 takes over."""
    lines = line_rows(scope, month).order_by(None).subquery("lines")
    return select(lines.c.territory_id, lines.c.product_id, lines.c.rate).where(
        lines.c.final_status == Judgement.ABNORMAL
    )
