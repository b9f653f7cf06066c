"""The operating effect in DuckDB, as one would write it there: one statement over its own file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb

TABLES = ("customer", "product", "key_product_snapshot", "monthly_sales", "order_day")
ROWS_AT_ONCE = 500_000
PEERS = ("market_type, business_type, scale", "market_type, business_type", "market_type", "")
"""From the closest peers to all customers."""

SUMS = ("sticks", "previous_sticks", "amount_fen", "width", "margin_fen", "retail_fen")

MACROS = """
CREATE OR REPLACE TEMP MACRO floored(a, b) AS a // b - CASE WHEN a % b < 0 THEN 1 ELSE 0 END;
CREATE OR REPLACE TEMP MACRO quotient(f, n, d, m, e) AS CASE WHEN d > 0 AND m > 0 AND e > 0
    THEN floored(f::HUGEINT * n * e, d::HUGEINT * m) END;
CREATE OR REPLACE TEMP MACRO difference(f, n, d, m, e) AS CASE WHEN d > 0 AND e > 0
    THEN floored(f::HUGEINT * (n::HUGEINT * e - m::HUGEINT * d), d::HUGEINT * e) END;
"""


def fill(source: Path, target: Path) -> None:
    """Copy the tables that are read out of an SQLite file."""
    import pandas as pd

    target.unlink(missing_ok=True)
    raw = sqlite3.connect(source)
    with duckdb.connect(str(target)) as connection:
        for table in TABLES:
            made = False
            query = f"SELECT * FROM {table}"  # noqa: S608 -- names from above
            for lot in pd.read_sql_query(query, raw, chunksize=ROWS_AT_ONCE):
                connection.register("lot", lot)
                how = f"INSERT INTO {table}" if made else f"CREATE TABLE {table} AS"
                connection.execute(f"{how} SELECT * FROM lot")  # noqa: S608
                made = True
    raw.close()


def compute(path: Path, company: int, computation: Any) -> None:
    """Write `result_item` into the file."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(MACROS)
        connection.execute(f"CREATE TABLE result_item AS {statement(company, computation)}")


def scores(path: Path) -> list[list[Any]]:
    with duckdb.connect(str(path)) as connection:
        query = "SELECT customer_id, item, score FROM result_item ORDER BY 1, 2"
        return [list(row) for row in connection.execute(query).fetchall()]


def statement(company: int, computation: Any) -> str:
    """Customer × item → score, all in one SELECT."""
    month, parameters = computation.month, computation.parameters
    before, year = month.previous.number, month.shift(-12).number
    due = " ".join(f"WHEN {day} THEN {count}" for day, count in computation.due_weeks.items())
    ratio = parameters.effect_ratio_slope * 100
    offset = (parameters.effect_ratio_base - parameters.effect_ratio_slope) * 100
    levels, joins, counts = [], [], []
    for level, names in enumerate(PEERS):
        group = f"GROUP BY {names}" if names else ""
        sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
        keys = f"{names}, " if names else ""
        levels.append(
            f"peers{level} AS (SELECT {keys}count(*) AS peers, {sums} FROM people "  # noqa: S608
            f"WHERE NOT is_new {group})"
        )
        joins.append(f"LEFT JOIN peers{level} {f'USING ({names})' if names else 'ON true'}")
        if level < len(PEERS) - 1:
            enough = parameters.effect_peers_minimum
            counts.append(f"WHEN peers{level}.peers >= {enough} THEN {{column{level}}}")

    def of_level(name: str) -> str:
        whens = " ".join(
            text.format(**{f"column{level}": f"peers{level}.{name}"})
            for level, text in enumerate(counts)
        )
        return f"CASE {whens} ELSE peers{len(PEERS) - 1}.{name} END"

    peers = ", ".join(f"{of_level(name)} AS peer_{name}" for name in ("peers", *SUMS))
    return f"""
    WITH wares AS (
        SELECT p.id, p.sticks_per_carton AS sticks,
            CASE WHEN k.product_id IS NULL THEN 0 ELSE p.sticks_per_carton END AS key_sticks,
            CASE WHEN wholesale_fen IS NOT NULL THEN coalesce(retail_fen, 0) ELSE 0 END AS retail,
            coalesce(retail_fen - wholesale_fen, 0) AS margin
        FROM product p LEFT JOIN key_product_snapshot k ON k.product_id = p.id
            AND k.company_id = p.company_id AND k.month = {month.number}
        WHERE p.company_id = {company}),
    bought AS (
        SELECT customer_id, product_id, sum(delivered_cartons) AS cartons, sum(amount_fen) AS amount
        FROM monthly_sales WHERE company_id = {company} AND month = {month.number}
        GROUP BY customer_id, product_id),
    now AS (
        SELECT customer_id, sum(cartons * sticks) AS sticks, sum(amount) AS amount_fen,
            sum(cartons * key_sticks) AS key_sticks, sum(cartons * retail) AS retail_fen,
            sum(cartons * margin) AS margin_fen, count(*) FILTER (cartons > 0) AS width
        FROM bought JOIN wares ON wares.id = product_id GROUP BY customer_id),
    base AS (
        SELECT customer_id,
            sum(delivered_cartons * sticks) FILTER (month = {before}) AS previous_sticks,
            sum(delivered_cartons * sticks) FILTER (month = {year}) AS last_year_sticks
        FROM monthly_sales JOIN wares ON wares.id = product_id
        WHERE company_id = {company} AND month IN ({before}, {year}) GROUP BY customer_id),
    orders AS (
        SELECT customer_id, count(DISTINCT date_trunc('week', order_date::DATE)) AS weeks
        FROM order_day WHERE company_id = {company}
            AND order_date::DATE BETWEEN '{month.first_day}' AND '{month.last_day}'
        GROUP BY customer_id),
    people AS (
        SELECT c.id, c.territory_id, market_type, business_type, scale,
            open_date::DATE > DATE '{month.first_day}' AS is_new,
            {
        ", ".join(
            f"coalesce({name}, 0) AS {name}" for name in (*SUMS, "key_sticks", "last_year_sticks")
        )
    },
            coalesce(weeks, 0) AS weeks, CASE order_weekday {due} ELSE 0 END AS due
        FROM customer c LEFT JOIN now ON now.customer_id = c.id
            LEFT JOIN base ON base.customer_id = c.id LEFT JOIN orders ON orders.customer_id = c.id
        WHERE c.company_id = {company} AND status = 'ACTIVE'),
    {", ".join(levels)},
    area AS (
        SELECT territory_id, sum(sticks) AS area_sticks, sum(key_sticks) AS area_key_sticks
        FROM people GROUP BY territory_id),
    figures AS (
        SELECT people.*, {peers}, area_sticks, area_key_sticks, last_year_sticks > 0 AS by_year
        FROM people {" ".join(joins)} JOIN area USING (territory_id)),
    raw AS (
        SELECT id AS customer_id,
            quotient({ratio}, sticks, 1, peer_sticks, peer_peers) + {offset} AS VOLUME,
            difference({parameters.effect_growth_slope * 10_000},
                sticks - CASE WHEN by_year THEN last_year_sticks ELSE previous_sticks END,
                CASE WHEN by_year THEN last_year_sticks ELSE previous_sticks END,
                CASE WHEN by_year THEN 0 ELSE peer_sticks - peer_previous_sticks END,
                CASE WHEN by_year THEN 1 ELSE peer_previous_sticks END)
                + {parameters.effect_ratio_base * 100} AS VOLUME_GROWTH,
            quotient({ratio}, amount_fen, sticks, peer_amount_fen, peer_sticks) + {offset}
                AS UNIT_VALUE,
            quotient({ratio}, key_sticks, sticks, area_key_sticks, area_sticks) + {offset}
                AS KEY_SHARE,
            quotient({ratio}, width, 1, peer_width, peer_peers) + {offset} AS WIDTH,
            quotient(10000, least(weeks, due), due, 1, 1) AS ORDER_STABILITY,
            quotient({ratio}, margin_fen, retail_fen, peer_margin_fen, peer_retail_fen) + {offset}
                AS MARGIN
        FROM figures)
    SELECT customer_id, item, greatest(0, least(10000, score))::INTEGER AS score
    FROM raw UNPIVOT INCLUDE NULLS (score FOR item IN (VOLUME, VOLUME_GROWTH, UNIT_VALUE,
        KEY_SHARE, WIDTH, ORDER_STABILITY, MARGIN)) ORDER BY customer_id, item
    """  # noqa: S608 -- numbers and names of ours
