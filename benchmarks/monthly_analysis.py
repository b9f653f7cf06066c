"""The monthly calculation of a whole company beside the same calculation in pandas.

Both start from the same SQLite file, each in a process of its own, and write their results back:
effect items and scores of every customer, ability, states, problem codes, the four rates of the
watched products, their brand shares and the market indicators. Every figure is compared; a
difference ends the run.
pandas is spared the potential strategies and the keys and indexes of the result tables.

Wall time on a busy machine says little, so processor time is printed beside it; the ratios are
of processor time. Goal: at least 2 × faster than pandas, under 200 MB.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, func, insert, literal, select
from sqlalchemy.orm import Session

from benchmarks.demo_database import ROOT, demo_environment

TARGETED_PRODUCTS = 30
"""Products with targets per territory: a company watches a tenth of its assortment."""

LISTED_EVERY = 3


def run(size: str) -> None:
    """Print the table for a demo size."""
    environment = demo_environment(size)
    folder = Path(environment["PORTAL_DATA_DIR"])
    source = folder / "monthly_analysis.db"
    if not source.exists():
        prepare(folder, source)
    results = {name: _measured(name, source, folder) for name in ("statements", "pandas")}
    _compare(folder)
    ours, rival = results["statements"], results["pandas"]
    print(
        f"\nmonthly calculation, size {size}: {ours['customers']} customers, {ours['facts']} facts"
    )
    print(f"{'':12}{'processor s':>12}{'wall s':>9}{'memory MB':>11}{'above start':>13}")
    for name, row in results.items():
        print(
            f"{name:12}{row['cpu']:12.1f}{row['wall']:9.1f}{row['peak']:11.0f}"
            f"{row['peak'] - row['start']:13.0f}"
        )
    print(
        f"pandas / statements: {rival['cpu'] / ours['cpu']:.1f} × processor time, "
        f"{rival['wall'] / ours['wall']:.1f} × wall time; results equal"
    )
    for name, seconds in ours["parts"].items():
        print(f"  {name:28}{seconds:6.2f} s")


def prepare(folder: Path, target: Path) -> None:
    """A copy of the demo database with brand targets, lists, and last month's ability scores."""
    source = next(path for path in sorted(folder.glob("*.db")) if path != target)
    draft = target.with_suffix(".draft")
    shutil.copyfile(source, draft)
    engine = _engine(draft)
    with engine.begin() as connection:
        company = largest_company(connection)
        _add_targets(connection, company)
        _add_scores(connection, company)
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    draft.rename(target)


def _engine(path: Path) -> Engine:
    import app.models  # noqa: F401 -- loads every entity and the settings of SQLite

    return create_engine(f"sqlite:///{path}")


def largest_company(connection: Connection) -> int:
    from app.models import Customer

    table = Customer.__table__
    return (
        connection.execute(
            select(table.c.company_id).group_by(table.c.company_id).order_by(func.count().desc())
        )
        .scalars()
        .first()
        or 0
    )


def newest_month(connection: Connection, company_id: int) -> Any:
    """The last complete month: the newest that has the whole roll-up and the one before it."""
    from app.models import MonthlySales

    table = MonthlySales.__table__
    return connection.scalar(
        select(func.max(table.c.month)).where(table.c.company_id == company_id)
    )


def _add_targets(connection: Connection, company_id: int) -> None:
    from app.models import BrandTarget, Customer, Product, TargetCustomer, Territory

    target, listed, customer = (
        BrandTarget.__table__, TargetCustomer.__table__, Customer.__table__,
    )  # fmt: skip
    month = newest_month(connection, company_id)
    territories = connection.scalars(
        select(Territory.__table__.c.id).where(Territory.__table__.c.company_id == company_id)
    ).all()
    products = connection.scalars(
        select(Product.__table__.c.id)
        .where(Product.__table__.c.company_id == company_id)
        .order_by(Product.__table__.c.id)
        .limit(TARGETED_PRODUCTS)
    ).all()
    connection.execute(
        insert(target),
        [
            {
                "company_id": company_id,
                "territory_id": territory,
                "product_id": product,
                "from_month": month,
                "to_month": month,
                "listing_target": 6000,
                "active_target": 9500,
                "stockout_target": 300,
                "repurchase_target": 8000,
                "list_revision": 1,
            }
            for territory in territories
            for product in products
        ],
    )
    connection.execute(
        insert(listed).from_select(
            ["company_id", "target_id", "customer_id", "added_revision"],
            select(target.c.company_id, target.c.id, customer.c.id, literal(1))
            .join(
                customer,
                (customer.c.company_id == target.c.company_id)
                & (customer.c.territory_id == target.c.territory_id),
            )
            .where(
                target.c.company_id == company_id,
                (customer.c.id + target.c.product_id) % LISTED_EVERY == 0,
            ),
        )
    )


def _add_scores(connection: Connection, company_id: int) -> None:
    from app.kernel.columns import MonthType
    from app.kernel.period import utc_now
    from app.models import AbilityItem, Customer, CustomerAbilityScore

    item, customer = AbilityItem.__table__, Customer.__table__
    month = newest_month(connection, company_id).next
    connection.execute(
        insert(CustomerAbilityScore.__table__).from_select(
            ["company_id", "month", "customer_id", "ability_item_id", "score", "is_copied",
             "scored_at"],
            select(
                customer.c.company_id,
                literal(month, MonthType()),
                customer.c.id,
                item.c.id,
                1 + (customer.c.id * 7 + item.c.id * 3) % 5,
                literal(value=False),
                literal(utc_now()),
            )
            .join(item, item.c.company_id == customer.c.company_id)
            .where(customer.c.company_id == company_id)
            .order_by(customer.c.id, item.c.id),
        )
    )  # fmt: skip


def _measured(name: str, source: Path, folder: Path) -> dict[str, Any]:
    """Run one implementation on a fresh copy, in a process of its own."""
    work = folder / f"monthly_{name}.db"
    shutil.copyfile(source, work)
    report = folder / f"monthly_{name}.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.monthly_analysis", name, str(work), str(report)],
        cwd=ROOT,
        env={**os.environ, "PORTAL_ENV": "test"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed with {done.returncode}")
    result: dict[str, Any] = json.loads(report.read_text())
    return result


def _compare(folder: Path) -> None:
    ours, theirs = (
        json.loads((folder / f"monthly_{name}.results.json").read_text())
        for name in ("statements", "pandas")
    )
    for part in ours:
        if ours[part] != theirs[part]:
            wrong = [
                (mine, other) for mine, other in zip(ours[part], theirs[part], strict=False)
                if mine != other
            ]  # fmt: skip
            raise SystemExit(f"{part} differs: {len(ours[part])} {len(theirs[part])} {wrong[:5]}")
        print(f"{part}: {len(ours[part])} rows equal")


def measure(name: str, work: Path, report: Path) -> None:
    """The child process: compute, write back, then (not timed) report the results."""
    if name == "pandas":
        from benchmarks.monthly_analysis_pandas import Rival

        calculation: Any = Rival(work)
    else:
        calculation = Statements(work)
    start, wall, cpu = _peak(), time.perf_counter(), time.process_time()
    calculation.run()
    seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    peak = _peak()
    results = calculation.results()
    work.with_suffix(".results.json").write_text(json.dumps(results))
    report.write_text(
        json.dumps({**seconds, "start": start, "peak": peak, **calculation.described()})
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Statements:
    """The portal's own steps over the whole company, one transaction."""

    def __init__(self, path: Path) -> None:
        from app.analysis.computation import computation_of
        from app.kernel.scope import Scope

        self.engine = _engine(path)
        self.parts: dict[str, float] = {}
        with Session(self.engine) as session:
            company = largest_company(session.connection())
            self.month = newest_month(session.connection(), company)
            self.computation = computation_of(session, company, self.month)
        self.scope = Scope(company)

    def run(self) -> None:
        from app.analysis.step_02_customer_state import compute_effect, generate
        from app.analysis.step_05_brand_status import compute_brand_analysis
        from app.analysis.step_06_market import compute_market_analysis

        work_month = self.month.next
        with self.engine.begin() as connection:
            common = (connection, self.scope, work_month, self.computation)
            self._timed("effect and ability", lambda: compute_effect(*common))
            self._timed("states, problems, strategies", lambda: generate(*common))
            analysis = (connection, self.scope, self.computation)
            self._timed("four rates, brand share", lambda: compute_brand_analysis(*analysis))
            self._timed("market indicators", lambda: compute_market_analysis(*analysis))

    def _timed(self, name: str, part: Callable[[], None]) -> None:
        started = time.process_time()
        part()
        self.parts[name] = time.process_time() - started

    def described(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            counts = {
                name: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608
                for name, table in (("customers", "customer"), ("facts", "monthly_sales"))
            }
        return {"parts": self.parts, **counts}

    def results(self) -> dict[str, list[list[Any]]]:
        """What is compared, in a form both can give: plain lists in a fixed order."""
        queries = {
            "effect items": "SELECT customer_id, item, score FROM customer_effect_item ORDER BY 1, 2",
            "states": "SELECT customer_id, effect_score, effect_band, ability_score, ability_band, "
            "growth_shortfall, peer_level, operating_state_id FROM customer_state ORDER BY 1",
            "problems": "SELECT customer_id, code, product_id FROM customer_problem ORDER BY 1, 2, 3",
            "rates": "SELECT h.territory_id, l.product_id, l.rate, l.actual_num, l.actual_den, "
            "l.system_status FROM brand_analysis_line l JOIN brand_analysis h "
            "ON h.id = l.analysis_id ORDER BY 1, 2, 3",
            "brand shares": "SELECT h.territory_id, s.product_id, s.product_sticks, "
            "s.brand_sticks, s.area_sticks FROM brand_share s JOIN brand_analysis h "
            "ON h.id = s.analysis_id ORDER BY 1, 2",
            "indicators": "SELECT h.territory_id, l.indicator, l.actual_num, l.actual_den FROM "
            "market_analysis_line l JOIN market_analysis h ON h.id = l.analysis_id "
            "WHERE l.indicator NOT IN ('SATISFACTION', 'PRICE_TAG_RATE', 'MARKET_ORDER_RATE') "
            "ORDER BY 1, 2",
        }
        with self.engine.connect() as connection:
            return {
                name: [list(row) for row in connection.exec_driver_sql(query)]
                for name, query in queries.items()
            }


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
