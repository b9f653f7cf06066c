"""客户档案 — what the portal knows of one customer, kind by kind, newest first.

Everything is read through the session: a person sees the customer if it stands in one of the own
territories today, and of its past only what belongs to own territories. One statement per kind,
each with a limit; nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.kernel.errors import OutOfScope
from app.kernel.period import Month
from app.models import (
    Customer,
    CustomerSales,
    CustomerState,
    CustomerTerritory,
    DailyVisit,
    FollowUp,
    KeyCustomer,
    MonthPlan,
    PlannedFrequency,
    Questionnaire,
    QuestionnaireAnswer,
    StrategyItem,
    Territory,
    VisitPlan,
)
from app.security.change_log import HistoryEntry, changes_since

MOST_OF_A_KIND = 240
"""Rows read of each kind: two years of weekly visits, ten strategies a month."""
TREND_MONTHS = 13


def customer_of(session: Session, customer_id: int | None) -> Customer:
    """Errors: `OutOfScope` for a customer of another territory and for none."""
    found = session.scalar(
        select(Customer).options(joinedload(Customer.territory)).where(Customer.id == customer_id)
    )
    if found is None:
        raise OutOfScope
    return found


@dataclass(frozen=True, slots=True)
class MonthSales:
    """A month's sales to the customer in own territories."""

    month: Month
    sticks: int
    amount_fen: int


def sales_trend(session: Session, customer: Customer, last: Month) -> list[MonthSales]:
    """Thirteen months up to `last`; a month without sales counts 0."""
    first = last.shift(1 - TREND_MONTHS)
    rows = session.execute(
        select(
            CustomerSales.month, func.sum(CustomerSales.sticks), func.sum(CustomerSales.amount_fen)
        )
        .where(
            CustomerSales.company_id == customer.company_id,
            CustomerSales.customer_id == customer.id,
            CustomerSales.month.between(first, last),
        )
        .group_by(CustomerSales.month)
    )
    sums = {month: (int(sticks), int(amount)) for month, sticks, amount in rows}
    return [MonthSales(month, *sums.get(month, (0, 0))) for month in first.through(last)]


def needs(session: Session, customer: Customer) -> Sequence[Questionnaire]:
    return session.scalars(
        select(Questionnaire)
        .options(selectinload(Questionnaire.answers).joinedload(QuestionnaireAnswer.need))
        .where(
            Questionnaire.company_id == customer.company_id,
            Questionnaire.customer_id == customer.id,
        )
        .order_by(Questionnaire.month.desc())
        .limit(MOST_OF_A_KIND)
    ).all()


def states(session: Session, customer: Customer) -> Sequence[CustomerState]:
    return session.scalars(
        select(CustomerState)
        .options(joinedload(CustomerState.operating_state))
        .where(
            CustomerState.company_id == customer.company_id,
            CustomerState.customer_id == customer.id,
        )
        .order_by(CustomerState.month.desc())
        .limit(MOST_OF_A_KIND)
    ).all()


def strategies(session: Session, customer: Customer) -> Sequence[StrategyItem]:
    return session.scalars(
        select(StrategyItem)
        .options(joinedload(StrategyItem.strategy))
        .where(
            StrategyItem.company_id == customer.company_id,
            StrategyItem.customer_id == customer.id,
            StrategyItem.is_removed.is_(False),
        )
        .order_by(StrategyItem.month.desc(), StrategyItem.id)
        .limit(MOST_OF_A_KIND)
    ).all()


@dataclass(frozen=True, slots=True)
class PlannedMonth:
    """What a month plan decided about the customer; `key` None = no key customer."""

    month: Month
    plan_id: int
    frequency: PlannedFrequency
    key: KeyCustomer | None


def planned_months(session: Session, customer: Customer) -> list[PlannedMonth]:
    rows = session.execute(
        select(PlannedFrequency, KeyCustomer, MonthPlan.month)
        .join(
            MonthPlan,
            (MonthPlan.company_id == PlannedFrequency.company_id)
            & (MonthPlan.id == PlannedFrequency.plan_id),
        )
        .outerjoin(
            KeyCustomer,
            (KeyCustomer.company_id == PlannedFrequency.company_id)
            & (KeyCustomer.plan_id == PlannedFrequency.plan_id)
            & (KeyCustomer.customer_id == PlannedFrequency.customer_id)
            & KeyCustomer.is_removed.is_(False),
        )
        .where(
            PlannedFrequency.company_id == customer.company_id,
            PlannedFrequency.customer_id == customer.id,
        )
        .order_by(MonthPlan.month.desc())
        .limit(MOST_OF_A_KIND)
    )
    return [PlannedMonth(month, row.plan_id, row, key) for row, key, month in rows]


@dataclass(frozen=True, slots=True)
class Visit:
    """A day: what was planned (None = came without a plan) and what was recorded."""

    date: dt.date
    plan: VisitPlan | None
    record: DailyVisit | None


def visits(session: Session, customer: Customer) -> list[Visit]:
    planned = session.scalars(
        select(VisitPlan)
        .where(VisitPlan.company_id == customer.company_id, VisitPlan.customer_id == customer.id)
        .order_by(VisitPlan.date.desc())
        .limit(MOST_OF_A_KIND)
    )
    recorded = session.scalars(
        select(DailyVisit)
        .where(DailyVisit.company_id == customer.company_id, DailyVisit.customer_id == customer.id)
        .order_by(DailyVisit.date.desc())
        .limit(MOST_OF_A_KIND)
    )
    plans = {row.date: row for row in planned}
    records = {row.date: row for row in recorded}
    days = sorted(plans.keys() | records.keys(), reverse=True)
    return [Visit(day, plans.get(day), records.get(day)) for day in days]


def follow_ups(session: Session, customer: Customer) -> list[tuple[FollowUp, dt.date | None]]:
    """(follow-up, day of the visit it came up at)."""
    rows = session.execute(
        select(FollowUp, DailyVisit.date)
        .outerjoin(
            DailyVisit,
            (DailyVisit.company_id == FollowUp.company_id)
            & (DailyVisit.id == FollowUp.daily_visit_id),
        )
        .where(
            FollowUp.company_id == customer.company_id,
            FollowUp.customer_id == customer.id,
        )
        .order_by(FollowUp.id.desc())
        .limit(MOST_OF_A_KIND)
    )
    return [(row, day) for row, day in rows]


def changes(customer: Customer) -> list[HistoryEntry]:
    """Changes of the customer's own data; whoever sees the customer may see them."""
    return changes_since([(Customer, [customer.id])], None, MOST_OF_A_KIND)


def stays(session: Session, customer: Customer) -> list[tuple[CustomerTerritory, str]]:
    """(stay, name of the territory), of own territories."""
    rows = session.execute(
        select(CustomerTerritory, Territory.name)
        .join(Territory, Territory.id == CustomerTerritory.territory_id)
        .where(
            CustomerTerritory.company_id == customer.company_id,
            CustomerTerritory.customer_id == customer.id,
        )
        .order_by(CustomerTerritory.valid_from.desc())
        .limit(MOST_OF_A_KIND)
    )
    return [(stay, name) for stay, name in rows]
