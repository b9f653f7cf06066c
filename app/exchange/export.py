"""The Excel export of any list: exactly the filtered rows, in the list's order.

Up to PORTAL_EXPORT_INLINE_ROWS rows the file is the answer; more become a background task that
reads the same filters again (`app.exchange.export_task`). Either way an `ExportFile` row records
who took out what.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response, current_app, flash, redirect, request, url_for
from flask_appbuilder.models.filters import Filters
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response as AnyResponse

from app.exchange.export_columns import Cell, ExportColumn, plan_columns
from app.exchange.export_log import log_personal, personal_columns
from app.exchange.export_workbook import ExportWorkbook
from app.exchange.sent_file import sent_file
from app.jobs.queue import enqueue
from app.kernel.actor import current_actor
from app.kernel.db import db, read_only
from app.kernel.list_filters import Active
from app.kernel.list_request import safe_return_path
from app.kernel.period import to_local, utc_now
from app.models import Company, ExportFile
from app.portal_context import working_month
from app.security.row_scope import current_scope

ROWS_AT_ONCE = 2000
LONGEST_FILTER_TEXT = 1000
_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class ListExport:
    """One list as it is asked for now: its query, its columns and the words about them."""

    view: Any
    query: Query[Any]
    columns: list[ExportColumn]
    title: str
    filter_text: str
    order_text: str
    personal: dict[str, list[str]]
    """What of it is personal data (`personal_columns`)."""

    @classmethod
    def of_request(cls, view: Any, filters: Filters, order: tuple[str, str]) -> ListExport:
        """The list that the present request's URL describes."""
        _filters, active, _problems = view.read_filters(request.args)
        names = view.columns_to_export(request.args)
        query = view._with_relations(view.ordered(view.scoped_query(filters), *order), names)
        return cls(
            view=view,
            query=query,
            columns=plan_columns(view, names),
            title=str(view.list_title),
            filter_text=filter_words(active),
            order_text=order_words(view, order),
            personal=personal_columns(view.datamodel.obj, names),
        )

    def expected(self) -> int:
        """How many rows the file should hold."""
        return int(self.view.count(self.query))

    def rows(self) -> Iterator[list[Cell]]:
        """The typed cells, read in lots so that memory stays flat."""
        for lot in self._lots():
            self.view.annotate(lot)
            for row in lot:
                yield [column.value(row) for column in self.columns]

    def _lots(self) -> Iterator[list[Any]]:
        result = self.query.yield_per(ROWS_AT_ONCE)
        lot: list[Any] = []
        for row in result:
            lot.append(row)
            if len(lot) == ROWS_AT_ONCE:
                yield lot
                lot = []
        if lot:
            yield lot

    def write(self, path: Path, progress: Progress | None = None) -> ExportFile:
        """Write the file and return its record, not yet in the session."""
        path.parent.mkdir(parents=True, exist_ok=True)
        expected = self.expected()
        book = ExportWorkbook(path, self.title, self.columns)
        try:
            for cells in self.rows():
                book.write_row(cells)
                if progress is not None and book.rows_written % ROWS_AT_ONCE == 0:
                    progress(book.rows_written, expected)
        except BaseException:
            book.close(())
            path.unlink(missing_ok=True)
            raise
        moment = utc_now()
        book.close(self._facts(moment, expected, book))
        actor = current_actor()
        return ExportFile(
            company_id=current_scope().company_id,
            requested_by=actor.user_id,
            requested_name=actor.name,
            title=self.title[:200],
            filter_text=self.filter_text[:LONGEST_FILTER_TEXT],
            file_name=file_name(self.title, moment),
            stored_as="",
            rows_expected=expected,
            rows_written=book.rows_written,
            created_at=moment,
        )

    def _facts(
        self, moment: dt.datetime, expected: int, book: ExportWorkbook
    ) -> list[tuple[str, Cell]]:
        facts: list[tuple[str, Cell]] = [
            (_("Portal"), _("135 Working Method")),
            (_("Company"), company_name()),
            (_("List"), self.title),
            (_("Exported by"), current_actor().name),
            (_("Exported at (Beijing time)"), to_local(moment).replace(tzinfo=None)),
            (_("Filters"), self.filter_text or _("none, all rows you may see")),
            (_("Order"), self.order_text),
            (_("Working month"), working_month().key),
            (_("Rows expected"), expected),
            (_("Rows written"), book.rows_written),
        ]
        if expected != book.rows_written:
            facts.append((_("Warning"), _("The data changed while it was being exported.")))
        if book.texts_cut:
            facts.append((_("Texts cut to Excel's limit"), book.texts_cut))
        return facts


def filter_words(active: list[Active]) -> str:
    """The conditions as people read them."""
    return "; ".join(f"{entry.label}: {entry.text}" for entry in active)


def order_words(view: Any, order: tuple[str, str]) -> str:
    name, direction = order
    label = str(view.label_columns.get(name) or view._label_of(name))
    # Not inside an f-string, where the collector of messages does not look.
    words = _("descending") if direction == "desc" else _("ascending")
    return f"{label}, {words}"


def company_name() -> str:
    company_id = current_scope().company_id
    if company_id is None:
        return _("all companies")
    company = db.session.get(Company, company_id)
    return company.name if company is not None else ""


def file_name(title: str, moment: dt.datetime) -> str:
    """`title` and the local time, without what some operating system refuses in a name."""
    name = _NOT_IN_FILE_NAMES.sub(" ", title).strip(" .")[:100] or "export"
    return f"{name}_{to_local(moment):%Y%m%d-%H%M}.xlsx"


def export_list(view: Any, filters: Filters, order: tuple[str, str]) -> Response | AnyResponse:
    """The answer to the export button of a list.

    A condition in the URL that cannot be used would silently widen the export, so it is refused.
    """
    _filters, _active, problems = view.read_filters(request.args)
    if problems:
        for problem in problems:
            flash(problem, "warning")
        flash(_("Nothing was exported. Check the conditions and export again."), "danger")
        return redirect(back_to_list(view), 303)
    db.session.commit()  # the request began as a writer; reading rows must not hold others up
    path = Path(current_app.config["PORTAL_DATA_DIR"], "tmp", f"{secrets.token_hex(8)}.xlsx")
    with read_only():
        export = ListExport.of_request(view, filters, order)
        expected = export.expected()
        is_small = expected <= current_app.config["PORTAL_EXPORT_INLINE_ROWS"]
        record = export.write(path) if is_small else None
        db.session.rollback()
    if record is None:
        return export_later(view, export.title, expected)
    db.session.add(record)
    log_personal(db.session(), record, export.personal)
    db.session.commit()
    return sent_file(path, record.file_name, is_kept=False)


def export_later(view: Any, title: str, expected: int) -> AnyResponse:
    """Put the export into the queue and say so on the list."""
    enqueue(
        "export",
        _("Export: %(list)s", list=title),
        {
            "view": type(view).__name__,
            "query": request.query_string.decode("utf-8", "replace"),
            "month": working_month().key,
        },
        current_actor(),
        current_scope().company_id,
    )
    db.session.commit()
    flash(
        Markup('{} <a href="{}">{}</a>').format(
            _(
                "The export runs in the background, %(count)s rows expected. You may go on "
                "working; a notice at the bell tells you when the file is ready.",
                count=f"{expected:,}",
            ),
            url_for("TaskView.list"),
            _("Background work"),
        ),
        "info",
    )
    return redirect(back_to_list(view), 303)


def back_to_list(view: Any) -> str:
    """The list the export was started from, with its filters."""
    query = request.query_string.decode("utf-8", "replace")
    path = f"{url_for(f'{type(view).__name__}.list')}?{query}"
    return safe_return_path(path) or url_for(f"{type(view).__name__}.list")
