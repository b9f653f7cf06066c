"""Operating effect (step 2) of a whole company: the peers and seven scores of every customer.

All read the same monthly sums and write their scores back, exact to the last unit. The portal also
writes the figures behind them, ability scores and how far the step has come, with keys and
indexes. DuckDB reads a file of its own that was filled before the clock started: the limit.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.exact import clamp, scaled_difference, scaled_quotient
from benchmarks import customer_effect_duckdb, customer_effect_polars, monthly_analysis
from benchmarks.monthly_analysis import Statements, copied
from benchmarks.work import Case, Work

SAMPLE = 0.01
ITEMS = "effect items"
ANSWER = "SELECT customer_id, item, score FROM {table} ORDER BY 1, 2"


def prepare(case: Case) -> None:
    monthly_analysis.prepare(case)
    customer_effect_duckdb.fill(case.folder / "start.db", case.folder / "start.duckdb")


def scores_in(path: Path, table: str) -> dict[str, Any]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(ANSWER.format(table=table)).fetchall()
    connection.close()
    return {ITEMS: [list(row) for row in rows]}


def portal(case: Case) -> Work:
    path = copied(case)
    calculation = Statements(path)

    def run() -> None:
        from app.analysis.step_02_customer_state import compute_effect

        with calculation.engine.begin() as connection:
            compute_effect(
                connection, calculation.scope, calculation.month.next, calculation.computation
            )

    return Work(run, lambda: scores_in(path, "customer_effect_item"), facts=calculation.described())


def pandas(case: Case) -> Work:
    from benchmarks.monthly_analysis_pandas import Rival

    path = copied(case)
    rival = Rival(path)
    rival.months_back = (0, 1, 12)

    def run() -> None:
        rival.read_tables()
        rival.customers_and_peers()
        rival.score()
        rival.write_effect(rival.connection.cursor())
        rival.connection.commit()

    return Work(run, lambda: scores_in(path, "result_item"))


def polars(case: Case) -> Work:
    path = copied(case)
    given = Statements(path)

    def run() -> None:
        customer_effect_polars.compute(path, given.scope.company_id, given.computation)

    return Work(run, lambda: scores_in(path, "result_item"))


def duckdb(case: Case) -> Work:
    import shutil

    given = Statements(case.folder / "start.db")
    path = case.scratch / "portal.duckdb"
    shutil.copyfile(case.folder / "start.duckdb", path)

    def run() -> None:
        customer_effect_duckdb.compute(path, given.scope.company_id, given.computation)

    return Work(run, lambda: {ITEMS: customer_effect_duckdb.scores(path)})


def orm_loop(case: Case) -> Work:
    """Objects of one customer after another; peers are those of the sample."""
    from app.models import Customer, CustomerEffectItem, EffectItem, MonthlySales, OrderDay, Product

    given = Statements(copied(case))
    month, company, due = given.month, given.scope.company_id, dict(given.computation.due_weeks)
    parameters = given.computation.parameters
    slope, base = parameters.effect_ratio_slope * 100, parameters.effect_ratio_base * 100

    def figures(session: Session, customer: Any, products: dict[int, Any]) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        of = (MonthlySales.company_id == company, MonthlySales.customer_id == customer.id)
        for then, name in (
            (month, "sticks"),
            (month.previous, "previous"),
            (month.shift(-12), "year"),
        ):
            for sale in session.scalars(
                select(MonthlySales).where(*of, MonthlySales.month == then)
            ):
                product = products[sale.product_id]
                found[name] += sale.delivered_cartons * product.sticks_per_carton
                if then != month:
                    continue
                found["amount"] += sale.amount_fen
                found["width"] += sale.delivered_cartons > 0
                if product.is_key:
                    found["key"] += sale.delivered_cartons * product.sticks_per_carton
                if product.retail_fen and product.wholesale_fen:
                    found["retail"] += sale.delivered_cartons * product.retail_fen
                    margin = product.retail_fen - product.wholesale_fen
                    found["margin"] += sale.delivered_cartons * margin
        days = session.scalars(
            select(OrderDay).where(
                OrderDay.company_id == company,
                OrderDay.customer_id == customer.id,
                OrderDay.order_date.between(month.first_day, month.last_day),
            )
        )
        found["weeks"] = len({day.order_date.isocalendar().week for day in days})
        found["due"] = due.get(customer.order_weekday, 0)
        return found

    def run() -> None:
        with Session(given.engine) as session:
            # It is spared the figures' own rows, to which the items belong; nothing is committed.
            session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            products = {product.id: product for product in session.scalars(select(Product))}
            sample = session.scalars(
                select(Customer)
                .where(Customer.company_id == company)
                .order_by(Customer.id)
                .limit(max(1, int(case.amount * SAMPLE)))
            ).all()
            known = {customer.id: figures(session, customer, products) for customer in sample}
            peers: dict[str, int] = defaultdict(int)
            for own in known.values():
                for name, value in own.items():
                    peers[name] += value
            count = len(known)
            for customer_id, own in known.items():
                change = peers["sticks"] - peers["previous"]
                growth = (
                    own["sticks"] - own["previous"],
                    own["previous"],
                    change,
                    peers["previous"],
                )
                kept = min(own["weeks"], own["due"])
                raw = {
                    EffectItem.VOLUME: scaled_quotient(
                        slope, own["sticks"], 1, peers["sticks"], count
                    ),
                    EffectItem.VOLUME_GROWTH: scaled_difference(slope, *growth),
                    EffectItem.UNIT_VALUE: scaled_quotient(
                        slope, own["amount"], own["sticks"], peers["amount"], peers["sticks"]
                    ),
                    EffectItem.KEY_SHARE: scaled_quotient(
                        slope, own["key"], own["sticks"], peers["key"], peers["sticks"]
                    ),
                    EffectItem.WIDTH: scaled_quotient(
                        slope, own["width"], 1, peers["width"], count
                    ),
                    EffectItem.ORDER_STABILITY: scaled_quotient(10_000, kept, own["due"], 1, 1),
                    EffectItem.MARGIN: scaled_quotient(
                        slope, own["margin"], own["retail"], peers["margin"], peers["retail"]
                    ),
                }
                for item, score in raw.items():
                    session.add(
                        CustomerEffectItem(
                            company_id=company,
                            month=month.next,
                            customer_id=customer_id,
                            item=item,
                            weight=1,
                            score=clamp(None if score is None else score + base - slope, 0, 10_000),
                        )
                    )
            session.flush()

    return Work(run, share=SAMPLE)
