"""The import wizard: file → columns → check → result, and the list of all imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Response, abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response as AnyResponse

from app.exchange import import_pages as pages
from app.exchange import importer, mapping_form
from app.exchange.list_of_sheets import SheetQuick
from app.exchange.sent_file import sent_file
from app.exchange.sheets import SHEETS
from app.exchange.task_notices import outcome_html
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import ImportRejected, PlanningError
from app.kernel.list_filters import Quick
from app.kernel.list_request import ascii_integer
from app.models import BatchState, Company, ImportBatch
from app.security.row_scope import current_scope

DIFFERENCE_PAGE = 50


class OfGrantedSheets(BaseFilter):
    """Only batches of sheets that the person may import: others hold data of other entities."""

    name = _l("Sheet")
    arg_name = "granted"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(ImportBatch.sheet.in_(pages.granted_sheets()))


class ImportView(PlanningView):
    """Imports of files, one batch each."""

    datamodel = SQLAInterface(ImportBatch)
    route_base = "/imports"
    base_filters = [["sheet", OfGrantedSheets, None]]
    list_title = _l("Imports")
    hint = _l(
        "A file is checked and compared first; you see every change before anything is written."
    )
    empty_hint = _l("Start with “New import”: choose what the file holds, then upload it.")
    list_columns = [
        "file_name", "sheet", "state", "rows_total", "rows_new", "rows_changed", "rows_rejected",
        "requested_name", "created_at",
    ]  # fmt: skip
    card_columns = ["file_name", "sheet", "state", "rows_total", "created_at"]
    order_columns = ["file_name", "sheet", "state", "rows_total", "created_at"]
    base_order = ("id", "desc")
    filter_bar = [
        Quick("file_name", "contains", also=("requested_name",)),
        SheetQuick("sheet", "enum"),
        Quick("state", "enum"),
        Quick("created_at", "date_range"),
    ]
    number_words: ClassVar[dict[str, Mapping[Any, Any]]] = {
        "sheet": {key: _l(sheet.label) for key, sheet in SHEETS.items()}
    }
    tones = {
        "state": {
            "UPLOADED": "mute",
            "CHECKING": "info",
            "CHECKED": "warn",
            "COMMITTING": "info",
            "COMMITTED": "ok",
            "FAILED": "bad",
            "CANCELLED": "mute",
        }
    }
    base_permissions = ["can_read", "can_create", "can_export"]
    method_permission_name = {
        "new": "create",
        "template": "create",
        "columns": "create",
        "difference": "read",
        "result": "read",
        "errors": "read",
        "commit": "create",
        "discard": "create",
    }
    exclude_route_methods = {
        "download", "add", "edit", "delete", "bulk_edit", "select", "action", "action_post",
    }  # fmt: skip

    def list_buttons(self) -> list[dict[str, Any]]:
        """The way into the wizard."""
        if not self.appbuilder.sm.has_access("can_create", self.class_permission_name):
            return []
        return [
            {
                "url": url_for("ImportView.new"),
                "text": _("New import"),
                "icon": "fa-file-import",
                "is_primary": True,
            }
        ]

    def _input(self, quick: Quick, primary: bool) -> dict[str, Any]:
        """The sheet is a text in the database and a list of choices here."""
        if not isinstance(quick, SheetQuick):
            return super()._input(quick, primary)
        entry = super()._input(Quick(quick.column, "contains"), primary)
        choices = [(key, pages.sheet_label(key)) for key in pages.granted_sheets()]
        return {**entry, "kind": "enum", "choices": choices}

    def _page(self, template: str, step: int, batch: ImportBatch | None, **values: Any) -> str:
        return self.render_template(
            f"exchange/{template}.html",
            title=_("New import") if batch is None else batch.file_name,
            subtitle="" if batch is None else pages.sheet_label(batch.sheet),
            stages=[_(stage) for stage in pages.STAGES],
            step=step,
            batch=batch,
            **values,
        )

    # ------------------------------------------------------------------ step 1

    @expose("/new", methods=["GET", "POST"])
    @has_access
    def new(self) -> str | AnyResponse | tuple[str, int]:
        """Choose the sheet and upload the file."""
        if request.method == "GET":
            return self._new_page("")
        sheet = request.form.get("sheet", "")
        if sheet not in pages.granted_sheets():
            return self._new_page(_("Choose what the file holds.")), 422
        company_id = self._company_id()
        if company_id is None:
            return self._new_page(_("Choose the company whose data these are.")), 422
        try:
            batch = pages.receive(request.files.get("file"), sheet, company_id)
            db.session.commit()
        except ImportRejected as refusal:
            db.session.rollback()
            return self._new_page(refusal.message()), 422
        return redirect(url_for("ImportView.show", pk=batch.id), 303)

    def _new_page(self, problem: str) -> str:
        return self._page(
            "import_new",
            1,
            None,
            problem=problem,
            cards=pages.sheet_cards(),
            chosen=request.form.get("sheet") or request.args.get("sheet", ""),
            companies=self._companies(),
            company=request.form.get("company", ""),
            megabytes=self.appbuilder.app.config["PORTAL_MAX_UPLOAD_MB"],
        )

    def _companies(self) -> list[Company]:
        """Choices for platform administrators; everybody else works for the own company."""
        if current_scope().company_id is not None:
            return []
        return list(db.session.query(Company).order_by(Company.code))

    def _company_id(self) -> int | None:
        own = current_scope().company_id
        if own is not None:
            return own
        chosen = ascii_integer(request.form.get("company"))
        return chosen if chosen in {company.id for company in self._companies()} else None

    @expose("/template/<sheet>")
    @has_access
    def template(self, sheet: str) -> Response:
        """An empty workbook to fill in."""
        if sheet not in pages.granted_sheets():
            abort(404)
        path = importer.template_workbook(sheet, str(get_locale()))
        return sent_file(path, f"{pages.sheet_label(sheet)}.xlsx", is_kept=False)

    # ------------------------------------------------------------------ where a batch stands

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> AnyResponse:
        """Lead to the step at which the import is now."""
        batch = self.scoped_item(pk)
        return redirect(url_for(f"ImportView.{pages.page_of(batch)}", pk=batch.id), 303)

    # ------------------------------------------------------------------ step 2

    @expose("/<pk>/columns", methods=["GET", "POST"])
    @has_access
    def columns(self, pk: str) -> str | AnyResponse | tuple[str, int]:
        """Which column of the file is which field."""
        batch = self.scoped_item(pk)
        if pages.open_task(batch) is not None or batch.state in (
            BatchState.COMMITTED,
            BatchState.CANCELLED,
        ):
            return redirect(url_for("ImportView.show", pk=batch.id), 303)
        if request.method == "GET":
            return self._columns_page(batch)
        sheet = SHEETS[batch.sheet]
        mapping = mapping_form.read_mapping(sheet, request.form)
        options = mapping_form.read_options(request.form)
        try:
            pages.settle(batch)
            importer.choose(
                batch,
                mapping,
                options,
                request.form.get("worksheet") or None,
                request.form.get("remember_as", "").strip()[:60] or None,
            )
            pages.start(batch, "import_check", _("Check: %(file)s", file=batch.file_name))
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            problem = (refusal.field, refusal.message())
            return self._columns_page(batch, mapping, options, problem), 422
        return redirect(url_for("ImportView.difference", pk=batch.id), 303)

    def _columns_page(
        self,
        batch: ImportBatch,
        mapping: dict[str, dict[str, str]] | None = None,
        options: dict[str, Any] | None = None,
        problem: tuple[str | None, str] | None = None,
    ) -> str:
        sheet = SHEETS[batch.sheet]
        try:
            found = importer.describe(batch, request.values.get("worksheet") or None)
        except ImportRejected as refusal:
            return self._page("import_unreadable", 2, batch, problem=refusal.message())
        saved = pages.saved_mappings(batch)
        chosen = next((m for m in saved if m.name == request.args.get("mapping")), None)
        if mapping is None:
            mapping = (
                found.mapping if chosen is None else mapping_form.fitting(chosen.mapping, found)
            )
        options = {**found.options, **(chosen.options if chosen else {}), **(options or {})}
        return self._page(
            "import_columns",
            2,
            batch,
            found=found,
            rows=mapping_form.mapping_rows(sheet, found, mapping, problem),
            options=mapping_form.option_rows(sheet, options),
            samples=mapping_form.samples_by_header(found),
            saved=saved,
            chosen=chosen.name if chosen else found.mapping_name,
            problem=problem[1] if problem else pages.failure_of(batch),
            earlier=pages.earlier_import(batch),
        )

    # ------------------------------------------------------------------ step 3

    @expose("/<pk>/difference")
    @has_access
    def difference(self, pk: str) -> str | AnyResponse:
        """Progress while the file is checked or imported, then what an import would change."""
        batch = self.scoped_item(pk)
        task = pages.open_task(batch)
        if task is not None:
            is_check = task.kind == "import_check"
            return self._page(
                "import_progress",
                3 if is_check else 4,
                batch,
                outcome=outcome_html(task),
                heading=_("The file is being checked")
                if is_check
                else _("The rows are being imported"),
            )
        if batch.state not in (BatchState.CHECKED, BatchState.COMMITTING):
            return redirect(url_for(f"ImportView.{pages.page_of(batch)}", pk=batch.id), 303)
        counts = {
            "NEW": batch.rows_new,
            "CHANGED": batch.rows_changed,
            "REJECTED": batch.rows_rejected,
            "UNCHANGED": batch.rows_unchanged,
        }
        tab = request.args.get("tab", "")
        if tab not in counts:
            tab = next((name for name, count in counts.items() if count), "NEW")
        last = max((counts[tab] - 1) // DIFFERENCE_PAGE, 0) + 1
        page = min(max(ascii_integer(request.args.get("page")) or 1, 1), last)
        return self._page(
            "import_difference",
            3,
            batch,
            counts=counts,
            tab=tab,
            page=page,
            last_page=last,
            rows=importer.difference_rows(batch, tab, page, DIFFERENCE_PAGE),
            groups=importer.error_groups(batch) if batch.rows_rejected else [],
            commit_words=pages.commit_words(batch),
            problem=pages.failure_of(batch),
            earlier=pages.earlier_import(batch),
        )

    @expose("/<pk>/errors")
    @has_access
    def errors(self, pk: str) -> Response:
        """The rejected rows with their reasons, to correct and upload again."""
        batch = self.scoped_item(pk)
        if not batch.rows_rejected or batch.state not in (BatchState.CHECKED, BatchState.COMMITTED):
            abort(404)
        name = batch.file_name.rsplit(".", 1)[0]
        path = importer.error_workbook(batch)
        return sent_file(path, _("%(file)s rejected rows", file=name) + ".xlsx", is_kept=False)

    @expose("/<pk>/commit", methods=["POST"])
    @has_access
    def commit(self, pk: str) -> AnyResponse:
        """Import in the background; sent twice it is still one import."""
        batch = self.scoped_item(pk)
        if pages.open_task(batch) is None and batch.state in (
            BatchState.CHECKED,
            BatchState.COMMITTING,
        ):
            allow_rejected = request.form.get("allow_rejected") == "1"
            if batch.rows_rejected and not allow_rejected:
                flash(
                    _(
                        "Nothing was imported. Tick “Import the good rows” or correct the "
                        "rejected rows and upload the file again."
                    ),
                    "warning",
                )
            else:
                pages.settle(batch)
                title = _("Import: %(file)s", file=batch.file_name)
                pages.start(batch, "import_commit", title, allow_rejected=allow_rejected)
                db.session.commit()
        return redirect(url_for("ImportView.show", pk=batch.id), 303)

    @expose("/<pk>/discard", methods=["POST"])
    @has_access
    def discard(self, pk: str) -> AnyResponse:
        """Give the import up; the file is deleted, the batch stays in the list."""
        batch = self.scoped_item(pk)
        try:
            if pages.open_task(batch) is None:
                pages.settle(batch)
            importer.discard(batch)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            flash(refusal.message(), "warning")
            return redirect(url_for("ImportView.show", pk=pk), 303)
        flash(_("The import of “%(file)s” was discarded.", file=batch.file_name), "info")
        return redirect(url_for("ImportView.list"), 303)

    # ------------------------------------------------------------------ step 4

    @expose("/<pk>/result")
    @has_access
    def result(self, pk: str) -> str | AnyResponse:
        """What was written, and where to look at it."""
        batch = self.scoped_item(pk)
        if batch.state not in (BatchState.COMMITTED, BatchState.CANCELLED):
            return redirect(url_for(f"ImportView.{pages.page_of(batch)}", pk=batch.id), 303)
        return self._page(
            "import_result",
            4,
            batch,
            records_url=pages.records_url(batch),
            groups=importer.error_groups(batch) if batch.rows_rejected else [],
            is_own=batch.requested_by == g.user.id,
        )
