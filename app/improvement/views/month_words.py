"""§2.2 step 14 — the figures and the draft of a month summary in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.analysis.rules.indicators import INDICATOR_BY_CODE, RATE_BY_CODE
from app.analysis.views import figure_words
from app.improvement.month_summaries import Figures, PlanAgainstActual
from app.improvement.rules import MonthFacts, draft, percent_text
from app.kernel.formatters import MISSING
from app.kernel.period import Month, work_weeks
from app.models import Judgement, SummaryFigure

EXPLANATIONS: Mapping[SummaryFigure, Any] = {
    SummaryFigure.VISITS_ALL: _l("Visits made ÷ (planned − cancelled); weeks belong to the month of their Thursday"),
    SummaryFigure.VISITS_WEEKLY: _l("The same for customers whose approved frequency is weekly"),
    SummaryFigure.VISITS_SEMIMONTHLY: _l("The same for customers visited twice a month"),
    SummaryFigure.VISITS_MONTHLY: _l("The same for customers visited once a month"),
    SummaryFigure.TASKS_DONE: _l("Strategies marked ★ ÷ strategies of the plan, without temporary tasks"),
    SummaryFigure.TEMPORARY_TASKS: _l("Tasks marked ● that came up during the month"),
    SummaryFigure.JUDGEMENTS_KEPT: _l("Judgements of the analysis of the month before that agree with the system's"),
    SummaryFigure.KEY_CUSTOMERS_KEPT: _l("Proposed key customers kept ÷ proposed and added by hand"),
    SummaryFigure.BRAND_ABNORMAL: _l("Abnormal ÷ judged brand rates of this month's analysis"),
    SummaryFigure.MARKET_ABNORMAL: _l("Abnormal ÷ judged market indicators of this month's analysis"),
}  # fmt: skip

TEXT_LABELS: Mapping[str, Any] = {
    "visit_text": _l("Completion of the visit plan"),
    "analysis_text": _l("Accuracy of the monthly analysis"),
    "plan_text": _l("Reasonableness of the month plan"),
    "experience": _l("Good experience"),
    "shortcomings": _l("Shortcomings"),
}

BAD_WHEN_HIGH = frozenset({SummaryFigure.BRAND_ABNORMAL, SummaryFigure.MARKET_ABNORMAL})


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """`percent` is a whole number for the bar, None when the figure is no share."""

    figure: SummaryFigure
    label: str
    value: str
    fraction: str
    percent: int | None
    explanation: str
    url: str


def source_url(figure: SummaryFigure, territory_id: int, month: Month) -> str:
    """The page with the rows behind a figure."""
    name = figure.name
    if name.startswith("VISITS"):
        weeks = work_weeks(month)
        return url_for(
            "VisitListView.list",
            q_territory=territory_id,
            q_date_from=weeks[0].monday.isoformat(),
            q_date_to=weeks[-1].sunday.isoformat(),
        )
    if name in {"TASKS_DONE", "TEMPORARY_TASKS"}:
        return url_for("StrategyItemView.list", q_territory=territory_id, work_month=month.key)
    if name == "KEY_CUSTOMERS_KEPT":
        return url_for("MonthPlanView.list", q_territory=territory_id, work_month=month.key)
    if name == "JUDGEMENTS_KEPT":
        month = month.previous
    view = "BrandAnalysisView" if name == "BRAND_ABNORMAL" else "MarketAnalysisView"
    return url_for(f"{view}.index", q_territory=territory_id, month=month.key)


def shown_figures(figures: Figures, territory_id: int, month: Month) -> list[ShownFigure]:
    shown = []
    for figure in SummaryFigure:
        row = figures.get(figure)
        pair = (row.numerator, row.denominator) if row else (None, None)
        shown.append(_shown(figure, pair, source_url(figure, territory_id, month)))
    return shown


def _shown(figure: SummaryFigure, pair: tuple[int | None, int | None], url: str) -> ShownFigure:
    numerator, denominator = pair
    is_share = figure is not SummaryFigure.TEMPORARY_TASKS
    known = numerator is not None and (bool(denominator) or not is_share)
    return ShownFigure(
        figure,
        str(figure.label),
        (percent_text(*pair) if is_share else str(numerator)) if known else MISSING,
        f"{numerator} / {denominator}" if known and is_share else "",
        numerator * 100 // denominator if known and numerator is not None and denominator else None,
        str(EXPLANATIONS[figure]),
        url,
    )


def draft_texts(facts: MonthFacts) -> dict[str, str]:
    """Text field → the factual draft; empty where the data say nothing."""
    return {
        name: " ".join(_(sentence.msgid, **sentence.params) for sentence in sentences)
        for name, sentences in draft(facts).items()
    }


def market_rows(actual: PlanAgainstActual) -> list[dict[str, Any]]:
    """Plan against actual of the market indicators."""
    rows = []
    for line in actual.market_lines:
        indicator = INDICATOR_BY_CODE[line.indicator.name]
        figure = (line.actual_num, line.actual_den)
        rows.append(
            {
                "label": str(line.indicator.label),
                "unit": figure_words.unit_word(indicator),
                "actual": figure_words.value_text(indicator, *figure),
                "target": figure_words.hundredths_text(indicator, line.target),
                "gap": figure_words.gap_text(indicator, *figure, line.target),
                "status": line.final_status,
                "url": url_for(
                    "MarketAnalysisView.figure", pk=line.analysis_id, text=line.indicator.name
                ),
            }
        )
    return rows


def brand_rows(actual: PlanAgainstActual) -> list[dict[str, Any]]:
    """The abnormal brand rates of the month."""
    rows = []
    for line in actual.brand_lines:
        if line.final_status is not Judgement.ABNORMAL:
            continue
        rate = RATE_BY_CODE[line.rate.name]
        figure = (line.actual_num, line.actual_den)
        rows.append(
            {
                "product": line.product.name,
                "label": str(line.rate.label),
                "actual": figure_words.value_text(rate, *figure),
                "target": figure_words.hundredths_text(rate, line.target),
                "gap": figure_words.gap_text(rate, *figure, line.target),
                "status": line.final_status,
                "url": url_for(
                    "BrandAnalysisView.figure",
                    pk=line.analysis_id,
                    text=f"{line.product_id}-{line.rate.name}",
                ),
            }
        )
    return rows
