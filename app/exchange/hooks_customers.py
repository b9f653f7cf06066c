"""Customers: dates in order, and a history of the territories they stood in (§1.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)

from app.analysis.changed_inputs import CUSTOMER_INPUTS, MEMBERSHIP, customers_changed
from app.exchange.comparison import CHANGED, NEW, Comparison
from app.models import Customer, CustomerTerritory
from app.plan.visit_upkeep import cancel_visits_of_closed

CUSTOMER = Customer.__table__
HISTORY = CustomerTerritory.__table__


def check_dates(run: Comparison) -> None:
    stage = run.stage.c
    run.add_errors("close_date", "PERIOD", stage.close_date < stage.open_date)


def new_values(run: Comparison) -> dict[str, Any]:
    """An imported frequency is the system's, not a person's."""
    return {
        "frequency_source": case((run.stage.c.visit_frequency.is_not(None), "SYSTEM"), else_=null())
    }


def changed_values(
    run: Comparison, target: FromClause, values: Mapping[str, Any]
) -> dict[str, Any]:
    if "visit_frequency" not in run.mapped:
        return {}
    filled = and_(target.c.visit_frequency.is_(None), run.stage.c.visit_frequency.is_not(None))
    return {
        "frequency_source": case(
            (filled, literal("SYSTEM", CUSTOMER.c.frequency_source.type)),
            else_=target.c.frequency_source,
        )
    }


def mark_results(run: Comparison) -> None:
    """Results made from what the changed customers were are out of date.

    Runs while the customers are still what they were.
    """
    stage = run.stage.c
    values = run.changes(CUSTOMER)

    def differing(names: Collection[str]) -> ColumnElement[bool]:
        return and_(
            run.of_batch(CHANGED),
            CUSTOMER.c.company_id == stage.company_id,
            CUSTOMER.c.id == stage.target_id,
            or_(*(CUSTOMER.c[name].is_distinct_from(values[name]) for name in names)),
        )

    inputs = [name for name in CUSTOMER_INPUTS if name in values]
    if not inputs:
        return
    lists = [name for name in MEMBERSHIP if name in values]
    territories: Select[Any] | tuple[int, ...] = ()
    if lists:
        place = values.get("territory_id", CUSTOMER.c.territory_id)
        territories = select(place).where(differing(lists))
    customers = select(CUSTOMER.c.id).where(differing(inputs))
    customers_changed(run.connection, run.company_id, customers, territories)


def keep_history(run: Comparison) -> None:
    """Open a history row for new customers; close the old and open the new one for moved ones.

    Runs before the customers themselves are updated, so their old territory is still known.
    A move counts from today; a second one on the same day replaces the first.
    """
    stage = run.stage.c
    names = ["company_id", "customer_id", "valid_from", "valid_to", "territory_id"]
    is_row = and_(CUSTOMER.c.company_id == stage.company_id, CUSTOMER.c.code == stage.code)
    run.connection.execute(
        insert(HISTORY).from_select(
            names,
            select(
                stage.company_id,
                CUSTOMER.c.id,
                CUSTOMER.c.open_date,
                null(),
                CUSTOMER.c.territory_id,
            )
            .join_from(run.stage, CUSTOMER, is_row)
            .where(run.of_batch(NEW))
            .order_by(CUSTOMER.c.id),
        )
    )
    if "territory" not in run.mapped:
        return
    yesterday = run.today - dt.timedelta(days=1)
    moved = and_(
        run.of_batch(CHANGED),
        CUSTOMER.c.company_id == stage.company_id,
        CUSTOMER.c.id == stage.target_id,
        stage.territory_id.is_not(None),
        CUSTOMER.c.territory_id != stage.territory_id,
    )
    other = HISTORY.alias()
    of_customer = and_(other.c.company_id == stage.company_id, other.c.customer_id == CUSTOMER.c.id)
    run.connection.execute(
        insert(HISTORY).from_select(
            names,
            select(
                stage.company_id,
                CUSTOMER.c.id,
                CUSTOMER.c.open_date,
                literal(yesterday),
                CUSTOMER.c.territory_id,
            ).where(moved, CUSTOMER.c.open_date < run.today, not_(exists().where(of_customer))),
        )
    )
    open_row = and_(
        HISTORY.c.company_id == stage.company_id,
        HISTORY.c.customer_id == CUSTOMER.c.id,
        HISTORY.c.valid_to.is_(None),
    )
    run.connection.execute(
        update(HISTORY)
        .where(moved, open_row, HISTORY.c.valid_from >= run.today)
        .values(territory_id=stage.territory_id)
    )
    run.connection.execute(
        update(HISTORY)
        .where(moved, open_row, HISTORY.c.valid_from < run.today)
        .values(valid_to=yesterday)
    )
    covered = and_(of_customer, other.c.valid_from >= run.today)
    run.connection.execute(
        insert(HISTORY).from_select(
            names,
            select(
                stage.company_id, CUSTOMER.c.id, literal(run.today), null(), stage.territory_id
            ).where(moved, not_(exists().where(covered))),
        )
    )


def follow_customers(run: Comparison) -> None:
    """Coming visits of customers who closed are cancelled, those of moved ones go with them."""
    if {"status", "territory"} & run.mapped:
        cancel_visits_of_closed(run.connection, run.company_id)
