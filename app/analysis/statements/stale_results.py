"""§2.2 step 2 — a generated result whose input changed becomes 需重新生成; nothing is recomputed.

Reads: customer_state
Writes: customer_state, state_run
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, update

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import CustomerState, StaleReason, StateRun, StateStatus

STATE, RUN = CustomerState.__table__, StateRun.__table__
Ids = Collection[int] | Select[Any]
"""Ids at hand, or a SELECT of them."""


def mark_stale(
    connection: Connection,
    scope: Scope,
    month: Month,
    reason: StaleReason,
    now: dt.datetime,
    customers: Ids | None = None,
) -> None:
    """The results of one work month in scope; of these customers only, when given."""
    _mark(connection, scope, lambda table: table.c.month == month, reason, now, customers)


def mark_months_stale(
    connection: Connection,
    company_id: int,
    months: Collection[Month],
    reason: StaleReason,
    now: dt.datetime,
) -> None:
    """All results of these work months: figures are compared with those of the whole company."""
    if months:
        _mark(connection, Scope(company_id), lambda table: table.c.month.in_(months), reason, now)


def mark_range_stale(
    connection: Connection,
    scope: Scope,
    first: Month,
    last: Month,
    reason: StaleReason,
    now: dt.datetime,
) -> None:
    """The results of the work months from `first` to `last` in scope."""
    _mark(connection, scope, lambda table: table.c.month.between(first, last), reason, now)


def mark_stale_from(
    connection: Connection,
    company_id: int,
    first: Month,
    reason: StaleReason,
    now: dt.datetime,
    customers: Ids | None = None,
    territories: Ids = (),
) -> None:
    """The results of `first` and later work months; earlier ones are history and stay.

    `customers` None = all. `territories`: also the runs of these, whose list of customers is no
    longer the one they were computed for.
    """
    _mark(
        connection,
        Scope(company_id),
        lambda table: table.c.month >= first,
        reason,
        now,
        customers,
        territories,
    )


def _mark(
    connection: Connection,
    scope: Scope,
    months: Callable[[Any], ColumnElement[bool]],
    reason: StaleReason,
    now: dt.datetime,
    customers: Ids | None = None,
    territories: Ids = (),
) -> None:
    def generated(table: Any) -> ColumnElement[bool]:
        return and_(scope.rows(table), months(table), table.c.status == StateStatus.GENERATED)

    changed, runs = generated(STATE), generated(RUN)
    if customers is not None:
        changed = and_(changed, STATE.c.customer_id.in_(customers))
        has_changed = exists().where(
            changed,
            STATE.c.company_id == RUN.c.company_id,
            STATE.c.territory_id == RUN.c.territory_id,
            STATE.c.month == RUN.c.month,
        )
        runs = and_(runs, or_(has_changed, RUN.c.territory_id.in_(territories)))
    connection.execute(
        update(RUN)
        .where(runs)
        .values(
            status=StateStatus.STALE,
            stale_since=now,
            stale_reason=reason,
            version=RUN.c.version + 1,
        )
    )
    connection.execute(
        update(STATE).where(changed).values(status=StateStatus.STALE, version=STATE.c.version + 1)
    )
