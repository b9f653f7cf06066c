"""§2.2 step 13 — the week report as a formatted workbook: a territory's week, or a department's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.analysis.rules.indicators import Indicator
from app.analysis.views import figure_words
from app.evaluation import week_summaries as weeks
from app.evaluation.rules import indicator_of
from app.evaluation.views import week_words as words
from app.evaluation.week_summaries import WeekCell
from app.exchange.export_columns import Cell
from app.exchange.report_workbook import FORMATS, Figure, ReportWorkbook
from app.models import PortalUser, Territory, WeekIndicator, WeekSummary, WeekSummaryLine
from app.portal_context import month_label

WIDTHS = (22, 12, 14, 14, 14, 12, 12, 30)
ROLL_UP_WIDTHS = (20, 11, 13, 13, 13, 11, 13, 13, 30)


def figure_of(indicator: Indicator, hundredths: Fraction | int | None) -> Figure:
    """Hundredths of a unit as a number in the unit; percent as a share of one."""
    is_percent = indicator.unit == "percent"
    if hundredths is None:
        return Figure(None, "one")
    return Figure(
        float(Fraction(hundredths) / (10_000 if is_percent else 100)),
        "percent" if is_percent else "money" if indicator.code == "UNIT_VALUE" else "one",
    )


def author_of(session: Session, user_id: int | None) -> str:
    """Whoever submitted it, as far as the reader may know."""
    user = session.get(PortalUser, user_id) if user_id is not None else None
    return user.display_name if user is not None else "—"


def territory_report(
    session: Session,
    territory: Territory,
    summary: WeekSummary,
    chart: Mapping[str, Sequence[Cell]],
) -> ReportWorkbook:
    """`chart`: days, actual and pace as the page's chart shows them."""
    title = _("Week summary")
    report = ReportWorkbook(f"{title} {territory.name}")
    page = report.page(territory.name, f"{title} · {territory.name}", WIDTHS, is_wide=True)
    page.facts(
        [
            (_("Territory"), territory.name),
            (_("Week"), words.week_text(summary.start_date)),
            (_("Month"), month_label(summary.month)),
            (_("Author"), author_of(session, summary.submitted_by or summary.updated_by)),
            (_("Status"), str(summary.status.label)),
            (_("Figures up to"), summary.as_of),
            (_("Order days elapsed"), summary.elapsed_days),
            (_("Order days of the month"), summary.total_days),
        ]
    )
    page.table(
        [
            (_("Indicator"), "text"), (_("Unit"), "text"), (_("Actual"), "one"),
            (_("Month target"), "one"), (_("Due by then"), "one"), (_("Gap"), "one"),
            (_("Judgement"), "text"), (_("Reason for a different judgement"), "text"),
        ],
        [_line(summary, line) for line in weeks.lines_of(session, summary)],
    )  # fmt: skip
    page.text(_("Reasonableness of the arrangement"), summary.arrangement_text or "")
    page.text(_("Effectiveness of the work"), summary.effect_text or "")
    page.text(_("Comment of the market manager"), summary.comment or "")
    days = report.page(_("Day by day"), _("Volume of %(month)s", month=month_label(summary.month)),
                       (14, 18, 18))  # fmt: skip
    area = days.table(
        [(_("Day"), "text"), (_("Volume so far"), "one"), (_("Pace of the target"), "one")],
        list(zip(chart["days"], chart["actual"], chart["pace"], strict=True)),
    )
    page.chart(
        "line",
        _("Volume so far beside the pace of the target"),
        area.column(0),
        [(area.head(1), area.column(1)), (area.head(2), area.column(2))],
        FORMATS["quantity"],
    )
    return report


def _line(summary: WeekSummary, line: WeekSummaryLine) -> list[Cell | Figure]:
    indicator = indicator_of(line.indicator.name)
    actual = figure_words.actual_hundredths(indicator, line.actual_num, line.actual_den)
    due = words.due_target(summary, line)
    gap = None if actual is None or due is None else actual - due
    return [
        str(line.indicator.label),
        figure_words.unit_word(indicator),
        *(figure_of(indicator, value) for value in (actual, line.target, due, gap)),
        str(line.final_status.label),
        line.override_reason or "",
    ]


def department_report(
    month_words: str,
    territories: Sequence[Territory],
    starts: Sequence[dt.date],
    cells: Mapping[tuple[int, dt.date], WeekCell],
) -> ReportWorkbook:
    """One page per written week: territories side by side, their sums, volume beside what is due."""
    title = _("Week summaries, roll-up")
    report = ReportWorkbook(f"{title} {month_words}")
    written = [start for start in starts if any((t.id, start) in cells for t in territories)]
    for start in written:
        page = report.page(
            words.week_text(start),
            f"{title} · {words.week_text(start)}",
            ROLL_UP_WIDTHS,
            is_wide=True,
        )
        page.facts([(_("Month"), month_words), (_("Territories"), len(territories))])
        found = [(t, cells[t.id, start]) for t in territories if (t.id, start) in cells]
        area = page.table(
            [
                (_("Territory"), "text"), (_("Status"), "text"), (_("Sales volume"), "one"),
                (_("Month target"), "one"), (_("Due by then"), "one"), (_("Progress"), "percent"),
                (_("Average value per carton"), "money"),
                (_("Sales growth of key brands"), "percent"), (_("Effectiveness of the work"), "text"),
            ],
            [
                [t.name, str(cell.summary.status.label), *_sums([cell]), cell.summary.effect_text or ""]
                for t, cell in found
            ],
            [_("Total"), "", *_sums([cell for _t, cell in found]), ""],
        )  # fmt: skip
        page.chart(
            "column",
            _("Sales volume beside what is due by then"),
            area.column(0),
            [(area.head(2), area.column(2)), (area.head(4), area.column(4))],
            FORMATS["quantity"],
        )
    if not written:
        report.page(month_words, title, ROLL_UP_WIDTHS).text(
            title, _("No week of %(month)s is summed up yet.", month=month_words)
        )
    return report


def _sums(cells: Sequence[WeekCell]) -> list[Figure]:
    """Numerators and denominators added up: volume, target, due, progress, value, growth.

    Targets are added only when every territory has one; a part would look like a shortfall.
    """
    volume = indicator_of(WeekIndicator.VOLUME.name)
    lines = [(cell.summary, cell.lines.get(WeekIndicator.VOLUME)) for cell in cells]
    targets = [line.target if line is not None else None for _summary, line in lines]
    dues = [words.due_target(s, line) if line is not None else None for s, line in lines]
    actual = _together(cells, WeekIndicator.VOLUME, is_constant=True)
    target = sum(t for t in targets if t is not None) if None not in targets else None
    due = sum((d for d in dues if d is not None), Fraction(0)) if None not in dues else None
    progress = float(actual / target) if actual is not None and target else None
    value = indicator_of(WeekIndicator.UNIT_VALUE.name)
    growth = indicator_of(WeekIndicator.KEY_GROWTH.name)
    return [
        figure_of(volume, actual),
        figure_of(volume, target),
        figure_of(volume, due),
        Figure(progress, "percent"),
        figure_of(value, _together(cells, WeekIndicator.UNIT_VALUE)),
        figure_of(growth, _together(cells, WeekIndicator.KEY_GROWTH)),
    ]


def _together(
    cells: Sequence[WeekCell], indicator: WeekIndicator, *, is_constant: bool = False
) -> Fraction | None:
    """Hundredths of the sum; a constant denominator (a unit's sticks) is not added up."""
    lines = [line for cell in cells if (line := cell.lines.get(indicator)) is not None]
    known = [
        (line.actual_num, line.actual_den)
        for line in lines
        if line.actual_num is not None and line.actual_den is not None
    ]
    if not known:
        return None
    num = sum(pair[0] for pair in known)
    den = known[0][1] if is_constant else sum(pair[1] for pair in known)
    return figure_words.actual_hundredths(indicator_of(indicator.name), num, den)
