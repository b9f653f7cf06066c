"""§2.2 step 2 — 经营效果明细 and 经营能力打分明细 in words: figures, formulas, peers, weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.formatters import MISSING, hundredths, number
from app.kernel.list_widgets import view_url
from app.kernel.quantity import Ratio, round_half_up
from app.master.rules_parameters import Parameters
from app.master.views.catalogues import shown_name
from app.models import (
    AbilityItem,
    Customer,
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerState,
    EffectItem,
    PortalUser,
)
from app.portal_context import month_label

STICKS_PER_CARTON = 200
FEN_PER_YUAN = 100


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item of the effect: `bar` is the score in whole points; `rows_url` leads to the rows."""

    label: str
    actual: str
    reference: str
    reference_words: str
    score: str
    bar: int
    weight: int
    formula: str
    rows_url: str | None
    is_low: bool


def item_lines(
    state: CustomerState, items: Iterable[CustomerEffectItem], parameters: Parameters
) -> list[ItemLine]:
    """The items in the order of the code list."""
    by_item = {row.item: row for row in items}
    return [_line(state, by_item[item], parameters) for item in EffectItem if item in by_item]


def _line(state: CustomerState, row: CustomerEffectItem, parameters: Parameters) -> ItemLine:
    low = parameters.problem_item_score * 100
    return ItemLine(
        label=str(row.item.label),
        actual=_figure(row.item, row.actual_num, row.actual_den),
        reference=_reference(row),
        reference_words=reference_words(state, row),
        score=hundredths(row.score),
        bar=0 if row.score is None else row.score // 100,
        weight=row.weight,
        formula=formula_words(row, parameters),
        rows_url=rows_url(state, row.item),
        is_low=row.score is not None and row.score < low,
    )


def _reference(row: CustomerEffectItem) -> str:
    if row.item is EffectItem.VOLUME_GROWTH and row.against_last_year:
        return "0.0%"
    if row.item is EffectItem.ORDER_STABILITY:
        return "100.0%"
    return _figure(row.item, row.reference_num, row.reference_den)


def _figure(item: EffectItem, num: int | None, den: int | None) -> str:
    """A ratio of the item in its unit; missing when the denominator is zero."""
    if num is None or not den:
        return MISSING
    if item is EffectItem.VOLUME:
        cartons = round_half_up(Decimal(num) / den / STICKS_PER_CARTON, 1)
        return _("%(cartons)s cartons", cartons=number(cartons))
    if item is EffectItem.UNIT_VALUE:
        yuan = round_half_up(Decimal(num) * STICKS_PER_CARTON / den / FEN_PER_YUAN, 2)
        return _("%(yuan)s yuan per carton", yuan=number(yuan))
    if item is EffectItem.WIDTH:
        return _("%(count)s products", count=number(round_half_up(Decimal(num) / den, 1)))
    percent = Ratio(num, den).percent(1)
    if item is EffectItem.ORDER_STABILITY:
        return _("%(num)s of %(den)s weeks, %(percent)s%%", num=num, den=den, percent=percent)
    sign = "+" if item is EffectItem.VOLUME_GROWTH and num > 0 else ""
    return f"{sign}{percent}%"


def reference_words(state: CustomerState, row: CustomerEffectItem) -> str:
    """What the reference is, in words."""
    if row.item is EffectItem.KEY_SHARE:
        return _("the territory's share")
    if row.item is EffectItem.ORDER_STABILITY:
        return _("an order in every due week")
    if row.item is EffectItem.VOLUME_GROWTH:
        if row.against_last_year:
            return _("no change on the same month last year")
        return _("the peers' change on the month before")
    return _("average of %(count)s peers", count=number(state.peer_count))


def formula_words(row: CustomerEffectItem, parameters: Parameters) -> str:
    """How the score follows from actual and reference, with the parameters it was made with."""
    if row.score is None:
        return _("no score: nothing to divide by, so the other items share the weight")
    base, slope = parameters.effect_ratio_base, parameters.effect_ratio_slope
    if row.item is EffectItem.ORDER_STABILITY:
        return _("weeks with an order ÷ due weeks × 100")
    if row.item is EffectItem.VOLUME_GROWTH:
        return _(
            "%(base)s + %(slope)s × (growth − reference) in points, between 0 and 100",
            base=base,
            slope=parameters.effect_growth_slope,
        )
    return _(
        "%(base)s + %(slope)s × (actual ÷ reference − 1), between 0 and 100",
        base=base,
        slope=slope,
    )


def rows_url(state: CustomerState, item: EffectItem) -> str | None:
    """The sales behind the figure."""
    month = state.month.previous
    if item is EffectItem.ORDER_STABILITY:
        return view_url(
            "SalesLineView",
            "list",
            q_customer=state.customer_id,
            q_order_date_from=month.first_day.isoformat(),
            q_order_date_to=month.last_day.isoformat(),
        )
    return view_url("MonthlySalesView", "list", q_customer=state.customer_id, q_month=month.key)


def peer_words(state: CustomerState) -> str:
    """Whom the customer is compared with."""
    customer: Customer = state.customer
    parts = [customer.market_type, customer.business_type, customer.scale]
    kept = parts[: len(parts) - state.peer_level]
    if not kept:
        return _("all valid customers of the company, because smaller groups were too small")
    words = " · ".join(str(part.label) for part in kept)
    if state.peer_level:
        return _("%(words)s (widened, because the closer group was too small)", words=words)
    return words


def summary(state: CustomerState) -> list[tuple[str, str]]:
    """(term, text) of everything the figures of the page have in common."""
    month = state.month.previous
    formula = MISSING
    if state.effect_num is not None and state.effect_den:
        formula = _(
            "Σ weight × score = %(num)s, Σ weight = %(den)s",
            num=hundredths(state.effect_num),
            den=number(state.effect_den),
        )
    return [
        (_("Working month"), month_label(state.month)),
        (
            _("Data of"),
            _(
                "%(month)s, orders up to %(day)s",
                month=month_label(month),
                day=month.last_day.isoformat(),
            ),
        ),
        (_("Effect score"), formula),
        (_("Peers"), peer_words(state)),
        (_("Parameter version"), str(state.parameter_version)),
        (_("Formula version"), str(state.formula_version)),
        (
            _("Data up to import"),
            str(state.data_batch_id) if state.data_batch_id else _("no import yet"),
        ),
    ]


@dataclass(frozen=True, slots=True)
class AbilityLine:
    """One item of the scoring sheet; `score` None = not scored yet."""

    item: AbilityItem
    name: str
    score: int | None
    points: str
    is_low: bool
    by: str
    at: Any
    is_copied: bool
    is_changed: bool


def ability_lines(session: Session, state: CustomerState) -> list[AbilityLine]:
    """The company's items in use with the customer's scores. `is_changed`: after generation."""
    items = session.scalars(
        select(AbilityItem)
        .where(AbilityItem.company_id == state.company_id, AbilityItem.is_active)
        .order_by(AbilityItem.sort, AbilityItem.code)
    ).all()
    scores = {
        row.ability_item_id: row
        for row in session.scalars(
            select(CustomerAbilityScore).where(
                CustomerAbilityScore.company_id == state.company_id,
                CustomerAbilityScore.month == state.month,
                CustomerAbilityScore.customer_id == state.customer_id,
            )
        )
    }
    people = {row.scored_by for row in scores.values() if row.scored_by is not None}
    names = {
        user.id: user.display_name
        for user in session.scalars(select(PortalUser).where(PortalUser.id.in_(people)))
    }
    lines = []
    for item in items:
        row = scores.get(item.id)
        score = row.score if row is not None else None
        points = MISSING
        if score is not None:
            points = str(round_half_up(Decimal(item.weight * score) / 5, 1))
        lines.append(
            AbilityLine(
                item=item,
                name=shown_name(item),
                score=score,
                points=points,
                is_low=score is not None and 0 < score <= item.low_score,
                by=names.get(row.scored_by, "") if row is not None and row.scored_by else "",
                at=row.scored_at if row is not None else None,
                is_copied=bool(row is not None and row.is_copied),
                is_changed=bool(
                    row is not None
                    and state.generated_at is not None
                    and row.scored_at > state.generated_at
                ),
            )
        )
    return lines
