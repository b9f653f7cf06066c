"""Imports in tests: a company, and files made from rows."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from flask import Flask

from app.exchange import importer
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db
from app.models import Company, Department, ImportBatch, SalesSource, Territory

ACTOR = Actor(1, "Alice", "form")


@pytest.fixture
def company_made(app: Flask) -> int:
    """Id of a company with department D1 and territories T1 and T2; no app context stays open."""
    with app.app_context(), acting_as(ACTOR):
        company = Company(code="C1", name="Test company")
        db.session.add(company)
        db.session.flush()
        department = Department(company_id=company.id, code="D1", name="Department 1")
        db.session.add(department)
        db.session.flush()
        for number in (1, 2):
            db.session.add(
                Territory(
                    company_id=company.id,
                    department_id=department.id,
                    code=f"T{number}",
                    name=f"Territory {number}",
                )
            )
        db.session.commit()
        return company.id


@pytest.fixture
def company(app: Flask, company_made: int) -> Iterator[int]:
    """The same, inside an app context and acting as Alice."""
    with app.app_context(), acting_as(ACTOR):
        yield company_made
        db.session.rollback()


def write_csv(path: Path, rows: Sequence[Sequence[Any]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_xlsx(path: Path, rows: Sequence[Sequence[Any]], name: str = "Sheet1") -> Path:
    with xlsxwriter.Workbook(str(path)) as workbook:
        page = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return path


Importing = Callable[..., ImportBatch]


@pytest.fixture
def checked(company: int, tmp_path: Path) -> Importing:
    """``checked(sheet, rows, mapping=None, **options)``: the batch after its check."""

    def check(
        sheet: str, rows: Sequence[Sequence[Any]], mapping: Any = None, **options: Any
    ) -> ImportBatch:
        path = write_csv(tmp_path / f"{sheet}.csv", rows)
        batch = importer.create_batch(company, sheet, path, path.name, ACTOR, SalesSource.FILE)
        found = importer.describe(batch)
        importer.choose(batch, mapping or found.mapping, {**found.options, **options})
        db.session.commit()
        return importer.check(batch.id)

    return check


@pytest.fixture
def imported(checked: Importing) -> Importing:
    """As `checked`, and committed."""

    def run(*arguments: Any, **options: Any) -> ImportBatch:
        return importer.commit(checked(*arguments, **options).id)

    return run


def counts(batch: ImportBatch) -> tuple[int, int, int, int]:
    """New, changed, unchanged, rejected."""
    return batch.rows_new, batch.rows_changed, batch.rows_unchanged, batch.rows_rejected


def messages(batch: ImportBatch) -> list[tuple[int, str, str]]:
    """(row, field, message) of every rejection."""
    return [
        (row.row_no, error.field, error.message)
        for row in importer.difference_rows(batch, "REJECTED", page_size=500)
        for error in row.errors
    ]
