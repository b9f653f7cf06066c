"""The background half of an export: the list page's own query, as the person who asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import current_app, g, request, session
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete

from app.exchange.export import ListExport
from app.exchange.export_log import log_personal
from app.jobs.task_context import TaskContext
from app.kernel.db import db, read_only
from app.kernel.errors import N_, PlanningError
from app.models import ExportFile

READING = N_("Reading and writing rows")


def write_export(context: TaskContext) -> dict[str, Any]:
    """Write the file of a list and record it. Returns the link to the download.

    Restartable: an earlier attempt's file and record are replaced.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    view = next(
        (v for v in app.appbuilder.baseviews if type(v).__name__ == context.params["view"]), None
    )
    if view is None:
        raise PlanningError(N_("This list no longer exists. Open the list and export again."))
    if not context.may("export", view.class_permission_name):
        raise PlanningError(
            N_("You are no longer allowed to export this list. Ask your administrator.")
        )
    stored_as = f"task-{context.task_id}.xlsx"
    path = Path(app.config["PORTAL_DATA_DIR"], "exports", stored_as)
    query = str(context.params["query"])
    with (
        app.test_request_context(f"{view.route_base}/export", method="POST", query_string=query),
        force_locale(context.locale),
    ):
        g.user = g._login_user = context.user
        session["month"] = context.params["month"]
        with read_only():
            export = _list_asked_for(view)
            record = export.write(path, lambda done, total: context.progress(done, total, READING))
            db.session.rollback()
        record.stored_as = stored_as
        db.session.execute(delete(ExportFile).where(ExportFile.stored_as == stored_as))
        db.session.add(record)
        log_personal(db.session(), record, export.personal)
        db.session.commit()
        return _result(record)


def _list_asked_for(view: Any) -> ListExport:
    filters, _active, problems = view.read_filters(request.args)
    if problems:
        raise PlanningError(N_("A condition of the list is no longer usable. Set it again."))
    asked = view.list_request(request.args)
    order = (asked.order_column, asked.order_direction)
    return ListExport.of_request(view, filters, order if order[0] else view.base_order)


def _result(record: ExportFile) -> dict[str, Any]:
    result: dict[str, Any] = {
        "text": _("%(count)s rows written.", count=f"{record.rows_written:,}"),
        "endpoint": "ExportFileView.download",
        "values": {"pk": record.id},
    }
    if record.rows_written != record.rows_expected:
        result["warning"] = _(
            "%(expected)s rows were expected, %(written)s written: the data changed meanwhile.",
            expected=f"{record.rows_expected:,}",
            written=f"{record.rows_written:,}",
        )
    return result
