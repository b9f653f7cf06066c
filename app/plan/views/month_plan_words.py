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


def chips(reasons: Iterable[Any], products: dict[int, str]) -> list[Chip]:
    """Reasons in words, problem customers first; those of one product, and the indicators that
    agree with one problem, share a chip.
    """
    together: dict[tuple[KeyReason, str, int], list[Any]] = {}
    for reason in reasons:
        code = "" if reason.kind is KeyReason.BRAND else reason.code
        together.setdefault((reason.kind, code, reason.product_id), []).append(reason)
    kinds = list(TONES)
    ordered = sorted(together.items(), key=lambda pair: (kinds.index(pair[0][0]), pair[0][1:]))
    return [_chip(kind, rows, products) for (kind, _code, _product), rows in ordered]


def _chip(kind: KeyReason, rows: list[Any], products: dict[int, str]) -> Chip:
    problems = _listed(ProblemCode[row.code].label for row in rows)
    if kind is KeyReason.PROBLEM_CUSTOMER:
        return Chip(kind, problems, _("Problem customer: %(problem)s", problem=problems))
    if kind is KeyReason.BRAND:
        product = products.get(rows[0].product_id, str(rows[0].product_id))
        rates = _listed(RateKind[row.indicator].label for row in rows)
        title = _(
            "Abnormal in the territory: %(rates)s of %(product)s. The customer: %(problem)s",
            rates=rates,
            product=product,
            problem=problems,
        )
        return Chip(kind, _("%(product)s: %(rates)s", product=product, rates=rates), title)
    indicators = _listed(MarketIndicator[row.indicator].label for row in rows)
    title = _(
        "Abnormal in the territory: %(indicators)s. The customer: %(problem)s",
        indicators=indicators,
        problem=problems,
    )
    return Chip(kind, indicators, title)


def _listed(labels: Iterable[Any]) -> str:
    return _(", ").join(dict.fromkeys(str(label) for label in labels))


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
