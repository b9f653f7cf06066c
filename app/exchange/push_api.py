"""POST /api/v1/import/<sheet>: other systems push rows, with an access key and never a cookie.

Body: ``{"rows": [{"field": value, …}, …], "options": {…}}`` as JSON with the sheet's field names,
or a csv (``text/csv``) whose columns are mapped as in the wizard, by the mapping called "push"
when there is one. All rows or none. Answers: 200 with the counts; 422 with the reasons by row and
field; 401, 403, 404, 413, 415 as usual. Sending the same rows again changes nothing.
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

from flask import g, jsonify, request
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.security.decorators import limit, protect
from flask_babel import gettext as _
from sqlalchemy import select

from app.exchange import importer
from app.exchange.mapping import checked_options
from app.exchange.sheets import SHEETS
from app.exchange.unattended_import import import_file
from app.kernel.actor import Actor, current_actor
from app.kernel.db import db
from app.kernel.errors import N_, ImportRejected
from app.models import Company, ImportBatch, SalesSource
from app.security.access import load_access

MAPPING_NAME = "push"
RATE = "120 per minute"
"""Per address; a nightly push of a province in parts of 50,000 rows stays far below."""
MOST_ROWS = 50_000
MOST_ERRORS = 500

NOT_ROWS = N_('Send JSON like {"rows": [{"field": value}]}, with one object per row.')
TOO_MANY_ROWS = N_("At most %(most)s rows can be sent at once. Send several parts.")
UNKNOWN_FIELDS = N_("The sheet has no such fields: %(names)s.")


class ImportApi(BaseApi):
    """Rows in, counts or reasons out. Works with access keys only, so it needs no CSRF token."""

    resource_name = "import"
    version = "v1"
    class_permission_name = "ImportBatch"
    method_permission_name = {"push": "create"}
    base_permissions = ["can_create"]
    allow_browser_login = False
    csrf_exempt = True
    openapi_spec_component_schemas = ()

    @expose("/<sheet>", methods=["POST"])
    @protect()
    @limit(RATE)
    def push(self, sheet: str) -> Any:
        """Import the rows of the body into a sheet."""
        if sheet not in SHEETS:
            return _refusal(404, _("There is no such sheet."))
        if not importer.may_import(sheet, load_access(g.user.id)[1]):
            return _refusal(403, _("The key's user may not import this sheet."))
        company_id = _company_of(g.user)
        if company_id is None:
            return _refusal(422, _("Name the company: ?company=<code>."))
        actor = Actor(g.user.id, current_actor().name, "api")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "push.csv"
            try:
                options = _write_body(sheet, path)
                batch = import_file(
                    company_id,
                    sheet,
                    path,
                    f"{sheet}.csv",
                    actor,
                    SalesSource.PUSH,
                    mapping_name=MAPPING_NAME,
                    given=options,
                )
            except ImportRejected as refusal:
                return _rejection(refusal, company_id, sheet)
        return jsonify(
            batch=batch.id,
            rows=batch.rows_total,
            new=batch.rows_new,
            changed=batch.rows_changed,
            unchanged=batch.rows_unchanged,
        )


def _company_of(user: Any) -> int | None:
    """The user's own company; platform administrators name one."""
    if user.company_id is not None:
        own: int = user.company_id
        return own
    code = request.args.get("company", "")
    return db.session.scalar(select(Company.id).where(Company.code == code))


def _write_body(sheet: str, path: Path) -> dict[str, Any] | None:
    """Write the body as a csv file; returns the options of a JSON body, None for csv.

    JSON bodies become a csv whose headers are field names, so that both go the same way.
    """
    if request.mimetype == "text/csv":
        with path.open("wb") as file:
            while block := request.stream.read(1 << 16):
                file.write(block)
        return None
    body = request.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    rows = body.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ImportRejected(NOT_ROWS)
    if len(rows) > MOST_ROWS:
        raise ImportRejected(TOO_MANY_ROWS, most=MOST_ROWS)
    fields = list(dict.fromkeys(name for row in rows for name in row))
    if unknown := [str(name)[:40] for name in fields if name not in SHEETS[sheet].by_field]:
        raise ImportRejected(UNKNOWN_FIELDS, names=", ".join(unknown[:20]))
    if any(isinstance(value, dict | list) for row in rows for value in row.values()):
        raise ImportRejected(NOT_ROWS)
    options = body.get("options", {})
    checked_options(SHEETS[sheet], options if isinstance(options, dict) else {})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(fields)
        writer.writerows([_cell(row.get(name)) for name in fields] for row in rows)
    return options if isinstance(options, dict) else {}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).upper() if isinstance(value, bool) else str(value)


def _rejection(refusal: ImportRejected, company_id: int, sheet: str) -> Any:
    """The reasons; row numbers count the rows sent, from 1, without the header."""
    batch = db.session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.company_id == company_id,
            ImportBatch.sheet == sheet,
            ImportBatch.requested_by == g.user.id,
            ImportBatch.source == SalesSource.PUSH,
        )
        .order_by(ImportBatch.id.desc())
        .limit(1)
    )
    if refusal.message_id != importer.HAS_REJECTED or batch is None:
        return _refusal(422, refusal.message())
    rows = importer.difference_rows(batch, "REJECTED", page_size=MOST_ERRORS)
    return (
        jsonify(
            error=refusal.message(),
            batch=batch.id,
            rejected=batch.rows_rejected,
            rows=[
                {
                    "row": row.row_no - 1,
                    "errors": [
                        {"field": error.field, "value": error.value, "message": error.message}
                        for error in row.errors
                    ],
                }
                for row in rows
            ],
        ),
        422,
    )


def _refusal(status: int, message: str) -> Any:
    return jsonify(error=message, status=status), status
