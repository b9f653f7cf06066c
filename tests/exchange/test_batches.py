"""The way of a batch: states, cancelling, what people see, and crashes at any moment."""

import contextlib
import datetime as dt
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.exchange import importer
from app.exchange.sheets import SHEETS
from app.exchange.stage_tables import IMPORT_ERRORS, STAGE_TABLES
from app.exchange.stale_batches import KEPT_DAYS, remove_stale_batches
from app.jobs.job_context import JobContext
from app.kernel.actor import acting_as
from app.kernel.db import db
from app.kernel.errors import ImportRejected, InvalidTransition
from app.kernel.period import utc_now
from app.models import (
    BatchState,
    ChangeLog,
    Customer,
    CustomerTerritory,
    ImportBatch,
    Product,
    SalesSource,
)
from tests.conftest import ROOT, AppFactory
from tests.exchange.conftest import ACTOR, Importing, counts, write_csv

PRODUCT = ["商品编码", "商品名称", "批发价", "零售价"]
GOOD = [PRODUCT, ["P1", "Red", "10", "12.5"], ["P2", "Blue", "20", "25"]]
MIXED = [*GOOD, ["P3", "x" * 101, "abc", "-1"]]


def number(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_nothing_is_written_before_the_commit(checked: Importing):
    batch = checked("products", GOOD)
    assert (batch.state, counts(batch)) == (BatchState.CHECKED, (2, 0, 0, 0))
    assert number(Product) == 0
    importer.commit(batch.id)
    assert (batch.state, number(Product)) == (BatchState.COMMITTED, 2)
    assert number(STAGE_TABLES["products"]) == 0
    with pytest.raises(InvalidTransition):
        importer.commit(batch.id)
    with pytest.raises(InvalidTransition):
        importer.check(batch.id)
    with pytest.raises(InvalidTransition):
        importer.discard(batch)


def test_all_or_none_unless_the_person_says_so(checked: Importing):
    batch = checked("products", MIXED)
    assert counts(batch) == (2, 0, 0, 1)
    with pytest.raises(ImportRejected):
        importer.commit(batch.id)
    assert (number(Product), batch.state) == (0, BatchState.CHECKED)
    assert batch.message
    importer.commit(batch.id, allow_rejected=True)
    assert (number(Product), batch.state) == (2, BatchState.COMMITTED)
    # What was rejected can still be read.
    assert len(importer.difference_rows(batch, "REJECTED")) == 1


def test_cancelling_leaves_the_batch_ready(checked: Importing):
    batch = checked("products", GOOD)
    with pytest.raises(importer.ImportCancelled):
        importer.commit(batch.id, should_cancel=lambda: True)
    assert (batch.state, number(Product)) == (BatchState.CHECKED, 0)
    with pytest.raises(importer.ImportCancelled):
        importer.check(batch.id, should_cancel=lambda: True)
    assert batch.state is BatchState.UPLOADED

    def lost(done: int, total: int, phase: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.check(batch.id, progress=lost)
    assert batch.state is BatchState.UPLOADED
    importer.check(batch.id)
    importer.commit(batch.id)
    assert number(Product) == 2


def test_discarding_removes_what_was_staged(checked: Importing):
    batch = checked("products", MIXED)
    importer.discard(batch)
    db.session.commit()
    assert batch.state is BatchState.CANCELLED
    assert number(STAGE_TABLES["products"]) == number(IMPORT_ERRORS) == 0
    with pytest.raises(InvalidTransition):
        importer.check(batch.id)


def forget(app: Flask, moment: dt.datetime) -> None:
    with app.app_context():
        remove_stale_batches(JobContext(app, db.session(), 0, "2026-11-24", moment))
        db.session.commit()


def test_unfinished_imports_are_forgotten(app: Flask, company: int, checked: Importing):
    open_id = checked("products", MIXED).id
    written_id = importer.commit(checked("products", MIXED).id, allow_rejected=True).id
    fresh = utc_now()
    stage = STAGE_TABLES["products"]
    db.session.rollback()  # the job has a session of its own
    forget(app, fresh + dt.timedelta(days=KEPT_DAYS - 1))
    assert number(stage) == 4
    db.session.rollback()
    forget(app, fresh + dt.timedelta(days=KEPT_DAYS + 1))
    assert number(stage) == number(IMPORT_ERRORS) == 0
    found = db.session.execute(select(ImportBatch.id, ImportBatch.state))
    states = {row.id: row.state for row in found}
    assert states == {open_id: BatchState.CANCELLED, written_id: BatchState.COMMITTED}


def test_another_mapping_and_another_check(checked: Importing):
    batch = checked("products", MIXED)
    mapping = {"code": {"column": "商品编码"}, "name": {"constant": "Same"}}
    importer.choose(batch, mapping, {})
    db.session.commit()
    again = importer.check(batch.id)
    assert counts(again) == (3, 0, 0, 0)


@pytest.mark.parametrize(
    ("mapping", "options"),
    [
        ({"code": {"column": "nowhere"}}, {}),
        ({"nonsense": {"column": "商品编码"}}, {}),
        ({"name": {"column": "商品名称"}}, {}),
        ({"code": {"column": "商品编码"}, "retail_fen": {"constant": "cheap"}}, {}),
        ({"code": {"column": "商品编码"}}, {"date_format": "x"}),
        ({"code": {"column": "商品编码"}}, {"nonsense": 1}),
    ],
)
def test_impossible_mappings_are_refused(checked: Importing, mapping: Any, options: dict[str, Any]):
    batch = checked("products", GOOD)
    with pytest.raises(ImportRejected):
        importer.choose(batch, mapping, options)


def test_the_difference_in_words(imported: Importing, checked: Importing):
    imported("products", GOOD)
    rows = [PRODUCT, ["P1", "Red", "1,010", "12.5"], ["P4", "Green", "1", ""], ["P5", "", "x", ""]]
    batch = checked("products", rows)
    (changed,) = importer.difference_rows(batch, "CHANGED")
    assert changed.row_no == 2
    assert list(changed.key.values()) == ["P1"]
    assert [(c.field, c.old, c.new) for c in changed.changes] == [
        ("wholesale_fen", "10.00", "1,010.00")
    ]
    (new,) = importer.difference_rows(batch, "NEW")
    assert [(c.field, c.old, c.new) for c in new.changes] == [
        ("name", "", "Green"), ("wholesale_fen", "", "1.00"),
    ]  # fmt: skip
    (rejected,) = importer.difference_rows(batch, "REJECTED")
    assert {(e.field, e.value) for e in rejected.errors} >= {("wholesale_fen", "x")}
    assert importer.difference_rows(batch, "NEW", page=2) == []
    assert importer.difference_rows(batch, "NEW", page=-5, page_size=10**9) != []


def test_the_error_workbook_can_be_corrected_and_uploaded(
    checked: Importing, company: int, tmp_path: Path
):
    batch = checked("products", [*MIXED, ["P4", "=1+1", "1", "2"], ["P4", "y", "1", "2"]])
    path = importer.error_workbook(batch)
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    assert [cell.value for cell in page[1]][1:] == PRODUCT
    assert page.max_row == 4
    assert page["B2"].value == "P3"
    assert page["D2"].comment is not None
    assert page["C3"].value == "=1+1"
    assert page["C3"].data_type == "s"
    for row, code in ((2, "P3"), (3, "P4"), (4, "P5")):
        for column, value in enumerate((code, "Name", 1, 2), 2):
            page.cell(row, column, value)
    book.save(tmp_path / "corrected.xlsx")
    again = importer.create_batch(
        company, "products", tmp_path / "corrected.xlsx", "corrected.xlsx", ACTOR, SalesSource.FILE
    )
    db.session.commit()
    assert counts(importer.check(again.id)) == (3, 0, 0, 0)


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("sheet", SHEETS)
def test_templates_are_understood_by_the_importer(company: int, sheet: str, locale: str):
    path = importer.template_workbook(sheet, locale)
    batch = importer.create_batch(company, sheet, path, "template.xlsx", ACTOR, SalesSource.FILE)
    found = importer.describe(batch)
    path.unlink()
    assert found.header_row == 1
    assert found.missing == ()
    assert len(found.mapping) == len(found.headers)


@pytest.mark.sql
def test_two_files_at_once(app: Flask, company_made: int, tmp_path: Path):
    """Both say "new" at their check; the second to commit finds the rows there."""
    files = [
        [PRODUCT] + [[f"P{n}", f"Name {n}", "1", "2"] for n in range(start, start + 300)]
        for start in (0, 100)
    ]
    ids = []
    with app.app_context(), acting_as(ACTOR):
        for position, rows in enumerate(files):
            path = write_csv(tmp_path / f"{position}.csv", rows)
            batch = importer.create_batch(
                company_made, "products", path, path.name, ACTOR, SalesSource.FILE
            )
            db.session.commit()
            ids.append(importer.check(batch.id).id)
    failures: list[BaseException] = []

    def commit(batch_id: int) -> None:
        try:
            with app.app_context(), acting_as(ACTOR):
                importer.commit(batch_id)
        except BaseException as error:  # noqa: BLE001 -- shown by the test
            failures.append(error)

    threads = [threading.Thread(target=commit, args=(batch_id,), daemon=True) for batch_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert failures == []
    with app.app_context():
        assert number(Product) == 400
        batches = db.session.scalars(select(ImportBatch)).all()
        assert sum(batch.rows_new for batch in batches) == 400
        assert sum(batch.rows_unchanged for batch in batches) == 200


CUSTOMER = [
    "code", "name", "territory", "market_type", "business_type", "scale", "grade", "order_mode",
    "settle_mode", "terminal_type", "open_date",
]  # fmt: skip
RUN = """
import os, sys
from pathlib import Path
from app import create_app
from app.exchange import importer
from app.kernel.actor import Actor
from app.kernel.db import db
app = create_app()
for line in sys.stdin:
    child = os.fork()
    if not child:
        with app.app_context():
            path = Path(sys.argv[2])
            actor = Actor(1, "Alice")
            batch = importer.create_batch(int(sys.argv[1]), "customers", path, "c.csv", actor)
            db.session.commit()
            importer.check(batch.id)
            importer.commit(batch.id)
            os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
"""A process with the application ready, which forks one import per line it is sent."""

KILLS = 8


@pytest.mark.slow
def test_kill_at_any_moment_leaves_all_or_nothing(
    app_factory: AppFactory, database_url: str, company_made: int, tmp_path: Path
):
    shops = [
        [f"{n:06}", f"Shop {n}", "T1", "C", "Z", "小", "5", "电访", "现金", "普通", "2020-01-01"]
        for n in range(3000)
    ]
    path = write_csv(tmp_path / "c.csv", [CUSTOMER, *shops])
    environment = {
        **os.environ,
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }

    nursery = subprocess.Popen(
        [sys.executable, "-c", RUN, str(company_made), str(path)],
        env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert nursery.stdin is not None
    assert nursery.stdout is not None

    def import_in_child(kill_after: float | None) -> float:
        nursery.stdin.write("go\n")
        nursery.stdin.flush()
        child = int(nursery.stdout.readline())
        began = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert nursery.stdout.readline() == "ended\n"
        return time.monotonic() - began

    app = app_factory(database_url)
    chance = random.Random(9)  # noqa: S311 -- moments, not secrets
    lasted = import_in_child(None)
    with app.app_context():
        assert number(Customer) == number(CustomerTerritory) == 3000
        before = number(ChangeLog)
    rows = [[*row[:6], "6", *row[7:]] for row in shops]
    write_csv(path, [CUSTOMER, *rows])
    for _turn in range(KILLS):
        import_in_child(chance.uniform(0, lasted))
        with app.app_context():
            grades = db.session.execute(
                select(Customer.grade, func.count()).group_by(Customer.grade)
            ).all()
            assert len(grades) == 1, grades
            changed = 3000 if grades[0][0] == 6 else 0
            assert number(ChangeLog) == before + changed
            assert number(CustomerTerritory) == 3000
            for batch in db.session.scalars(select(ImportBatch)):
                assert (batch.state is BatchState.COMMITTED) <= (batch.rows_total == 3000)
    nursery.stdin.close()
    nursery.wait(60)
    nursery.stdout.close()
    with app.app_context(), acting_as(ACTOR):
        left = db.session.scalars(
            select(ImportBatch).where(ImportBatch.state != BatchState.COMMITTED)
        ).first()
        if left is not None:
            importer.check(left.id)
            importer.commit(left.id)
        assert set(db.session.scalars(select(Customer.grade).distinct())) == {6}
        assert number(ChangeLog) == before + 3000
