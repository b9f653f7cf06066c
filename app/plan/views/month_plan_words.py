"""§2.2 step 8 — a month plan in words: reasons, ranks, thresholds, what exceeds capacity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.kernel.db import db
from app.models import (
    KeyReason,
    MarketIndicator,
    MarketType,
    PlannedFrequency,
    ProblemCode,
    Product,
    RateKind,
    VisitFrequency,
)
from app.plan.rules.capacity import Capacity
from app.plan.rules.frequencies import UNRANKED, Bands

TONES = {KeyReason.PROBLEM_CUSTOMER: "bad", KeyReason.BRAND: "warn", KeyReason.MARKET: "info"}
ICONS = {
    KeyReason.PROBLEM_CUSTOMER: "fa-triangle-exclamation",
    KeyReason.BRAND: "fa-box",
    KeyReason.MARKET: "fa-chart-line",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A reason: `text` short, `title` in full."""

    kind: KeyReason
    text: str
    title: str

    @property
    def tone(self) -> str:
        return TONES[self.kind]

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


def product_names(reasons: Iterable[Any]) -> dict[int, str]:
    """Product id → name, of the products the reasons name."""
    ids = {reason.product_id for reason in reasons if reason.product_id}
    if not ids:
        return {}
    rows = db.session.execute(select(Product.id, Product.name).where(Product.id.in_(ids)))
    return {row.id: row.name for row in rows}


def chip(reason: Any, products: dict[int, str]) -> Chip:
    """A reason, stored or proposed, in words."""
    problem = str(ProblemCode[reason.code].label)
    if reason.kind is KeyReason.PROBLEM_CUSTOMER:
        return Chip(reason.kind, problem, _("Problem customer: %(problem)s", problem=problem))
    if reason.kind is KeyReason.BRAND:
        name = products.get(reason.product_id, str(reason.product_id))
        rate = str(RateKind[reason.indicator].label)
        title = _(
            "%(rate)s of %(product)s is abnormal in the territory; the customer: %(problem)s",
            rate=rate,
            product=name,
            problem=problem,
        )
        return Chip(reason.kind, _("%(product)s: %(rate)s", product=name, rate=rate), title)
    indicator = str(MarketIndicator[reason.indicator].label)
    title = _(
        "%(indicator)s is abnormal in the territory; the customer: %(problem)s",
        indicator=indicator,
        problem=problem,
    )
    return Chip(reason.kind, indicator, title)


def chips(reasons: Iterable[Any], products: dict[int, str]) -> list[Chip]:
    """Reasons in words, each once."""
    return list(dict.fromkeys(chip(reason, products) for reason in reasons))


def place_words(row: PlannedFrequency, of: int) -> str:
    """The rank, or why there is none."""
    if row.is_key:
        return _("Key customer")
    if row.rank == UNRANKED:
        return _("Newly opened")
    return _("%(rank)d of %(count)d", rank=row.rank, count=of)


def rule_words(row: PlannedFrequency, of: int, sizes: Bands, top: int, bottom: int) -> str:
    """Why the rule proposes the frequency: the rank against the thresholds."""
    if row.is_key:
        return _("Key customers are visited once a week.")
    if row.rank == UNRANKED:
        return _("Opened within the month: visited once a week in the first month and not ranked.")
    values = {"rank": row.rank, "count": of}
    if row.generated is VisitFrequency.WEEKLY:
        return _(
            "Rank %(rank)d of %(count)d: the first %(percent)d%% are the ranks up to %(last)d.",
            percent=top,
            last=sizes.top,
            **values,
        )
    if row.generated is VisitFrequency.MONTHLY:
        return _(
            "Rank %(rank)d of %(count)d: the last %(percent)d%% are the ranks from %(first)d on.",
            percent=bottom,
            first=sizes.top + sizes.middle + 1,
            **values,
        )
    return _(
        "Rank %(rank)d of %(count)d: the ranks from %(first)d to %(last)d lie between the first "
        "%(top)d%% and the last %(bottom)d%%.",
        first=sizes.top + 1,
        last=sizes.top + sizes.middle,
        top=top,
        bottom=bottom,
        **values,
    )


def day_words(tenths: int) -> str:
    """Tenths of days as a number."""
    return f"{tenths / 10:.1f}"


def market_word(name: str) -> str:
    return str(MarketType[name].label)


def capacity_problems(load: Capacity) -> list[str]:
    """What does not fit, each as a sentence that says by how much and where."""
    found = []
    if load.overload:
        heaviest = load.heaviest
        assert heaviest is not None
        found.append(
            _(
                "%(visits)d visits too many for %(days)d workdays. Most days are taken by "
                "%(market)s: %(need)s.",
                visits=load.overload,
                days=load.workdays,
                market=market_word(heaviest.market_type),
                need=day_words(heaviest.day_tenths),
            )
        )
        found.append(
            ngettext(
                "Visiting %(num)d customer once instead of twice a month makes it fit.",
                "Visiting %(num)d customers once instead of twice a month makes it fit.",
                load.overload,
            )
            if load.overload <= load.demand.twice
            else _(
                "Fewer key customers are needed: each of them is visited %(weeks)d times.",
                weeks=load.weeks,
            )
        )
    found += [
        _(
            "The week of %(day)s has %(workdays)d workdays: room for %(room)d of the %(visits)d "
            "weekly visits.",
            day=week.monday.isoformat(),
            workdays=week.workdays,
            room=week.room,
            visits=week.visits,
        )
        for week in load.short_weeks
    ]
    if load.has_many_key_customers:
        found.append(
            _(
                "%(percent)d%% of the customers are key customers; more than %(limit)d%% leaves "
                "little for the others.",
                percent=load.key_percent,
                limit=load.key_limit_percent,
            )
        )
    return found
