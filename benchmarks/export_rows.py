"""A list of customers with their orders, 12 columns, written as an Excel file.

All get the same rows from the same generator, so what is measured is the writing. The files are
read again with calamine and must hold the same cells.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.work import Case, Work

HEADERS = (
    "Customer code", "Customer", "Address", "Market", "Business", "Grade", "Open since",
    "Demanded", "Delivered", "Amount", "Fill rate", "Remark",
)  # fmt: skip
KINDS = (
    "text", "text", "text", "text", "text", "integer", "date",
    "quantity", "quantity", "money", "decimal", "text",
)  # fmt: skip
FIRST_DAY = dt.date(2010, 1, 1)


def rows(count: int) -> Iterator[list[Any]]:
    """Rows as a list page would give them; every fifth remark is empty."""
    for number in range(count):
        demanded = number * 7 % 97 + 1
        delivered = demanded * (80 + number % 21) // 100
        yield [
            f"4401{number:08d}",
            f"惠民便利店{number}",
            f"建设路{number % 900 + 1}号 {number % 60}室",
            ("城市", "农村", "城乡结合")[number % 3],
            ("便利店", "超市", "食杂店", "烟酒店")[number % 4],
            number % 30 + 1,
            FIRST_DAY + dt.timedelta(days=number % 5000),
            demanded,
            delivered,
            delivered * 12350 / 100,
            round(delivered / demanded, 4),
            f"第{number % 12 + 1}月订货" if number % 5 else None,
        ]


def prepare(case: Case) -> None:
    """Nothing: the rows are generated."""


def cells(path: Path) -> Any:
    """How many rows, the first and last ones, and sums of the numbers."""
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(path) as book:
        found = book.get_sheet_by_index(0).to_python()
    body = [[plain(cell) for cell in row] for row in found[1:]]
    sums = [round(sum(row[place] for row in body), 2) for place in (5, 7, 8, 9, 10)]
    return {"header": found[0], "rows": len(body), "ends": body[:50] + body[-50:], "sums": sums}


def plain(cell: Any) -> Any:
    if isinstance(cell, dt.date):
        return f"{cell:%Y-%m-%d}"
    return "" if cell is None else cell


def _work(case: Case, write: Any) -> Work:
    path = case.scratch / "list.xlsx"
    return Work(lambda: write(path), lambda: cells(path))


def portal(case: Case) -> Work:
    """The writer behind the export button."""
    from flask import Flask
    from flask_babel import Babel

    from app.exchange.export_columns import ExportColumn
    from app.exchange.export_workbook import ExportWorkbook

    app = Flask("export")
    Babel(app)
    columns = [
        ExportColumn(name, name, kind, lambda row: row)
        for name, kind in zip(HEADERS, KINDS, strict=True)
    ]

    def write(path: Path) -> None:
        with app.test_request_context():
            book = ExportWorkbook(path, "List", columns)
            for row in rows(case.amount):
                book.write_row(row)
            book.close([("Rows", case.amount)])

    return _work(case, write)


def pandas(case: Case) -> Work:
    import openpyxl  # noqa: F401 -- the engine pandas imports when it writes
    import pandas as pd

    def write(path: Path) -> None:
        frame = pd.DataFrame(rows(case.amount), columns=list(HEADERS))
        frame.to_excel(path, index=False, engine="openpyxl")

    return _work(case, write)


def openpyxl(case: Case) -> Work:
    from openpyxl import Workbook

    def write(path: Path) -> None:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("List")
        sheet.append(HEADERS)
        for row in rows(case.amount):
            sheet.append(row)
        book.save(path)

    return _work(case, write)


def xlsxwriter_default(case: Case) -> Work:
    import xlsxwriter

    def write(path: Path) -> None:
        with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as book:
            sheet = book.add_worksheet("List")
            sheet.write_row(0, 0, HEADERS)
            for number, row in enumerate(rows(case.amount), 1):
                sheet.write_row(number, 0, row)

    return _work(case, write)


def rustpy(case: Case) -> Work:
    from rustpy_xlsxwriter import write_worksheet

    def write(path: Path) -> None:
        # It takes mappings and writes no cell for a missing value.
        records = (dict(zip(HEADERS, row, strict=True)) for row in rows(case.amount))
        write_worksheet(records, str(path), sheet_name="List")

    return _work(case, write)


def csv_file(case: Case) -> Work:
    path = case.scratch / "list.csv"

    def write() -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADERS)
            writer.writerows(rows(case.amount))

    return Work(write)
