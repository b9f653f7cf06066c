"""All rows of an Excel file of sales lines, 9 columns.

The portal opens files in a child process with limits on memory and time, since a hostile file may
kill it; the rows cross a pipe. The rivals read in their own process.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.work import Case, Work

HEADERS = (
    "Customer code", "Product code", "Order date", "Order number", "Demanded", "Delivered",
    "Amount", "Channel", "Settlement",
)  # fmt: skip
FIRST_DAY = dt.date(2026, 1, 1)
NUMBERS = (4, 5, 6)


def prepare(case: Case) -> None:
    """The file, as Excel would write it: shared texts, real dates and numbers."""
    import xlsxwriter

    draft = case.folder / "draft.xlsx"
    options = {"constant_memory": False, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(str(draft), options) as book:
        sheet = book.add_worksheet("Lines")
        sheet.write_row(0, 0, HEADERS)
        for number in range(case.amount):
            cartons = number * 7 % 19 + 1
            sheet.write_row(number + 1, 0, [
                f"4401{number * 131 % 30_000:08d}", f"69{number * 17 % 300:05d}",
                FIRST_DAY + dt.timedelta(days=number % 28), f"SO{number:09d}",
                cartons, cartons - number % 2, cartons * 123.5, "网上订货", "电子结算",
            ])  # fmt: skip
    draft.rename(path_of(case))


def path_of(case: Case) -> Path:
    return case.folder / "lines.xlsx"


class Seen:
    """What was read: counted and summed as rows pass, so that nobody has to keep them."""

    def __init__(self) -> None:
        self.rows = 0
        self.sums = [0.0] * len(NUMBERS)
        self.first: list[Any] = []
        self.last: list[Any] = []

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        row: Sequence[Any] = ()
        first, second, third = NUMBERS
        demanded = delivered = amount = 0.0
        for row in rows:
            if not self.rows:
                self.first = [str(plain(cell)) for cell in row]
            self.rows += 1
            demanded += row[first]
            delivered += row[second]
            amount += row[third]
        self.sums = [demanded, delivered, amount]
        self.last = [str(plain(cell)) for cell in row]

    def answer(self) -> Any:
        return vars(self)


def plain(cell: Any) -> Any:
    if isinstance(cell, dt.date):
        return f"{cell:%Y-%m-%d}"
    return float(cell) if isinstance(cell, int | float) else cell


def portal(case: Case) -> Work:
    from app.exchange.workbook import read_rows

    seen, path = Seen(), path_of(case)

    def run() -> None:
        rows = read_rows(path)
        next(rows)
        seen.take(row for _number, row in rows)

    return Work(run, seen.answer)


def openpyxl(case: Case) -> Work:
    from openpyxl import load_workbook

    seen, path = Seen(), path_of(case)

    def run() -> None:
        book = load_workbook(path, read_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        next(rows)
        seen.take(rows)

    return Work(run, seen.answer)


def pandas(case: Case) -> Work:
    import pandas as pd
    import python_calamine  # noqa: F401 -- the engine pandas imports when it reads

    seen, path = Seen(), path_of(case)

    def run() -> None:
        frame = pd.read_excel(path, engine="calamine", dtype={0: str, 1: str})
        seen.take(frame.itertuples(index=False, name=None))

    return Work(run, seen.answer)


def fastexcel(case: Case) -> Work:
    import polars as pl
    from fastexcel import read_excel

    seen, path = Seen(), path_of(case)

    def run() -> None:
        frame: pl.DataFrame = read_excel(path).load_sheet(0).to_polars()
        seen.take(frame.iter_rows())

    return Work(run, seen.answer)


def unzip(case: Case) -> Work:
    """Only the worksheet's bytes."""
    path = path_of(case)

    def run() -> None:
        with zipfile.ZipFile(path) as archive, archive.open("xl/worksheets/sheet1.xml") as sheet:
            while sheet.read(1 << 20):
                pass

    return Work(run)
