"""Sales lines of a csv file into the database, SQLite and PostgreSQL.

The portal checks every cell, compares every line with the database, shows the difference, then
writes lines, four kinds of sums and order days in one transaction. The rivals are spared all of
that but the lines: they look up the codes and insert or replace. The lines must be equal.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import random
import shutil
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, insert, select

from benchmarks.work import Case, Work

CUSTOMERS_PER_LINES = 10
MOST_CUSTOMERS = 30_000
PRODUCTS = 300
FIRST_DAY = dt.date(2026, 1, 1)
DAYS = 28
"""Lines of a month, the usual file; they are spread over customers, products and days at random."""

HEADERS = (
    "客户编码", "商品编码", "订货日期", "订单号", "需求量", "销量", "金额", "订货方式", "结算方式",
)  # fmt: skip
ROWS_AT_ONCE = 10_000
SAMPLE = 0.05


def prepare(case: Case) -> None:
    """The file, and an SQLite database with the customers and products it names."""
    engine = create_engine(f"sqlite:///{case.folder / 'start.db'}")
    fill(engine, case.amount)
    engine.dispose()
    chance = random.Random(135)  # noqa: S311 -- the same lines every time
    customers = customers_for(case.amount)
    with (case.folder / "lines.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for number in range(case.amount):
            cartons = chance.randrange(1, 20)
            writer.writerow([
                customer_code(chance.randrange(customers)),
                product_code(chance.randrange(PRODUCTS)),
                (FIRST_DAY + dt.timedelta(days=chance.randrange(DAYS))).isoformat(),
                f"SO{number // 8:08d}{number % 8}",
                cartons, cartons, f"{cartons * 123.5:.2f}", "网上订货", "电子结算",
            ])  # fmt: skip


def customers_for(lines: int) -> int:
    return min(MOST_CUSTOMERS, max(10, lines // CUSTOMERS_PER_LINES))


def customer_code(number: int) -> str:
    return f"4401{number:08d}"


def product_code(number: int) -> str:
    return f"69{number:05d}"


def fill(engine: Engine, lines: int) -> None:
    """A company with the customers and products that so many lines name."""
    from app import models
    from app.kernel.db import db

    db.metadata.create_all(engine)
    common = {
        "company_id": 1, "territory_id": 1, "market_type": "URBAN", "business_type": "GROCERY",
        "scale": "SMALL", "grade": 5, "order_mode": "ONLINE", "settle_mode": "CASH",
        "terminal_type": "ORDINARY", "open_date": dt.date(2020, 1, 1),
    }  # fmt: skip
    places = [("company", models.Company, {}), ("department", models.Department, {"company_id": 1})]
    places.append(("territory", models.Territory, {"company_id": 1, "department_id": 1}))
    with engine.begin() as connection:
        for name, model, values in places:
            row = {"code": "1", "name": name, **values}
            connection.execute(insert(model.__table__).values(row))
        connection.execute(
            insert(models.Customer.__table__),
            [
                {"code": customer_code(n), "name": f"Shop {n}", **common}
                for n in range(customers_for(lines))
            ],
        )
        customer, history = models.Customer.__table__, models.CustomerTerritory.__table__
        kept = (customer.c.company_id, customer.c.id, customer.c.open_date, customer.c.territory_id)
        names = ["company_id", "customer_id", "valid_from", "territory_id"]
        connection.execute(insert(history).from_select(names, select(*kept)))
        connection.execute(
            insert(models.Product.__table__),
            [
                {"company_id": 1, "code": product_code(n), "name": f"Product {n}"}
                for n in range(PRODUCTS)
            ],
        )


def database(case: Case) -> str:
    """URL of a fresh database with customers and products."""
    if case.postgres:
        engine = create_engine(case.postgres)
        fill(engine, case.amount)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        return case.postgres
    target = case.scratch / "portal.db"
    shutil.copyfile(case.folder / "start.db", target)
    return f"sqlite:///{target}"


def lines_written(engine: Engine) -> dict[str, Any]:
    """How many lines there are, and a digest of what they say."""
    from app.models import SalesLine

    line = SalesLine.__table__
    columns = [column for column in line.c if column.name != "batch_id"]
    digest, count = hashlib.sha256(), 0
    with engine.connect() as connection:
        query = select(*columns).order_by(*line.primary_key)
        for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query):
            digest.update(repr(tuple(row)).encode())
            count += 1
    return {"lines": count, "digest": digest.hexdigest()}


def portal(case: Case) -> Work:
    """The importer, as the upload page and the nightly feed call it."""
    import os

    os.environ["PORTAL_DATABASE_URL"] = database(case)
    from app import create_app
    from app.exchange import importer
    from app.kernel.actor import Actor
    from app.kernel.db import db
    from config import load_settings

    app = create_app(load_settings(os.environ))
    parts: dict[str, float] = {}
    path = case.folder / "lines.csv"

    def run() -> dict[str, float]:
        reached: dict[str, float] = {}
        with app.app_context():
            started = time.perf_counter()
            batch = importer.create_batch(1, "sales_lines", path, path.name, Actor(None, "bench"))
            db.session.commit()
            importer.check(
                batch.id, lambda _done, _total, phase: reached.update({phase: time.perf_counter()})
            )
            checked = time.perf_counter()
            importer.commit(batch.id)
            ended = time.perf_counter()
        read = reached[importer.READING]
        parts.update({
            "reading and staging": read - started,
            "comparing": checked - read,
            "writing with sums": ended - checked,
        })  # fmt: skip
        return parts

    def answer() -> Any:
        with app.app_context():
            return lines_written(db.engine)

    return Work(run, answer)


def lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


class Codes:
    """Code → id, looked up once; the rivals' simple way."""

    def __init__(self, engine: Engine) -> None:
        from app.models import Customer, Product

        with engine.connect() as connection:
            self.customers, self.products = (
                {row.code: row.id for row in connection.execute(select(table.c.code, table.c.id))}
                for table in (Customer.__table__, Product.__table__)
            )

    def values(self, line: dict[str, str]) -> dict[str, Any]:
        return {
            "company_id": 1,
            "customer_id": self.customers[line["客户编码"]],
            "product_id": self.products[line["商品编码"]],
            "order_date": dt.date.fromisoformat(line["订货日期"]),
            "order_no": line["订单号"],
            "territory_id": 1,
            "demanded_cartons": int(line["需求量"]),
            "delivered_cartons": int(line["销量"]),
            "amount_fen": int(Decimal(line["金额"]) * 100),
            "channel": "ONLINE",
            "settle_mode": "ELECTRONIC",
        }


def orm_loop(case: Case) -> Work:
    """One object per line, looked for and added, as one writes it first."""
    from sqlalchemy.orm import Session

    import app.models  # noqa: F401 -- loads every entity
    from app.models import SalesLine

    engine = create_engine(database(case))

    def run() -> None:
        codes = Codes(engine)
        with Session(engine) as session:
            for number, line in enumerate(lines(case.folder / "lines.csv")):
                if number >= case.amount * SAMPLE:
                    break
                values = codes.values(line)
                key = ("company_id", "customer_id", "product_id", "order_date", "order_no")
                found = session.get(SalesLine, tuple(values[name] for name in key))
                if found is None:
                    session.add(SalesLine(**values))
                else:
                    for name, value in values.items():
                        setattr(found, name, value)
            session.commit()

    return Work(run, share=SAMPLE)


def executemany(case: Case) -> Work:
    """INSERT … ON CONFLICT of ten thousand lines at a time."""
    from app.kernel.dialect import upsert_rows
    from app.models import SalesLine

    engine = create_engine(database(case))
    table = SalesLine.__table__

    def run() -> None:
        codes = Codes(engine)
        keys = [column.name for column in table.primary_key]
        with engine.begin() as connection:
            rows: list[dict[str, Any]] = []
            for line in lines(case.folder / "lines.csv"):
                rows.append(codes.values(line))
                if len(rows) == ROWS_AT_ONCE:
                    upsert_rows(connection, table, keys, rows)
                    rows = []
            upsert_rows(connection, table, keys, rows)

    return Work(run, lambda: lines_written(engine))


def pandas(case: Case) -> Work:
    """read_csv, two merges, to_sql; it can only append."""
    import pandas as pd

    engine = create_engine(database(case))

    def run() -> None:
        read = pd.read_csv(case.folder / "lines.csv", dtype=str)
        customers, products = (
            pd.read_sql(f"SELECT id AS {name}_id, code FROM {name}", engine)  # noqa: S608
            for name in ("customer", "product")
        )
        found = read.merge(customers, left_on="客户编码", right_on="code").merge(
            products, left_on="商品编码", right_on="code"
        )
        frame = pd.DataFrame({
            "company_id": 1,
            "customer_id": found["customer_id"],
            "product_id": found["product_id"],
            "order_date": pd.to_datetime(found["订货日期"]).dt.date,
            "order_no": found["订单号"],
            "territory_id": 1,
            "demanded_cartons": found["需求量"].astype("int64"),
            "delivered_cartons": found["销量"].astype("int64"),
            "amount_fen": (found["金额"].astype("float64") * 100).round().astype("int64"),
            "channel": "ONLINE",
            "settle_mode": "ELECTRONIC",
        })  # fmt: skip
        frame.to_sql("sales_line", engine, if_exists="append", index=False, chunksize=ROWS_AT_ONCE)

    return Work(run, lambda: lines_written(engine))


def parse_only(case: Case) -> Work:
    """The importer's own parsing, nothing written."""
    from app.exchange.csv_file import csv_rows
    from app.exchange.mapping import checked_options, sources_of
    from app.exchange.mapping_guess import guess
    from app.exchange.sheets import SHEETS
    from app.exchange.staging import RowParser

    sheet = SHEETS["sales_lines"]
    path = case.folder / "lines.csv"

    def run() -> None:
        rows = csv_rows(path)
        headers = tuple(next(rows)[1])
        mapping, date_format = guess(sheet, headers, [])
        options = checked_options(sheet, {"date_format": date_format})
        parser = RowParser(1, 1, sources_of(sheet, mapping, options, headers))
        count = sum(len(chunk.rows) for chunk in parser.chunks(rows))
        assert count == case.amount

    return Work(run)
