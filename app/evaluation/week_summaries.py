"""§2.2 step 13 for pages and jobs: a week's summary from computing to submitting.

A record is found through the session, so within the row scope; the statements then get its own
territory as their scope. The caller commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.computation import newest_sales_batch
from app.evaluation.rules import WeekPeriod, WeekSums, period_of, status_of, week_figures
from app.evaluation.step_13_week_summary import daily_sums, month_targets, week_sums
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.kernel.period import Month, WorkWeek, local_today, utc_now, work_weeks
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.kernel.texts import TooLong, kept_text
from app.master.calendar import calendar_overrides
from app.master.parameters import current_parameters
from app.master.rules_calendar import workdays_between
from app.models import (
    Territory,
    WeekIndicator,
    WeekJudgement,
    WeekSummary,
    WeekSummaryLine,
)
from app.workflow.flow import require_editable

LONGEST_TEXT, LONGEST_REASON, LONGEST_COMMENT = 2000, 500, 1000
CHOICES = (WeekJudgement.NORMAL, WeekJudgement.ABNORMAL)


class WeekOverlaps(PlanningError):
    """Weeks of one territory do not overlap."""

    msgid = N_("This week overlaps with the summary that starts on %(day)s.")


class WeekInFuture(PlanningError):
    """A week that has not begun has nothing to sum up."""

    msgid = N_("This week has not begun yet.")


class SummaryRefused(PlanningError):
    """Judgements that cannot be saved: indicator → why."""

    msgid = N_("Nothing was saved. Correct the marked lines.")

    def __init__(self, problems: Mapping[WeekIndicator, PlanningError]) -> None:
        self.problems = problems
        super().__init__()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a person decided about a figure."""

    status: WeekJudgement
    reason: str


def period_in(session: Session, company_id: int, start: dt.date, today: dt.date) -> WeekPeriod:
    """The week's period by the company's calendar."""
    month = WorkWeek.of(start).month
    overrides = calendar_overrides(session, company_id, month.first_day, month.last_day)
    return period_of(start, today, overrides)


def summary_of(session: Session, territory_id: int, start: dt.date) -> WeekSummary | None:
    found: WeekSummary | None = session.scalar(
        select(WeekSummary).where(
            WeekSummary.territory_id == territory_id, WeekSummary.start_date == start
        )
    )
    return found


def summary_by_id(session: Session, summary_id: int | None) -> WeekSummary:
    """Errors: `OutOfScope`."""
    found = session.scalar(select(WeekSummary).where(WeekSummary.id == summary_id))
    if found is None:
        raise OutOfScope
    return found


def lines_of(session: Session, summary: WeekSummary) -> list[WeekSummaryLine]:
    """The three figures in the manual's order."""
    rows = session.scalars(
        select(WeekSummaryLine).where(
            WeekSummaryLine.company_id == summary.company_id,
            WeekSummaryLine.summary_id == summary.id,
        )
    )
    places = list(WeekIndicator)
    return sorted(rows, key=lambda row: places.index(row.indicator))


def compute(
    session: Session, territory: Territory, start: dt.date, today: dt.date | None = None
) -> WeekSummary:
    """Make the week's summary or refresh its figures; judgements of a person stay.

    Errors: `WeekInFuture`, `WeekOverlaps`, `RecordLocked` when it was submitted.
    """
    today = today or local_today()
    if start > today:
        raise WeekInFuture(field="start")
    summary = summary_of(session, territory.id, start)
    period = period_in(session, territory.company_id, start, today)
    parameters = current_parameters(session, territory.company_id)
    if summary is None:
        _refuse_overlap(session, territory.id, start)
        summary = WeekSummary(
            company_id=territory.company_id, territory_id=territory.id, start_date=start
        )
        session.add(summary)
    else:
        require_editable(summary)
    summary.month, summary.as_of = period.month, period.as_of
    summary.elapsed_days, summary.total_days = period.elapsed, period.total
    summary.computed_at = utc_now()
    summary.parameter_version = parameters.number
    summary.data_batch_id = newest_sales_batch(session.connection(), territory.company_id)
    session.flush()
    figures = week_figures(_sums(session, Scope(territory.company_id, (territory.id,)), period))
    targets = _targets(session, Scope(territory.company_id, (territory.id,)), period)
    present = {line.indicator: line for line in lines_of(session, summary)}
    for indicator in WeekIndicator:
        pair, target = figures[indicator.name], targets.get(indicator)
        status = WeekJudgement[status_of(indicator.name, pair, target, period, parameters)]
        line = present.get(indicator)
        if line is None:
            line = WeekSummaryLine(
                company_id=summary.company_id,
                summary_id=summary.id,
                indicator=indicator,
                system_status=status,
                final_status=status,
            )
            session.add(line)
        elif line.final_status is line.system_status:
            line.final_status, line.override_reason = status, None
        line.system_status = status
        line.actual_num, line.actual_den = pair
        line.target = target
    session.flush()
    return summary


def _refuse_overlap(session: Session, territory_id: int, start: dt.date) -> None:
    near = session.scalar(
        select(WeekSummary.start_date)
        .where(
            WeekSummary.territory_id == territory_id,
            WeekSummary.start_date > start - dt.timedelta(days=7),
            WeekSummary.start_date < start + dt.timedelta(days=7),
        )
        .limit(1)
    )
    if near is not None:
        raise WeekOverlaps(field="start", day=near.isoformat())


def _sums(session: Session, scope: Scope, period: WeekPeriod) -> WeekSums:
    row = session.connection().execute(week_sums(scope, period)).one_or_none()
    if row is None:
        return WeekSums()
    return WeekSums(row.sticks, row.amount_fen, row.key_sticks, row.key_last_year_sticks)


def _targets(session: Session, scope: Scope, period: WeekPeriod) -> dict[WeekIndicator, int]:
    rows = session.connection().execute(month_targets(scope, period))
    return {WeekIndicator[row.indicator.name]: row.value for row in rows}


def save(
    session: Session,
    summary: WeekSummary,
    version: int | None,
    judged: Mapping[WeekIndicator, Judged],
    arrangement_text: str,
    effect_text: str,
) -> None:
    """Save judgements and texts. Errors: `RecordLocked`, `StaleVersion`, `SummaryRefused`,
    `TooLong`.
    """
    require_editable(summary)
    if version != summary.version:
        raise StaleVersion
    problems: dict[WeekIndicator, PlanningError] = {}
    for line in lines_of(session, summary):
        choice = judged.get(line.indicator)
        if choice is None:
            continue
        problem = _problem(line, choice)
        if problem is not None:
            problems[line.indicator] = problem
            continue
        line.final_status = choice.status
        is_override = choice.status is not line.system_status
        line.override_reason = choice.reason.strip() if is_override else None
    if problems:
        raise SummaryRefused(problems)
    summary.arrangement_text = kept_text(arrangement_text, "arrangement_text", LONGEST_TEXT)
    summary.effect_text = kept_text(effect_text, "effect_text", LONGEST_TEXT)
    summary.updated_at = utc_now()  # counts as a change even when only judgements were saved
    session.flush()


def _problem(line: WeekSummaryLine, choice: Judged) -> PlanningError | None:
    if choice.status not in {*CHOICES, line.system_status}:
        return PlanningError(N_("Please choose one of the offered values."))
    if len(choice.reason) > LONGEST_REASON:
        return TooLong(most=LONGEST_REASON)
    if choice.status is not line.system_status and not choice.reason.strip():
        return PlanningError(N_("Say why the judgement differs from the system's."))
    return None


def comment(session: Session, summary: WeekSummary, text: str) -> None:
    """The market manager's remark; possible also when the summary is submitted."""
    summary.comment = kept_text(text, "comment", LONGEST_COMMENT)
    session.flush()


def is_outdated(session: Session, summary: WeekSummary) -> bool:
    """Whether sales were imported since the figures were computed (「数据已更新」)."""
    newest = newest_sales_batch(session.connection(), summary.company_id)
    return newest != summary.data_batch_id


def progress_days(session: Session, summary: WeekSummary) -> Sequence[tuple[dt.date, int, int]]:
    """(day, sticks, amount in fen) from the month's first day to the summary's last."""
    scope = Scope(summary.company_id, (summary.territory_id,))
    rows = session.connection().execute(daily_sums(scope, summary.month.first_day, summary.as_of))
    return [(row.order_date, row.sticks, row.amount_fen) for row in rows]


@dataclass(frozen=True, slots=True)
class WeekCell:
    """A territory's summary of a week in the overview."""

    summary: WeekSummary
    lines: Mapping[WeekIndicator, WeekSummaryLine]


def month_overview(
    session: Session, territory_ids: Collection[int], month: Month
) -> tuple[list[dt.date], dict[tuple[int, dt.date], WeekCell]]:
    """(first days of the month's weeks, (territory, first day) → what was written)."""
    summaries = session.scalars(
        select(WeekSummary).where(
            WeekSummary.month == month, WeekSummary.territory_id.in_(territory_ids)
        )
    ).all()
    lines: dict[int, dict[WeekIndicator, WeekSummaryLine]] = {}
    for lot in lots([summary.id for summary in summaries]):
        for line in session.scalars(
            select(WeekSummaryLine).where(WeekSummaryLine.summary_id.in_(lot))
        ):
            lines.setdefault(line.summary_id, {})[line.indicator] = line
    cells = {
        (summary.territory_id, summary.start_date): WeekCell(summary, lines.get(summary.id, {}))
        for summary in summaries
    }
    starts = {week.monday for week in work_weeks(month)} | {start for _place, start in cells}
    return sorted(starts), cells


def pace_days(session: Session, summary: WeekSummary) -> list[tuple[dt.date, int]]:
    """Every day of the month with the workdays elapsed up to it."""
    month = summary.month
    overrides = calendar_overrides(session, summary.company_id, month.first_day, month.last_day)
    return [(day, len(workdays_between(month.first_day, day, overrides))) for day in month.days()]
