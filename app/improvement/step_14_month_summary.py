"""§2.2 step 14 — month summary: what was planned, what was done, how right the analysis was.

Reads: visit_plan, customer, month_plan, planned_frequency, key_customer, service_plan,
    strategy_item, brand_analysis, brand_analysis_line, market_analysis, market_analysis_line
Writes: month_summary, month_summary_figure
Grain: territory × month; figure
Units: counts; a figure is numerator ÷ denominator
Nulls: a denominator of 0 or NULL leaves the figure undefined
Errors: `GateClosed` when the summary cannot be submitted yet
Ambiguity: visits belong to the month of their work week (its Thursday's); the accuracy of the
    analysis is that of the analysis made for the month, so of the month before; the abnormal
    figures are those of the month itself, known once it is analysed

The caller owns the transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, Select, and_, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from app.kernel.errors import N_, GateClosed
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    Customer,
    ItemMark,
    Judgement,
    KeyCustomer,
    MarketAnalysis,
    MarketAnalysisLine,
    MonthPlan,
    MonthPlanStatus,
    MonthSummary,
    PlannedFrequency,
    RowOrigin,
    ServicePlan,
    StrategyItem,
    SummaryFigure,
    VisitFrequency,
    VisitPlan,
    VisitStatus,
)

VISIT, CUSTOMER = VisitPlan.__table__, Customer.__table__
PLAN, KEY, FREQUENCY = MonthPlan.__table__, KeyCustomer.__table__, PlannedFrequency.__table__
SERVICE, ITEM = ServicePlan.__table__, StrategyItem.__table__
ANALYSES = (
    (BrandAnalysis.__table__, BrandAnalysisLine.__table__, SummaryFigure.BRAND_ABNORMAL),
    (MarketAnalysis.__table__, MarketAnalysisLine.__table__, SummaryFigure.MARKET_ABNORMAL),
)
JUDGED = (Judgement.NORMAL, Judgement.ABNORMAL)

FREQUENCY_FIGURES = {
    VisitFrequency.WEEKLY: SummaryFigure.VISITS_WEEKLY,
    VisitFrequency.SEMIMONTHLY: SummaryFigure.VISITS_SEMIMONTHLY,
    VisitFrequency.MONTHLY: SummaryFigure.VISITS_MONTHLY,
}


class TextsMissing(GateClosed):
    """The five texts are what the person adds to the figures."""

    msgid = N_("Fill in all five texts before you submit; “none” is an answer too.")


class NotComputed(GateClosed):
    """The figures were never computed."""

    msgid = N_("Compute the figures of the month before you submit.")


def figure_rows(scope: Scope, month: Month) -> CompoundSelect[Any]:
    """One row per territory and figure that has data: (territory_id, figure, numerator,
    denominator); `figure` is the name of a `SummaryFigure`.
    """
    return union_all(
        *_visit_figures(scope, month),
        _task_figure(scope, month),
        _temporary_tasks(scope, month),
        _kept_judgements(scope, month.previous),
        _kept_key_customers(scope, month),
        *(_abnormal_figures(scope, month, *parts) for parts in ANALYSES),
    )


def _row(territory: Any, figure: SummaryFigure, numerator: Any, denominator: Any) -> Select[Any]:
    return select(
        territory.label("territory_id"),
        literal(figure.name).label("figure"),
        numerator.label("numerator"),
        denominator.label("denominator"),
    )


def _visit_figures(scope: Scope, month: Month) -> list[Select[Any]]:
    """拜访完成率 = visited ÷ (planned − cancelled), per frequency of the approved month plan."""
    visits = (
        select(
            VISIT.c.territory_id,
            VISIT.c.status,
            func.coalesce(FREQUENCY.c.frequency, CUSTOMER.c.visit_frequency).label("frequency"),
        )
        .select_from(
            VISIT.join(
                CUSTOMER,
                and_(
                    CUSTOMER.c.company_id == VISIT.c.company_id,
                    CUSTOMER.c.id == VISIT.c.customer_id,
                ),
            )
            .outerjoin(
                PLAN,
                and_(
                    PLAN.c.company_id == VISIT.c.company_id,
                    PLAN.c.territory_id == VISIT.c.territory_id,
                    PLAN.c.month == VISIT.c.month,
                    PLAN.c.status == MonthPlanStatus.APPROVED,
                ),
            )
            .outerjoin(
                FREQUENCY,
                and_(
                    FREQUENCY.c.company_id == PLAN.c.company_id,
                    FREQUENCY.c.plan_id == PLAN.c.id,
                    FREQUENCY.c.customer_id == VISIT.c.customer_id,
                ),
            )
        )
        .where(scope.rows(VISIT), VISIT.c.month == month, VISIT.c.status != VisitStatus.CANCELLED)
        .cte("visits")
    )
    done = count_if(visits.c.status == VisitStatus.DONE)
    rows = [
        _row(visits.c.territory_id, figure, done, func.count())
        .where(visits.c.frequency == frequency)
        .group_by(visits.c.territory_id)
        for frequency, figure in FREQUENCY_FIGURES.items()
    ]
    whole = _row(visits.c.territory_id, SummaryFigure.VISITS_ALL, done, func.count())
    return [*rows, whole.group_by(visits.c.territory_id)]


def _items(scope: Scope, month: Month) -> Any:
    return and_(scope.rows(ITEM), ITEM.c.month == month, ITEM.c.is_removed.is_(False))


def _task_figure(scope: Scope, month: Month) -> Select[Any]:
    """★ ÷ planned strategies; temporary tasks are no part of it."""
    return (
        _row(
            ITEM.c.territory_id,
            SummaryFigure.TASKS_DONE,
            count_if(ITEM.c.mark == ItemMark.DONE),
            func.count(),
        )
        .where(_items(scope, month), ITEM.c.mark != ItemMark.TEMPORARY)
        .group_by(ITEM.c.territory_id)
    )


def _temporary_tasks(scope: Scope, month: Month) -> Select[Any]:
    return (
        _row(
            ITEM.c.territory_id,
            SummaryFigure.TEMPORARY_TASKS,
            count_if(ITEM.c.mark == ItemMark.TEMPORARY),
            null(),
        )
        .where(_items(scope, month))
        .group_by(ITEM.c.territory_id)
    )


def _kept_judgements(scope: Scope, month: Month) -> Select[Any]:
    """月分析的准确性: judgements of the system that the person left as they were."""
    lines = union_all(
        *(
            select(header.c.territory_id, line.c.system_status, line.c.final_status)
            .join(
                line,
                and_(line.c.company_id == header.c.company_id, line.c.analysis_id == header.c.id),
            )
            .where(scope.rows(header), header.c.month == month, line.c.system_status.in_(JUDGED))
            for header, line, _figure in ANALYSES
        )
    ).subquery("lines")
    return _row(
        lines.c.territory_id,
        SummaryFigure.JUDGEMENTS_KEPT,
        count_if(lines.c.final_status == lines.c.system_status),
        func.count(),
    ).group_by(lines.c.territory_id)


def _kept_key_customers(scope: Scope, month: Month) -> Select[Any]:
    """月计划的合理性: proposed key customers kept ÷ (proposed + added by hand)."""
    is_automatic = KEY.c.origin == RowOrigin.AUTOMATIC
    return (
        _row(
            PLAN.c.territory_id,
            SummaryFigure.KEY_CUSTOMERS_KEPT,
            count_if(and_(is_automatic, KEY.c.is_removed.is_(False))),
            func.count(),
        )
        .select_from(
            PLAN.join(KEY, and_(KEY.c.company_id == PLAN.c.company_id, KEY.c.plan_id == PLAN.c.id))
        )
        .where(
            scope.rows(PLAN),
            PLAN.c.month == month,
            or_(is_automatic, KEY.c.is_removed.is_(False)),
        )
        .group_by(PLAN.c.territory_id)
    )


def _abnormal_figures(
    scope: Scope, month: Month, header: Any, line: Any, figure: SummaryFigure
) -> Select[Any]:
    """Abnormal ÷ judged figures of the month's own analysis."""
    return (
        _row(
            header.c.territory_id,
            figure,
            count_if(line.c.final_status == Judgement.ABNORMAL),
            func.count(),
        )
        .select_from(
            header.join(
                line,
                and_(line.c.company_id == header.c.company_id, line.c.analysis_id == header.c.id),
            )
        )
        .where(scope.rows(header), header.c.month == month, line.c.final_status.in_(JUDGED))
        .group_by(header.c.territory_id)
    )


def undone_reasons(scope: Scope, month: Month) -> Select[Any]:
    """(undone_reason, tasks): why planned strategies were not done, most frequent first."""
    return (
        select(ITEM.c.undone_reason, func.count().label("tasks"))
        .where(
            _items(scope, month),
            ITEM.c.mark == ItemMark.OPEN,
            ITEM.c.undone_reason.is_not(None),
        )
        .group_by(ITEM.c.undone_reason)
        .order_by(func.count().desc(), ITEM.c.undone_reason)
    )


def require_submittable(session: Session, record: MonthSummary) -> None:
    """Guard of the approval flow. Errors: `NotComputed`, `TextsMissing`."""
    if record.computed_at is None:
        raise NotComputed
    texts = (
        record.visit_text,
        record.analysis_text,
        record.plan_text,
        record.experience,
        record.shortcomings,
    )
    if not all(texts):
        raise TextsMissing(field="visit_text")
