"""A foreign file, never prepared for the portal, goes in through saved mappings only."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.exchange import importer
from app.kernel.db import db
from app.models import (
    CategoryNode,
    CategoryProduct,
    Customer,
    ImportBatch,
    MonthlySales,
    Product,
    SalesLine,
    SalesSource,
    Territory,
)
from tests.exchange.conftest import ACTOR, counts

pytestmark = pytest.mark.sql

IOWA = Path(__file__).resolve().parents[1] / "data" / "iowa_liquor_sales_1000.csv"


def column(header: str, **more: str) -> dict[str, str]:
    return {"column": header, **more}


def constant(text: str) -> dict[str, str]:
    return {"constant": text}


# What a person would save once per sheet: stores are customers, counties are territories.
MAPPINGS: dict[str, tuple[dict[str, dict[str, str]], dict[str, Any]]] = {
    "territories": (
        {
            "code": column("county_number", default="0"),
            "name": column("county", default="UNKNOWN"),
            "department": constant("IOWA"),
            "department_name": constant("State of Iowa"),
        },
        {"on_repeat": "last", "create_missing": True},
    ),
    "customers": (
        {
            "code": column("store_number"),
            "name": column("store_name"),
            "address": column("address"),
            "neighbourhood": column("city"),
            "location": column("store_location"),
            "territory": column("county_number", default="0"),
            "market_type": constant("URBAN"),
            "business_type": constant("OTHER"),
            "scale": constant("MEDIUM"),
            "grade": constant("15"),
            "order_mode": constant("MANUAL"),
            "settle_mode": constant("CASH"),
            "terminal_type": constant("ORDINARY"),
            "open_date": constant("2012-01-01"),
        },
        {"on_repeat": "last"},
    ),
    "products": (
        {
            "code": column("item_number"),
            "name": column("item_description"),
            "brand": column("vendor_name"),
            "wholesale_fen": column("state_bottle_cost"),
            "retail_fen": column("state_bottle_retail"),
        },
        {"on_repeat": "last"},
    ),
    "categories": (
        {
            "code": column("category", default="0"),
            "name": column("category_name", default="UNKNOWN"),
        },
        {"on_repeat": "last"},
    ),
    "category_products": (
        {"product": column("item_number"), "node": column("category", default="0")},
        {"on_repeat": "last"},
    ),
    "sales_lines": (
        {
            "customer": column("store_number"),
            "product": column("item_number"),
            "order_date": column("date"),
            "order_no": column("invoice_item_number"),
            "delivered_cartons": column("bottles_sold"),
            "amount_fen": column("sale_dollars"),
        },
        {"date_format": "mdy"},
    ),
}


def run(company: int, sheet: str) -> ImportBatch:
    mapping, options = MAPPINGS[sheet]
    batch = importer.create_batch(company, sheet, IOWA, IOWA.name, ACTOR, SalesSource.FILE)
    importer.choose(batch, mapping, options, remember_as="iowa")
    db.session.commit()
    importer.check(batch.id)
    return importer.commit(batch.id)


@pytest.fixture(scope="module")
def lines() -> list[dict[str, str]]:
    with IOWA.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_totals_equal_the_sums_of_the_file(company: int, lines: list[dict[str, str]]):
    batches = {sheet: run(company, sheet) for sheet in MAPPINGS}

    def number(model: Any) -> int:
        return db.session.scalar(select(func.count()).select_from(model)) or 0

    distinct = {
        name: len({line[name] or "0" for line in lines})
        for name in ("county_number", "store_number", "item_number", "category")
    }
    assert number(Territory) == distinct["county_number"] + 2
    assert number(Customer) == distinct["store_number"]
    assert number(Product) == distinct["item_number"]
    assert number(CategoryNode) == distinct["category"]
    assert number(CategoryProduct) == distinct["item_number"]
    assert counts(batches["sales_lines"]) == (len(lines), 0, 0, 0)

    cents = sum(int(Decimal(line["sale_dollars"]) * 100) for line in lines)
    bottles = sum(int(line["bottles_sold"]) for line in lines)
    for table in (SalesLine, MonthlySales):
        sums = select(func.sum(table.delivered_cartons), func.sum(table.amount_fen))
        assert tuple(db.session.execute(sums).one()) == (bottles, cents)

    expected: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in lines:
        month, _day, year = line["date"].split("/")
        entry = expected[line["store_number"], line["item_number"], int(year) * 100 + int(month)]
        entry[0] += int(line["bottles_sold"])
        entry[1] += int(Decimal(line["sale_dollars"]) * 100)
        entry[2] += 1
    found = db.session.execute(
        select(
            Customer.code,
            Product.code,
            MonthlySales.month,
            MonthlySales.delivered_cartons,
            MonthlySales.amount_fen,
            MonthlySales.line_count,
        )
        .join(Customer, Customer.id == MonthlySales.customer_id)
        .join(Product, Product.id == MonthlySales.product_id)
    )
    assert {(row[0], row[1], row[2].number): [row[3], row[4], row[5]] for row in found} == expected

    # The same file again, with the mapping remembered for its columns: nothing to write.
    for sheet in MAPPINGS:
        batch = importer.create_batch(company, sheet, IOWA, IOWA.name, ACTOR, SalesSource.FILE)
        description = importer.describe(batch)
        assert (description.mapping_origin, description.mapping_name) == ("remembered", "iowa")
        again = importer.check(batch.id)
        assert (again.rows_new, again.rows_changed, again.rows_rejected) == (0, 0, 0), sheet


def test_columns_and_date_format_are_guessed(company: int):
    batch = importer.create_batch(company, "sales_lines", IOWA, IOWA.name, ACTOR, SalesSource.FILE)
    found = importer.describe(batch)
    assert found.mapping_origin == "guessed"
    assert found.options["date_format"] == "mdy"
    assert found.mapping["order_date"] == {"column": "date"}
    assert found.mapping["order_no"] == {"column": "invoice_item_number"}
    assert found.mapping["product"] == {"column": "item_number"}
