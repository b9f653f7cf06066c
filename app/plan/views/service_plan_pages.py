"""§2.2 step 7 — what the pages of the service plan show, put together for their templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.analysis.views.workbook import workbook
from app.analysis.work_area import WorkArea
from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.formatters import MISSING, enum_word, local_time, pill, tenths
from app.kernel.list_request import ascii_integer
from app.master.views.catalogues import shown_name
from app.models import (
    Customer,
    CustomerState,
    ItemSource,
    Questionnaire,
    ReasonSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
)
from app.plan import carry_over, service_plans
from app.plan.plan_generation import queue
from app.plan.plan_overview import PlanFigures, plan_figures
from app.plan.rules.strategies import Change
from app.plan.strategy_reasons import WhyLine, reasons_of, states_of
from app.portal_context import can, month_label, working_month
from app.workflow.flow_bar import STATE_TONES, flow_of

ENTITY = "ServicePlan"
ROWS_SHOWN = 50

GROUPS: tuple[Change, ...] = (
    Change.ADDED,
    Change.UPDATED,
    Change.DROPPED,
    Change.KEPT,
    Change.TOMBSTONE,
)


def is_draft(plan: ServicePlan | None) -> bool:
    """Whether the plan may still be changed; one that does not exist yet may be begun."""
    return plan is None or plan.status is ServicePlanStatus.DRAFT


def is_direct(item: StrategyItem) -> bool:
    return item.source is ItemSource.DIRECT


def figures(area: WorkArea) -> list[PlanFigures]:
    """One entry per territory."""
    return plan_figures(db.session(), area)


def state_cell(plan: ServicePlan | None) -> Any:
    """The state of a plan as a pill."""
    if plan is None:
        return pill(_("Not started"), "mute")
    if plan.generated_at is None:
        return pill(_("Not generated"), "mute")
    return pill(enum_word(plan.status), STATE_TONES[plan.status.name])


def brief_head(area: WorkArea) -> dict[str, Any]:
    """What stands above the single strategies of one territory: the plan and its approval."""
    values = {"area": area, "entry": None, "month_words": month_label(area.month)}
    if area.chosen is None:
        return values
    plan = service_plans.plan_of(db.session(), area.chosen.id, area.month)
    return {
        **values,
        "entry": area.chosen,
        "plan": plan,
        "is_generated": plan is not None and plan.generated_at is not None,
        "flow": flow_of(db.session(), plan) if plan is not None else None,
    }


def head(area: WorkArea) -> dict[str, Any]:
    """What the pages of one territory show above their list; without a territory only the tabs."""
    values: dict[str, Any] = {
        "area": area,
        "entry": None,
        "month_words": month_label(area.month),
        "last_month": month_label(area.month.previous),
        "may_update": can("update", ENTITY),
    }
    if area.chosen is None:
        return values
    entry = figures(area)[0]
    plan = entry.plan
    may_change = can("update", ENTITY) and is_draft(plan)
    is_generated = plan is not None and plan.generated_at is not None
    waiting: Counter[Change] = Counter()
    if plan is not None and is_generated and may_change:
        waiting = Counter(row.change for row in service_plans.differences(db.session(), plan))
    return {
        **values,
        "entry": entry,
        "plan": plan,
        "is_generated": is_generated,
        "may_change": may_change,
        "waiting": sum(
            waiting[change] for change in (Change.ADDED, Change.UPDATED, Change.DROPPED)
        ),
        "left_overs": carry_over.count_left_overs(db.session(), plan)
        if plan is not None and may_change
        else 0,
        "flow": flow_of(db.session(), plan) if plan is not None else None,
        "target_words": tenths(plan.satisfaction_target) if plan is not None else MISSING,
    }


# ---------------------------------------------------------------------- the difference


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A line of the difference in words."""

    change: Change
    customer: str
    strategy: str
    old: str | None
    old_source: Any
    was: str | None
    new: str | None
    new_source: Any


def change_words(change: Change) -> tuple[str, str]:
    """Heading of a group of the difference and its explanation."""
    return {
        Change.ADDED: (_("Added"), _("called for now and not in the list yet")),
        Change.UPDATED: (_("Changed"), _("automatic, with another content or source now")),
        Change.DROPPED: (_("Dropped"), _("automatic, and nothing calls for it any more")),
        Change.KEPT: (_("Kept by hand"), _("yours stays although the system would write another")),
        Change.TOMBSTONE: (_("Stays removed"), _("you removed it, so it does not come back")),
        Change.UNCHANGED: (_("Unchanged"), ""),
    }[change]


def difference_page(plan: ServicePlan) -> dict[str, Any]:
    """Groups with their numbers and a page of lines, for the group of the URL or all."""
    rows = service_plans.differences(db.session(), plan)
    counts = Counter(row.change for row in rows)
    asked = request.args.get("change", "")
    chosen = Change[asked] if asked in Change.__members__ else None
    shown = [row for row in rows if chosen is None or row.change is chosen]
    customers = _customers(plan, {row.customer_id for row in shown})
    strategies = strategies_of(plan.company_id)
    order = {change: place for place, change in enumerate(GROUPS)}
    shown.sort(
        key=lambda row: (
            order[row.change],
            customers.get(row.customer_id, ("", ""))[0],
            strategies[row.strategy_id].code,
        )
    )
    last = max((len(shown) - 1) // ROWS_SHOWN, 0)
    page = min(max(ascii_integer(request.args.get("page")) or 0, 0), last)
    return {
        "groups": [(change, *change_words(change), counts[change]) for change in GROUPS],
        "chosen": chosen,
        "count": len(rows),
        "effective": sum(
            counts[change] for change in (Change.ADDED, Change.UPDATED, Change.DROPPED)
        ),
        "lines": [
            DifferenceLine(
                row.change,
                customers.get(row.customer_id, ("", _("customer elsewhere")))[1],
                _strategy_words(strategies[row.strategy_id]),
                row.old_content,
                row.old_source,
                row.was_proposed,
                row.new_content,
                row.new_source,
            )
            for row in shown[page * ROWS_SHOWN : (page + 1) * ROWS_SHOWN]
        ],
        "page": page,
        "last_page": last,
        "shown_count": len(shown),
        "change_words": change_words,
    }


def _customers(plan: ServicePlan, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Id → (code, name) of the plan's customers in sight."""
    wanted = set(ids)
    rows = db.session.execute(
        select(Customer.id, Customer.code, Customer.name).where(
            Customer.company_id == plan.company_id
        )
        if len(wanted) > ROWS_SHOWN * 10
        else select(Customer.id, Customer.code, Customer.name).where(
            Customer.company_id == plan.company_id, Customer.id.in_(wanted)
        )
    )
    return {key: (code, name) for key, code, name in rows if key in wanted}


def strategies_of(company_id: int) -> dict[int, ServiceStrategy]:
    """Id → strategy, those out of use included, by code."""
    rows = db.session.scalars(
        select(ServiceStrategy)
        .where(ServiceStrategy.company_id == company_id)
        .order_by(ServiceStrategy.sort, ServiceStrategy.code)
    )
    return {row.id: row for row in rows}


def _strategy_words(strategy: ServiceStrategy) -> str:
    return f"{strategy.code} {shown_name(strategy)}"


# ---------------------------------------------------------------------- last month's left-overs


def left_over_lines(plan: ServicePlan) -> list[dict[str, Any]]:
    """What may be carried over; “continued next month” is ticked already."""
    rows = carry_over.left_overs(db.session(), plan)
    customers = _customers(plan, {row.customer_id for row in rows})
    strategies = strategies_of(plan.company_id)
    return [
        {
            "row": row,
            "code": customers.get(row.customer_id, ("", ""))[0],
            "customer": customers.get(row.customer_id, ("", ""))[1],
            "strategy": _strategy_words(strategies[row.strategy_id]),
            "name": strategies[row.strategy_id].name,
            "reason": enum_word(row.undone_reason) if row.undone_reason else "",
            "is_ticked": getattr(row.undone_reason, "name", "") == "NEXT_MONTH",
        }
        for row in rows
    ]


# ---------------------------------------------------------------------- one customer


def customer_page(customer: Customer) -> dict[str, Any]:
    """The customer's strategies of the working month with their reasons, removed ones last."""
    session, month = db.session(), working_month()
    plan = service_plans.plan_of(session, customer.territory_id, month)
    items = list(
        session.scalars(
            select(StrategyItem)
            .where(
                StrategyItem.company_id == customer.company_id,
                StrategyItem.customer_id == customer.id,
                StrategyItem.month == month,
            )
            .options(joinedload(StrategyItem.strategy))
        )
    )
    items.sort(key=lambda row: (row.is_removed, row.strategy.code, row.sequence))
    why = reasons_of(session, plan, [customer.id]) if plan is not None else {}
    return {
        "plan": plan,
        "items": items,
        "why": {item.id: why.get((customer.id, item.strategy_id), []) for item in items},
        "links": why_links(plan, customer),
        "state": states_of(session, plan, [customer.id]).get(customer.id) if plan else None,
        "strategies": [
            (row, _strategy_words(row))
            for row in strategies_of(customer.company_id).values()
            if row.is_active
        ],
        "may_change": can("update", ENTITY) and is_draft(plan),
        "month_words": month_label(month),
        "state_cell": state_cell(plan),
        "shown_name": shown_name,
    }


def why_links(plan: ServicePlan | None, customer: Customer) -> dict[str, str]:
    """Source of a reason → the page that shows it, as far as there is one to see."""
    if plan is None:
        return {}
    session, found = db.session(), {}
    form = session.scalar(
        select(Questionnaire.id).where(
            Questionnaire.company_id == customer.company_id,
            Questionnaire.customer_id == customer.id,
            Questionnaire.month == plan.month,
        )
    )
    if form is not None and can("read", "Questionnaire") and plan.month == working_month():
        found[ReasonSource.NEED.name] = url_for("NeedsView.show", pk=customer.id)
    state = session.scalar(
        select(CustomerState.id).where(
            CustomerState.company_id == customer.company_id,
            CustomerState.customer_id == customer.id,
            CustomerState.month == plan.month,
        )
    )
    if state is not None and can("read", "CustomerState"):
        address = url_for("StateView.show", pk=state)
        found[ReasonSource.STATE.name] = address
        found[ReasonSource.PROBLEM.name] = address
        found[ReasonSource.ABILITY.name] = f"{address}#ability"
    return found


def why_words(lines: list[WhyLine]) -> list[str]:
    """Reasons as one text each, for lists and workbooks."""
    return [f"{line.source.label}: {line.words}" for line in lines]


# ---------------------------------------------------------------------- several territories


def queue_generation(area: WorkArea) -> int:
    """Put one background task per company into the queue; returns how many territories."""
    companies = sorted({territory.company_id for territory in area.shown})
    for company_id in companies:
        queue(company_id, area.month, current_actor())
    return len(area.shown)


def overview_workbook(area: WorkArea) -> Response:
    """The territories and their plans' figures."""
    columns = [
        (_("Territory"), "text"), (_("Status"), "text"), (_("Satisfaction target"), "decimal"),
        (_("Valid customers"), "quantity"), (_("Customers with strategies"), "quantity"),
        (_("Without strategies"), "quantity"), (_("Strategies"), "quantity"),
        (_("Direct needs"), "quantity"), (_("Potential needs"), "quantity"),
        (_("Carried over"), "quantity"), (_("Changed by hand"), "quantity"),
        (_("Not confirmed"), "quantity"), (_("Submitted at"), "text"),
    ]  # fmt: skip
    rows = [
        [
            entry.territory.name,
            str(enum_word(entry.plan.status)) if entry.plan else _("Not started"),
            entry.plan.satisfaction_target / 10
            if entry.plan and entry.plan.satisfaction_target is not None
            else None,
            entry.customers, entry.served, entry.unserved, entry.items, entry.direct,
            entry.potential, entry.carried, entry.by_hand, entry.unconfirmed,
            local_time(entry.plan.submitted_at) if entry.plan and entry.plan.submitted_at else "",
        ]
        for entry in figures(area)
    ]  # fmt: skip
    title = _("Service strategies of the month")
    return workbook(f"{title} {area.month.key}", columns, rows, [(_("Month"), area.month.key)])
