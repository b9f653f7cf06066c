"""§2.2 step 8 — what generating a month plan now would change, before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.master.parameters import current_parameters
from app.models import KeyCustomer, MonthPlan, RowOrigin, VisitFrequency
from app.plan import step_08_month_plan as step
from app.plan.month_plans import frequencies_of, own_scope, reasons_of


@dataclass(frozen=True, slots=True)
class Difference:
    """What generating now would change in a plan.

    `added` and `dropped` key customers; `reasons` of all key customers by rule then;
    `frequencies`: customer → (frequency now or None, then or None). The rest counts what people
    did and stays.
    """

    added: frozenset[int]
    dropped: frozenset[int]
    frequencies: Mapping[int, tuple[VisitFrequency | None, VisitFrequency | None]]
    reasons: Mapping[int, Sequence[Any]]
    other_reasons: frozenset[int] = frozenset()
    kept_added: int = 0
    kept_removed: int = 0
    kept_frequencies: int = 0

    @property
    def count(self) -> int:
        return len(self.added) + len(self.dropped) + len(self.frequencies)

    @property
    def customers(self) -> frozenset[int]:
        return self.added | self.dropped | self.other_reasons | frozenset(self.frequencies)


def difference(session: Session, plan: MonthPlan) -> Difference:
    """Compare a draft with what generating it now would make of it; nothing is written."""
    connection, scope, month = session.connection(), own_scope(plan), plan.month
    keys = session.scalars(
        select(KeyCustomer).where(
            KeyCustomer.company_id == plan.company_id, KeyCustomer.plan_id == plan.id
        )
    ).all()
    proposed = step.proposed_keys(scope, month)
    now = {row.customer_id for row in keys if not row.is_removed}
    then = {row.customer_id for row in connection.execute(proposed)}
    parameters = current_parameters(session, plan.company_id)
    rows = {
        row.customer_id: row
        for row in connection.execute(step.frequency_rows(scope, month, parameters, proposed))
    }
    present = frequencies_of(session, plan)
    changes: dict[int, tuple[VisitFrequency | None, VisitFrequency | None]] = {}
    for customer in rows.keys() | present.keys():
        old, new = present.get(customer), rows.get(customer)
        after = new.generated if new is not None else None
        if old is not None and new is not None and old.origin is RowOrigin.MANUAL:
            after = old.frequency
        before = old.frequency if old is not None else None
        if before is not after:
            changes[customer] = before, after
    reasons: dict[int, list[Any]] = {}
    for row in connection.execute(step.reason_rows(scope, month)):
        reasons.setdefault(row.customer_id, []).append(row)
    stored = reasons_of(session, plan)
    return Difference(
        added=frozenset(then - now),
        dropped=frozenset(now - then),
        frequencies=changes,
        reasons=reasons,
        other_reasons=frozenset(
            customer
            for customer in then & now
            if _plain(reasons.get(customer, ())) != _plain(stored.get(customer, ()))
        ),
        kept_added=sum(row.origin is RowOrigin.MANUAL and not row.is_removed for row in keys),
        kept_removed=sum(row.is_removed for row in keys),
        kept_frequencies=sum(row.origin is RowOrigin.MANUAL for row in present.values()),
    )


def _plain(reasons: Collection[Any]) -> set[tuple[str, str, str, int]]:
    return {(row.kind.name, row.code, row.indicator, row.product_id) for row in reasons}


def would_change(session: Session, plan: MonthPlan) -> bool:
    """Whether generating the draft now would write anything."""
    parameters = current_parameters(session, plan.company_id)
    due = step.due_plans(own_scope(plan), plan.month, parameters)
    return session.connection().execute(due).first() is not None
