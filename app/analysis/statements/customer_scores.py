"""§2.2 step 2 — effect items, scores, bands and status, from the figures of `CustomerState`.

Each statement reads and writes the rows of one company and month; `app.analysis.rules.effect` and
`app.analysis.rules.ability` specify what they compute.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Subquery,
    Update,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)

from app.analysis.rules.ability import BEST
from app.analysis.rules.effect import EFFECT_WEIGHTS, HUNDREDTHS, TOP
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import clamp, scaled_difference, scaled_quotient, whole
from app.master.rules_parameters import Parameters
from app.models import (
    AbilityBand,
    AbilityItem,
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerState,
    EffectBand,
    EffectItem,
    StateStatus,
)

STATE, ITEM = CustomerState.__table__, CustomerEffectItem.__table__
SCORE, ABILITY = CustomerAbilityScore.__table__, AbilityItem.__table__


def growth_shortfall(figures: Any) -> ColumnElement[int]:
    """Hundredths of a point behind the peers' change against K−1, rounded down."""
    f = figures.c
    return scaled_difference(
        100 * HUNDREDTHS, f.peer_sticks, f.peer_previous_sticks, f.sticks, f.previous_sticks
    )


def effect_item_rows(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    """Seven rows per customer in scope, in the columns of `CustomerEffectItem`."""
    terms = _item_terms(scope, month)
    ratio_offset = (parameters.effect_ratio_base - parameters.effect_ratio_slope) * HUNDREDTHS
    ratio = scaled_quotient(parameters.effect_ratio_slope * HUNDREDTHS, *_term(terms))
    stability = scaled_quotient(TOP, *_term(terms))
    growth = scaled_difference(parameters.effect_growth_slope * 100 * HUNDREDTHS, *_term(terms))
    raw = case(
        (terms.c.item == EffectItem.VOLUME_GROWTH.name, growth),
        (terms.c.item == EffectItem.ORDER_STABILITY.name, stability),
        else_=ratio,
    )
    offset = case(
        (
            terms.c.item == EffectItem.VOLUME_GROWTH.name,
            parameters.effect_ratio_base * HUNDREDTHS,
        ),
        (terms.c.item == EffectItem.ORDER_STABILITY.name, 0),
        else_=ratio_offset,
    )
    weight = case(
        *(
            (terms.c.item == item, getattr(parameters, name))
            for item, name in EFFECT_WEIGHTS.items()
        )
    )
    return select(
        terms.c.company_id,
        terms.c.month,
        terms.c.customer_id,
        cast(terms.c.item, ITEM.c.item.type),
        weight,
        terms.c.actual_num,
        terms.c.actual_den,
        terms.c.reference_num,
        terms.c.reference_den,
        terms.c.against_last_year,
        clamp(raw + offset, 0, TOP),
    )


ITEM_COLUMNS = (
    "company_id", "month", "customer_id", "item", "weight", "actual_num", "actual_den",
    "reference_num", "reference_den", "against_last_year", "score",
)  # fmt: skip


def _term(terms: Any) -> tuple[Any, ...]:
    return (terms.c.actual_num, terms.c.actual_den, terms.c.reference_num, terms.c.reference_den)


def _item_terms(scope: Scope, month: Month) -> Subquery:
    """(keys, item, actual and reference as num/den, against_last_year): one row per item."""
    f = STATE.c
    by_year = f.last_year_sticks > 0
    base = case((by_year, f.last_year_sticks), else_=f.previous_sticks)
    kept = case((f.order_weeks < f.due_weeks, f.order_weeks), else_=f.due_weeks)
    peer_change = f.peer_sticks - f.peer_previous_sticks
    terms: dict[str, tuple[Any, Any, Any, Any]] = {
        "VOLUME": (f.sticks, literal(1), f.peer_sticks, f.peer_count),
        "VOLUME_GROWTH": (
            f.sticks - base,
            base,
            case((by_year, 0), else_=peer_change),
            case((by_year, 1), else_=f.peer_previous_sticks),
        ),
        "UNIT_VALUE": (f.amount_fen, f.sticks, f.peer_amount_fen, f.peer_sticks),
        "KEY_SHARE": (f.key_sticks, f.sticks, f.area_key_sticks, f.area_sticks),
        "WIDTH": (f.width, literal(1), f.peer_width, f.peer_count),
        "ORDER_STABILITY": (kept, f.due_weeks, literal(1), literal(1)),
        "MARGIN": (f.margin_fen, f.retail_fen, f.peer_margin_fen, f.peer_retail_fen),
    }
    items = union_all(*(select(literal(item).label("item")) for item in EFFECT_WEIGHTS)).subquery(
        "items"
    )

    def of_item(position: int) -> ColumnElement[int]:
        return case(*((items.c.item == item, terms[item][position]) for item in EFFECT_WEIGHTS))

    return (
        select(
            f.company_id,
            f.month,
            f.customer_id,
            items.c.item,
            of_item(0).label("actual_num"),
            of_item(1).label("actual_den"),
            of_item(2).label("reference_num"),
            of_item(3).label("reference_den"),
            case((items.c.item == "VOLUME_GROWTH", by_year), else_=null()).label(
                "against_last_year"
            ),
        )
        .select_from(STATE.join(items, literal(1) == 1))
        .where(scope.rows(STATE), STATE.c.month == month)
        .subquery("terms")
    )


Chosen = Callable[[Any], list[ColumnElement[bool]]]
"""Conditions on the customer column of a table: the customers to score, none for all of them."""


def effect_sums(company_id: int, month: Month, chosen: Chosen) -> CTE:
    """(company_id, customer_id, num, den): Σ weight·score and Σ weight of the scored items."""
    return (
        select(
            ITEM.c.company_id,
            ITEM.c.customer_id,
            whole(func.sum(ITEM.c.weight * ITEM.c.score)).label("num"),
            whole(func.sum(ITEM.c.weight)).label("den"),
        )
        .where(
            ITEM.c.company_id == company_id,
            ITEM.c.month == month,
            ITEM.c.score.is_not(None),
            *chosen(ITEM.c.customer_id),
        )
        .group_by(ITEM.c.company_id, ITEM.c.customer_id)
        .cte("effect")
        .prefix_with("MATERIALIZED")  # see `potential_strategy_rows`
    )


def ability_sums(company_id: int, month: Month, chosen: Chosen) -> CTE:
    """(company_id, customer_id, num, den, scored): over the ability items in use."""
    return (
        select(
            SCORE.c.company_id,
            SCORE.c.customer_id,
            whole(func.sum(ABILITY.c.weight * SCORE.c.score)).label("num"),
            whole(func.sum(ABILITY.c.weight * BEST)).label("den"),
            func.count().label("scored"),
        )
        .join(ABILITY, ABILITY.c.id == SCORE.c.ability_item_id)
        .where(
            SCORE.c.company_id == company_id,
            SCORE.c.month == month,
            ABILITY.c.company_id == company_id,
            ABILITY.c.is_active,
            *chosen(SCORE.c.customer_id),
        )
        .group_by(SCORE.c.company_id, SCORE.c.customer_id)
        .cte("ability")
        .prefix_with("MATERIALIZED")  # see `potential_strategy_rows`
    )


def band(score: Any, upper: int, lower: int, names: tuple[Any, Any, Any]) -> ColumnElement[Any]:
    """The first name from `upper` points, the second from `lower`, else the third; NULL stays."""
    return case(
        (score >= upper * HUNDREDTHS, names[0].name),
        (score >= lower * HUNDREDTHS, names[1].name),
        (score.is_not(None), names[2].name),
        else_=null(),
    )


def score_update(
    scope: Scope,
    month: Month,
    parameters: Parameters,
    items_in_use: int,
    customer_ids: Collection[int] | None = None,
) -> Update:
    """Sets effect and ability sums, scores, bands and the status of the customers in scope.

    `items_in_use`: how many ability items a complete evaluation has.
    """
    other = STATE.alias("other")
    scored = and_(scope.rows(other), other.c.month == month)
    if customer_ids is not None:
        scored = and_(scored, other.c.customer_id.in_(customer_ids))

    def chosen(customer_id: Any) -> list[ColumnElement[bool]]:
        if scope.territory_ids is None and customer_ids is None:
            return []
        return [customer_id.in_(select(other.c.customer_id).where(scored))]

    effect = effect_sums(scope.company_id, month, chosen)
    ability = ability_sums(scope.company_id, month, chosen)

    def same(sums: Any) -> ColumnElement[bool]:
        return and_(
            sums.c.company_id == other.c.company_id, sums.c.customer_id == other.c.customer_id
        )

    complete = and_(literal(items_in_use) > 0, ability.c.scored == items_in_use)
    new = (
        select(
            other.c.company_id,
            other.c.customer_id,
            other.c.month,
            effect.c.num.label("effect_num"),
            effect.c.den.label("effect_den"),
            case((effect.c.den > 0, effect.c.num // effect.c.den)).label("effect_score"),
            ability.c.num.label("ability_num"),
            ability.c.den.label("ability_den"),
            case((and_(complete, ability.c.den > 0), TOP * ability.c.num // ability.c.den)).label(
                "ability_score"
            ),
            case((or_(other.c.is_new, complete), 1), else_=0).label("is_complete"),
        )
        .select_from(other.outerjoin(effect, same(effect)).outerjoin(ability, same(ability)))
        .where(scored)
    )
    rows = new.subquery("new")
    generated = STATE.c.status.in_([StateStatus.GENERATED, StateStatus.STALE])
    effect_band = band(
        rows.c.effect_score,
        parameters.band_effect_good,
        parameters.band_effect_fair,
        (EffectBand.GOOD, EffectBand.FAIR, EffectBand.POOR),
    )
    ability_band = band(
        rows.c.ability_score,
        parameters.band_ability_strong,
        parameters.band_ability_fair,
        (AbilityBand.STRONG, AbilityBand.MEDIUM, AbilityBand.WEAK),
    )
    status = case(
        (generated, StateStatus.STALE.name),
        (rows.c.is_complete == 1, StateStatus.EVALUATED.name),
        else_=StateStatus.COMPUTED.name,
    )
    return (
        update(STATE)
        .where(
            scope.rows(STATE),
            STATE.c.month == month,
            STATE.c.company_id == rows.c.company_id,
            STATE.c.customer_id == rows.c.customer_id,
            STATE.c.month == rows.c.month,
        )
        .values(
            effect_num=rows.c.effect_num,
            effect_den=rows.c.effect_den,
            effect_score=rows.c.effect_score,
            effect_band=cast(effect_band, STATE.c.effect_band.type),
            ability_num=rows.c.ability_num,
            ability_den=rows.c.ability_den,
            ability_score=rows.c.ability_score,
            ability_band=cast(ability_band, STATE.c.ability_band.type),
            status=cast(status, STATE.c.status.type),
            version=STATE.c.version + 1,
        )
    )
