"""A formatted report as an xlsx file: titled pages with facts, tables, texts and native charts.

Pages are made for reading and printing on A4; numbers stay numbers with a format, every text
stays a text (`safe_text`), whatever it begins with.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import xlsxwriter
from flask import Response
from flask_babel import gettext as _

from app.exchange.export import file_name
from app.exchange.export_columns import NUMBER_FORMATS, Cell
from app.exchange.export_workbook import safe_text, sheet_name, shown_width
from app.exchange.sent_file import XLSX, file_names
from app.kernel.period import utc_now

A4 = 9
FORMATS = {**NUMBER_FORMATS, "percent": "0.0%", "one": "#,##0.0"}
TITLE, HEAD, INK, PACE = "#0B6B57", "#E8F3F0", "#1A2420", "#8A5A06"
LINE_POINTS = 16
CHART_ROWS, CHART_POINTS_WIDE = 15, 620
LONGEST_HEADER = 60


class Figure(NamedTuple):
    """A number with the kind of `FORMATS` it is shown in, where it differs from its column's."""

    value: float | None
    kind: str


@dataclass(frozen=True, slots=True)
class Area:
    """Where a table's rows stand: (sheet, first row, last row), rows from 0 without the head."""

    sheet: str
    first: int
    last: int

    def column(self, number: int) -> list[Any]:
        """The range of a column, as a chart wants it."""
        return [self.sheet, self.first, number, self.last, number]

    def head(self, number: int) -> list[Any]:
        return [self.sheet, self.first - 1, number]


class ReportWorkbook:
    """The file; `pages` are added in reading order."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._file = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self._file,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self.book.set_properties({"title": safe_text(title)[0]})
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._names: set[str] = set()

    def format(self, **values: Any) -> Any:
        """A cell format, made once."""
        key = tuple(sorted(values.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format({"valign": "top", **values})
        return self._formats[key]

    def page(
        self, name: str, title: str, widths: Sequence[int], *, is_wide: bool = False
    ) -> ReportPage:
        """A sheet; equal names are numbered, as Excel refuses them."""
        number = 1
        while sheet_name(name, number).casefold() in self._names:
            number += 1
        shown = sheet_name(name, number)
        self._names.add(shown.casefold())
        return ReportPage(self, shown, title, widths, is_wide=is_wide)

    def close(self) -> bytes:
        """The finished file."""
        self.book.close()
        return self._file.getvalue()

    def answer(self) -> Response:
        """The file as a download under its title and the time."""
        response = Response(self.close(), mimetype=XLSX)
        names = file_names(file_name(self.title, utc_now()))
        response.headers.set("Content-Disposition", "attachment", **names)
        return response


class ReportPage:
    """A sheet written from top to bottom."""

    def __init__(
        self, report: ReportWorkbook, name: str, title: str, widths: Sequence[int], *, is_wide: bool
    ) -> None:
        self.name = name
        self._report = report
        self._widths = widths
        self._last = len(widths) - 1
        self._row = 0
        self._sheet = report.book.add_worksheet(name)
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)
        self._set_up_print(is_wide=is_wide)
        self._sheet.set_row(0, 28)
        self._across(title, report.format(bold=True, font_size=16, font_color=TITLE), 28)

    def _set_up_print(self, *, is_wide: bool) -> None:
        sheet = self._sheet
        sheet.set_paper(A4)
        if is_wide:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
        sheet.hide_gridlines(2)
        heading = safe_text(self._report.title)[0][:LONGEST_HEADER].replace("&", "&&")
        sheet.set_header(f"&L{heading}&R&A")
        sheet.set_footer("&C" + _("Page %(page)s of %(pages)s", page="&P", pages="&N"))

    def _across(self, text: str, cell_format: Any, height: float) -> None:
        """A text over all columns."""
        self._sheet.set_row(self._row, height)
        shown = safe_text(text)[0]
        if self._last:
            self._sheet.merge_range(self._row, 0, self._row, self._last, "", cell_format)
        self._sheet.write_string(self._row, 0, shown, cell_format)
        self._row += 1

    def facts(self, facts: Sequence[tuple[str, Cell]]) -> None:
        """Label and value, one a row."""
        label = self._report.format(font_color="#5F6D66")
        for name, value in facts:
            self._sheet.write_string(self._row, 0, safe_text(name)[0], label)
            self._write(
                self._row, 1, value, "text" if isinstance(value, str) else "quantity", left=True
            )
            self._row += 1
        self._row += 1

    def heading(self, text: str) -> None:
        self._across(text, self._report.format(bold=True, font_size=12, font_color=INK), 22)

    def table(
        self,
        columns: Sequence[tuple[str, str]],
        rows: Sequence[Sequence[Cell | Figure]],
        total: Sequence[Cell | Figure] | None = None,
    ) -> Area:
        """`columns`: (heading, kind); `total` follows the rows and is no part of the area."""
        head = self._report.format(bold=True, bg_color=HEAD, border=1, text_wrap=True)
        for column, (name, _kind) in enumerate(columns):
            self._sheet.write_string(self._row, column, safe_text(name)[0], head)
        self._sheet.set_row(self._row, self._height([name for name, _kind in columns]))
        self._row += 1
        first = self._row
        for row in (*rows, *([total] if total is not None else [])):
            self._sheet.set_row(self._row, self._height(row))
            for column, (value, (_name, kind)) in enumerate(zip(row, columns, strict=True)):
                self._write(self._row, column, value, kind, border=1, bold=row is total)
            self._row += 1
        self._row += 1
        return Area(self.name, first, max(first, first + len(rows) - 1))

    def _height(self, row: Sequence[Cell | Figure]) -> float:
        lines = [
            self._lines(value, self._widths[column])
            for column, value in enumerate(row)
            if isinstance(value, str)
        ]
        return LINE_POINTS * max(lines, default=1) + 2

    @staticmethod
    def _lines(text: str, width: int) -> int:
        """Rows the text takes when wrapped at a column's width."""
        return sum(
            max(1, -(-sum(shown_width(char) for char in line) // max(width - 1, 1)))
            for line in text.split("\n")
        )

    def text(self, name: str, text: str) -> None:
        """A labelled text over the whole width, wrapped."""
        self._across(name, self._report.format(bold=True, font_color="#4C5953"), 18)
        shown = text or "—"
        height = LINE_POINTS * self._lines(shown, sum(self._widths)) + 4
        self._across(shown, self._report.format(text_wrap=True, border=1), min(height, 400))

    def chart(
        self, kind: str, title: str, categories: list[Any], series: Sequence[tuple[list[Any], list[Any]]],
        pattern: str,
    ) -> None:  # fmt: skip
        """A native chart below what was written; `series`: (name's cell, values' range)."""
        chart = self._report.book.add_chart({"type": kind})
        for number, (name, values) in enumerate(series):
            colour = (TITLE, PACE)[number % 2]
            look: dict[str, Any] = {"name": name, "categories": categories, "values": values}
            if kind == "line":
                dash = "dash" if number else "solid"
                look["line"] = {"color": colour, "width": 2.25, "dash_type": dash}
            else:
                look["fill"] = {"color": colour}
            chart.add_series(look)
        chart.set_title({"name": safe_text(title)[0], "name_font": {"size": 11}, "overlay": False})
        chart.set_legend({"position": "bottom"} if len(series) > 1 else {"none": True})
        axis = {
            "num_format": pattern,
            "major_gridlines": {"visible": True, "line": {"color": HEAD}},
        }
        chart.set_y_axis(axis if kind != "bar" else {"reverse": True})
        if kind == "bar":
            chart.set_x_axis(axis)
        chart.set_size({"width": CHART_POINTS_WIDE, "height": CHART_ROWS * 20})
        self._sheet.insert_chart(self._row, 0, chart)
        self._row += CHART_ROWS + 1

    def _write(
        self, row: int, column: int, value: Cell | Figure, kind: str, *, left: bool = False, **look: Any
    ) -> None:  # fmt: skip
        if isinstance(value, Figure):
            kind, value = value.kind, value.value
        if left:
            look["align"] = "left"
        if value is None:
            self._sheet.write_blank(row, column, None, self._report.format(**look))
        elif isinstance(value, str):
            wrap = self._report.format(text_wrap=not left, **look)
            self._sheet.write_string(row, column, safe_text(value)[0], wrap)
        elif isinstance(value, dt.date):
            is_time = isinstance(value, dt.datetime)
            pattern = FORMATS["time" if is_time else "date"]
            self._sheet.write_datetime(
                row, column, value, self._report.format(num_format=pattern, **look)
            )
        else:
            pattern = FORMATS.get(kind, FORMATS["decimal"])
            self._sheet.write_number(
                row, column, value, self._report.format(num_format=pattern, **look)
            )
