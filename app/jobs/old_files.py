"""The nightly job that removes what is over: files, and idempotency keys of the REST API."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

from app.exchange.batch_files import FOLDER as UPLOADS
from app.jobs.job_context import JobContext, Outcome
from app.kernel.errors import N_
from app.rest.idempotency import remove_expired

log = logging.getLogger(__name__)

KEPT_DAYS = {"exports": 14, UPLOADS: 60, "tmp": 1}
"""Folder of the data directory → days. What a batch or an export was stays on record."""


def remove_old_files(context: JobContext) -> Outcome:
    """Job: delete files not touched for their folder's number of days, and old idempotency keys."""
    moment = context.moment.replace(tzinfo=dt.UTC).timestamp()
    total = 0
    for folder, days in KEPT_DAYS.items():
        removed = 0
        for path in Path(context.app.config["PORTAL_DATA_DIR"], folder).rglob("*"):
            if path.is_file() and moment - path.stat().st_mtime > days * 86_400:
                path.unlink(missing_ok=True)
                removed += 1
        if removed:
            log.info("%d files older than %d days removed from %s", removed, days, folder)
        total += removed
    keys = remove_expired(context.session, context.moment)
    if keys:
        log.info("%d idempotency keys of the REST API forgotten", keys)
    return Outcome(total, N_("%(count)s files removed."), {"count": total})
