"""§2.2 steps 5 and 6 — figures in words: value, target, gap, and what numerator and denominator are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.analysis.rules.indicators import Indicator
from app.kernel.errors import N_
from app.kernel.formatters import MISSING, TONE_ICONS, number, pill
from app.kernel.period import Month
from app.kernel.quantity import round_half_up
from app.models import Judgement

UNITS: Mapping[str, str] = {
    "percent": "%",
    "cartons": N_("cartons"),
    "yuan": N_("yuan"),
    "yuan_per_carton": N_("yuan per carton"),
    "yuan_per_case": N_("yuan per case"),
    "cartons_per_customer": N_("cartons per customer"),
    "days": N_("days"),
    "products": N_("products"),
    "score": N_("points"),
}

TONES: Mapping[Judgement, str] = {
    Judgement.NORMAL: "ok",
    Judgement.ABNORMAL: "bad",
    Judgement.NO_TARGET: "mute",
    Judgement.UNDETERMINED: "warn",
}

TERMS: Mapping[str, tuple[tuple[str, int], tuple[str, int]]] = {
    "LISTING": ((N_("target customers who bought"), 1), (N_("target customers"), 1)),
    "ACTIVE": ((N_("buyers of the month"), 1), (N_("buyers of the months before"), 1)),
    "STOCKOUT": ((N_("lines without delivery"), 1), (N_("lines with demand"), 1)),
    "REPURCHASE": ((N_("buyers who bought again"), 1), (N_("buyers of the month before"), 1)),
    "VOLUME": ((N_("sticks"), 1), (N_("sticks of a standard carton"), 1)),
    "AMOUNT": ((N_("fen"), 1), (N_("fen of a yuan"), 1)),
    "UNIT_VALUE": ((N_("yuan"), 200), (N_("standard cartons"), 200)),
    "CASE_VALUE": ((N_("yuan"), 50_000), (N_("cases"), 50_000)),
    "VOLUME_YEAR_GROWTH": ((N_("cartons more"), 200), (N_("cartons last year"), 200)),
    "VOLUME_MONTH_GROWTH": ((N_("cartons more"), 200), (N_("cartons the month before"), 200)),
    "KEY_VOLUME": ((N_("sticks"), 1), (N_("sticks of a standard carton"), 1)),
    "KEY_SHARE": ((N_("cartons of key brands"), 200), (N_("cartons"), 200)),
    "KEY_GROWTH": ((N_("cartons more"), 200), (N_("cartons last year"), 200)),
    "ORDER_SUCCESS": ((N_("customers who ordered"), 1), (N_("customers due"), 1)),
    "VOLUME_PER_CUSTOMER": ((N_("cartons"), 200), (N_("ordering customers"), 200)),
    "ORDER_FREQUENCY": ((N_("days with an order"), 1), (N_("ordering customers"), 1)),
    "WIDTH": ((N_("products bought"), 1), (N_("ordering customers"), 1)),
    "ONLINE_RATE": ((N_("customers ordering online"), 1), (N_("valid customers"), 1)),
    "E_SETTLE_RATE": ((N_("customers settling electronically"), 1), (N_("valid customers"), 1)),
    "STOCKOUT_RATE": ((N_("lines without delivery"), 1), (N_("lines with demand"), 1)),
    "MARGIN_RATE": ((N_("yuan of margin"), 100), (N_("yuan at retail prices"), 100)),
}
"""Code → (word, divisor that makes the stored integer that word) of numerator and denominator."""


def unit_word(indicator: Indicator) -> str:
    word = UNITS[indicator.unit]
    return word if word == "%" else _(word)


def decimal(value: Fraction, places: int = 2) -> Decimal:
    """Half-up, for display only."""
    return round_half_up(Decimal(value.numerator) / Decimal(value.denominator), places)


def hundredths_text(
    indicator: Indicator, value: Fraction | int | None, *, sign: bool = False
) -> str:
    """Hundredths of the unit as text without the unit's word; percent keeps its sign."""
    if value is None:
        return MISSING
    shown = decimal(Fraction(value) / 100)
    if indicator.unit in ("yuan", "cartons"):
        shown = round_half_up(shown, 1 if abs(shown) < 1000 else 0)
    text = f"{shown:+,}" if sign and shown else number(shown)
    return f"{text}%" if indicator.unit == "percent" else text


def actual_hundredths(indicator: Indicator, num: int | None, den: int | None) -> Fraction | None:
    """The figure in hundredths of its unit; None when it is undefined."""
    if num is None or den is None or den <= 0:
        return None
    return Fraction(indicator.measure.factor * num, den)


def value_text(indicator: Indicator, num: int | None, den: int | None) -> str:
    return hundredths_text(indicator, actual_hundredths(indicator, num, den))


def gap_hundredths(
    indicator: Indicator, num: int | None, den: int | None, target: int | None
) -> Fraction | None:
    """Actual − target in hundredths; None without either."""
    actual = actual_hundredths(indicator, num, den)
    return None if actual is None or target is None else actual - target


def gap_text(indicator: Indicator, num: int | None, den: int | None, target: int | None) -> str:
    """Difference to the target, and for relative judgements the share of the target."""
    gap = gap_hundredths(indicator, num, den, target)
    if gap is None or target is None:
        return MISSING
    if indicator.unit == "percent":
        text = _("%(points)s points", points=f"{decimal(gap / 100):+,}" if gap else "0")
    else:
        text = hundredths_text(indicator, gap, sign=True)
    if indicator.in_points or target <= 0:
        return text
    return f"{text} ({decimal(100 * gap / target, 1):+}%)" if gap else text


def missing_months(months: Sequence[Month], series: Sequence[Mapping[str, Any]]) -> str:
    """Which months of a chart none of the series knows; empty when there is none or nothing."""
    known = [
        any(row["values"][place] is not None for row in series) for place in range(len(months))
    ]
    missing = [month.key for month, is_known in zip(months, known, strict=True) if not is_known]
    if not missing or not any(known):
        return ""
    if len(missing) > 1 and not any(known[: len(missing)]):
        return _("No figure from %(first)s to %(last)s.", first=missing[0], last=missing[-1])
    return _("No figure for %(months)s.", months="、".join(missing))


def deviation(
    indicator: Indicator, num: int | None, den: int | None, target: int | None
) -> Fraction | None:
    """How much better (+) or worse (−) than the target: percent of it, or points."""
    gap = gap_hundredths(indicator, num, den, target)
    if gap is None or target is None:
        return None
    better = -gap if indicator.low_is_better else gap
    if indicator.in_points:
        return better / 100
    return None if target <= 0 else 100 * better / target


def fraction_text(indicator: Indicator, num: int | None, den: int | None) -> str:
    """``12/15`` of countable things; empty where the parts are no counts."""
    if num is None or den is None or indicator.unit != "percent" or indicator.is_entered:
        return ""
    divisor = TERMS[indicator.code][0][1]
    return f"{number(num)}/{number(den)}" if divisor == 1 else ""


def term_rows(indicator: Indicator, num: int | None, den: int | None) -> list[tuple[str, str, str]]:
    """(numerator or denominator, amount, what it counts)."""
    if indicator.is_entered or num is None or den is None:
        return []
    rows = []
    for name, value, (word, divisor) in zip(
        (_("Numerator"), _("Denominator")), (num, den), TERMS[indicator.code], strict=True
    ):
        shown = decimal(Fraction(value, divisor)) if divisor > 1 else value
        if isinstance(shown, Decimal) and shown == shown.to_integral_value():
            shown = int(shown)
        rows.append((name, number(shown), _(word)))
    return rows


def part_text(indicator: Indicator, position: int, value: int | None) -> str:
    """A part's numerator (0) or denominator (1) in the unit of `TERMS`."""
    if value is None:
        return MISSING
    divisor = TERMS[indicator.code][position][1]
    return number(decimal(Fraction(value, divisor), 1) if divisor > 1 else value)


def status_pill(status: Judgement | None) -> Any:
    """A judgement as word, icon and colour."""
    return MISSING if status is None else pill(str(status.label), TONES[status])


def status_icon(status: Judgement) -> Markup:
    """The icon of a judgement for narrow cells, with its word for screen readers."""
    return Markup(
        '<i class="fa-solid {}" aria-hidden="true"></i><span class="sr-only">{}</span>'
    ).format(TONE_ICONS[TONES[status]], status.label)
