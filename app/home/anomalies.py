"""What is abnormal: figures of steps 5 and 6 by their final judgement, and problem customers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.analysis.rules.indicators import INDICATOR_BY_CODE, RATE_BY_CODE, Indicator
from app.analysis.views import figure_words as words
from app.home.desk import Desk
from app.kernel.formatters import MISSING
from app.models import MarketIndicator, RateKind
from app.portal_context import can


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`deviation` in words, negative = worse than the target or the peers."""

    title: str
    about: str
    deviation: str
    url: str | None
    icon: str
    order: Fraction


def anomalies(desk: Desk) -> list[Anomaly]:
    """Abnormal figures, the furthest from their target first."""
    found = [
        *(_brand(desk, row) for row in desk.of("brand")),
        *(_indicator(desk, row) for row in desk.of("market")),
    ]
    return sorted(found, key=lambda entry: entry.order)


def problem_customers(desk: Desk) -> list[Anomaly]:
    """The problem customers read, furthest behind their peers first."""
    return [_customer(desk, row) for row in desk.of("problem")]


def _brand(desk: Desk, row: Any) -> Anomaly:
    rate = RateKind[row.code]
    return _figure(
        desk,
        row,
        RATE_BY_CODE[row.code].judged_with(desk.parameters),
        row.name,
        str(rate.label),
        url_for("BrandAnalysisView.figure", pk=row.record_id, text=f"{row.n4}-{row.code}")
        if can("read", "BrandAnalysis")
        else None,
        "fa-chart-bar",
    )


def _indicator(desk: Desk, row: Any) -> Anomaly:
    return _figure(
        desk,
        row,
        INDICATOR_BY_CODE[row.code].judged_with(desk.parameters),
        str(MarketIndicator[row.code].label),
        _("Market analysis"),
        url_for("MarketAnalysisView.figure", pk=row.record_id, text=row.code)
        if can("read", "MarketAnalysis")
        else None,
        "fa-chart-line",
    )


def _figure(
    desk: Desk, row: Any, indicator: Indicator, title: str, about: str, url: str | None, icon: str
) -> Anomaly:
    worse = words.deviation(indicator, row.n1, row.n2, row.n3)
    if worse is None:
        text = MISSING
    elif indicator.in_points:
        text = _("%(points)s points", points=f"{words.decimal(worse, 1):+}")
    else:
        text = f"{words.decimal(worse, 1):+}%"
    is_one_place = len(desk.territory_names) == 1
    parts = [about, "" if is_one_place else desk.territory_names.get(row.territory_id, "")]
    return Anomaly(
        title,
        " · ".join(part for part in parts if part),
        text,
        url,
        icon,
        Fraction(0) if worse is None else worse,
    )


def _customer(desk: Desk, row: Any) -> Anomaly:
    state = row.code if row.code and str(get_locale()) == "en" else row.text
    behind = None if row.n1 is None else Fraction(-row.n1, 100)
    return Anomaly(
        row.name,
        state or "",
        MISSING if not behind else _("%(points)s points", points=f"{words.decimal(behind, 1):+}"),
        url_for("CustomerFileView.show", pk=row.record_id) if can("read", "Customer") else None,
        "fa-store",
        behind or Fraction(0),
    )
