"""The rejected rows as they were uploaded, with the reasons, ready to correct and upload again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import xlsxwriter
from flask_babel import gettext as _
from sqlalchemy import select

from app.exchange.batch_files import made_path, stored_path
from app.exchange.comparison import REJECTED
from app.exchange.difference import CellError, cell_error
from app.exchange.mapping import shown
from app.exchange.mapping_guess import find_header
from app.exchange.sheet_types import Sheet
from app.exchange.sheets import SHEETS
from app.exchange.stage_tables import IMPORT_ERRORS, STAGE_TABLES
from app.exchange.workbook import read_rows, read_top
from app.kernel.db import db
from app.models import ImportBatch

MOST_ROWS = 100_000
MOST_COMMENTS = 5_000
"""Comments are kept in memory by the writer; the reasons stand in the first column anyway."""
LONGEST_CELL = 32_767
ROWS_PER_PAGE = 2_000
SAFE = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def error_workbook(batch: ImportBatch) -> Path:
    """Columns: reasons, then the file's own. Cells at fault are coloured and carry the reason."""
    sheet = SHEETS[batch.sheet]
    source = stored_path(batch)
    header_row, headers = find_header(sheet, read_top(source, batch.worksheet).rows)
    positions = {
        field: headers.index(rule["column"]) + 1
        for field, rule in batch.mapping.items()
        if rule.get("column") in headers
    }
    target = made_path(batch.company_id)
    with xlsxwriter.Workbook(str(target), SAFE) as workbook:
        heading = workbook.add_format({"bold": True, "bg_color": "#EEF2F6", "border": 1})
        at_fault = workbook.add_format({"bg_color": "#FDE2E1"})
        reasons_format = workbook.add_format({"font_color": "#B42318", "text_wrap": True})
        page = workbook.add_worksheet(_("Rejected rows"))
        page.freeze_panes(1, 1)
        page.set_column(0, 0, 60)
        page.set_column(1, max(1, len(headers)), 18)
        page.write_string(0, 0, _("Reason for the rejection"), heading)
        for column, header in enumerate(headers, 1):
            page.write_string(0, column, header[:LONGEST_CELL], heading)
        comments = 0
        with closing(read_rows(source, batch.worksheet)) as rows:
            raw = (entry for entry in rows if entry[0] > header_row)
            for line, (number, cells, errors) in enumerate(_rejected(batch, sheet, raw), 1):
                words = "\n".join(_sentence(number, error) for error in errors)
                page.write_string(line, 0, words[:LONGEST_CELL], reasons_format)
                faults = {
                    positions[error.field]: error for error in errors if error.field in positions
                }
                for column, cell in enumerate(cells[: len(headers)], 1):
                    _write(page, line, column, cell, at_fault if column in faults else None)
                for column, error in faults.items():
                    if column > len(cells):
                        page.write_blank(line, column, None, at_fault)
                    if comments < MOST_COMMENTS:
                        page.write_comment(line, column, error.message)
                        comments += 1
    return target


def _sentence(number: int, error: CellError) -> str:
    where = _("Row %(row)s", row=number)
    return (
        f"{where} · {error.label}: {error.message}" if error.label else f"{where}: {error.message}"
    )


def _write(page: Any, line: int, column: int, cell: Any, cell_format: Any) -> None:
    if isinstance(cell, int | float):
        page.write_number(line, column, cell, cell_format)
    elif cell:
        page.write_string(line, column, shown(cell)[:LONGEST_CELL], cell_format)
    elif cell_format is not None:
        page.write_blank(line, column, None, cell_format)


def _rejected(
    batch: ImportBatch, sheet: Sheet, raw: Iterator[tuple[int, list[Any]]]
) -> Iterator[tuple[int, list[Any], list[CellError]]]:
    """(row number, cells as uploaded, reasons) of rejected rows, in the order of the file."""
    stage = STAGE_TABLES[batch.sheet].c
    connection = db.session.connection()
    last, written = 0, 0
    while written < MOST_ROWS:
        numbers = connection.scalars(
            select(stage.row_no)
            .where(
                stage.company_id == batch.company_id,
                stage.batch_id == batch.id,
                stage.outcome == REJECTED,
                stage.row_no > last,
            )
            .order_by(stage.row_no)
            .limit(ROWS_PER_PAGE)
        ).all()
        if not numbers:
            return
        last = numbers[-1]
        errors: dict[int, list[CellError]] = {number: [] for number in numbers}
        for row in connection.execute(
            select(IMPORT_ERRORS)
            .where(
                IMPORT_ERRORS.c.company_id == batch.company_id,
                IMPORT_ERRORS.c.batch_id == batch.id,
                IMPORT_ERRORS.c.row_no.between(numbers[0], last),
            )
            .order_by(IMPORT_ERRORS.c.row_no, IMPORT_ERRORS.c.field)
        ):
            errors[row.row_no].append(cell_error(sheet, row))
        for number, cells in raw:
            if number in errors:
                written += 1
                yield number, cells, errors[number]
            if number >= last:
                break
