"""The nightly job that makes a backup."""

from __future__ import annotations

from app.jobs.job_context import JobContext, Outcome
from app.kernel.errors import N_
from app.operation.backup import create_backup


def backup_nightly(context: JobContext) -> Outcome:
    """Job: one more archive; one that was interrupted leaves none, and another one does no harm."""
    archive = create_backup(context.app)
    return Outcome(
        1,
        N_("%(file)s, %(size)s MB"),
        {"file": archive.name, "size": f"{archive.stat().st_size / 1_000_000:.1f}"},
    )
