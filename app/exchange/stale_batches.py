"""The nightly job that forgets imports nobody finished, and what finished ones left behind."""

from __future__ import annotations

import datetime as dt
import logging

from flask import Flask
from sqlalchemy import ColumnElement, exists, or_, select

from app.exchange.sheets import SHEETS
from app.exchange.stage_tables import STAGE_TABLES
from app.exchange.staging import clear_stage
from app.kernel.db import db
from app.kernel.period import utc_now
from app.models import BatchState, ImportBatch

log = logging.getLogger(__name__)

KEPT_DAYS = 60
"""As long as the uploaded file itself is kept (`app.jobs.old_files`)."""
FINISHED = (BatchState.COMMITTED, BatchState.CANCELLED)


def remove_stale_batches(app: Flask, now: dt.datetime | None = None) -> None:
    """Empty the staging tables of batches untouched for `KEPT_DAYS`; open ones become CANCELLED."""
    before = (now or utc_now()) - dt.timedelta(days=KEPT_DAYS)
    with app.app_context():
        ids = db.session.scalars(
            select(ImportBatch.id).where(
                ImportBatch.updated_at < before,
                or_(ImportBatch.state.not_in(FINISHED), *map(_has_rows, SHEETS)),
            )
        ).all()
        db.session.rollback()
        for batch_id in ids:
            batch = db.session.get_one(ImportBatch, batch_id, with_for_update=True)
            sheet = SHEETS[batch.sheet]
            clear_stage(db.session.connection(), sheet, batch.company_id, batch_id)
            if batch.state not in FINISHED:
                batch.state = BatchState.CANCELLED
            db.session.commit()
        if ids:
            log.info("%d imports older than %d days were forgotten", len(ids), KEPT_DAYS)
        db.session.remove()


def _has_rows(key: str) -> ColumnElement[bool]:
    """Whether rows of a batch of this sheet are still staged."""
    stage = STAGE_TABLES[key].c
    return exists().where(
        ImportBatch.sheet == key,
        stage.company_id == ImportBatch.company_id,
        stage.batch_id == ImportBatch.id,
    )
