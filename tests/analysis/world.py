"""A small company for the analysis tests, and the same figures computed by the pure rules.

Rows are written straight into the tables; `random_world` draws data with many ties and boundary
cases. The `expected_…` functions are the slow, obvious way: loops over lists of dicts.
"""

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from app.analysis.rules.computation import Computation
from app.analysis.seeding import seed_analysis
from app.kernel.period import Month, WorkWeek
from app.kernel.seed_file import read_seed
from app.master.rules_parameters import Parameters
from app.master.seeding import SEED_FOLDER
from app.models import (
    AbilityItem,
    AbilityItemStrategy,
    BrandTarget,
    BusinessType,
    Company,
    Customer,
    CustomerStatus,
    CustomerTerritory,
    Department,
    FocusProduct,
    KeyProductSnapshot,
    MarketTarget,
    MarketType,
    MonthlySales,
    NeedOption,
    NeedOptionStrategy,
    OrderMode,
    Product,
    ProductStatus,
    SalesLine,
    Scale,
    ServiceStrategy,
    SettleMode,
    TargetCustomer,
    TerminalType,
    Territory,
)

K = Month(2026, 10)
M = K.next
NOW = dt.datetime.fromisoformat("2026-11-02T01:00:00")
DUE = {1: 4, 2: 4, 3: 4, 4: 5, 5: 5}
COMPANY = 1


def computation(month: Month = K, parameters: Parameters | None = None, **more: Any) -> Computation:
    return Computation(month, parameters or Parameters(number=1), NOW, DUE, **more)


@dataclass
class World:
    """What was written, as plain dicts."""

    customers: list[dict[str, Any]] = field(default_factory=list)
    products: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    targets: list[dict[str, Any]] = field(default_factory=list)
    listed: list[dict[str, Any]] = field(default_factory=list)
    keys: set[tuple[Month, int]] = field(default_factory=set)
    market_targets: list[dict[str, Any]] = field(default_factory=list)
    territories: tuple[int, ...] = (1, 2, 3)


def add(connection: Connection, model: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(model.__table__), rows)


def organisation(connection: Connection, territories: int = 3) -> None:
    """Companies 1 and 2; departments 1 and 2 and the territories belong to company 1."""
    add(connection, Company, [{"id": n, "code": f"C{n}", "name": f"C{n}"} for n in (1, 2)])
    add(
        connection,
        Department,
        [{"id": n, "company_id": 1, "code": f"D{n}", "name": f"D{n}"} for n in (1, 2)],
    )
    add(
        connection,
        Territory,
        [
            {
                "id": n,
                "company_id": 1,
                "department_id": 1 if n < territories else 2,
                "code": f"T{n}",
                "name": f"T{n}",
            }
            for n in range(1, territories + 1)
        ],
    )
    catalogues(connection)


def catalogues(connection: Connection) -> None:
    """The seeded strategies, needs, ability items and the analysis catalogues of company 1."""
    for model, file in ((ServiceStrategy, "service_strategies"), (NeedOption, "need_options")):
        rows = read_seed(SEED_FOLDER / f"{file}.csv")
        names = ("code", "name", "name_en")
        add(
            connection,
            model,
            [{"company_id": 1, **{n: row[n] for n in names}} for row in rows],
        )
    items = read_seed(SEED_FOLDER / "ability_items.csv")
    add(
        connection,
        AbilityItem,
        [
            {
                "company_id": 1,
                "code": row["code"],
                "name": row["name"],
                "weight": int(row["weight"]),
                "low_score": int(row["low_score"]),
            }
            for row in items
        ],
    )
    codes = ids(connection, ServiceStrategy)
    for owner, link, file in (
        (AbilityItem, AbilityItemStrategy, "ability_items"),
        (NeedOption, NeedOptionStrategy, "need_options"),
    ):
        owners = ids(connection, owner)
        key = f"{owner.__tablename__}_id"
        add(
            connection,
            link,
            [
                {key: owners[row["code"]], "strategy_id": codes[code]}
                for row in read_seed(SEED_FOLDER / f"{file}.csv")
                for code in row["strategies"].split()
            ],
        )
    seed_analysis(connection, 1)


def ids(connection: Connection, model: Any) -> dict[str, int]:
    table = model.__table__
    rows = connection.execute(select(table.c.code, table.c.id).where(table.c.company_id == 1))
    return {row.code: row.id for row in rows}


def customer(number: int, territory: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "company_id": COMPANY,
        "territory_id": territory,
        "code": f"{number:06d}",
        "name": f"Shop {number}",
        "market_type": MarketType.URBAN,
        "business_type": BusinessType.GROCERY,
        "scale": Scale.SMALL,
        "grade": 10,
        "order_mode": OrderMode.ONLINE,
        "order_weekday": 2,
        "settle_mode": SettleMode.ELECTRONIC,
        "terminal_type": TerminalType.ORDINARY,
        "status": CustomerStatus.ACTIVE,
        "open_date": dt.date(2020, 1, 1),
        "close_date": None,
        **changes,
    }


def product(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "company_id": COMPANY,
        "code": f"P{number:03d}",
        "name": f"Product {number}",
        "wholesale_fen": 10_000,
        "retail_fen": 12_000,
        "sticks_per_carton": 200,
        "is_key": False,
        "status": ProductStatus.ON_SALE,
        **changes,
    }


def fact(
    customer_id: int, product_id: int, month: Month, cartons: int, territory: int = 1, **more: Any
) -> dict[str, Any]:
    return {
        "company_id": COMPANY,
        "month": month,
        "customer_id": customer_id,
        "product_id": product_id,
        "territory_id": territory,
        "demanded_cartons": cartons,
        "delivered_cartons": cartons,
        "amount_fen": cartons * 10_000,
        "line_count": 1,
        "demanded_lines": 1,
        "stockout_lines": 0,
        **more,
    }


def line(customer_id: int, day: dt.date, territory: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "company_id": COMPANY,
        "customer_id": customer_id,
        "product_id": 1,
        "order_date": day,
        "order_no": "",
        "territory_id": territory,
        "demanded_cartons": 1,
        "delivered_cartons": 1,
        "amount_fen": 100,
        "channel": OrderMode.ONLINE,
        "settle_mode": SettleMode.ELECTRONIC,
        **more,
    }


def write(connection: Connection, world: World) -> None:
    add(connection, Product, world.products)
    add(connection, Customer, world.customers)
    add(connection, MonthlySales, world.facts)
    add(connection, SalesLine, world.lines)
    add(connection, BrandTarget, world.targets)
    add(connection, TargetCustomer, world.listed)
    add(connection, MarketTarget, world.market_targets)
    add(
        connection,
        KeyProductSnapshot,
        [{"company_id": 1, "month": month, "product_id": p} for month, p in sorted(world.keys)],
    )


def random_world(seed: int, customers: int = 60, products: int = 12) -> World:
    """Small numbers, so ties, zeros and exact boundaries are frequent."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    world = World()
    world.products = [
        product(
            n,
            sticks_per_carton=draw.choice([200, 200, 160]),
            retail_fen=draw.choice([12_000, 15_000, None]),
            wholesale_fen=draw.choice([10_000, 9_000, None, 16_000]),
        )
        for n in range(1, products + 1)
    ]
    for n in range(1, customers + 1):
        status = draw.choice([CustomerStatus.ACTIVE] * 9 + [CustomerStatus.SUSPENDED])
        world.customers.append(
            customer(
                n,
                draw.choice(world.territories),
                market_type=draw.choice(list(MarketType)),
                business_type=draw.choice([BusinessType.GROCERY] * 3 + list(BusinessType)[:3]),
                scale=draw.choice([Scale.SMALL, Scale.SMALL, Scale.LARGE]),
                order_mode=draw.choice(list(OrderMode)),
                settle_mode=draw.choice(list(SettleMode)),
                order_weekday=draw.choice([1, 2, 4, None]),
                status=status,
                close_date=draw.choice([None, None, K.last_day, M.first_day]),
                open_date=draw.choice(
                    [dt.date(2020, 1, 1)] * 6
                    + [K.first_day, K.first_day + dt.timedelta(1), M.first_day]
                ),
            )
        )
    for row in world.customers:
        moved = draw.random() < 0.15
        for month in (K, *(K.shift(-n) for n in range(1, 5)), K.shift(-12)):
            for item in world.products:
                for territory in {row["territory_id"], *((1, 2) if moved else ())}:
                    if draw.random() < 0.5:
                        continue
                    demanded = draw.choice([0, 1, 1, 2])
                    world.facts.append(
                        fact(
                            row["id"],
                            item["id"],
                            month,
                            draw.choice([-2, -1, 0, 1, 1, 2, 3]),
                            territory,
                            amount_fen=draw.choice([-5_000, 0, 10_000, 9_999, 33_333]),
                            demanded_lines=demanded,
                            stockout_lines=draw.randint(0, demanded),
                        )
                    )
        for day in draw.sample(list(K.days()), draw.randint(0, 6)):
            delivered = draw.choice([-1, 0, 2])
            world.lines.append(
                line(
                    row["id"],
                    day,
                    row["territory_id"],
                    delivered_cartons=delivered,
                    demanded_cartons=draw.choice([0, 1]),
                )
            )
    world.keys = {(K, n) for n in range(1, products, 3)} | {(K.shift(-12), 2)}
    rates = ("listing_target", "active_target", "stockout_target", "repurchase_target")
    for territory in world.territories[:2]:
        for item in world.products[::2]:
            number = len(world.targets) + 1
            chosen = {rate: draw.choice([None, 0, 1, 2500, 5000, 6667, 10_000]) for rate in rates}
            world.targets.append(
                {
                    "id": number,
                    "company_id": 1,
                    "territory_id": territory,
                    "product_id": item["id"],
                    "from_month": K.previous,
                    "to_month": draw.choice([K, M]),
                    "list_revision": 1,
                    **chosen,
                }
            )
            world.listed += [
                {
                    "company_id": 1,
                    "target_id": number,
                    "customer_id": row["id"],
                    "added_revision": 1,
                    "removed_revision": draw.choice([None, None, 2]),
                }
                for row in draw.sample(world.customers, draw.randint(0, customers // 3))
            ]
    return world


def week_count(days: list[dt.date]) -> int:
    return len({WorkWeek.of(day) for day in days})


def net(world: World, *names: str) -> dict[tuple[Any, ...], int]:
    """Net cartons by the named keys of the facts."""
    sums: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in world.facts:
        sums[tuple(row[name] for name in names)] += row["delivered_cartons"]
    return sums


def ordered_days(world: World, customer_id: int) -> list[dt.date]:
    return [
        row["order_date"]
        for row in world.lines
        if row["customer_id"] == customer_id
        and (row["delivered_cartons"] > 0 or row["demanded_cartons"] > 0)
    ]


def moves(connection: Connection, rows: list[tuple[int, int, dt.date, dt.date | None]]) -> None:
    """(customer, territory, from, to) rows of the history."""
    add(
        connection,
        CustomerTerritory,
        [
            {
                "company_id": 1,
                "customer_id": who,
                "territory_id": territory,
                "valid_from": first,
                "valid_to": last,
            }
            for who, territory, first, last in rows
        ],
    )


def focus(department: int, product_id: int, first: Month, last: Month) -> dict[str, Any]:
    return {
        "company_id": 1,
        "department_id": department,
        "product_id": product_id,
        "from_month": first,
        "to_month": last,
    }


def issue(connection: Connection, rows: list[dict[str, Any]]) -> None:
    add(connection, FocusProduct, rows)
