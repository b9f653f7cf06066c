"""The operating effect in polars: read from SQLite, group, join, written back."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import polars as pl

PEERS = (["market_type", "business_type", "scale"], ["market_type", "business_type"],
         ["market_type"], [])  # fmt: skip
SUMS = ["sticks", "previous_sticks", "amount_fen", "width", "margin_fen", "retail_fen"]
EXACT = pl.Int128
"""Products of figures leave 64 bits."""


def compute(path: Path, company: int, computation: Any) -> None:
    """Write `result_item` into the SQLite file."""
    connection = sqlite3.connect(path)
    figures = _figures(connection, company, computation)
    items = _items(figures, computation.parameters)
    long = items.unpivot(index="customer_id", variable_name="item", value_name="score")
    with connection:
        connection.execute("CREATE TABLE result_item (customer_id, item, score)")
        connection.executemany("INSERT INTO result_item VALUES (?, ?, ?)", long.iter_rows())
    connection.close()


def _read(connection: sqlite3.Connection, query: str, *values: Any) -> pl.DataFrame:
    return pl.read_database(query, connection, execute_options={"parameters": values},
                            infer_schema_length=None)  # fmt: skip


def _figures(connection: sqlite3.Connection, company: int, computation: Any) -> pl.DataFrame:
    month = computation.month
    now, before, year = month.number, month.previous.number, month.shift(-12).number
    sales = _read(
        connection,
        "SELECT month, customer_id, product_id, delivered_cartons AS cartons, amount_fen "
        "FROM monthly_sales WHERE company_id = ? AND month IN (?, ?, ?)",
        company, now, before, year,
    )  # fmt: skip
    products = _read(
        connection,
        "SELECT p.id AS product_id, p.sticks_per_carton AS s, p.retail_fen AS r, "
        "p.wholesale_fen AS w, k.product_id IS NOT NULL AS is_key FROM product p "
        "LEFT JOIN key_product_snapshot k ON k.product_id = p.id AND k.company_id = p.company_id "
        "AND k.month = ? WHERE p.company_id = ?",
        now, company,
    )  # fmt: skip
    people = _read(
        connection,
        "SELECT id AS customer_id, territory_id, market_type, business_type, scale, "
        "order_weekday, open_date > ? AS is_new FROM customer WHERE company_id = ? "
        "AND status = 'ACTIVE'",
        month.first_day.isoformat(), company,
    )  # fmt: skip
    days = _read(
        connection,
        "SELECT customer_id, order_date FROM order_day WHERE company_id = ? "
        "AND order_date BETWEEN ? AND ?",
        company, month.first_day.isoformat(), month.last_day.isoformat(),
    )  # fmt: skip
    cartons = pl.col("cartons")
    sold = sales.join(products, on="product_id").with_columns(sticks=cartons * pl.col("s"))
    has_prices = pl.col("r").is_not_null() & pl.col("w").is_not_null()
    current = (
        sold.filter(month=now)
        .group_by("customer_id", "product_id")
        .agg(pl.col("sticks", "cartons", "amount_fen").sum(), pl.col("r", "w", "is_key").first())
        .group_by("customer_id")
        .agg(
            pl.col("sticks", "amount_fen").sum(),
            key_sticks=pl.col("sticks").filter(pl.col("is_key") == 1).sum(),
            width=(cartons > 0).sum().cast(pl.Int64),
            retail_fen=(cartons * pl.col("r")).filter(has_prices).sum(),
            margin_fen=(cartons * (pl.col("r") - pl.col("w"))).filter(has_prices).sum(),
        )
    )
    for name, number in (("previous_sticks", before), ("last_year_sticks", year)):
        sums = (
            sold.filter(month=number)
            .group_by("customer_id")
            .agg(pl.col("sticks").sum().alias(name))
        )
        current = current.join(sums, on="customer_id", how="full", coalesce=True)
    weeks = days.group_by("customer_id").agg(
        order_weeks=pl.col("order_date").str.to_date().dt.truncate("1w").n_unique().cast(pl.Int64)
    )
    due = pl.col("order_weekday").replace_strict(dict(computation.due_weeks), default=0)
    people = people.join(current, on="customer_id", how="left").join(
        weeks, on="customer_id", how="left"
    )
    numbers = [*SUMS, "key_sticks", "last_year_sticks", "order_weeks"]
    people = people.with_columns(
        *(pl.col(name).fill_null(0) for name in numbers), due_weeks=due.fill_null(0)
    )
    area = people.group_by("territory_id").agg(
        area_sticks=pl.col("sticks").sum(), area_key_sticks=pl.col("key_sticks").sum()
    )
    return _with_peers(people, computation.parameters).join(area, on="territory_id")


def _with_peers(people: pl.DataFrame, parameters: Any) -> pl.DataFrame:
    rated = people.filter(is_new=0)
    last = len(PEERS) - 1
    for level, names in enumerate(PEERS):
        sums = [pl.col(name).sum().alias(f"{name}_{level}") for name in SUMS]
        count = pl.len().cast(pl.Int64).alias(f"count_{level}")
        if names:
            people = people.join(rated.group_by(names).agg(count, *sums), on=names, how="left")
        else:
            people = people.join(rated.select(count, *sums), how="cross")

    def of_level(name: str) -> pl.Expr:
        chosen = pl.col(f"{name}_{last}")
        for level in reversed(range(last)):
            enough = pl.col(f"count_{level}") >= parameters.effect_peers_minimum
            chosen = pl.when(enough).then(pl.col(f"{name}_{level}")).otherwise(chosen)
        return chosen.fill_null(0).alias(f"peer_{name}")

    return people.with_columns(of_level(name) for name in ("count", *SUMS))


def _quotient(factor: int, num: Any, den: Any, other_num: Any, other_den: Any) -> pl.Expr:
    num, den, other_num, other_den = (_exact(one) for one in (num, den, other_num, other_den))
    is_given = (den > 0) & (other_num > 0) & (other_den > 0)
    below = pl.when(is_given).then(den * other_num)
    return (factor * num * other_den) // below


def _difference(factor: int, num: Any, den: Any, other_num: Any, other_den: Any) -> pl.Expr:
    num, den, other_num, other_den = (_exact(one) for one in (num, den, other_num, other_den))
    below = pl.when((den > 0) & (other_den > 0)).then(den * other_den)
    return (factor * (num * other_den - other_num * den)) // below


def _exact(value: Any) -> pl.Expr:
    expression = pl.col(value) if isinstance(value, str) else value
    return (pl.lit(expression) if isinstance(expression, int) else expression).cast(EXACT)


def _items(figures: pl.DataFrame, parameters: Any) -> pl.DataFrame:
    ratio = parameters.effect_ratio_slope * 100
    offset = (parameters.effect_ratio_base - parameters.effect_ratio_slope) * 100
    by_year = pl.col("last_year_sticks") > 0
    base = pl.when(by_year).then("last_year_sticks").otherwise("previous_sticks")
    change = pl.col("peer_sticks") - pl.col("peer_previous_sticks")
    items = {
        "VOLUME": _quotient(ratio, "sticks", 1, "peer_sticks", "peer_count") + offset,
        "VOLUME_GROWTH": _difference(
            parameters.effect_growth_slope * 10_000,
            pl.col("sticks") - base,
            base,
            pl.when(by_year).then(0).otherwise(change),
            pl.when(by_year).then(1).otherwise("peer_previous_sticks"),
        )
        + parameters.effect_ratio_base * 100,
        "UNIT_VALUE": _quotient(ratio, "amount_fen", "sticks", "peer_amount_fen", "peer_sticks")
        + offset,
        "KEY_SHARE": _quotient(ratio, "key_sticks", "sticks", "area_key_sticks", "area_sticks")
        + offset,
        "WIDTH": _quotient(ratio, "width", 1, "peer_width", "peer_count") + offset,
        "ORDER_STABILITY": _quotient(
            10_000, pl.min_horizontal("order_weeks", "due_weeks"), "due_weeks", 1, 1
        ),
        "MARGIN": _quotient(ratio, "margin_fen", "retail_fen", "peer_margin_fen", "peer_retail_fen")
        + offset,
    }
    return figures.select(
        "customer_id",
        **{name: score.clip(0, 10_000).cast(pl.Int64) for name, score in items.items()},
    )
