"""§2.2 step 14 — the month report as a formatted workbook: a territory's month, or a department's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.analysis.rules.indicators import INDICATOR_BY_CODE, RATE_BY_CODE, Indicator
from app.analysis.views import figure_words
from app.exchange.export_columns import Cell
from app.exchange.report_workbook import FORMATS, Figure, ReportPage, ReportWorkbook
from app.improvement import month_summaries as months
from app.improvement.month_summaries import Figures, PlanAgainstActual
from app.improvement.views.month_words import EXPLANATIONS, TEXT_LABELS
from app.models import Judgement, MonthSummary, PortalUser, SummaryFigure, Territory
from app.portal_context import month_label

WIDTHS = (34, 14, 14, 14, 14, 40)
CHARTED = (
    SummaryFigure.VISITS_WEEKLY,
    SummaryFigure.VISITS_SEMIMONTHLY,
    SummaryFigure.VISITS_MONTHLY,
    SummaryFigure.VISITS_ALL,
    SummaryFigure.TASKS_DONE,
)
OTHERS = tuple(figure for figure in SummaryFigure if figure not in CHARTED)
Pair = tuple[int | None, int | None]


def territory_report(
    session: Session, territory: Territory, summary: MonthSummary, actual: PlanAgainstActual
) -> ReportWorkbook:
    title, month = _("Month summary"), month_label(summary.month)
    report = ReportWorkbook(f"{title} {territory.name} {month}")
    page = report.page(
        territory.name, f"{title} · {territory.name} · {month}", WIDTHS, is_wide=True
    )
    author_id = summary.submitted_by or summary.updated_by
    author = session.get(PortalUser, author_id) if author_id is not None else None
    page.facts(
        [
            (_("Territory"), territory.name),
            (_("Month"), month),
            (_("Author"), author.display_name if author is not None else "—"),
            (_("Status"), str(summary.status.label)),
        ]
    )
    figures = months.figures_of(session, summary)
    page.heading(_("Plan and execution"))
    columns = [
        (_("Figure"), "text"), (_("Value"), "percent"), (_("Numerator"), "quantity"),
        (_("Denominator"), "quantity"), ("", "text"), (_("How it is counted"), "text"),
    ]  # fmt: skip
    area = page.table(columns, [_figure(figure, pair_of(figures, figure)) for figure in CHARTED])
    page.chart(
        "column",
        _("Visits and strategies done"),
        area.column(0),
        [(area.head(1), area.column(1))],
        FORMATS["percent"],
    )
    page.table(columns, [_figure(figure, pair_of(figures, figure)) for figure in OTHERS])
    _market(page, actual, month)
    _brands(page, actual, month)
    for name, label in TEXT_LABELS.items():
        page.text(str(label), getattr(summary, name) or "")
    page.text(_("Comment of the market manager"), summary.comment or "")
    return report


def pair_of(figures: Figures, figure: SummaryFigure) -> Pair:
    row = figures.get(figure)
    return (row.numerator, row.denominator) if row is not None else (None, None)


def share(pair: Pair) -> float | None:
    numerator, denominator = pair
    return numerator / denominator if numerator is not None and denominator else None


def _figure(figure: SummaryFigure, pair: Pair) -> list[Cell | Figure]:
    is_count = figure is SummaryFigure.TEMPORARY_TASKS
    value = Figure(pair[0], "quantity") if is_count else Figure(share(pair), "percent")
    return [str(figure.label), value, None if is_count else pair[0], pair[1], "",
            str(EXPLANATIONS[figure])]  # fmt: skip


def in_unit(indicator: Indicator, hundredths: Fraction | int | None) -> Figure:
    """Hundredths of a unit as a number in the unit; percent as a share of one."""
    if indicator.unit == "percent":
        return Figure(
            None if hundredths is None else float(Fraction(hundredths) / 10_000), "percent"
        )
    return Figure(None if hundredths is None else float(Fraction(hundredths) / 100), "money")


def _market(page: ReportPage, actual: PlanAgainstActual, month: str) -> None:
    page.heading(_("Market indicators of %(month)s", month=month))
    if not actual.market_lines:
        page.text("", _("The market analysis of %(month)s is not computed yet.", month=month))
        return
    rows: list[list[Cell | Figure]] = []
    for line in actual.market_lines:
        indicator = INDICATOR_BY_CODE[line.indicator.name]
        value = figure_words.actual_hundredths(indicator, line.actual_num, line.actual_den)
        reached = None
        if value is not None and line.target is not None and line.target > 0:
            reached = None if indicator.in_points else float(value / line.target)
        rows.append(
            [
                str(line.indicator.label),
                in_unit(indicator, value),
                in_unit(indicator, line.target),
                reached,
                str(line.final_status.label),
                figure_words.unit_word(indicator),
            ]
        )
    area = page.table(
        [
            (_("Indicator"), "text"), (_("Actual"), "money"), (_("Target"), "money"),
            (_("Actual ÷ target"), "percent"), (_("Judgement"), "text"), (_("Unit"), "text"),
        ],
        rows,
    )  # fmt: skip
    page.chart(
        "column",
        _("Market indicators: actual ÷ target"),
        area.column(0),
        [(area.head(3), area.column(3))],
        FORMATS["percent"],
    )


def _brands(page: ReportPage, actual: PlanAgainstActual, month: str) -> None:
    lines = [line for line in actual.brand_lines if line.final_status is Judgement.ABNORMAL]
    if not lines:
        return
    page.heading(_("Abnormal brand rates of %(month)s", month=month))
    rows: list[list[Cell | Figure]] = []
    for line in lines:
        rate = RATE_BY_CODE[line.rate.name]
        value = figure_words.actual_hundredths(rate, line.actual_num, line.actual_den)
        gap = figure_words.gap_hundredths(rate, line.actual_num, line.actual_den, line.target)
        cells = (in_unit(rate, value), in_unit(rate, line.target), in_unit(rate, gap))
        rows.append([line.product.name, *cells, str(line.final_status.label), str(line.rate.label)])
    page.table(
        [
            (_("Product"), "text"), (_("Actual"), "percent"), (_("Target"), "percent"),
            (_("Gap"), "percent"), (_("Judgement"), "text"), (_("Rate"), "text"),
        ],
        rows,
    )  # fmt: skip


def department_report(
    month_words: str,
    territories: Sequence[Territory],
    found: Mapping[int, tuple[MonthSummary, Figures]],
) -> ReportWorkbook:
    """Territories side by side with their sums, the counts behind them, and every text."""
    title = _("Month summaries, roll-up")
    report = ReportWorkbook(f"{title} {month_words}")
    written = [territory for territory in territories if territory.id in found]
    shares = [figure for figure in SummaryFigure if figure is not SummaryFigure.TEMPORARY_TASKS]
    page = report.page(
        title, f"{title} · {month_words}", (20, 11, *([13] * len(SummaryFigure))), is_wide=True
    )
    page.facts([(_("Month"), month_words), (_("Territories"), len(territories))])
    columns = [(_("Territory"), "text"), (_("Status"), "text")]
    heads = [(str(figure.label), "percent") for figure in shares]
    last = (str(SummaryFigure.TEMPORARY_TASKS.label), "quantity")
    pairs = {t.id: {f: pair_of(found[t.id][1], f) for f in SummaryFigure} for t in written}
    sums = {f: _sum([pairs[t.id][f] for t in written]) for f in SummaryFigure}
    states = {t.id: str(found[t.id][0].status.label) for t in written}
    area = page.table(
        [*columns, *heads, last],
        [[t.name, states[t.id], *_row(pairs[t.id], shares)] for t in written],
        [_("Total"), "", *_row(sums, shares)],
    )
    charted = [2 + shares.index(f) for f in (SummaryFigure.VISITS_ALL, SummaryFigure.TASKS_DONE)]
    page.chart(
        "column",
        _("Visits and strategies done"),
        area.column(0),
        [(area.head(column), area.column(column)) for column in charted],
        FORMATS["percent"],
    )
    counts = report.page(_("Counts"), _("Numerators and denominators"), (20, 34, 14, 14, 12))
    counts.table(
        [
            (_("Territory"), "text"), (_("Figure"), "text"), (_("Numerator"), "quantity"),
            (_("Denominator"), "quantity"), (_("Value"), "percent"),
        ],
        [
            [name, str(figure.label), *pair, share(pair)]
            for name, values in (*((t.name, pairs[t.id]) for t in written), (_("Total"), sums))
            for figure, pair in values.items()
        ],
    )  # fmt: skip
    texts = report.page(_("Texts"), f"{title} · {month_words}", (24, 24, 24, 24))
    for territory in written:
        summary = found[territory.id][0]
        texts.heading(territory.name)
        for name, label in TEXT_LABELS.items():
            texts.text(str(label), getattr(summary, name) or "")
        texts.text(_("Comment of the market manager"), summary.comment or "")
    return report


def _row(values: Mapping[SummaryFigure, Pair], shares: Sequence[SummaryFigure]) -> list[Cell]:
    return [*(share(values[figure]) for figure in shares), values[SummaryFigure.TEMPORARY_TASKS][0]]


def _sum(pairs: Sequence[Pair]) -> Pair:
    """Numerators and denominators added up; None where nobody has one."""
    numerators = [pair[0] for pair in pairs if pair[0] is not None]
    denominators = [pair[1] for pair in pairs if pair[1] is not None]
    return sum(numerators) if numerators else None, sum(denominators) if denominators else None
