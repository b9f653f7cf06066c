"""A table of a page as a workbook: the rows as shown, and a sheet that says what they are."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from flask import Response, current_app
from flask_babel import gettext as _

from app.exchange.export import file_name
from app.exchange.export_columns import Cell, ExportColumn
from app.exchange.export_workbook import ExportWorkbook
from app.exchange.sent_file import sent_file
from app.kernel.actor import current_actor
from app.kernel.period import to_local, utc_now


def workbook(
    title: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Cell]],
    facts: Iterable[tuple[str, Cell]],
) -> Response:
    """`columns`: (heading, kind of `NUMBER_FORMATS` or "text")."""
    folder = Path(current_app.config["PORTAL_DATA_DIR"], "tmp")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(8)}.xlsx"
    book = ExportWorkbook(
        path, title, [ExportColumn(name, name, kind, lambda row: row) for name, kind in columns]
    )
    try:
        for row in rows:
            book.write_row(row)
        moment = utc_now()
        book.close(
            [
                *facts,
                (_("Exported by"), current_actor().name),
                (_("Exported at (Beijing time)"), to_local(moment).replace(tzinfo=None)),
                (_("Rows written"), book.rows_written),
            ]
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return sent_file(path, file_name(title, moment), is_kept=False)
