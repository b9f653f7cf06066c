"""§2.2 step 8 — what the pages of the month plan show, put together for their templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.analysis.work_area import WorkArea, work_area
from app.kernel.db import db
from app.kernel.formatters import enum_word, pill
from app.kernel.list_filters import like_pattern
from app.kernel.sql_lots import lots
from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    Customer,
    CustomerStatus,
    KeyCustomer,
    KeyReason,
    MarketAnalysis,
    MonthPlan,
    MonthPlanStatus,
    RowOrigin,
    VisitFrequency,
)
from app.plan import month_plan_difference, month_plans
from app.plan.month_plan_figures import PlanFigures, plan_figures
from app.plan.views import month_plan_words as words
from app.portal_context import can, month_label
from app.workflow.flow_bar import STATE_TONES, flow_of

ENTITY = "MonthPlan"
FOUND_SHOWN = 20
LISTS = (VisitFrequency.WEEKLY, VisitFrequency.SEMIMONTHLY, VisitFrequency.MONTHLY)


def area_of(plan: MonthPlan) -> WorkArea:
    """The plan's own territory and month."""
    area = work_area(db.session(), plan.month, {})
    chosen = next(row for row in area.territories if row.id == plan.territory_id)
    return WorkArea(plan.month, area.territories, chosen)


def state_cell(entry: PlanFigures) -> Any:
    """The state of a plan as a pill."""
    if entry.plan is None:
        return pill(_("Not started"), "mute")
    if entry.plan.is_outdated:
        return pill(_("To be generated again"), "warn")
    return pill(enum_word(entry.plan.status), STATE_TONES[entry.plan.status.name])


def head(area: WorkArea) -> dict[str, Any]:
    """What the pages of one territory have in common."""
    session = db.session()
    entry = plan_figures(session, area)[0]
    plan = entry.plan
    may_update = can("update", ENTITY)
    is_draft = plan is not None and plan.status is MonthPlanStatus.DRAFT
    is_stale = False
    if plan is not None and is_draft and may_update and entry.is_open and not plan.is_outdated:
        is_stale = month_plan_difference.would_change(session, plan)
    return {
        "area": area,
        "entry": entry,
        "plan": plan,
        "load": entry.capacity,
        "lists": [(name, enum_word(name), entry.lists.get(name, 0)) for name in LISTS],
        "may_update": may_update,
        "may_change": may_update and is_draft,
        "may_export": can("export", ENTITY),
        "is_stale": is_stale,
        "flow": flow_of(session, plan) if plan is not None else None,
        "month_words": month_label(area.month),
        "last_month": month_label(area.month.previous),
        "here": {"q_territory": area.chosen.id} if area.chosen else {},
    }


# ---------------------------------------------------------------------- the plan itself


@dataclass(frozen=True, slots=True)
class Source:
    """What an analysis of the month before says, for the texts of the plan."""

    label: str
    url: str
    is_there: bool
    is_draft: bool
    problems: str
    focus: str


def sources(area: WorkArea) -> list[Source]:
    """The brand and the market analysis of the month before."""
    found = []
    assert area.chosen is not None
    for model, view, label in (
        (BrandAnalysis, "BrandAnalysisView", _("Brand analysis")),
        (MarketAnalysis, "MarketAnalysisView", _("Market analysis")),
    ):
        analysis = db.session.scalar(
            select(model).where(
                model.territory_id == area.chosen.id, model.month == area.month.previous
            )
        )
        found.append(
            Source(
                label,
                url_for(f"{view}.index", month=area.month.previous.key, q_territory=area.chosen.id),
                analysis is not None,
                analysis is not None and analysis.status is AnalysisStatus.DRAFT,
                (analysis.problems or "") if analysis is not None else "",
                (analysis.next_focus or "") if analysis is not None else "",
            )
        )
    return found


def plan_page(area: WorkArea) -> dict[str, Any]:
    """Texts with their sources, capacity, figures."""
    values = head(area)
    load = values["load"]
    return {
        **values,
        "sources": sources(area),
        "problems": words.capacity_problems(load) if load is not None else [],
        "market_word": words.market_word,
        "day_words": words.day_words,
    }


# ---------------------------------------------------------------------- key customers


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key customer, or one a person removed."""

    customer: Customer
    row: KeyCustomer
    chips: list[words.Chip]
    strategies: int
    is_gone: bool
    """Closed or moved since: left out of the lists."""

    @property
    def is_by_hand(self) -> bool:
        return self.row.origin is RowOrigin.MANUAL

    @property
    def kinds(self) -> set[KeyReason]:
        return {chip.kind for chip in self.chips}


def _importance(line: KeyLine) -> tuple[bool, bool, int, str]:
    """People's own first, then problem customers, then by the number of reasons."""
    is_problem = KeyReason.PROBLEM_CUSTOMER in line.kinds
    return not line.is_by_hand, not is_problem, -len(line.chips), line.customer.code


def key_page(area: WorkArea) -> dict[str, Any]:
    """Key customers with their reasons, those removed, and customers to be added."""
    values = head(area)
    plan = values["plan"]
    if plan is None:
        return values
    session = db.session()
    reasons = month_plans.reasons_of(session, plan)
    products = words.product_names(row for rows in reasons.values() for row in rows)
    counted = month_plans.frequencies_of(session, plan)
    lines = []
    for row, customer in session.execute(
        select(KeyCustomer, Customer)
        .join(
            Customer,
            (Customer.company_id == KeyCustomer.company_id)
            & (Customer.id == KeyCustomer.customer_id),
        )
        .where(KeyCustomer.company_id == plan.company_id, KeyCustomer.plan_id == plan.id)
        .order_by(Customer.code)
    ):
        frequency = counted.get(customer.id)
        lines.append(
            KeyLine(
                customer,
                row,
                words.chips(reasons.get(customer.id, ()), products),
                frequency.strategy_count if frequency is not None else 0,
                frequency is None,
            )
        )
    kinds: dict[KeyReason, int] = {}
    for line in lines:
        if not line.row.is_removed:
            for kind in line.kinds:
                kinds[kind] = kinds.get(kind, 0) + 1
    asked = request.args.get("kind", "")
    only = KeyReason[asked] if asked in KeyReason.__members__ else None
    kept = [line for line in lines if not line.row.is_removed]
    kept.sort(key=_importance)
    text = request.args.get("find", "").strip()[:60]
    return {
        **values,
        "lines": [line for line in kept if only is None or only in line.kinds],
        "only": only,
        "removed": [line for line in lines if line.row.is_removed],
        "kinds": [
            (kind, kind.label, words.TONES[kind], kinds.get(kind, 0)) for kind in words.TONES
        ],
        "find": text,
        "found": _candidates(plan, text) if text and values["may_change"] else [],
        "found_shown": FOUND_SHOWN,
    }


def _candidates(plan: MonthPlan, text: str) -> list[Customer]:
    """Valid customers of the territory that contain the text and are no key customers."""
    pattern = like_pattern(text)
    keys = select(KeyCustomer.customer_id).where(
        KeyCustomer.company_id == plan.company_id,
        KeyCustomer.plan_id == plan.id,
        KeyCustomer.is_removed.is_(False),
    )
    return list(
        db.session.scalars(
            select(Customer)
            .where(
                Customer.company_id == plan.company_id,
                Customer.territory_id == plan.territory_id,
                Customer.status == CustomerStatus.ACTIVE,
                Customer.open_date <= plan.month.last_day,
                or_(
                    *(
                        column.ilike(pattern, escape="\\")
                        for column in (Customer.name, Customer.code, Customer.owner)
                    )
                ),
                Customer.id.not_in(keys),
            )
            .order_by(Customer.code)
            .limit(FOUND_SHOWN)
        )
    )


# ---------------------------------------------------------------------- the difference


def difference_page(plan: MonthPlan) -> dict[str, Any]:
    """What generating again would change, in groups."""
    found = month_plan_difference.difference(db.session(), plan)
    names = _names(plan, found.customers)
    products = words.product_names(row for rows in found.reasons.values() for row in rows)
    unknown = ("", _("customer elsewhere"))

    def named(ids: Iterable[int]) -> list[tuple[str, str, list[words.Chip]]]:
        lines = [
            (*names.get(key, unknown), words.chips(found.reasons.get(key, ()), products))
            for key in ids
        ]
        return sorted(lines, key=lambda line: line[:2])

    moves = [(*names.get(key, unknown), *pair) for key, pair in found.frequencies.items()]
    return {
        "difference": found,
        "added": named(found.added),
        "dropped": named(found.dropped),
        "other": named(found.other_reasons),
        "moves": sorted(moves, key=lambda line: line[:2]),
    }


def _names(plan: MonthPlan, ids: frozenset[int]) -> dict[int, tuple[str, str]]:
    """Id → (code, name) of the customers in sight."""
    found: dict[int, tuple[str, str]] = {}
    for lot in lots(ids):
        for key, code, name in db.session.execute(
            select(Customer.id, Customer.code, Customer.name).where(
                Customer.company_id == plan.company_id, Customer.id.in_(lot)
            )
        ):
            found[key] = code, name
    return found
