"""The background halves of an import: check and commit, as the person who asked."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.exchange import importer
from app.jobs.task_context import TaskContext
from app.kernel.db import db
from app.kernel.errors import N_, OutOfScope, PlanningError
from app.models import BatchState, ImportBatch


def check_batch(context: TaskContext) -> dict[str, Any]:
    """Check every row of a file; restartable, what was staged is replaced."""
    batch_id = _allowed(context).id
    batch = importer.check(batch_id, progress=context.progress)
    return _result(
        batch,
        _(
            "%(new)s new, %(changed)s changed, %(unchanged)s unchanged, %(rejected)s rejected.",
            new=f"{batch.rows_new:,}",
            changed=f"{batch.rows_changed:,}",
            unchanged=f"{batch.rows_unchanged:,}",
            rejected=f"{batch.rows_rejected:,}",
        ),
    )


def commit_batch(context: TaskContext) -> dict[str, Any]:
    """Write what the check found, all of it or nothing; a batch that is written is left alone."""
    batch = _allowed(context)
    if batch.state is not BatchState.COMMITTED:
        batch = importer.commit(
            batch.id,
            progress=context.progress,
            allow_rejected=bool(context.params.get("allow_rejected")),
        )
    words = _(
        "%(new)s rows added, %(changed)s changed.",
        new=f"{batch.rows_new:,}",
        changed=f"{batch.rows_changed:,}",
    )
    return _result(batch, words) | {"counts": import_counts(batch)}


def import_counts(batch: ImportBatch) -> dict[str, str]:
    """The values of the notice about an import."""
    return {
        "file": batch.file_name,
        "new": f"{batch.rows_new:,}",
        "changed": f"{batch.rows_changed:,}",
        "rejected": f"{batch.rows_rejected:,}",
    }


def _allowed(context: TaskContext) -> ImportBatch:
    """The batch, if the person may still import its sheet."""
    batch = db.session.get(ImportBatch, int(context.params["batch"]))
    if batch is None:
        raise OutOfScope
    if context.user is not None and not importer.may_import(batch.sheet, context.permissions):
        raise PlanningError(N_("You are no longer allowed to import this sheet."))
    return batch


def _result(batch: ImportBatch, text: str) -> dict[str, Any]:
    return {"text": text, "endpoint": "ImportView.show", "values": {"pk": batch.id}}
