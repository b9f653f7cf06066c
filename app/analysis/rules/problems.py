"""§2.2 step 2 — a customer's problem codes, and who is a problem customer 问题客户.

Product codes are looked for among the watched products only: those with a target or issued as
关注商品 for month K. Otherwise a customer would have one for almost every product of the company.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.analysis.rules.effect import HUNDREDTHS, EffectFigures, EffectItemScore, growth_shortfall
from app.kernel.exact import reduced
from app.kernel.quantity import STICKS_PER_STANDARD_CARTON
from app.master.rules_parameters import Parameters
from app.master.rules_problem_codes import MARKING_CODES

NO_PRODUCT = 0

LOW_ITEM_CODES: Mapping[str, str] = {
    "VOLUME": "VOL_LOW",
    "UNIT_VALUE": "UNITVAL_LOW",
    "KEY_SHARE": "KEY_LOW",
    "WIDTH": "WIDTH_LOW",
    "MARGIN": "MARGIN_LOW",
}
"""Effect item → the problem when its score is low."""

Problem = tuple[str, int]
"""(code, product id); `NO_PRODUCT` when no product is concerned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSituation:
    """What the codes without a product are found from."""

    figures: EffectFigures
    items: tuple[EffectItemScore, ...]
    is_new: bool = False
    orders_online: bool = True
    settles_electronically: bool = True
    has_low_price_score: bool = False
    has_complaint: bool = False
    is_problem_state: bool = False


def customer_problems(situation: CustomerSituation, parameters: Parameters) -> set[Problem]:
    """Codes of a customer that concern no product. New customers have no effect problems."""
    figures = situation.figures
    codes: set[str] = set()
    if not situation.is_new:
        codes |= {
            LOW_ITEM_CODES[row.item]
            for row in situation.items
            if row.item in LOW_ITEM_CODES
            and row.score is not None
            and row.score < parameters.problem_item_score * HUNDREDTHS
        }
        share, whole = reduced(parameters.problem_order_regularity_percent, 100)
        kept = min(figures.order_weeks, figures.due_weeks)
        if figures.due_weeks > 0 and whole * kept < share * figures.due_weeks:
            codes.add("ORDER_UNSTABLE")
        behind = growth_shortfall(figures)
        if behind is not None and behind >= parameters.problem_decline_points * HUNDREDTHS:
            codes.add("VOL_DOWN")
        if behind is not None and behind >= parameters.problem_customer_gap_points * HUNDREDTHS:
            codes.add("FAR_BEHIND_PEERS")
        if _growth_share_is_low(figures, parameters):
            codes.add("GROWTH_SHARE_LOW")
    cartons = parameters.problem_large_buyer_cartons
    if cartons and figures.sticks > cartons * STICKS_PER_STANDARD_CARTON:
        codes.add("LARGE_BUYER")
    flags = {
        "NO_ONLINE": not situation.orders_online,
        "NO_ESETTLE": not situation.settles_electronically,
        "NO_PRICETAG": situation.has_low_price_score,
        "COMPLAINT": situation.has_complaint,
        "STATE_PROBLEM": situation.is_problem_state,
    }
    codes |= {code for code, holds in flags.items() if holds}
    return {(code, NO_PRODUCT) for code in codes}


def _growth_share_is_low(figures: EffectFigures, parameters: Parameters) -> bool:
    """Optional rule: (A/L) ÷ (peers' A/L) below the given percentage; 0 = off."""
    percent = parameters.problem_peer_growth_percent
    if not percent or figures.previous_sticks <= 0 or figures.peer_previous_sticks <= 0:
        return False
    share, whole = reduced(percent, 100)
    own = figures.sticks * figures.peer_previous_sticks * whole
    return own < share * figures.peer_sticks * figures.previous_sticks


def product_problems(
    product_id: int,
    months: tuple[int, ...],
    *,
    is_target: bool,
    stockout_lines: int,
) -> set[Problem]:
    """Codes of a watched product. `months`: net cartons of K, K−1, K−2, … of the customer."""
    bought = [cartons > 0 for cartons in months]
    codes = {
        "NOT_STOCKED": is_target and not bought[0],
        "NOT_ACTIVE": any(bought[1:]) and not bought[0],
        "STOCKOUT": stockout_lines > 0,
        "NO_REPURCHASE": bought[1] and not bought[0],
    }
    return {(code, product_id) for code, holds in codes.items() if holds}


def is_problem_customer(problems: Iterable[Problem], in_use: Collection[str]) -> bool:
    """Whether any of the codes in use marks a problem customer."""
    return any(code in MARKING_CODES and code in in_use for code, _ in problems)
