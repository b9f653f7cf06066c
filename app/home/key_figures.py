"""The key figures of a work month, each with formula, numerator, denominator, cut-off and rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from flask import url_for
from flask_babel import gettext as _

from app.home.desk import Desk
from app.kernel.formatters import MISSING, number
from app.kernel.list_widgets import view_url
from app.kernel.period import Month
from app.kernel.quantity import Ratio
from app.portal_context import can, month_label, scope_label

Explanation = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure with where it comes from; `explanation` are (term, text) pairs. `trend` −1, 0, 1."""

    label: str
    value: str
    unit: str
    foot: str
    tone: str = ""
    url: str | None = None
    explanation: Explanation = field(default_factory=list)
    trend: int = 0
    icon: str = ""


@dataclass(frozen=True, slots=True)
class MonthVolume:
    """Cartons of the month so far and of the same days of the month before; sticks of the month.

    `last_day`: the last order day with sales, None without any or when only months are known:
    then `before` is the whole month before.
    """

    cartons: int
    before: int
    last_day: dt.date | None
    sticks: dict[int, int]
    is_whole_before: bool = False


def volume_by_day(desk: Desk) -> MonthVolume:
    """From the order days: the month is compared up to its last order day."""
    days = [row for row in desk.of("sales_day") if Month.of(row.day) == desk.month]
    last = max((row.day for row in days), default=None)
    sticks: dict[int, int] = {}
    for row in days:
        sticks[row.territory_id] = sticks.get(row.territory_id, 0) + row.n2
    is_whole = last is None or last >= desk.month.last_day
    before = sum(
        row.n1
        for row in desk.of("sales_day")
        if Month.of(row.day) == desk.analysed
        and (is_whole or last is None or row.day.day <= last.day)
    )
    return MonthVolume(sum(row.n1 for row in days), before, last, sticks)


def attained(desk: Desk, sticks: dict[int, int]) -> tuple[Ratio, int]:
    """(volume ÷ target of the territories that have one, how many have one)."""
    targets = {row.territory_id: row.n1 for row in desk.of("target") if row.n1 > 0}
    sold = sum(sticks.get(territory, 0) for territory in targets)
    # sticks ÷ 200 cartons against hundredths ÷ 100 cartons
    return Ratio(sold, 2 * sum(targets.values())), len(targets)


def month_figures(desk: Desk) -> list[KeyFigure]:
    """What a customer manager looks at first."""
    volume = volume_by_day(desk)
    return [
        volume_figure(desk, volume),
        attainment_figure(desk, volume.sticks),
        visit_figure(desk),
        key_customer_figure(desk),
        anomaly_figure(desk),
    ]


def _source(desk: Desk, *rows: tuple[str, str]) -> Explanation:
    return [*rows, (_("Month"), month_label(desk.month)), (_("Area"), scope_label())]


def volume_figure(desk: Desk, volume: MonthVolume) -> KeyFigure:
    growth = Ratio(volume.cartons - volume.before, volume.before).percent(1)
    last = volume.last_day
    if volume.is_whole_before:
        foot, growth = (
            _(
                "%(count)s in all of %(month)s",
                count=number(volume.before),
                month=month_label(desk.analysed),
            ),
            None,
        )
    elif last is None:
        foot, growth = _("no sales of %(month)s imported", month=month_label(desk.month)), None
    elif growth is None:
        foot = _("no sales in %(month)s to compare with", month=month_label(desk.analysed))
    else:
        foot = _("%(change)s%% on the same days of last month", change=f"{growth:+}")
    return KeyFigure(
        _("Volume of %(month)s", month=month_label(desk.month)),
        number(volume.cartons),
        _("cartons"),
        foot,
        "" if growth is None else "ok" if growth >= 0 else "bad",
        view_url("MonthlySalesView", "list", q_month=desk.month.key)
        if can("read", "MonthlySales")
        else None,
        _source(
            desk,
            (_("Formula"), _("Sum of delivered cartons, returns deducted")),
            (_("This month"), _("%(count)s cartons", count=number(volume.cartons))),
            (
                _("All of %(month)s", month=month_label(desk.analysed))
                if volume.is_whole_before
                else _("Same days of %(month)s", month=month_label(desk.analysed)),
                _("%(count)s cartons", count=number(volume.before)),
            ),
            (
                _("Cut-off"),
                _("orders up to %(day)s", day=last.isoformat())
                if last
                else _("all orders imported so far"),
            ),
        ),
        _sign(growth),
    )


def attainment_figure(desk: Desk, sticks: dict[int, int]) -> KeyFigure:
    """Volume against the month's target, beside the share of workdays that have passed."""
    ratio, with_target = attained(desk, sticks)
    elapsed, total = desk.elapsed
    reached, passed = ratio.percent(1), Ratio(elapsed, total).percent(0)
    if reached is None:
        foot, tone, trend = _("no target of the volume is set"), "warn", 0
    else:
        is_on_time = ratio.at_least(Ratio(elapsed, total))
        tone, trend = ("ok", 1) if is_on_time else ("bad", -1)
        foot = _("%(percent)s%% of the workdays have passed", percent=passed)
    explanation = [
        (_("Formula"), _("Volume of the month ÷ target set in step 6")),
        (_("Numerator"), _("%(count)s standard cartons", count=number(ratio.num // 200))),
        (_("Denominator"), _("%(count)s standard cartons", count=number(ratio.den // 200))),
        (
            _("Time progress"),
            _(
                "%(done)s of %(all)s workdays up to %(day)s",
                done=elapsed,
                all=total,
                day=desk.as_of,
            ),
        ),
    ]
    if desk.board is not None and with_target < len(desk.board.places):
        explanation.append(
            (
                _("Territories with a target"),
                _("%(done)s of %(all)s", done=with_target, all=len(desk.board.places)),
            )
        )
    return KeyFigure(
        _("Target attainment"),
        MISSING if reached is None else f"{reached}",
        "" if reached is None else "%",
        foot,
        tone,
        url_for("MarketAnalysisView.index", month=desk.analysed.key)
        if can("read", "MarketAnalysis")
        else None,
        _source(desk, *explanation),
        trend,
    )


def visit_figure(desk: Desk) -> KeyFigure:
    calendar = desk.calendar
    today = calendar.today
    if today is not None and today.planned:
        foot = _(
            "today %(done)s / %(all)s", done=today.done + today.missed, all=number(today.planned)
        )
    else:
        foot = _("%(count)s not visited", count=number(calendar.missed))
    return KeyFigure(
        _("Visits done"),
        number(calendar.done),
        f"/ {number(calendar.planned)}",
        foot,
        "",
        url_for("VisitListView.list", work_month=desk.month.key)
        if can("read", "VisitPlan")
        else None,
        _source(
            desk,
            (_("Formula"), _("Visits done ÷ planned visits, cancelled ones left out")),
            (_("Numerator"), _("%(count)s visits", count=number(calendar.done))),
            (_("Denominator"), _("%(count)s visits", count=number(calendar.planned))),
            (_("Not visited"), number(calendar.missed)),
            (
                _("Cut-off"),
                _(
                    "visits from %(first)s to %(last)s, as recorded now",
                    first=desk.month.first_day,
                    last=desk.month.last_day,
                ),
            ),
        ),
    )


def key_customer_figure(desk: Desk) -> KeyFigure:
    plans = desk.of("month_plan")
    key, others = sum(row.n1 for row in plans), sum(row.n2 for row in plans)
    return KeyFigure(
        _("Key customers"),
        number(key) if plans else MISSING,
        _("customers") if plans else "",
        _("%(count)s others", count=number(others)) if plans else _("no month plan yet"),
        "",
        url_for("MonthPlanView.list", work_month=desk.month.key)
        if can("read", "MonthPlan")
        else None,
        _source(
            desk,
            (_("Formula"), _("Key customers of the month plan, removed ones left out")),
            (_("Key customers"), number(key)),
            (_("Other customers with a frequency"), number(others)),
            (
                _("Cut-off"),
                _(
                    "%(done)s of %(all)s month plans approved",
                    done=sum(row.code == "APPROVED" for row in plans),
                    all=len(plans),
                ),
            ),
        ),
        icon="fa-star",
    )


def anomaly_figure(desk: Desk) -> KeyFigure:
    brands, indicators = len(desk.of("brand")), len(desk.of("market"))
    problem = desk.first("problem")
    customers = problem.n2 if problem is not None else 0
    count = brands + indicators
    return KeyFigure(
        _("Abnormal figures"),
        number(count),
        _("figures"),
        _("%(count)s problem customers", count=number(customers)),
        "alert" if count else "",
        url_for("BrandAnalysisView.index", month=desk.analysed.key)
        if can("read", "BrandAnalysis")
        else None,
        _source(
            desk,
            (_("Formula"), _("Figures of steps 5 and 6 whose final judgement is “abnormal”")),
            (_("Brand rates"), number(brands)),
            (_("Market indicators"), number(indicators)),
            (_("Problem customers"), number(customers)),
            (_("Analysed month"), month_label(desk.analysed)),
        ),
    )


def _sign(value: object) -> int:
    return 0 if not value else 1 if value > 0 else -1  # type: ignore[operator]
