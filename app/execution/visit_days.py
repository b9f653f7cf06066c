"""§2.2 step 11 for pages: the visits of a day in route order, how territories' days went.

Reads only. Rows are of the present person's area; statements get its scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.analysis.work_area import WorkArea
from app.execution import step_11_daily_visit as step
from app.execution.rules import DayMinutes, RecordGate, raises_question, record_gate
from app.kernel.period import Month, local_today
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.master.parameters import current_parameters
from app.models import (
    Customer,
    DailyVisit,
    ItemMark,
    ItemSource,
    ServicePlan,
    ServiceStrategy,
    StrategyItem,
    Territory,
    VisitMode,
    VisitOutcome,
    VisitStatus,
)
from app.plan.rules.strategies import details_of
from app.plan.rules.visit_content import ContentGap
from app.plan.statements.visit_content import content_rows


@dataclass(frozen=True, slots=True)
class Content:
    """An open strategy, or one this visit has done."""

    item_id: int
    code: str
    name: str
    name_en: str | None
    text: str
    source: ItemSource
    is_done: bool = False

    @property
    def details(self) -> str:
        """The text without the strategy's name, with which generated texts begin."""
        return details_of(self.text, self.name)


@dataclass(frozen=True, slots=True)
class ToTell:
    """The answer to an earlier suggestion or anomaly, not told to the customer yet."""

    follow_up_id: int
    text: str
    answer: str


@dataclass(slots=True)
class DayVisit:
    """A customer of a day: planned, recorded, or both.

    `gap` is None when there is visit content; `gate` is None when the visit may be recorded now.
    """

    customer: Customer
    day: dt.date
    sequence: int | None = None
    status: VisitStatus | None = None
    mode: VisitMode | None = None
    gap: ContentGap | None = None
    gate: RecordGate | None = None
    plan_state: str | None = None
    content: list[Content] = field(default_factory=list)
    to_tell: list[ToTell] = field(default_factory=list)
    record: DailyVisit | None = None

    @property
    def is_planned(self) -> bool:
        return self.status is not None

    @property
    def is_open(self) -> bool:
        """Planned and not recorded."""
        return self.is_planned and (self.record is None or self.record.outcome is None)

    @property
    def is_visited(self) -> bool:
        return self.record is not None and self.record.outcome is VisitOutcome.VISITED

    @property
    def is_missed(self) -> bool:
        return self.record is not None and self.record.outcome is VisitOutcome.NOT_VISITED

    @property
    def version(self) -> int:
        """Of the record the person sees; 0 = there is none."""
        return self.record.version if self.record is not None else 0

    @property
    def done_count(self) -> int:
        return sum(item.is_done for item in self.content)


def visits_of_day(session: Session, scope: Scope, day: dt.date) -> list[DayVisit]:
    """Planned visits in route order, then visits made without a plan by time of arrival."""
    return _visits(session, scope, day, None)


def visit_of(session: Session, customer: Customer, day: dt.date) -> DayVisit:
    """The visit of one customer, planned or not."""
    scope = Scope.of(customer.company_id, [customer.territory_id])
    found = _visits(session, scope, day, [customer.id])
    if found:
        return found[0]
    visit = DayVisit(customer, day)
    _complete(session, scope, [visit])
    return visit


def _visits(
    session: Session, scope: Scope, day: dt.date, customer_ids: Collection[int] | None
) -> list[DayVisit]:
    rows = session.connection().execute(content_rows(scope, [day], customer_ids)).all()
    planned: dict[int, DayVisit] = {}
    customers = _customers(session, {row.customer_id for row in rows})
    for row in rows:
        if row.customer_id not in customers:
            continue  # of a territory the customer has left
        visit = planned.get(row.customer_id)
        if visit is None:
            visit = planned[row.customer_id] = DayVisit(
                customers[row.customer_id],
                day,
                row.sequence,
                row.visit_status,
                row.visit_mode,
                ContentGap[row.reason] if row.reason else None,
            )
        if row.item_id is not None:
            visit.content.append(content_of(row))
    query = select(DailyVisit).where(
        DailyVisit.company_id == scope.company_id, DailyVisit.date == day
    )
    if scope.territory_ids is not None:
        query = query.where(DailyVisit.territory_id.in_(scope.territory_ids))
    if customer_ids is not None:
        query = query.where(DailyVisit.customer_id.in_(customer_ids))
    records = {record.customer_id: record for record in session.scalars(query)}
    others = _customers(session, records.keys() - planned.keys())
    visits = list(planned.values())
    for visit in visits:
        visit.record = records.get(visit.customer.id)
    unplanned = [
        DayVisit(others[key], day, mode=record.mode, record=record)
        for key, record in records.items()
        if key in others
    ]
    unplanned.sort(
        key=lambda visit: (str(visit.record and visit.record.started_at), visit.customer.code)
    )
    visits += unplanned
    _complete(session, scope, visits)
    return visits


def content_of(row: Any) -> Content:
    """An item of `content_rows`."""
    return Content(
        row.item_id,
        row.strategy_code,
        row.strategy_name,
        row.strategy_name_en,
        row.content,
        row.source,
    )


def _customers(session: Session, ids: Iterable[int]) -> dict[int, Customer]:
    found: dict[int, Customer] = {}
    for lot in lots(set(ids)):
        for customer in session.scalars(select(Customer).where(Customer.id.in_(lot))):
            found[customer.id] = customer
    return found


def plan_states(session: Session, month: Month, territory_ids: Iterable[int]) -> dict[int, str]:
    """Territory → state of its service plan of the month."""
    rows = session.execute(
        select(ServicePlan.territory_id, ServicePlan.status).where(
            ServicePlan.month == month, ServicePlan.territory_id.in_(set(territory_ids))
        )
    )
    return {territory_id: status.name for territory_id, status in rows}


def _complete(session: Session, scope: Scope, visits: list[DayVisit]) -> None:
    """Gates, what the visits have done, unplanned customers' content, answers to tell."""
    if not visits:
        return
    month, today = Month.of(visits[0].day), local_today()
    states = plan_states(session, month, {visit.customer.territory_id for visit in visits})
    by_customer = {visit.customer.id: visit for visit in visits}
    for visit in visits:
        customer = visit.customer
        visit.mode = visit.mode or customer.visit_mode
        visit.plan_state = states.get(customer.territory_id)
        visit.gate = record_gate(
            plan_state=visit.plan_state,
            has_visit_mode=visit.mode is not None,
            day=visit.day,
            today=today,
        )
    for lot in lots(by_customer):
        _add_items(session, month, by_customer, lot)
        rows = session.connection().execute(step.answers_to_tell(scope, lot))
        for row in rows:
            by_customer[row.customer_id].to_tell.append(ToTell(row.id, row.text, row.answer or ""))


def _add_items(
    session: Session, month: Month, by_customer: dict[int, DayVisit], lot: Collection[int]
) -> None:
    """Items a visit has done, and the open ones of customers without a plan for the day."""
    recorded = {visit.record.id for visit in by_customer.values() if visit.record is not None}
    unplanned = [key for key in lot if not by_customer[key].is_planned]
    rows = session.execute(
        select(StrategyItem, ServiceStrategy)
        .join(ServiceStrategy, ServiceStrategy.id == StrategyItem.strategy_id)
        .where(
            StrategyItem.month == month,
            StrategyItem.customer_id.in_(lot),
            ~StrategyItem.is_removed,
            or_(
                StrategyItem.visit_id.in_(recorded),
                StrategyItem.customer_id.in_(unplanned) & (StrategyItem.mark == ItemMark.OPEN),
            ),
        )
        .order_by(ServiceStrategy.code, StrategyItem.sequence)
    )
    for item, strategy in rows:
        visit = by_customer[item.customer_id]
        is_done = item.mark is ItemMark.DONE
        if is_done != (visit.record is not None and item.visit_id == visit.record.id):
            continue
        if not is_done and visit.gate in (RecordGate.NO_PLAN, RecordGate.PLAN_NOT_APPROVED):
            continue
        visit.content.append(
            Content(
                item.id,
                strategy.code,
                strategy.name,
                strategy.name_en,
                item.content,
                item.source,
                is_done,
            )
        )


@dataclass(frozen=True, slots=True)
class TerritoryDay:
    """How a territory's day went. `is_short`: its minutes raise a question."""

    territory: Territory
    date: dt.date
    planned: int = 0
    done: int = 0
    missed: int = 0
    unplanned: int = 0
    visited: int = 0
    minutes: int = 0
    without_minutes: int = 0
    is_short: bool = False

    @property
    def open(self) -> int:
        return self.planned - self.done - self.missed


def territory_days(
    session: Session, area: WorkArea, first: dt.date, last: dt.date
) -> list[TerritoryDay]:
    """Territories of the area in their order; days with anything planned or made."""
    least: dict[int, int] = {}
    found: dict[int, list[TerritoryDay]] = {}
    territories = {territory.id: territory for territory in area.shown}
    for company_id in sorted({territory.company_id for territory in area.shown}):
        least[company_id] = current_parameters(session, company_id).visit_daily_minutes
        scope = Scope.of(company_id, area.ids)
        for row in session.connection().execute(step.day_counts(scope, first, last)):
            day = DayMinutes(row.visited, row.minutes, row.without_minutes)
            found.setdefault(row.territory_id, []).append(
                TerritoryDay(
                    territories[row.territory_id],
                    row.date,
                    row.planned,
                    row.done,
                    row.missed,
                    row.unplanned,
                    row.visited,
                    row.minutes,
                    row.without_minutes,
                    raises_question(day, least[company_id]),
                )
            )
    return [day for territory in area.shown for day in found.get(territory.id, [])]


@dataclass(frozen=True, slots=True)
class Unvisited:
    """A customer nobody visited in the month."""

    territory: Territory
    customer_id: int
    code: str
    name: str
    planned: int


def unvisited(session: Session, area: WorkArea, until: dt.date) -> list[Unvisited]:
    """Active customers of the area without a visit in the area's month up to a day."""
    territories = {territory.id: territory for territory in area.shown}
    found: list[Unvisited] = []
    for company_id in sorted({territory.company_id for territory in area.shown}):
        statement = step.unvisited_customers(Scope.of(company_id, area.ids), area.month, until)
        found += [
            Unvisited(
                territories[row.territory_id], row.customer_id, row.code, row.name, row.planned
            )
            for row in session.connection().execute(statement)
        ]
    return found
