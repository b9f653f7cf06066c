"""The watched place of the marketing system, and the import command."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.exchange.feed import poll_feed, sheet_of
from app.exchange.mapping import remember
from app.exchange.sheets import SHEETS
from app.kernel.db import db
from app.models import BatchState, ImportBatch, Product, SalesSource
from tests.conftest import AppFactory
from tests.exchange.conftest import write_csv, write_xlsx

ROWS = [["商品编码", "商品名称"], ["P1", "Red"], ["P2", "Blue"]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "feed"
    folder.mkdir()
    return folder


@pytest.fixture
def feeding(app_factory: AppFactory, database_url: str, company_made: int, place: Path) -> Flask:
    return app_factory(database_url, PORTAL_FEED_URL=f"file://{place}", PORTAL_FEED_COMPANY="C1")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def products(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Product)) or 0


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("customers.csv", "customers"),
        ("Sales_Lines-20261124.XLSX", "sales_lines"),
        ("category_products_1.csv", "category_products"),
        ("categories.csv", "categories"),
        ("customers.csv.part", None),
        ("customersx.csv", None),
        ("notes.txt", None),
    ],
)
@pytest.mark.pure
def test_file_names(name: str, sheet: str | None):
    assert sheet_of(name) == sheet


def test_a_file_is_taken_once_it_has_stopped_growing(feeding: Flask, place: Path):
    file = write_csv(place / "products_20261124.csv", ROWS[:2])
    poll_feed(feeding)
    assert products(feeding) == 0
    write_csv(file, ROWS)
    poll_feed(feeding)
    assert products(feeding) == 0
    poll_feed(feeding)
    assert products(feeding) == 2
    assert (names(place), names(place / "done")) == (["done"], [file.name])
    with feeding.app_context():
        batch = db.session.scalars(select(ImportBatch)).one()
        assert (batch.source, batch.state) == (SalesSource.MARKETING, BatchState.COMMITTED)
    # The same content under another name is moved, not imported.
    write_csv(place / "products.csv", ROWS)
    write_csv(place / "notes.csv", ROWS)
    poll_feed(feeding)
    poll_feed(feeding)
    with feeding.app_context():
        assert db.session.scalar(select(func.count()).select_from(ImportBatch)) == 1
    assert names(place / "done") == ["products.csv", file.name]
    assert names(place) == ["done", "notes.csv"]


def test_a_bad_file_is_laid_aside_with_its_reasons(feeding: Flask, place: Path):
    write_xlsx(place / "products.xlsx", [*ROWS, ["P3", "x" * 101]])
    (place / "customers.xlsx").write_bytes(b"PK\x03\x04 broken")
    poll_feed(feeding)
    outcome = poll_feed(feeding)
    assert outcome is not None
    assert (outcome.rows, outcome.values["failed"], outcome.values["done"]) == (2, 2, 0)
    assert products(feeding) == 0
    assert names(place / "failed") == [
        "customers.xlsx", "customers.xlsx.txt", "products.xlsx", "products.xlsx.errors.xlsx",
        "products.xlsx.txt",
    ]  # fmt: skip
    assert (place / "failed" / "products.xlsx.txt").read_text(encoding="utf-8").strip()


def test_the_mapping_called_feed_is_used(feeding: Flask, place: Path, company_made: int):
    with feeding.app_context():
        mapping = {"code": {"column": "NR"}, "name": {"column": "TXT"}}
        remember(company_made, SHEETS["products"], "feed", mapping, {})
        db.session.commit()
    write_csv(place / "products.csv", [["NR", "TXT"], ["P1", "Red"]])
    poll_feed(feeding)
    poll_feed(feeding)
    assert products(feeding) == 1


def test_an_unknown_company_takes_nothing(
    app_factory: AppFactory, database_url: str, place: Path, caplog: Any
):
    app = app_factory(database_url, PORTAL_FEED_URL=str(place), PORTAL_FEED_COMPANY="?")
    write_csv(place / "products.csv", ROWS)
    poll_feed(app)
    poll_feed(app)
    assert names(place) == ["products.csv"]
    assert "names no company" in caplog.text


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["portal", "import", *words, "--company", "C1"])


def test_the_command_shows_before_it_writes(app: Flask, company_made: int, tmp_path: Path):
    file = str(write_csv(tmp_path / "p.csv", [["NR", "TXT"], ["P1", "Red"], ["P2", "x" * 101]]))
    rules = ("--map", "code=NR", "--map", "name=TXT", "--map", "brand:=Any")
    shown = run(app, "products", file, *rules)
    assert shown.exit_code == 0, shown.output
    assert "1 new" in shown.output
    assert "1 rejected" in shown.output
    refused = run(app, "products", file, *rules, "--commit")
    assert refused.exit_code == 1
    assert products(app) == 0
    done = run(app, "products", file, *rules, "--commit", "--good-rows", "--remember", "mine")
    assert done.exit_code == 0, done.output
    assert products(app) == 1
    again = run(app, "products", file, "--mapping", "mine")
    assert "1 unchanged" in again.output


@pytest.mark.parametrize(
    "words",
    [
        ("--map", "code"),
        ("--map", "code=nowhere"),
        ("--option", "date_format"),
        ("--option", "date_format=xyz"),
        ("--mapping", "nowhere"),
        ("--company", "C9"),
    ],
)
def test_the_command_names_what_is_wrong(
    app: Flask, company_made: int, tmp_path: Path, words: tuple[str, ...]
):
    file = str(write_csv(tmp_path / "p.csv", ROWS))
    arguments = ["portal", "import", "products", file, "--company", "C1", *words]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
