"""§2.2 step 2 — operating effect 经营效果: item scores, peers, bands, change behind the peers.

Scores are in hundredths of a point, rounded down (see `exact`). A customer is compared with the
valid, rated customers of the company of the same market type, business type and scale, itself
included; a group below the minimum is widened in the order of `PEER_LEVELS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.kernel.exact import clamp, scaled_difference, scaled_quotient
from app.kernel.period import Month
from app.master.rules_parameters import Parameters

FORMULA_VERSION = 1
HUNDREDTHS = 100
TOP = 100 * HUNDREDTHS

PEER_LEVELS: tuple[tuple[str, ...], ...] = (
    ("market_type", "business_type", "scale"),
    ("market_type", "business_type"),
    ("market_type",),
    (),
)
"""What peers have in common, from the narrowest group to the whole company."""

EFFECT_WEIGHTS: Mapping[str, str] = {
    "VOLUME": "weight_volume",
    "VOLUME_GROWTH": "weight_volume_growth",
    "UNIT_VALUE": "weight_unit_value",
    "KEY_SHARE": "weight_key_share",
    "WIDTH": "weight_width",
    "ORDER_STABILITY": "weight_order_stability",
    "MARGIN": "weight_margin",
}
"""Effect item → the parameter with its weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFigures:
    """What a customer's effect is computed from: the columns of `CustomerState` by name."""

    sticks: int = 0
    previous_sticks: int = 0
    last_year_sticks: int = 0
    amount_fen: int = 0
    key_sticks: int = 0
    width: int = 0
    margin_fen: int = 0
    retail_fen: int = 0
    order_weeks: int = 0
    due_weeks: int = 0
    peer_count: int = 0
    peer_sticks: int = 0
    peer_previous_sticks: int = 0
    peer_amount_fen: int = 0
    peer_width: int = 0
    peer_margin_fen: int = 0
    peer_retail_fen: int = 0
    area_sticks: int = 0
    area_key_sticks: int = 0


@dataclass(frozen=True, slots=True)
class EffectItemScore:
    """A scored item: actual = num/den against reference = num/den; score in hundredths or None."""

    item: str
    weight: int
    actual_num: int
    actual_den: int
    reference_num: int
    reference_den: int
    against_last_year: bool | None
    score: int | None


@dataclass(frozen=True, slots=True)
class EffectScore:
    """Σ weight·score over Σ weight of the scored items; `score` = floor of it, in hundredths."""

    num: int
    den: int

    @property
    def score(self) -> int | None:
        return self.num // self.den if self.den else None


def is_rated(open_date_ordinal: int, month: Month) -> bool:
    """Whether a customer was open for the whole of month K; a newer one 新入网 is not rated.

    `open_date_ordinal` is the proleptic ordinal of the opening day, as ``date.toordinal()``.
    """
    return open_date_ordinal <= month.first_day.toordinal()


def peer_level(counts: Iterable[int], minimum: int) -> int:
    """The first level with at least `minimum` customers; the widest when none has.

    `counts` are the group sizes in the order of `PEER_LEVELS`.
    """
    sizes = list(counts)
    for level, size in enumerate(sizes):
        if size >= minimum:
            return level
    return len(sizes) - 1


def ratio_score(
    num: int, den: int, reference_num: int, reference_den: int, parameters: Parameters
) -> int | None:
    """Base + slope·(r − 1) with r = actual ÷ reference, within 0 and 100 points."""
    raw = scaled_quotient(
        parameters.effect_ratio_slope * HUNDREDTHS, num, den, reference_num, reference_den
    )
    offset = (parameters.effect_ratio_base - parameters.effect_ratio_slope) * HUNDREDTHS
    return None if raw is None else clamp(raw + offset, 0, TOP)


def growth_score(
    num: int, den: int, reference_num: int, reference_den: int, parameters: Parameters
) -> int | None:
    """Base + slope per point of (growth − reference growth), within 0 and 100 points."""
    raw = scaled_difference(
        parameters.effect_growth_slope * 100 * HUNDREDTHS, num, den, reference_num, reference_den
    )
    return None if raw is None else clamp(raw + parameters.effect_ratio_base * HUNDREDTHS, 0, TOP)


def effect_items(figures: EffectFigures, parameters: Parameters) -> list[EffectItemScore]:
    """The seven items in the order of `EFFECT_WEIGHTS`."""
    f = figures
    by_year = f.last_year_sticks > 0
    base = f.last_year_sticks if by_year else f.previous_sticks
    growth = (
        (f.sticks - base, base, 0, 1)
        if by_year
        else (
            f.sticks - base,
            base,
            f.peer_sticks - f.peer_previous_sticks,
            f.peer_previous_sticks,
        )
    )
    terms = {
        "VOLUME": (f.sticks, 1, f.peer_sticks, f.peer_count),
        "VOLUME_GROWTH": growth,
        "UNIT_VALUE": (f.amount_fen, f.sticks, f.peer_amount_fen, f.peer_sticks),
        "KEY_SHARE": (f.key_sticks, f.sticks, f.area_key_sticks, f.area_sticks),
        "WIDTH": (f.width, 1, f.peer_width, f.peer_count),
        "ORDER_STABILITY": (min(f.order_weeks, f.due_weeks), f.due_weeks, 1, 1),
        "MARGIN": (f.margin_fen, f.retail_fen, f.peer_margin_fen, f.peer_retail_fen),
    }
    rows = []
    for item, weight_parameter in EFFECT_WEIGHTS.items():
        term = terms[item]
        if item == "VOLUME_GROWTH":
            score = growth_score(*term, parameters)
        elif item == "ORDER_STABILITY":
            score = clamp(scaled_quotient(TOP, *term), 0, TOP)
        else:
            score = ratio_score(*term, parameters)
        rows.append(
            EffectItemScore(
                item,
                getattr(parameters, weight_parameter),
                *term,
                by_year if item == "VOLUME_GROWTH" else None,
                score,
            )
        )
    return rows


def effect_score(items: Iterable[EffectItemScore]) -> EffectScore:
    """Items without a score drop out; the others share their weight."""
    scored = [(row.weight, row.score) for row in items if row.score is not None]
    return EffectScore(
        sum(weight * score for weight, score in scored), sum(weight for weight, _ in scored)
    )


def effect_band(score: int | None, parameters: Parameters) -> str | None:
    """优/中/差 of a score in hundredths; None stays None."""
    if score is None:
        return None
    if score >= parameters.band_effect_good * HUNDREDTHS:
        return "GOOD"
    return "FAIR" if score >= parameters.band_effect_fair * HUNDREDTHS else "POOR"


def growth_shortfall(figures: EffectFigures) -> int | None:
    """How far the change against K−1 is behind the peers': floor, in hundredths of a point.

    Positive = behind. Compared with whole points only, for which the floor is exact.
    """
    f = figures
    return scaled_difference(
        100 * HUNDREDTHS, f.peer_sticks, f.peer_previous_sticks, f.sticks, f.previous_sticks
    )
