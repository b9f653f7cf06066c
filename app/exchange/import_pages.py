"""What the import wizard knows about a batch: its step, its task, and the words of its buttons."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

from flask import current_app, g, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from app.exchange import importer
from app.exchange.batch_files import checksum
from app.exchange.sheets import SHEETS
from app.jobs.queue import OPEN_STATES, enqueue
from app.kernel.actor import current_actor
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import N_, ImportRejected
from app.kernel.list_filters import Quick
from app.models import BatchState, ImportBatch, ImportMapping, Task, TaskState
from app.security.access import access_of

STAGES = (N_("File"), N_("Columns"), N_("Check"), N_("Result"))
UNFINISHED = (BatchState.UPLOADED, BatchState.CHECKING, BatchState.CHECKED, BatchState.FAILED)
BUSY = {BatchState.CHECKING: BatchState.UPLOADED, BatchState.COMMITTING: BatchState.CHECKED}
"""State of a batch that is worked on → where it falls back when nobody works on it."""

_PATHS = re.compile(r"[/\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

LIST_OF_SHEET = {
    "customers": "CustomerView.list",
    "products": "ProductView.list",
    "categories": "CategoryTreeView.tree",
    "category_products": "CategoryProductView.list",
    "sales_lines": "SalesLineView.list",
    "questionnaire_answers": "QuestionnaireView.list",
    "territories": "TerritoryView.list",
    "users": "UserView.list",
}
"""Where the records of a sheet are looked at."""


def granted_sheets() -> tuple[str, ...]:
    """The sheets the person may import, and so see."""
    return importer.sheets_for(access_of(g.user)[1])


def sheet_label(key: str) -> str:
    return _(SHEETS[key].label) if key in SHEETS else key


def sheet_cards() -> list[dict[str, Any]]:
    """Step 1: the kinds of files, what they are and where the template is."""
    return [
        {
            "key": key,
            "label": sheet_label(key),
            "hint": _(SHEETS[key].hint) if SHEETS[key].hint else "",
            "required": [
                str(SHEETS[key].column_label(column))
                for column in SHEETS[key].columns
                if column.required or column.field in SHEETS[key].key
            ],
            "template_url": url_for("ImportView.template", sheet=key),
        }
        for key in granted_sheets()
    ]


def task_of(batch: ImportBatch) -> Task | None:
    """The task that works or worked on the batch, if the person may see it."""
    return db.session.get(Task, batch.task_id) if batch.task_id is not None else None


def open_task(batch: ImportBatch) -> Task | None:
    """The task at work on the batch."""
    task = task_of(batch)
    return task if task is not None and task.state in OPEN_STATES else None


def page_of(batch: ImportBatch) -> str:
    """The page a batch continues on: columns, difference or result."""
    if open_task(batch) is not None:
        return "difference"
    if batch.state in (BatchState.COMMITTED, BatchState.CANCELLED):
        return "result"
    if batch.state in (BatchState.CHECKED, BatchState.COMMITTING):
        return "difference"
    return "columns"


def failure_of(batch: ImportBatch) -> str:
    """Why the last check or import ended without success, for the page that repeats it."""
    if batch.message:
        return _(batch.message)
    task = task_of(batch)
    if task is None or task.state in OPEN_STATES:
        return ""
    if task.state is TaskState.CANCELLED:
        return _("The work was cancelled; nothing was written.")
    return _(task.error) if task.error else ""


def settle(batch: ImportBatch) -> None:
    """A batch whose work was cut off goes back to where its person can repeat it."""
    if batch.state in BUSY and open_task(batch) is None:
        batch.state = BUSY[batch.state]


def start(batch: ImportBatch, kind: str, title: str, **params: Any) -> None:
    """Put the check or the import into the queue."""
    task = enqueue(kind, title, {"batch": batch.id, **params}, current_actor(), batch.company_id)
    batch.task_id = task.id
    batch.message = None


def earlier_import(batch: ImportBatch) -> ImportBatch | None:
    """The last time the same file was imported into the same sheet."""
    return db.session.scalars(
        select(ImportBatch)
        .where(
            ImportBatch.file_sha256 == batch.file_sha256,
            ImportBatch.company_id == batch.company_id,
            ImportBatch.sheet == batch.sheet,
            ImportBatch.state == BatchState.COMMITTED,
            ImportBatch.id < batch.id,
        )
        .order_by(ImportBatch.id.desc())
        .limit(1)
    ).first()


def saved_mappings(batch: ImportBatch) -> list[ImportMapping]:
    """Mappings remembered for the sheet, by name."""
    query = select(ImportMapping).where(
        ImportMapping.company_id == batch.company_id, ImportMapping.sheet == batch.sheet
    )
    return list(db.session.scalars(query.order_by(ImportMapping.name)))


def receive(upload: FileStorage | None, sheet: str, company_id: int) -> ImportBatch:
    """Take an upload. The same file sent twice by a person, say by a double click, is one batch.

    Errors: `ImportRejected` when there is no file or none that can be read.
    """
    if upload is None or not upload.filename:
        raise ImportRejected(N_("Choose a file first."), field="file")
    name = _CONTROL.sub("", _PATHS.split(upload.filename)[-1]) or "upload"
    path = Path(
        current_app.config["PORTAL_DATA_DIR"], "tmp", secrets.token_hex(8) + Path(name).suffix
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        upload.save(path)
        return _same_upload(path, sheet, company_id) or importer.create_batch(
            company_id, sheet, path, name, current_actor()
        )
    finally:
        path.unlink(missing_ok=True)


def _same_upload(path: Path, sheet: str, company_id: int) -> ImportBatch | None:
    return db.session.scalars(
        select(ImportBatch)
        .where(
            ImportBatch.file_sha256 == checksum(path),
            ImportBatch.requested_by == g.user.id,
            ImportBatch.company_id == company_id,
            ImportBatch.sheet == sheet,
            ImportBatch.state.in_(UNFINISHED),
        )
        .order_by(ImportBatch.id.desc())
        .limit(1)
    ).first()


def commit_words(batch: ImportBatch) -> str:
    """What the button of step 3 will do, in numbers."""
    new, changed = f"{batch.rows_new:,}", f"{batch.rows_changed:,}"
    if batch.rows_new and batch.rows_changed:
        return _("Import %(new)s new and %(changed)s changed rows", new=new, changed=changed)
    if batch.rows_new:
        return _("Import %(new)s new rows", new=new)
    return _("Import %(changed)s changed rows", changed=changed)


def records_url(batch: ImportBatch) -> str | None:
    """The list of the records that the batch touched."""
    endpoint = LIST_OF_SHEET.get(batch.sheet, "")
    view_name = endpoint.split(".")[0]
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    view = next((v for v in views if type(v).__name__ == view_name), None)
    if view is None or endpoint not in current_app.view_functions:
        return None
    quicks: list[Quick] = view.all_quicks() if isinstance(view, PlanningView) else []
    by_batch = next((quick for quick in quicks if quick.column == "batch_id"), None)
    parameters: dict[str, Any] = dict.fromkeys(by_batch.parameters if by_batch else (), batch.id)
    return url_for(endpoint, **parameters)
