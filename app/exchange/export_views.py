"""The exports people took out, and the download of those made in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import current_app, flash, redirect, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from app.exchange.sent_file import sent_file
from app.jobs.old_files import KEPT_DAYS
from app.kernel.base_view import PlanningView
from app.kernel.formatters import pill
from app.kernel.list_filters import Quick
from app.models import ExportFile


def stored_path(record: ExportFile) -> Path | None:
    """Where the file of a background export is; None when it never was kept or is gone."""
    if not record.stored_as:
        return None
    path = Path(current_app.config["PORTAL_DATA_DIR"], "exports", record.stored_as)
    return path if path.is_file() else None


def download_cell(record: ExportFile) -> Markup | str:
    """The link to the file, or why there is none."""
    if stored_path(record) is not None:
        return Markup(
            '<a class="btn btn-default btn-sm" href="{}">'
            '<i class="fa-solid fa-download" aria-hidden="true"></i>{}</a>'
        ).format(url_for("ExportFileView.download", pk=record.id), _("Download"))
    return _("removed") if record.stored_as else _("downloaded at once")


def rows_cell(record: ExportFile) -> Markup | str:
    """The number of rows, with a warning where it differs from the expected one."""
    written = f"{record.rows_written:,}"
    if record.rows_written == record.rows_expected:
        return written
    return pill(
        _("%(written)s of %(expected)s", written=written, expected=f"{record.rows_expected:,}"),
        "warn",
    )


class ExportFileView(PlanningView):
    """Own exports; administrators see those of the company: who took out what, and how much."""

    datamodel = SQLAInterface(ExportFile)
    route_base = "/exports"
    list_title = _l("Exports")
    hint = _l(
        "Every export to Excel is recorded. Files made in the background are kept for 14 days."
    )
    empty_hint = _l("Use “Export Excel” above any list.")
    list_columns = ["title", "filter_text", "rows", "created_at", "requested_name", "file"]
    card_columns = ["title", "rows", "created_at", "file"]
    order_columns = ["title", "created_at", "requested_name"]
    base_order = ("id", "desc")
    extra_labels = {"rows": _l("Rows"), "file": _l("File")}
    filter_bar = [
        Quick("title", "contains", also=("filter_text",)),
        Quick("requested_name", "contains"),
        Quick("created_at", "date_range"),
    ]
    formatters_columns = {"rows": rows_cell, "file": download_cell}
    numeric_columns = frozenset({"rows"})
    base_permissions = ["can_read"]
    method_permission_name = {"download": "read"}
    exclude_route_methods = {
        "show", "add", "edit", "delete", "bulk_edit", "select", "export", "action", "action_post",
    }  # fmt: skip

    def column_value(self, item: Any, path: str) -> Any:
        """Both made columns need the whole record."""
        return item if path in ("rows", "file") else super().column_value(item, path)

    @expose("/<pk>/download")
    @has_access
    def download(self, pk: str) -> AnyResponse:
        """The file, to its owner and to the company's administrators (see the row scope)."""
        record = self.scoped_item(pk)
        path = stored_path(record)
        if path is None:
            flash(
                _(
                    "The file was removed after %(days)d days. Open the list and export again.",
                    days=KEPT_DAYS["exports"],
                ),
                "warning",
            )
            return redirect(url_for("ExportFileView.list"), 303)
        return sent_file(path, record.file_name, is_kept=True)
