"""§1.3 — the monthly snapshot of the key brands: analyses of a past month use its flags.

Run at month opening. A month that has a snapshot keeps it, so running twice changes nothing and
a flag set later does not rewrite history.
"""

from __future__ import annotations

from sqlalchemy import Connection, exists, insert, literal, select

from app.analysis.changed_inputs import key_brands_changed
from app.jobs.job_context import JobContext, Outcome
from app.kernel.columns import MonthType
from app.kernel.errors import N_
from app.kernel.period import Month
from app.models import KeyProductSnapshot, Product

PRODUCT = Product.__table__
SNAPSHOT = KeyProductSnapshot.__table__


def take_snapshot(connection: Connection, company_id: int, month: Month) -> int:
    """Write the company's key products for `month`, unless the month has a snapshot already;
    returns how many there are new.

    Results that were computed without them become out of date.
    """
    month_value = literal(month, MonthType())
    taken = exists().where(SNAPSHOT.c.company_id == company_id, SNAPSHOT.c.month == month_value)
    written = connection.execute(
        insert(SNAPSHOT).from_select(
            ["company_id", "month", "product_id"],
            select(PRODUCT.c.company_id, month_value, PRODUCT.c.id).where(
                PRODUCT.c.company_id == company_id, PRODUCT.c.is_key.is_(True), ~taken
            ),
        ),
        execution_options={"preserve_rowcount": True},
    )
    if written.rowcount:
        key_brands_changed(connection, company_id, month)
    return written.rowcount


def open_month(context: JobContext) -> Outcome:
    """Job: the snapshot of the month that begins."""
    count = take_snapshot(context.session.connection(), context.company_id, context.month)
    return Outcome(count, N_("%(count)s key brands kept for the month."), {"count": count})
