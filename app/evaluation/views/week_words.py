"""§2.2 step 13 — the figures of a week in words, for pages, charts and workbooks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.analysis.rules.indicators import Indicator
from app.analysis.views import figure_words
from app.evaluation.rules import indicator_of
from app.evaluation.week_summaries import CHOICES, WeekCell
from app.exchange.export_columns import Cell
from app.kernel.formatters import local_time, pill
from app.kernel.quantity import STICKS_PER_STANDARD_CARTON
from app.models import WeekIndicator, WeekJudgement, WeekSummary, WeekSummaryLine
from app.portal_context import month_label

TONES: Mapping[WeekJudgement, str] = {
    WeekJudgement.NORMAL: "ok",
    WeekJudgement.ABNORMAL: "bad",
    WeekJudgement.NO_TARGET: "mute",
    WeekJudgement.UNDETERMINED: "warn",
}


def status_pill(status: WeekJudgement) -> Markup:
    return pill(status.label, TONES[status])


def week_text(start: dt.date) -> str:
    """The days of a week, “2026-11-09 – 11-15”."""
    end = start + dt.timedelta(days=6)
    return f"{start.isoformat()} – {end:%m-%d}"


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A figure as the page shows it; percents are whole numbers for bars, None without target."""

    indicator: WeekIndicator
    unit: str
    target: str
    actual: str
    fraction: str
    due: str
    gap: str
    progress: int | None
    time_progress: int
    system: WeekJudgement
    final: WeekJudgement
    choices: tuple[WeekJudgement, ...]
    reason: str
    formula: str
    period: str


def shown_lines(
    summary: WeekSummary | None, lines: Sequence[WeekSummaryLine], typed: Mapping[str, str]
) -> list[ShownLine]:
    return [] if summary is None else [_shown(summary, line, typed) for line in lines]


def _shown(summary: WeekSummary, line: WeekSummaryLine, typed: Mapping[str, str]) -> ShownLine:
    indicator = indicator_of(line.indicator.name)
    figure = (line.actual_num, line.actual_den)
    due = due_target(summary, line)
    name = line.indicator.name
    final = WeekJudgement.parse(typed.get(f"final-{name}", "")) or line.final_status
    return ShownLine(
        indicator=line.indicator,
        unit=figure_words.unit_word(indicator),
        target=figure_words.hundredths_text(indicator, line.target),
        actual=figure_words.value_text(indicator, *figure),
        fraction=_fraction(indicator, *figure),
        due=figure_words.hundredths_text(indicator, due),
        gap=_gap(indicator, *figure, due),
        progress=_progress(indicator, *figure, line.target),
        time_progress=_share(summary.elapsed_days, summary.total_days),
        system=line.system_status,
        final=final,
        choices=tuple(dict.fromkeys((*CHOICES, line.system_status))),
        reason=typed.get(f"reason-{name}", line.override_reason or ""),
        formula=_(indicator.formula),
        period=_period(summary, line.indicator),
    )


def due_target(summary: WeekSummary, line: WeekSummaryLine) -> Fraction | None:
    """The target the figure is compared with, in hundredths: volume in proportion to the days."""
    if line.target is None:
        return None
    if line.indicator is not WeekIndicator.VOLUME:
        return Fraction(line.target)
    if not summary.total_days:
        return None
    return Fraction(line.target * summary.elapsed_days, summary.total_days)


def _gap(indicator: Indicator, num: int | None, den: int | None, due: Fraction | None) -> str:
    actual = figure_words.actual_hundredths(indicator, num, den)
    if actual is None or due is None:
        return "—"
    return figure_words.hundredths_text(indicator, actual - due, sign=True)


def _fraction(indicator: Indicator, num: int | None, den: int | None) -> str:
    (num_word, num_by), (den_word, den_by) = figure_words.TERMS[indicator.code]
    if num is None or den is None or indicator.code == "VOLUME":
        return ""
    return _(
        "%(num)s %(num_word)s ÷ %(den)s %(den_word)s",
        num=f"{figure_words.decimal(Fraction(num, num_by), 0):,}",
        num_word=_(num_word),
        den=f"{figure_words.decimal(Fraction(den, den_by), 0):,}",
        den_word=_(den_word),
    )


def _progress(
    indicator: Indicator, num: int | None, den: int | None, target: int | None
) -> int | None:
    actual = figure_words.actual_hundredths(indicator, num, den)
    if actual is None or not target or target < 0 or indicator.unit == "percent":
        return None
    return int(actual * 100 / target)


def _share(part: int, whole: int) -> int:
    return part * 100 // whole if whole else 0


def _period(summary: WeekSummary, indicator: WeekIndicator) -> str:
    first, last = summary.month.first_day, summary.as_of
    if last < first:
        return _("The month has not begun.")
    if indicator is WeekIndicator.KEY_GROWTH:
        return _(
            "%(first)s to %(last)s, compared with the same days of last year",
            first=first.isoformat(),
            last=last.isoformat(),
        )
    return _("%(first)s to %(last)s", first=first.isoformat(), last=last.isoformat())


def shown_cell(cell: WeekCell) -> dict[str, Any]:
    """A field of the overview."""
    lines = []
    for indicator in WeekIndicator:
        line = cell.lines.get(indicator)
        if line is not None:
            found = indicator_of(indicator.name)
            lines.append(
                {
                    "label": str(indicator.label),
                    "value": figure_words.value_text(found, line.actual_num, line.actual_den),
                    "unit": figure_words.unit_word(found),
                    "status": line.final_status,
                    "tone": TONES[line.final_status],
                    "word": str(line.final_status.label),
                }
            )
    return {"summary": cell.summary, "lines": lines}


def export_columns() -> list[tuple[str, str]]:
    return [
        (_("Territory"), "text"), (_("Week"), "text"), (_("Status"), "text"),
        (_("Figures up to"), "text"), (_("Indicator"), "text"), (_("Unit"), "text"),
        (_("Actual"), "decimal"), (_("Month target"), "decimal"), (_("Due by then"), "decimal"),
        (_("Judgement of the system"), "text"), (_("Judgement"), "text"),
        (_("Reason for a different judgement"), "text"),
        (_("Reasonableness of the arrangement"), "text"), (_("Effectiveness of the work"), "text"),
        (_("Comment of the market manager"), "text"),
    ]  # fmt: skip


def export_rows(territory: str, cell: WeekCell) -> Iterator[list[Cell]]:
    summary = cell.summary
    for indicator, line in sorted(cell.lines.items(), key=lambda pair: pair[0].name):
        found = indicator_of(indicator.name)
        actual = figure_words.actual_hundredths(found, line.actual_num, line.actual_den)
        due = due_target(summary, line)
        yield [
            territory,
            week_text(summary.start_date),
            str(summary.status.label),
            summary.as_of.isoformat(),
            str(indicator.label),
            figure_words.unit_word(found),
            *(
                None if value is None else float(figure_words.decimal(Fraction(value) / 100, 4))
                for value in (actual, line.target, due)
            ),
            str(line.system_status.label),
            str(line.final_status.label),
            line.override_reason or "",
            summary.arrangement_text or "",
            summary.effect_text or "",
            summary.comment or "",
        ]


def pace(
    summary: WeekSummary,
    sold: Sequence[tuple[dt.date, int, int]],
    days: Sequence[tuple[dt.date, int]],
    target: int | None,
) -> dict[str, Any]:
    """Cumulated volume per day in cartons up to `as_of`, and the target's pace by workdays."""
    by_day = {day: sticks for day, sticks, _amount in sold}
    total, actual = 0, []
    for day, _elapsed in days:
        total += by_day.get(day, 0)
        past = day <= summary.as_of
        actual.append(round(total / STICKS_PER_STANDARD_CARTON, 1) if past else None)
    all_days = summary.total_days
    return {
        "days": [f"{day:%m-%d}" for day, _elapsed in days],
        "actual": actual,
        "pace": [
            None if target is None or not all_days else round(target * n / all_days / 100, 1)
            for _day, n in days
        ],
        "words": {
            "actual": _("Volume so far"),
            "pace": _("Pace of the target"),
            "unit": _("cartons"),
            "empty": _("Nothing was sold yet in %(month)s.", month=month_label(summary.month)),
        },
        "computed": local_time(summary.computed_at),
    }
