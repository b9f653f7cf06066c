"""§2.2 step 6 — monthly market analysis: indicators judged, entered values, this month's targets.

Reads: territory_sales, customer_sales, order_day, product, key_product_snapshot, customer,
    customer_territory, market_target
Writes: market_analysis, market_analysis_line, market_target
Grain: territory × analysed month K; line = indicator
Units: value = num/den in the indicator's unit (percentages as plain ratio); targets in hundredths
Nulls: a zero denominator or missing entry is UNDETERMINED, a missing target NO_TARGET
Errors: `OutOfScope`, `AnalysisCompleted`, `PlanSubmitted`, `InvalidTransition`, `PlanningError`
Ambiguity: "本月各指标目标" are targets of the work month M = K + 1; K is judged against K's own.
    订货成功率 is "customers ordering / customers due, per order day": an order meets the order day
    when it is dated on it, or at most `order_late_days` later (0 by default); a day that a
    holiday moved is due on the day it lands on. ORDER_UNSTABLE of step 2 asks for the regularity
    of one customer and goes by work weeks

The caller owns the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    delete,
    func,
    select,
    true,
    union_all,
)

from app.analysis.rules.computation import Computation
from app.analysis.rules.indicators import INDICATOR_BY_CODE, INDICATORS, PLAIN_FACTOR
from app.analysis.statements import territory_analysis
from app.analysis.statements.market_figures import (
    indicator_rows,
    judged_lines,
    specification_of,
)
from app.kernel.dialect import upsert_rows
from app.kernel.errors import N_, OutOfScope, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AnalysisStatus,
    Judgement,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MarketTarget,
    Territory,
)

HEADER, LINE = MarketAnalysis.__table__, MarketAnalysisLine.__table__
TARGET, TERRITORY = MarketTarget.__table__, Territory.__table__
KEYS = ("indicator",)
ENTERED = tuple(row for row in INDICATORS if row.is_entered)
MOST_POINTS = 100 * PLAIN_FACTOR


def compute_market_analysis(connection: Connection, scope: Scope, computation: Computation) -> None:
    """Make or refresh the drafts of every territory in scope; completed analyses stay."""
    month = computation.month
    territory_analysis.write_drafts(connection, HEADER, scope, computation)
    for rows in (indicator_rows(scope, computation), entered_rows(scope, computation)):
        territory_analysis.write_lines(connection, HEADER, LINE, scope, month, rows, KEYS)


def entered_rows(scope: Scope, computation: Computation) -> Select[Any]:
    """The indicators a person enters, judged with the values entered so far; same columns as
    `indicator_rows`.
    """
    specification = specification_of(ENTERED, computation.parameters)
    present = (
        select(
            HEADER.c.company_id,
            HEADER.c.territory_id,
            LINE.c.indicator,
            LINE.c.actual_num,
            LINE.c.actual_den,
        )
        .join(
            LINE, and_(LINE.c.company_id == HEADER.c.company_id, LINE.c.analysis_id == HEADER.c.id)
        )
        .where(scope.rows(HEADER), HEADER.c.month == computation.month)
        .subquery("present")
    )
    rows = (
        select(
            TERRITORY.c.company_id,
            TERRITORY.c.id.label("territory_id"),
            specification,
            present.c.actual_num,
            present.c.actual_den,
            TARGET.c.value.label("target"),
        )
        .select_from(
            TERRITORY.join(specification, true())
            .outerjoin(
                present,
                and_(
                    present.c.company_id == TERRITORY.c.company_id,
                    present.c.territory_id == TERRITORY.c.id,
                    present.c.indicator == specification.c.indicator,
                ),
            )
            .outerjoin(
                TARGET,
                and_(
                    TARGET.c.company_id == TERRITORY.c.company_id,
                    TARGET.c.territory_id == TERRITORY.c.id,
                    TARGET.c.month == computation.month,
                    TARGET.c.indicator == specification.c.indicator,
                ),
            )
        )
        .where(TERRITORY.c.company_id == scope.company_id)
        .subquery("rows")
    )
    return judged_lines(rows)


def enter_value(
    connection: Connection,
    scope: Scope,
    computation: Computation,
    analysis_id: int,
    indicator: MarketIndicator,
    hundredths: int | None,
) -> None:
    """Enter a value that no data gives (points or percent, 0–100, in hundredths); None clears it.

    Errors: `PlanningError` for a computed indicator or an impossible value, `OutOfScope`,
    `AnalysisCompleted`.
    """
    specification = INDICATOR_BY_CODE[indicator.name]
    if not specification.is_entered:
        raise PlanningError(N_("This indicator is computed and cannot be entered."))
    if hundredths is not None and not 0 <= hundredths <= MOST_POINTS:
        raise PlanningError(N_("Enter a value from 0 to 100."), field="actual_num")
    found = connection.execute(
        select(HEADER.c.status, HEADER.c.territory_id).where(
            scope.rows(HEADER), HEADER.c.id == analysis_id, HEADER.c.month == computation.month
        )
    ).one_or_none()
    if found is None:
        raise OutOfScope
    if found.status is not AnalysisStatus.DRAFT:
        raise territory_analysis.AnalysisCompleted
    connection.execute(
        LINE.update()
        .where(
            scope.company(LINE), LINE.c.analysis_id == analysis_id, LINE.c.indicator == indicator
        )
        .values(
            actual_num=hundredths,
            actual_den=None if hundredths is None else specification.measure.factor,
        )
    )
    own = Scope(scope.company_id, (found.territory_id,))
    territory_analysis.write_lines(
        connection, HEADER, LINE, own, computation.month, entered_rows(own, computation), KEYS
    )


def market_difference_rows(scope: Scope, computation: Computation) -> Select[Any]:
    """What would change if computed now; see `territory_analysis.difference_rows`."""
    return territory_analysis.difference_rows(
        HEADER, LINE, scope, computation.month, indicator_rows(scope, computation), KEYS
    )


def judge_indicator(
    connection: Connection,
    scope: Scope,
    analysis_id: int,
    indicator: MarketIndicator,
    final_status: Judgement,
    reason: str | None = None,
    reason_id: int | None = None,
) -> None:
    """状态判断 of one indicator by a person."""
    territory_analysis.judge_line(
        connection,
        HEADER,
        LINE,
        scope,
        analysis_id,
        {"indicator": indicator},
        final_status,
        reason,
        reason_id,
    )


def complete_market_analysis(
    connection: Connection, scope: Scope, analysis_id: int, computation: Computation
) -> None:
    """草稿→已完成."""
    territory_analysis.complete(connection, HEADER, scope, analysis_id, computation)


def reopen_market_analysis(
    connection: Connection, scope: Scope, analysis_id: int, *, is_plan_submitted: bool
) -> None:
    """已完成→草稿. Step 8 tells whether the month plan was submitted."""
    territory_analysis.reopen(
        connection, HEADER, scope, analysis_id, is_plan_submitted=is_plan_submitted
    )


def save_targets(
    connection: Connection,
    scope: Scope,
    territory_id: int,
    month: Month,
    values: Mapping[MarketIndicator, int | None],
    computation: Computation,
) -> None:
    """本月各指标目标: set targets of the work month in hundredths of the unit; None removes one.

    Errors: `OutOfScope`; `PlanningError` when the month's analysis is completed.
    """
    own = Scope(scope.company_id, (territory_id,))
    exists_here = connection.execute(
        select(func.count()).where(
            TERRITORY.c.company_id == scope.company_id, TERRITORY.c.id == territory_id
        )
    ).scalar_one()
    if not scope.allows(territory_id) or not exists_here:
        raise OutOfScope
    completed = connection.execute(
        select(func.count()).where(
            own.rows(HEADER), HEADER.c.month == month, HEADER.c.status == AnalysisStatus.COMPLETED
        )
    ).scalar_one()
    if completed:
        raise PlanningError(N_("The analysis of the month is completed; its targets are fixed."))
    removed = [indicator for indicator, value in values.items() if value is None]
    connection.execute(
        delete(TARGET).where(
            own.rows(TARGET), TARGET.c.month == month, TARGET.c.indicator.in_(removed)
        )
    )
    upsert_rows(
        connection,
        TARGET,
        ("company_id", "territory_id", "month", "indicator"),
        [
            {
                "company_id": scope.company_id,
                "territory_id": territory_id,
                "month": month,
                "indicator": indicator,
                "value": value,
                "updated_at": computation.now,
                "updated_by": computation.user_id,
            }
            for indicator, value in values.items()
            if value is not None
        ],
    )


def proposed_targets(scope: Scope, month: Month) -> Select[Any]:
    """(territory_id, indicator, value): the target of the month, else that of the month before."""
    now, before = TARGET.alias("now"), TARGET.alias("before")
    own = select(now.c.territory_id, now.c.indicator, now.c.value).where(
        scope.rows(now), now.c.month == month
    )
    earlier = (
        select(before.c.territory_id, before.c.indicator, before.c.value)
        .outerjoin(
            now,
            and_(
                now.c.company_id == before.c.company_id,
                now.c.territory_id == before.c.territory_id,
                now.c.indicator == before.c.indicator,
                now.c.month == month,
            ),
        )
        .where(scope.rows(before), before.c.month == month.previous, now.c.id.is_(None))
    )
    return select(union_all(own, earlier).subquery("proposed"))


def line_rows(scope: Scope, month: Month) -> Select[Any]:
    """All stored lines of a month in scope: (analysis_id, territory_id, analysis_status,
    parameter_version, indicator, actual_num, actual_den, target, system_status, final_status, override_reason,
    reason_id). For the grid, and territory × indicator for the market manager.
    """
    return (
        select(
            HEADER.c.id.label("analysis_id"),
            HEADER.c.territory_id,
            HEADER.c.status.label("analysis_status"),
            HEADER.c.parameter_version,
            LINE.c.indicator,
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
        .order_by(HEADER.c.territory_id, LINE.c.indicator)
    )


def abnormal_rows(scope: Scope, month: Month) -> Select[Any]:
    """(territory_id, indicator) with final status 异常: what step 8 takes over."""
    lines = line_rows(scope, month).order_by(None).subquery("lines")
    return select(lines.c.territory_id, lines.c.indicator).where(
        lines.c.final_status == Judgement.ABNORMAL
    )
