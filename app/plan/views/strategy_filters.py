"""§2.2 step 7 — the filters and cells of the lists of service strategies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Query, joinedload

from app.analysis.views.choice_filters import ChoiceQuick, TextQuick
from app.kernel.db import db
from app.kernel.formatters import MISSING, pill
from app.kernel.list_filters import Quick, like_pattern
from app.kernel.sql_lots import lots
from app.master.views.catalogues import shown_name
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    ItemSource,
    ServiceStrategy,
    StrategyItem,
)
from app.plan.plan_overview import is_by_hand
from app.portal_context import working_month
from app.security.personal_data import searchable

SOURCE_TONES: Mapping[str, str] = {
    "DIRECT": "info",
    "POTENTIAL": "mute",
    "CARRIED": "warn",
    "MANUAL": "gold",
    "TEMPORARY": "gold",
}


def item_of_customer(*conditions: Any) -> ColumnElement[bool]:
    """The customer has an item of the working month, not removed, that meets the conditions."""
    return (
        select(StrategyItem.id)
        .where(
            StrategyItem.company_id == Customer.company_id,
            StrategyItem.customer_id == Customer.id,
            StrategyItem.month == working_month(),
            StrategyItem.is_removed.is_(False),
            *conditions,
        )
        .exists()
    )


class Planned(BaseFilter):
    """Valid customers, and others the month's plan has strategies for."""

    name = _l("Status")
    arg_name = "planned"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(or_(Customer.status == CustomerStatus.ACTIVE, item_of_customer()))


class HasStrategy(BaseFilter):
    """value: codes of strategies, any of which the customer has."""

    name = _l("Service strategy")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        strategies = select(ServiceStrategy.id).where(ServiceStrategy.code.in_(value))
        return query.filter(item_of_customer(StrategyItem.strategy_id.in_(strategies)))


class HasSource(BaseFilter):
    """value: names of `ItemSource`."""

    name = _l("Source")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        sources = [ItemSource[name] for name in value]
        return query.filter(item_of_customer(StrategyItem.source.in_(sources)))


class HasMark(BaseFilter):
    """value: names of `ItemMark`."""

    name = _l("Mark")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        marks = [ItemMark[name] for name in value]
        return query.filter(item_of_customer(StrategyItem.mark.in_(marks)))


class HasChanged(BaseFilter):
    """Customers with a strategy a person added or changed."""

    name = _l("Changed by hand")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(item_of_customer(is_by_hand()))


class Unserved(BaseFilter):
    """Customers without any strategy."""

    name = _l("Without strategies")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(~item_of_customer())


class OfPlanMonth(BaseFilter):
    """The items of the month in the top bar."""

    name = _l("Month")
    arg_name = "plan_month"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(StrategyItem.month == working_month())


class ItemCustomer(BaseFilter):
    """value: a part of the customer's name, code or phone."""

    name = _l("Customer")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        pattern = like_pattern(value)
        columns = searchable(Customer.name, Customer.code, Customer.phone)
        return query.filter(
            StrategyItem.customer.has(
                or_(*(column.ilike(pattern, escape="\\") for column in columns))
            )
        )


class ItemStrategy(BaseFilter):
    """value: codes of strategies."""

    name = _l("Service strategy")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        strategies = select(ServiceStrategy.id).where(ServiceStrategy.code.in_(value))
        return query.filter(StrategyItem.strategy_id.in_(strategies))


class ItemByHand(BaseFilter):
    """Items a person added or changed."""

    name = _l("Changed by hand")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(is_by_hand())


def strategy_choices() -> list[tuple[str, Any]]:
    """By code: platform administrators see several companies' catalogues."""
    rows = db.session.scalars(
        select(ServiceStrategy).order_by(ServiceStrategy.sort, ServiceStrategy.code)
    )
    return list({row.code: f"{row.code} {shown_name(row)}" for row in rows}.items())


CUSTOMER_FILTERS: list[Quick] = [
    Quick("name", "contains", label=_l("Name, code or phone"), also=("code", "phone")),
    Quick("territory", "relation", label=_l("Territory")),
    ChoiceQuick(
        "strategy", "enum", _l("Service strategy"),
        filter_class=HasStrategy, choices=strategy_choices,
    ),
    ChoiceQuick(
        "source", "enum", _l("Source"), filter_class=HasSource, choices=ItemSource.choices
    ),
    Quick("unserved", "flag", _l("Without strategies"), filter_class=Unserved, shows_count=True),
    Quick("by_hand", "flag", _l("Changed by hand"), filter_class=HasChanged, shows_count=True),
    ChoiceQuick(
        "mark", "enum", _l("Mark"), filter_class=HasMark, choices=ItemMark.choices, more=True
    ),
    Quick("business_type", "enum", more=True),
    Quick("line", "contains", more=True),
]  # fmt: skip

ITEM_FILTERS: list[Quick] = [
    TextQuick("customer", "contains", _l("Name, code or phone"), filter_class=ItemCustomer),
    Quick("territory", "relation", label=_l("Territory")),
    ChoiceQuick(
        "strategy", "enum", _l("Service strategy"),
        filter_class=ItemStrategy, choices=strategy_choices,
    ),
    Quick("source", "enum"),
    Quick("by_hand", "flag", _l("Changed by hand"), filter_class=ItemByHand, shows_count=True),
    Quick("mark", "enum"),
    Quick("content", "contains", more=True),
    Quick("is_removed", "boolean", more=True),
]  # fmt: skip


def source_cell(source: ItemSource | None) -> Any:
    """Where an item comes from, as a pill."""
    return MISSING if source is None else pill(source.label, SOURCE_TONES[source.name])


def items_by_customer(customer_ids: Iterable[int]) -> dict[int, list[StrategyItem]]:
    """Customer → the items of the working month not removed, by strategy code."""
    found: dict[int, list[StrategyItem]] = {}
    for lot in lots(set(customer_ids)):
        rows = db.session.scalars(
            select(StrategyItem)
            .join(StrategyItem.strategy)
            .where(
                StrategyItem.month == working_month(),
                StrategyItem.customer_id.in_(lot),
                StrategyItem.is_removed.is_(False),
            )
            .options(joinedload(StrategyItem.strategy))
            .order_by(ServiceStrategy.code, StrategyItem.sequence)
        )
        for item in rows:
            found.setdefault(item.customer_id, []).append(item)
    return found


def chips(items: Sequence[StrategyItem]) -> Any:
    """A customer's strategies: direct needs first; the content on hovering."""
    if not items:
        return Markup('<span class="muted">{}</span>').format(_("no strategy"))
    order = list(ItemSource)
    ordered = sorted(items, key=lambda item: order.index(item.source))
    return Markup('<span class="strategies">{}</span>').format(
        Markup("").join(chip(item) for item in ordered)
    )


def chip(item: StrategyItem) -> Markup:
    """One strategy; its source is told by colour and by a word on hovering."""
    mark = ""
    if item.mark is not ItemMark.OPEN:
        mark = Markup('<b class="strategy-mark">{}</b>').format(
            "★" if item.mark is ItemMark.DONE else "●"
        )
    hand = Markup('<i class="fa-solid fa-pen" aria-hidden="true"></i>') if item.is_touched else ""
    return Markup('<span class="strategy strategy-{}" title="{}: {}">{}{}{}</span>').format(
        SOURCE_TONES[item.source.name],
        item.source.label,
        item.content,
        mark,
        hand,
        shown_name(item.strategy),
    )
