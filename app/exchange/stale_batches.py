"""The nightly job that forgets imports nobody finished, and what finished ones left behind."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, exists, or_, select

from app.exchange.sheets import SHEETS
from app.exchange.stage_tables import STAGE_TABLES
from app.exchange.staging import clear_stage
from app.jobs.job_context import JobContext, Outcome
from app.kernel.errors import N_
from app.models import BatchState, ImportBatch

KEPT_DAYS = 60
"""As long as the uploaded file itself is kept (`app.jobs.old_files`)."""
FINISHED = (BatchState.COMMITTED, BatchState.CANCELLED)


def remove_stale_batches(context: JobContext) -> Outcome:
    """Job: empty the staging tables of batches untouched for `KEPT_DAYS`; open ones become
    CANCELLED.
    """
    before, session = context.moment - dt.timedelta(days=KEPT_DAYS), context.session
    ids = session.scalars(
        select(ImportBatch.id).where(
            ImportBatch.updated_at < before,
            or_(ImportBatch.state.not_in(FINISHED), *map(_has_rows, SHEETS)),
        )
    ).all()
    for batch_id in ids:
        batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
        sheet = SHEETS[batch.sheet]
        clear_stage(session.connection(), sheet, batch.company_id, batch_id)
        if batch.state not in FINISHED:
            batch.state = BatchState.CANCELLED
    return Outcome(len(ids), N_("%(count)s imports forgotten."), {"count": len(ids)})


def _has_rows(key: str) -> ColumnElement[bool]:
    """Whether rows of a batch of this sheet are still staged."""
    stage = STAGE_TABLES[key].c
    return exists().where(
        ImportBatch.sheet == key,
        stage.company_id == ImportBatch.company_id,
        stage.batch_id == ImportBatch.id,
    )
