"""§2.2 step 8 — writes what is generated into the drafts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    cast,
    delete,
    exists,
    insert,
    literal,
    not_,
    or_,
    select,
)

from app.kernel.dialect import upsert
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import RowOrigin
from app.plan.statements.month_plan_frequencies import (
    FREQUENCY,
    FREQUENCY_KEYS,
    GENERATED_COLUMNS,
    frequency_rows,
)
from app.plan.statements.month_plan_keys import (
    CUSTOMER,
    KEY,
    PLAN,
    REASON,
    REASON_COLUMNS,
    drafts,
    is_planned,
    proposed_keys,
    reason_rows,
    same_customer,
    same_plan,
    stored_keys,
)


def write_keys(connection: Connection, scope: Scope, month: Month) -> None:
    """Reasons and key customers as the rule finds them; those of people stay."""
    draft = drafts(scope, month)
    plan_ids = select(draft.c.plan_id)
    keys = proposed_keys(scope, month).subquery("keys")
    connection.execute(delete(REASON).where(scope.company(REASON), REASON.c.plan_id.in_(plan_ids)))
    connection.execute(insert(REASON).from_select(list(REASON_COLUMNS), reason_rows(scope, month)))
    connection.execute(
        delete(KEY).where(
            scope.company(KEY),
            KEY.c.plan_id.in_(plan_ids),
            not_(KEY.c.is_removed),
            or_(
                KEY.c.customer_id.not_in(select(keys.c.customer_id)),
                not_(_belongs(KEY, month)),
            ),
        )
    )
    columns = {
        **{name: keys.c[name] for name in FREQUENCY_KEYS},
        "origin": cast(RowOrigin.AUTOMATIC.name, KEY.c.origin.type),
        "is_removed": literal(value=False),
    }
    is_stored = exists().where(same_plan(KEY, keys), same_customer(KEY, keys))
    connection.execute(
        insert(KEY).from_select(list(columns), select(*columns.values()).where(not_(is_stored)))
    )


def _belongs(table: Any, month: Month) -> ColumnElement[bool]:
    """Whether the row's customer still belongs into the row's plan."""
    return exists().where(
        PLAN.c.company_id == table.c.company_id,
        PLAN.c.id == table.c.plan_id,
        CUSTOMER.c.company_id == table.c.company_id,
        CUSTOMER.c.id == table.c.customer_id,
        is_planned(month, PLAN.c.territory_id),
    )


def write_lists(connection: Connection, scope: Scope, month: Month, parameters: Parameters) -> None:
    """Rank and frequency of every planned customer, by the key customers stored; frequencies of
    people stay.
    """
    draft = drafts(scope, month)
    connection.execute(
        delete(FREQUENCY).where(
            scope.company(FREQUENCY),
            FREQUENCY.c.plan_id.in_(select(draft.c.plan_id)),
            not_(_belongs(FREQUENCY, month)),
        )
    )
    rows = frequency_rows(scope, month, parameters, stored_keys(scope, month)).subquery("rows")
    columns = {
        **{name: rows.c[name] for name in GENERATED_COLUMNS},
        "frequency": rows.c.generated.label("frequency"),
        "origin": cast(RowOrigin.AUTOMATIC.name, FREQUENCY.c.origin.type),
    }
    is_manual = FREQUENCY.c.origin == RowOrigin.MANUAL
    upsert(
        connection,
        FREQUENCY,
        FREQUENCY_KEYS,
        list(columns),
        select(*columns.values()).where(literal(1) == literal(1)),
        values=lambda new: {
            "frequency": case((is_manual, FREQUENCY.c.frequency), else_=new.generated),
            "origin": FREQUENCY.c.origin,
        },
    )
