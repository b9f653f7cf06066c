"""§2.2 step 8 — the three frequency lists of a month plan, and why a customer is in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import select

from app.analysis.work_area import WorkArea
from app.kernel.db import db
from app.kernel.formatters import MISSING, enum_word, hundredths, money
from app.kernel.list_request import ascii_integer
from app.models import (
    Customer,
    KeyCustomer,
    MonthPlan,
    PlannedFrequency,
    RowOrigin,
    VisitFrequency,
)
from app.plan import month_plans
from app.plan.rules.frequencies import UNRANKED, bands
from app.plan.views import month_plan_words as words
from app.plan.views.month_plan_pages import LISTS, area_of, head

ROWS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class FrequencyLine:
    """A customer of a list. `opens` names the band that begins here, "" = none does."""

    customer: Customer
    row: PlannedFrequency
    place: str
    opens: str

    @property
    def is_by_hand(self) -> bool:
        return self.row.origin is RowOrigin.MANUAL

    @property
    def score(self) -> str:
        return hundredths(self.row.effect_score)

    @property
    def amount(self) -> str:
        return money(self.row.amount_fen)


def asked_list() -> VisitFrequency:
    """The list of the URL; weekly without one."""
    name = request.args.get("frequency", "")
    return VisitFrequency[name] if name in VisitFrequency.__members__ else VisitFrequency.WEEKLY


def list_page(area: WorkArea) -> dict[str, Any]:
    """One of the three lists: key customers, newly opened, then by rank."""
    values, chosen = head(area), asked_list()
    plan = values["plan"]
    values |= {"chosen": chosen, "query": request.args.get("q", "").strip()[:60]}
    if plan is None:
        return values
    rows = lines_of(plan)
    ranked = sum(line.row.rank != UNRANKED for line in rows)
    own = [line for line in rows if line.row.frequency is chosen]
    needle = values["query"].casefold()
    if needle:
        own = [
            line
            for line in own
            if needle in line.customer.name.casefold() or needle in line.customer.code
        ]
    last = max((len(own) - 1) // ROWS_SHOWN, 0)
    page = min(max(ascii_integer(request.args.get("page")) or 0, 0), last)
    return {
        **values,
        "lines": own[page * ROWS_SHOWN : (page + 1) * ROWS_SHOWN],
        "count": len(own),
        "page": page,
        "last_page": last,
        "ranked": ranked,
        "thresholds": thresholds(plan, ranked),
        "choices": [(name.name, enum_word(name)) for name in LISTS],
    }


def thresholds(plan: MonthPlan, ranked: int) -> dict[str, Any]:
    """Shares and the ranks they end at."""
    parameters = month_plans.parameters_of(db.session(), plan)
    top, bottom = parameters.frequency_top_percent, parameters.frequency_bottom_percent
    return {"top": top, "bottom": bottom, "sizes": bands(ranked, top, bottom)}


def lines_of(plan: MonthPlan) -> list[FrequencyLine]:
    """Every customer of the plan in the order of the lists."""
    found = db.session.execute(
        select(PlannedFrequency, Customer)
        .join(
            Customer,
            (Customer.company_id == PlannedFrequency.company_id)
            & (Customer.id == PlannedFrequency.customer_id),
        )
        .where(PlannedFrequency.company_id == plan.company_id, PlannedFrequency.plan_id == plan.id)
        .order_by(PlannedFrequency.is_key.desc(), PlannedFrequency.rank, Customer.code)
    ).all()
    ranked = sum(row.rank != UNRANKED for row, _customer in found)
    sizes = thresholds(plan, ranked)["sizes"]
    opening = {sizes.top + 1: "middle", sizes.top + sizes.middle + 1: "bottom"}
    return [
        FrequencyLine(customer, row, words.place_words(row, ranked), opening.get(row.rank, ""))
        for row, customer in found
    ]


# ---------------------------------------------------------------------- one customer


def customer_page(plan: MonthPlan, customer_id: int | None) -> dict[str, Any] | None:
    """Why a customer has its frequency; None for one the plan does not know."""
    lines = lines_of(plan)
    line = next((each for each in lines if each.customer.id == customer_id), None)
    if line is None:
        return None
    session = db.session()
    ranked = sum(each.row.rank != UNRANKED for each in lines)
    limits = thresholds(plan, ranked)
    reasons = month_plans.reasons_of(session, plan).get(line.customer.id, [])
    key = session.get(KeyCustomer, (plan.company_id, plan.id, line.customer.id))
    return {
        **head(area_of(plan)),
        "line": line,
        "chips": words.chips(reasons, words.product_names(reasons)),
        "key": key,
        "rule": words.rule_words(
            line.row, ranked, limits["sizes"], limits["top"], limits["bottom"]
        ),
        "choices": [(name.name, enum_word(name)) for name in LISTS],
        "MISSING": MISSING,
    }
