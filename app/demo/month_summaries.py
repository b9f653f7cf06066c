"""Step 14 in the demo: last month summed up, submitted by all territories but the last one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo import approvals
from app.demo.plan import Dates, words
from app.demo.service_plans import moment_of, people_of
from app.improvement import month_summaries
from app.improvement.month_summaries import TEXTS, Figures
from app.kernel.actor import Actor, acting_as
from app.models import MonthSummary, PortalUser, SummaryFigure, Territory

WRITTEN_ON = 3
"""Day of the month after on which the summaries were written."""

FIGURE_OF_TEXT: Mapping[str, SummaryFigure] = {
    "visit_text": SummaryFigure.VISITS_ALL,
    "analysis_text": SummaryFigure.JUDGEMENTS_KEPT,
    "plan_text": SummaryFigure.TASKS_DONE,
}


def add_month_summaries(session: Session, company_id: int, dates: Dates) -> None:
    """Last month for every territory; the last one is a draft."""
    territories = session.scalars(
        select(Territory).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    month = dates.month.previous
    for number, territory in enumerate(territories):
        holder, manager = people_of(session, territory)
        at = moment_of(dates, dates.month, WRITTEN_ON, 1)
        is_draft = number == len(territories) - 1
        with acting_as(Actor(holder.id, holder.display_name, "form")):
            summary = month_summaries.compute(session, territory, month)
            summary.computed_at = at
            session.flush()
            texts = _texts(month_summaries.figures_of(session, summary), number)
            kept = {"visit_text": texts["visit_text"]} if is_draft else texts
            month_summaries.save(session, summary, summary.version, kept)
        if not is_draft and len(texts) == len(TEXTS):
            approvals.submit(session, summary, holder, at + dt.timedelta(hours=2))
            _comment(session, summary, manager, number)


def _texts(figures: Figures, number: int) -> dict[str, str]:
    """The person's words; the first three state the figure they are about, if there is one."""
    found = {}
    for name in TEXTS:
        choices = words(f"month_{name}")
        text = choices[number % len(choices)]
        figure = figures.get(FIGURE_OF_TEXT[name]) if name in FIGURE_OF_TEXT else None
        if figure is not None:
            if not figure.denominator:
                continue
            text = text.format(done=figure.numerator, planned=figure.denominator)
        found[name] = text
    return found


def _comment(session: Session, summary: MonthSummary, manager: PortalUser, number: int) -> None:
    comments = words("month_comment")
    with acting_as(Actor(manager.id, manager.display_name, "form")):
        month_summaries.comment(session, summary, comments[number % len(comments)])
