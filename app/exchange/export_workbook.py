"""Writes rows to an xlsx file in constant memory; every text stays a text.

Excel's limits are met visibly: a text that is too long is cut with a mark and counted, rows that
do not fit go on in a further sheet, characters that no xlsx can hold are left out.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from flask_babel import gettext as _

from app.exchange.export_columns import NUMBER_FORMATS, Cell, ExportColumn

MOST_ROWS = 1_048_575
"""Rows of a sheet below its header."""
LONGEST_TEXT = 32_767
CUT_MARK = " …[✂]"
NARROWEST, WIDEST = 8, 60
ROWS_MEASURED = 500
FIRST_DAY = dt.date(1900, 1, 1)

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LOOKS_LIKE_FORMULA = ("=", "+", "-", "@", "\t", "\n")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f']")


def safe_text(text: str) -> tuple[str, bool]:
    """The text as a cell can hold it, and whether it had to be cut.

    Excel counts UTF-16 units, Python characters: a text of emoji is twice as long there.
    """
    text = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= LONGEST_TEXT or len(text.encode("utf-16-le")) // 2 <= LONGEST_TEXT:
        return text, False
    room = (LONGEST_TEXT - len(CUT_MARK)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT_MARK, True


def shown_width(value: Cell) -> int:
    """Columns of a monospaced font the value takes; Chinese characters take two."""
    if value is None:
        return 0
    if isinstance(value, int | float):
        return len(f"{value:,.2f}") if isinstance(value, float) else len(f"{value:,}")
    if isinstance(value, dt.datetime):
        return 19
    if isinstance(value, dt.date):
        return 10
    line = value.split("\n", 1)[0][:WIDEST]
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def sheet_name(text: str, number: int = 1) -> str:
    """A name Excel accepts: at most 31 characters, some forbidden, numbered from the second on."""
    ending = f" {number}" if number > 1 else ""
    name = _NOT_IN_SHEET_NAMES.sub(" ", text).strip()[: 31 - len(ending)]
    return (name or "Data") + ending


class ExportWorkbook:
    """One file: sheets of rows, then a sheet about the export.

    `most_rows` lets tests split a small file.
    """

    def __init__(
        self, path: Path, title: str, columns: Sequence[ExportColumn], most_rows: int = MOST_ROWS
    ) -> None:
        self.rows_written = 0
        self.texts_cut = 0
        self._title = title
        self._columns = columns
        self._most_rows = most_rows
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(path.parent),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
                "use_zip64": True,
            },
        )
        self._formats = {
            kind: self._book.add_format({"num_format": pattern})
            for kind, pattern in NUMBER_FORMATS.items()
        }
        self._head = self._book.add_format(
            {"bold": True, "bg_color": "#E8F3F0", "bottom": 1, "valign": "vcenter"}
        )
        self._quoted = self._book.add_format({"quote_prefix": True})
        self._widths = [shown_width(column.label) + 4 for column in columns]
        self._sheets = 0
        self._row = 0
        self._sheet: Any = None
        self._next_sheet()

    def _next_sheet(self) -> None:
        self._close_sheet()
        self._sheets += 1
        self._sheet = self._book.add_worksheet(sheet_name(self._title, self._sheets))
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_row(0, 22)
        for index, column in enumerate(self._columns):
            self._write_text(self._sheet, 0, index, column.label, self._head)
        self._row = 0

    def _close_sheet(self) -> None:
        """Filter and widths, known only when the rows are written."""
        if self._sheet is None:
            return
        if self._columns:
            self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        for index, width in enumerate(self._widths):
            self._sheet.set_column(index, index, min(max(width, NARROWEST), WIDEST))

    def write_row(self, cells: Sequence[Cell]) -> None:
        """Append one row. Errors: `OverflowError` when a cell was not accepted."""
        if self._row == self._most_rows:
            self._next_sheet()
        self._row += 1
        for index, value in enumerate(cells):
            if value is None:
                continue
            if self.rows_written < ROWS_MEASURED:
                self._widths[index] = max(self._widths[index], shown_width(value) + 2)
            self._write_cell(self._row, index, value, self._columns[index].kind)
        self.rows_written += 1

    def _write_cell(self, row: int, index: int, value: Cell, kind: str) -> None:
        sheet, code = self._sheet, 0
        if isinstance(value, str):
            self._write_text(sheet, row, index, value)
        elif isinstance(value, dt.datetime):
            code = sheet.write_datetime(row, index, value, self._formats["time"])
        elif isinstance(value, dt.date):
            if value < FIRST_DAY:  # before Excel's calendar
                self._write_text(sheet, row, index, value.isoformat())
            else:
                pattern = self._formats["month" if kind == "month" else "date"]
                code = sheet.write_datetime(row, index, value, pattern)
        elif value is not None:
            number_kind = kind if kind in NUMBER_FORMATS else "decimal"
            if number_kind == "decimal" and isinstance(value, int):
                number_kind = "quantity"
            code = sheet.write_number(row, index, value, self._formats[number_kind])
        if code:
            raise OverflowError(f"cell {row}, {index} was not accepted ({code})")

    def _write_text(
        self, sheet: Any, row: int, index: int, text: str, cell_format: Any = None
    ) -> None:
        text, was_cut = safe_text(text)
        self.texts_cut += was_cut
        if cell_format is None and text.startswith(_LOOKS_LIKE_FORMULA):
            cell_format = self._quoted  # stays a text even when somebody edits the cell
        code = sheet.write_string(row, index, text, cell_format)
        if code:
            raise OverflowError(f"cell {row}, {index} was not accepted ({code})")

    def close(self, facts: Iterable[tuple[str, Cell]]) -> None:
        """Finish the file with a sheet of label and value pairs about it."""
        self._close_sheet()
        self._sheet = None
        sheet = self._book.add_worksheet(sheet_name(_("About this export")))
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 80)
        left = self._book.add_format({"bold": True, "valign": "top"})
        wrapped = self._book.add_format({"text_wrap": True, "align": "left"})
        number = self._book.add_format({"num_format": "#,##0", "align": "left"})
        time = self._book.add_format({"num_format": NUMBER_FORMATS["time"], "align": "left"})
        for row, (name, value) in enumerate(facts):
            self._write_text(sheet, row, 0, name, left)
            if isinstance(value, dt.datetime):
                sheet.write_datetime(row, 1, value, time)
            elif isinstance(value, int | float):
                sheet.write_number(row, 1, value, number)
            elif value is not None:
                self._write_text(sheet, row, 1, str(value), wrapped)
        self._book.close()
