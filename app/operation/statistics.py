"""The nightly job that keeps the database's own statistics fresh, so that it plans well."""

from __future__ import annotations

from app.jobs.job_context import JobContext, Outcome
from app.kernel.dialect import refresh_all_statistics
from app.kernel.errors import N_


def refresh(context: JobContext) -> Outcome:
    """Job: look at all tables anew."""
    refresh_all_statistics(context.session.connection())
    return Outcome(0, N_("The database knows its tables anew."))
