"""§2.2 step 2 — who is scored and how far a territory is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    select,
)

from app.analysis.rules.computation import Computation
from app.analysis.statements.customer_scores import score_update
from app.kernel.dialect import upsert
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import AbilityItem, Customer, CustomerState, StaleReason, StateRun, StateStatus

STATE, RUN = CustomerState.__table__, StateRun.__table__
ABILITY, CUSTOMER = AbilityItem.__table__, Customer.__table__
GENERATED = (StateStatus.GENERATED, StateStatus.STALE)


def managed_customers(scope: Scope, month: Month) -> Select[Any]:
    return select(STATE.c.customer_id).where(scope.rows(STATE), STATE.c.month == month)


def items_in_use(connection: Connection, company_id: int) -> int:
    return connection.execute(
        select(func.count()).where(ABILITY.c.company_id == company_id, ABILITY.c.is_active)
    ).scalar_one()


def refresh_scores(
    connection: Connection,
    scope: Scope,
    month: Month,
    computation: Computation,
    customer_ids: Collection[int] | None = None,
) -> None:
    items = items_in_use(connection, scope.company_id)
    connection.execute(score_update(scope, month, computation.parameters, items, customer_ids))


def refresh_runs(
    connection: Connection,
    scope: Scope,
    month: Month,
    computation: Computation,
    reason: StaleReason,
    *,
    computed: bool = False,
    generated: bool = False,
) -> None:
    """Bring the territories' runs in line with their customers; `reason` = why it may be stale."""
    status = STATE.c.status

    def all_are(*members: StateStatus) -> ColumnElement[bool]:
        return count_if(status.not_in(members)) == 0

    stale = and_(count_if(status.in_(GENERATED)) > 0, count_if(status != StateStatus.GENERATED) > 0)
    new_status = case(
        (stale, StateStatus.STALE.name),
        (all_are(StateStatus.GENERATED), StateStatus.GENERATED.name),
        (all_are(StateStatus.EVALUATED, StateStatus.GENERATED), StateStatus.EVALUATED.name),
        (count_if(status == StateStatus.NOT_COMPUTED) > 0, StateStatus.NOT_COMPUTED.name),
        else_=StateStatus.COMPUTED.name,
    )
    now = literal(computation.now)
    columns: dict[str, Any] = {
        "company_id": STATE.c.company_id,
        "territory_id": STATE.c.territory_id,
        "month": STATE.c.month,
        "status": cast(new_status, RUN.c.status.type),
        "customers": func.count(),
        "new_customers": count_if(STATE.c.is_new),
        "scored_customers": count_if(STATE.c.ability_score.is_not(None)),
        "parameter_version": literal(computation.parameters.number),
        "data_batch_id": literal(computation.data_batch_id, RUN.c.data_batch_id.type),
        "stale_since": case((stale, now)),
        "stale_reason": cast(case((stale, reason.name)), RUN.c.stale_reason.type),
        "version": literal(1),
        "created_at": now,
        "updated_at": now,
        "created_by": literal(computation.user_id, RUN.c.created_by.type),
        "updated_by": literal(computation.user_id, RUN.c.updated_by.type),
    }
    for done, word in ((computed, "computed"), (generated, "generated")):
        if done:
            columns[f"{word}_at"] = now
            columns[f"{word}_by"] = literal(computation.user_id, RUN.c.computed_by.type)

    def kept(new: Any) -> dict[str, Any]:
        since = case((new.stale_since.is_not(None), func.coalesce(RUN.c.stale_since, now)))
        why = func.coalesce(RUN.c.stale_reason, new.stale_reason)
        of_computing = () if computed else ("parameter_version", "data_batch_id")
        return {
            "created_at": RUN.c.created_at,
            "created_by": RUN.c.created_by,
            "version": RUN.c.version + 1,
            "stale_since": since,
            "stale_reason": case((new.stale_since.is_not(None), why)),
            **{name: RUN.c[name] for name in of_computing},
        }

    upsert(
        connection,
        RUN,
        ("company_id", "territory_id", "month"),
        list(columns),
        select(*columns.values())
        .where(scope.rows(STATE), STATE.c.month == month)
        .group_by(STATE.c.company_id, STATE.c.territory_id, STATE.c.month),
        values=kept,
    )


def unscored_customers(scope: Scope, month: Month) -> Select[Any]:
    """Rated customers whose ability is not completely scored: (territory_id, customer_id, code,
    name), by code. The page lists them when generating is refused.
    """
    return (
        select(STATE.c.territory_id, STATE.c.customer_id, CUSTOMER.c.code, CUSTOMER.c.name)
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == STATE.c.company_id, CUSTOMER.c.id == STATE.c.customer_id),
        )
        .where(
            scope.rows(STATE),
            STATE.c.month == month,
            not_(STATE.c.is_new),
            STATE.c.ability_score.is_(None),
        )
        .order_by(CUSTOMER.c.code)
    )
