"""§2.2 — the records of the fourteen steps of a work month, all kinds in one statement.

Reads: state_run, service_plan, month_plan, brand_analysis, market_analysis, brand_target,
    market_target, week_arrangement, week_summary, month_summary
Writes: nothing
Grain: one row per record
Units: counts of customers; timestamps UTC
Nulls: what a kind of record does not have
Errors: none
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)

from app.kernel.columns import MonthType
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    BrandAnalysis,
    BrandTarget,
    MarketAnalysis,
    MarketTarget,
    MonthPlan,
    MonthSummary,
    ServicePlan,
    StateRun,
    WeekArrangement,
    WeekSummary,
)

RUN, SERVICE, PLAN = StateRun.__table__, ServicePlan.__table__, MonthPlan.__table__
BRAND, MARKET = BrandAnalysis.__table__, MarketAnalysis.__table__
BRAND_TARGET, MARKET_TARGET = BrandTarget.__table__, MarketTarget.__table__
WEEK, ARRANGEMENT = WeekSummary.__table__, WeekArrangement.__table__
SUMMARY = MonthSummary.__table__

STATE, SERVICE_PLAN, MONTH_PLAN = "state", "service_plan", "month_plan"
BRAND_ANALYSIS, MARKET_ANALYSIS = "brand_analysis", "market_analysis"
WEEK_ARRANGEMENT, WEEK_SUMMARY, MONTH_SUMMARY = "week_arrangement", "week_summary", "month_summary"

COLUMNS: Mapping[str, Any] = {
    "month": MonthType(),
    "status": String(24),
    "day": Date(),
    "is_returned": Boolean(),
    "is_outdated": Boolean(),
    "batch_id": BigInteger(),
    "parameter_version": Integer(),
    "made_at": DateTime(),
    "inputs_at": DateTime(),
    "customers": Integer(),
    "new_customers": Integer(),
    "scored_customers": Integer(),
}
"""What a row may say. `day`: first day of a week; `made_at`: when the result was generated or
computed; `inputs_at`: when targets it is judged by were last changed.
"""


def record_rows(
    scope: Scope, month: Month, around: Collection[Month], first: dt.date, last: dt.date
) -> Any:
    """(kind, territory_id, *COLUMNS).

    Analyses are those of the month before; service plans also those of the months `around` it,
    into which its weeks reach; arrangements begin from `first` to `last`.
    """
    return union_all(
        _rows(
            STATE, RUN, scope, RUN.c.month == month,
            month=RUN.c.month, status=RUN.c.status, batch_id=RUN.c.data_batch_id,
            made_at=RUN.c.generated_at, customers=RUN.c.customers,
            new_customers=RUN.c.new_customers, scored_customers=RUN.c.scored_customers,
        ),
        _rows(
            SERVICE_PLAN, SERVICE, scope, SERVICE.c.month.in_({month, *around}),
            month=SERVICE.c.month, status=SERVICE.c.status, made_at=SERVICE.c.generated_at,
            is_returned=SERVICE.c.return_reason.is_not(None),
        ),
        _rows(
            MONTH_PLAN, PLAN, scope, PLAN.c.month == month,
            month=PLAN.c.month, status=PLAN.c.status, made_at=PLAN.c.generated_at,
            is_returned=PLAN.c.return_reason.is_not(None), is_outdated=PLAN.c.is_outdated,
        ),
        _analyses(
            BRAND_ANALYSIS, BRAND, scope, month.previous,
            select(func.max(BRAND_TARGET.c.updated_at)).where(
                BRAND_TARGET.c.company_id == BRAND.c.company_id,
                BRAND_TARGET.c.territory_id == BRAND.c.territory_id,
                BRAND_TARGET.c.from_month <= month.previous,
                BRAND_TARGET.c.to_month >= month.previous,
            ),
        ),
        _analyses(
            MARKET_ANALYSIS, MARKET, scope, month.previous,
            select(func.max(MARKET_TARGET.c.updated_at)).where(
                MARKET_TARGET.c.company_id == MARKET.c.company_id,
                MARKET_TARGET.c.territory_id == MARKET.c.territory_id,
                MARKET_TARGET.c.month == month.previous,
            ),
        ),
        _rows(
            WEEK_ARRANGEMENT, ARRANGEMENT, scope, ARRANGEMENT.c.start_date.between(first, last),
            day=ARRANGEMENT.c.start_date,
        ),
        _rows(
            WEEK_SUMMARY, WEEK, scope, WEEK.c.month == month,
            month=WEEK.c.month, status=WEEK.c.status, day=WEEK.c.start_date,
            batch_id=WEEK.c.data_batch_id, is_returned=WEEK.c.return_reason.is_not(None),
        ),
        _rows(
            MONTH_SUMMARY, SUMMARY, scope, SUMMARY.c.month == month,
            month=SUMMARY.c.month, status=SUMMARY.c.status, batch_id=SUMMARY.c.data_batch_id,
            is_returned=SUMMARY.c.return_reason.is_not(None),
        ),
    )  # fmt: skip


def _rows(kind: str, table: Any, scope: Scope, condition: Any, **columns: Any) -> Select[Any]:
    values = [
        # As plain text, so that the code lists of all kinds fit into one column.
        (type_coerce(columns[name], type_) if name in columns else cast(null(), type_)).label(name)
        for name, type_ in COLUMNS.items()
    ]
    return select(literal(kind).label("kind"), table.c.territory_id, *values).where(
        and_(scope.rows(table), condition)
    )


def _analyses(kind: str, table: Any, scope: Scope, month: Month, inputs: Any) -> Select[Any]:
    return _rows(
        kind, table, scope, table.c.month == month,
        month=table.c.month, status=table.c.status, batch_id=table.c.data_batch_id,
        parameter_version=table.c.parameter_version, made_at=table.c.computed_at,
        inputs_at=inputs.correlate(table).scalar_subquery(),
    )  # fmt: skip
