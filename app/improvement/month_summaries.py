"""§2.2 step 14 for pages and jobs: a month's summary from computing to submitting.

A record is found through the session, so within the row scope; the statements then get its own
territory as their scope. The caller commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.computation import newest_sales_batch
from app.improvement.rules import MonthFacts
from app.improvement.step_14_month_summary import figure_rows, undone_reasons
from app.kernel.errors import OutOfScope, StaleVersion
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.kernel.texts import kept_text
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    Judgement,
    MarketAnalysis,
    MarketAnalysisLine,
    MonthPlan,
    MonthSummary,
    MonthSummaryFigure,
    SummaryFigure,
    Territory,
)
from app.workflow.flow import require_editable

TEXTS = ("visit_text", "analysis_text", "plan_text", "experience", "shortcomings")
LONGEST_TEXT, LONGEST_COMMENT = 2000, 1000
MOST_NAMES = 12

Figures = Mapping[SummaryFigure, MonthSummaryFigure]


def summary_of(session: Session, territory_id: int, month: Month) -> MonthSummary | None:
    found: MonthSummary | None = session.scalar(
        select(MonthSummary).where(
            MonthSummary.territory_id == territory_id, MonthSummary.month == month
        )
    )
    return found


def summary_by_id(session: Session, summary_id: int | None) -> MonthSummary:
    """Errors: `OutOfScope`."""
    found = session.scalar(select(MonthSummary).where(MonthSummary.id == summary_id))
    if found is None:
        raise OutOfScope
    return found


def figures_of(session: Session, summary: MonthSummary) -> Figures:
    """The figures as they stood when the summary was computed."""
    rows = session.scalars(
        select(MonthSummaryFigure).where(
            MonthSummaryFigure.company_id == summary.company_id,
            MonthSummaryFigure.summary_id == summary.id,
        )
    )
    return {row.figure: row for row in rows}


def compute(session: Session, territory: Territory, month: Month) -> MonthSummary:
    """Make the month's summary or refresh its figures; texts stay.

    Errors: `RecordLocked` when it was submitted.
    """
    summary = summary_of(session, territory.id, month)
    if summary is None:
        summary = MonthSummary(
            company_id=territory.company_id, territory_id=territory.id, month=month
        )
        session.add(summary)
    else:
        require_editable(summary)
    summary.computed_at = utc_now()
    summary.data_batch_id = newest_sales_batch(session.connection(), territory.company_id)
    session.flush()
    scope = Scope(territory.company_id, (territory.id,))
    rows = session.connection().execute(figure_rows(scope, month))
    found = {SummaryFigure[row.figure]: (row.numerator, row.denominator) for row in rows}
    present = figures_of(session, summary)
    for figure in SummaryFigure:
        line = present.get(figure)
        if line is None:
            line = MonthSummaryFigure(
                company_id=summary.company_id, summary_id=summary.id, figure=figure
            )
            session.add(line)
        line.numerator, line.denominator = found.get(figure, (None, None))
    session.flush()
    return summary


def save(
    session: Session, summary: MonthSummary, version: int | None, texts: Mapping[str, str]
) -> None:
    """Save the five texts. Errors: `RecordLocked`, `StaleVersion`, `TooLong`."""
    require_editable(summary)
    if version != summary.version:
        raise StaleVersion
    for name in TEXTS:
        setattr(summary, name, kept_text(texts.get(name, ""), name, LONGEST_TEXT))
    session.flush()


def comment(session: Session, summary: MonthSummary, text: str) -> None:
    """The market manager's remark; possible also when the summary is submitted."""
    summary.comment = kept_text(text, "comment", LONGEST_COMMENT)
    session.flush()


@dataclass(frozen=True, slots=True)
class PlanAgainstActual:
    """The month's own analyses (None before they are computed) and its plan."""

    market: MarketAnalysis | None
    market_lines: list[MarketAnalysisLine]
    brand: BrandAnalysis | None
    brand_lines: list[BrandAnalysisLine]
    plan: MonthPlan | None


def plan_against_actual(session: Session, territory_id: int, month: Month) -> PlanAgainstActual:
    """What the page shows of steps 5, 6 and 8; only judged lines, abnormal ones first."""

    def header(model: Any) -> Any:
        return session.scalar(
            select(model).where(model.territory_id == territory_id, model.month == month)
        )

    def judged(model: Any, analysis: Any) -> list[Any]:
        if analysis is None:
            return []
        rows = session.scalars(
            select(model).where(
                model.company_id == analysis.company_id,
                model.analysis_id == analysis.id,
                model.final_status.in_((Judgement.NORMAL, Judgement.ABNORMAL)),
            )
        ).all()
        return sorted(rows, key=lambda row: row.final_status is Judgement.NORMAL)

    market, brand = header(MarketAnalysis), header(BrandAnalysis)
    return PlanAgainstActual(
        market,
        judged(MarketAnalysisLine, market),
        brand,
        judged(BrandAnalysisLine, brand),
        header(MonthPlan),
    )


def facts_of(
    session: Session, summary: MonthSummary, figures: Figures, actual: PlanAgainstActual
) -> MonthFacts:
    """What the draft of the texts is made of; names in the reader's language."""
    scope = Scope(summary.company_id, (summary.territory_id,))
    reasons = session.connection().execute(undone_reasons(scope, summary.month))
    names: dict[Judgement, list[str]] = {Judgement.ABNORMAL: [], Judgement.NORMAL: []}
    for line in actual.market_lines:
        names[line.final_status].append(str(line.indicator.label))
    for line in actual.brand_lines:
        if line.final_status is Judgement.ABNORMAL:
            names[Judgement.ABNORMAL].append(f"{line.product.name} {line.rate.label}")
    return MonthFacts(
        {figure.name: (row.numerator, row.denominator) for figure, row in figures.items()},
        abnormal=names[Judgement.ABNORMAL][:MOST_NAMES],
        met=names[Judgement.NORMAL][:MOST_NAMES],
        undone=[(str(row.undone_reason.label), row.tasks) for row in reasons],
    )


def overview(
    session: Session, territory_ids: Collection[int], month: Month
) -> dict[int, tuple[MonthSummary, Figures]]:
    """Territory → its summary of the month and the figures."""
    summaries = session.scalars(
        select(MonthSummary).where(
            MonthSummary.month == month, MonthSummary.territory_id.in_(territory_ids)
        )
    ).all()
    figures: dict[int, dict[SummaryFigure, MonthSummaryFigure]] = {}
    for lot in lots([summary.id for summary in summaries]):
        for row in session.scalars(
            select(MonthSummaryFigure).where(MonthSummaryFigure.summary_id.in_(lot))
        ):
            figures.setdefault(row.summary_id, {})[row.figure] = row
    return {summary.territory_id: (summary, figures.get(summary.id, {})) for summary in summaries}
