"""The monthly calculation of a whole company beside the same calculation in pandas.

Both start from the same SQLite file and write their results back: effect items and scores of every
customer, ability, states, problem codes, the four rates of the watched products, their brand
shares and the market indicators. Every figure is compared. pandas is spared the potential
strategies and the keys and indexes of the result tables.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.kernel.period import Month
from benchmarks.demo_database import demo_environment
from benchmarks.work import Case, Work

TARGETED_PRODUCTS = 30
"""Products with targets per territory: a company watches a tenth of its assortment."""

LISTED_EVERY = 3


def prepare(case: Case) -> None:
    """The demo company of the size with brand targets, lists, and last month's ability scores."""
    demo = Path(demo_environment(case.size)["PORTAL_DATA_DIR"]) / "portal.db"
    analysed_database(demo, case.folder / "start.db")


def analysed_database(source: Path, target: Path) -> None:
    """Make `target` from the demo database `source`."""
    draft = target.with_suffix(".draft")
    shutil.copyfile(source, draft)
    engine = engine_of(draft)
    with engine.begin() as connection:
        company = largest_company(connection)
        enter_missing(connection, company, newest_month(connection, company).next)
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    draft.rename(target)


def engine_of(path: Path) -> Engine:
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


def enter_missing(connection: Connection, company: int, month: Month) -> None:
    """Targets and scores, where the demo has none."""
    from app.models import CustomerAbilityScore

    try:
        with connection.begin_nested():
            add_targets(connection, company)
    except IntegrityError:
        pass  # the small company has its own
    score = CustomerAbilityScore.__table__
    scored = select(func.count()).where(score.c.company_id == company, score.c.month == month)
    if not connection.scalar(scored):
        add_scores(connection, company)


def add_targets(connection: Connection, company_id: int) -> None:
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


def add_scores(connection: Connection, company_id: int) -> None:
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


def portal(case: Case) -> Work:
    calculation = Statements(copied(case))
    return Work(calculation.run, calculation.results, facts=calculation.described())


def pandas(case: Case) -> Work:
    from benchmarks.monthly_analysis_pandas import Rival

    calculation = Rival(copied(case))
    return Work(calculation.run, calculation.results)


def copied(case: Case, start: str = "start.db") -> Path:
    """The start database, to be written to."""
    target = case.scratch / "portal.db"
    shutil.copyfile(case.folder / start, target)
    return target


class Statements:
    """The portal's own steps over the whole company, one transaction."""

    def __init__(self, path: Path) -> None:
        from app.analysis.computation import computation_of
        from app.kernel.scope import Scope

        self.engine = engine_of(path)
        self.parts: dict[str, float] = {}
        with Session(self.engine) as session:
            company = largest_company(session.connection())
            self.month = newest_month(session.connection(), company)
            self.computation = computation_of(session, company, self.month)
        self.scope = Scope(company)

    def run(self) -> dict[str, float]:
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
        return self.parts

    def _timed(self, name: str, part: Callable[[], None]) -> None:
        started = time.process_time()
        part()
        self.parts[name] = time.process_time() - started

    def described(self) -> dict[str, float]:
        with self.engine.connect() as connection:
            return {
                name: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608
                for name, table in (("customers", "customer"), ("facts", "monthly_sales"))
            }

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
