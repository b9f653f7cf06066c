"""§2.2 step 9 — coming visits follow their customers, whichever way a customer changes.

Records saved through the session are noticed when it is flushed, imports call `cancel_visits_of_closed`,
and the nightly job makes up for anything else. What is written goes to the change log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, event, insert, inspect
from sqlalchemy.orm import Session

from app.jobs.job_context import JobContext, Outcome
from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.period import local_today, utc_now
from app.models import ChangeAction, ChangeLog, Customer, VisitPlan
from app.plan.step_09_changed_customers import follow_customers

DECIDING = ("status", "territory_id")


def cancel_visits_of_closed(
    connection: Connection, company_id: int, customer_ids: Collection[int] | None = None
) -> int:
    """Let coming visits follow their customers' status and territory; returns how many changed."""
    actor, now = current_actor(), utc_now()
    changed = follow_customers(
        connection, company_id, local_today(), now, actor.user_id, customer_ids
    )
    if changed:
        connection.execute(
            insert(ChangeLog.__table__),
            [
                {
                    "company_id": company_id,
                    "at": now,
                    "user_id": actor.user_id,
                    "user_name": actor.name,
                    "source": actor.source,
                    "reason": actor.reason,
                    "entity": VisitPlan.__name__,
                    "record_id": visit.id,
                    "record_label": visit.label[:200],
                    "action": ChangeAction.CHANGED,
                    "changes": visit.changes,
                }
                for visit in changed
            ],
        )
    return len(changed)


def notice_changes(session: Session, flush_context: Any) -> None:
    """`after_flush` listener: customers whose status or territory was changed."""
    changed: dict[int, set[int]] = defaultdict(set)
    for item in session.dirty:
        if isinstance(item, Customer):
            attributes: Any = inspect(item).attrs
            if any(attributes[name].history.has_changes() for name in DECIDING):
                changed[item.company_id].add(item.id)
    for company_id, customers in changed.items():
        cancel_visits_of_closed(session.connection(), company_id, customers)


def follow_at_night(context: JobContext) -> Outcome:
    """Job: the visits of a company."""
    count = cancel_visits_of_closed(context.session.connection(), context.company_id)
    return Outcome(count, N_("%(count)s visits follow their customers."), {"count": count})


def install(session: Any = None) -> None:
    """Attach the rule to the application's session factory, once per process."""
    target = session or db.session
    if not event.contains(target, "after_flush", notice_changes):
        event.listen(target, "after_flush", notice_changes)
