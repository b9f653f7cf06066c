"""§1.1 — a customer's territory over time, kept with the customer itself.

Reads  customer_territory, sales_line
Writes customer_territory
A sales line is credited to the territory its customer stood in on the order date. A move can
therefore not be dated back before sales that are already credited: their months are closed books.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, PlanningError
from app.kernel.period import local_today
from app.master.rules_customer import check_move
from app.models import (
    Customer,
    CustomerTerritory,
    DailyVisit,
    MonthlySales,
    Questionnaire,
    SalesLine,
    StrategyItem,
    VisitPlan,
)


def open_first_territory(session: Session, customer: Customer) -> None:
    """A new customer stands in its territory from the opening day on."""
    session.add(
        CustomerTerritory(
            company_id=customer.company_id,
            customer_id=customer.id,
            valid_from=customer.open_date,
            territory_id=customer.territory_id,
        )
    )


def record_move(
    session: Session, customer: Customer, effective: dt.date | None, today: dt.date | None = None
) -> None:
    """Close the running territory row and open one for the present territory.

    `effective` None = today. Errors: `PlanningError` when the day is not possible.
    """
    today = today or local_today()
    effective = effective or today
    running = session.scalar(
        select(CustomerTerritory)
        .where(
            CustomerTerritory.company_id == customer.company_id,
            CustomerTerritory.customer_id == customer.id,
        )
        .order_by(CustomerTerritory.valid_from.desc())
        .limit(1)
    )
    check_move(effective, running.valid_from if running is not None else None, today)
    _check_sales(session, customer, effective)
    if running is not None and running.valid_from == effective:
        running.territory_id = customer.territory_id
        return
    if running is not None:
        running.valid_to = effective - dt.timedelta(days=1)
    session.add(
        CustomerTerritory(
            company_id=customer.company_id,
            customer_id=customer.id,
            valid_from=effective,
            territory_id=customer.territory_id,
        )
    )


def _check_sales(session: Session, customer: Customer, effective: dt.date) -> None:
    last = session.scalar(
        select(SalesLine.order_date)
        .where(SalesLine.company_id == customer.company_id, SalesLine.customer_id == customer.id)
        .order_by(SalesLine.order_date.desc())
        .limit(1)
    )
    if last is not None and last >= effective:
        raise PlanningError(
            N_(
                "Sales up to %(day)s are already credited to the old territory; "
                "the move must be later."
            ),
            field="effective_date",
            day=last.isoformat(),
        )


def remove_unused(session: Session, customer: Customer) -> None:
    """Clear the way for deleting a customer that nothing refers to. Errors: `PlanningError`."""
    for model in (SalesLine, MonthlySales, Questionnaire, StrategyItem, VisitPlan, DailyVisit):
        used = session.scalar(
            select(model.customer_id)
            .where(model.company_id == customer.company_id, model.customer_id == customer.id)
            .limit(1)
        )
        if used is not None:
            raise PlanningError(
                N_(
                    "%(customer)s has sales or plans and cannot be deleted. "
                    "Set the customer status to “Licence cancelled” instead."
                ),
                customer=str(customer),
            )
    rows = session.scalars(
        select(CustomerTerritory).where(
            CustomerTerritory.company_id == customer.company_id,
            CustomerTerritory.customer_id == customer.id,
        )
    )
    for row in rows:
        session.delete(row)
    session.flush()
