"""A small company for the analysis tests; rows are written straight into the tables."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from app.analysis.rules.computation import Computation
from app.analysis.rules.order_success import order_windows
from app.analysis.seeding import seed_analysis
from app.exchange.sales_rollup import refresh_order_days, refresh_sums
from app.kernel.period import Month, WorkWeek
from app.kernel.seed_file import read_seed
from app.master.rules_calendar import order_days
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
HOLIDAYS = {dt.date(2026, 10, day): False for day in range(1, 8)}
WINDOWS = order_windows(
    K,
    {
        weekday: [
            day
            for month in (K, M)
            for day in order_days(month, weekday, HOLIDAYS, move_to_next=True)
        ]
        for weekday in range(1, 8)
    },
    late_days=2,
)
COMPANY = 1


def computation(month: Month = K, parameters: Parameters | None = None, **more: Any) -> Computation:
    return Computation(
        month, parameters or Parameters(number=1), NOW, DUE, **{"order_windows": WINDOWS, **more}
    )


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
    stays: list[tuple[int, int, dt.date, dt.date | None]] = field(default_factory=list)
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
    keep_sales(connection)
    add(connection, BrandTarget, world.targets)
    add(connection, TargetCustomer, world.listed)
    add(connection, MarketTarget, world.market_targets)
    add(
        connection,
        KeyProductSnapshot,
        [{"company_id": 1, "month": month, "product_id": p} for month, p in sorted(world.keys)],
    )


def keep_sales(connection: Connection) -> None:
    """What the importer keeps of monthly sales and lines."""
    months = connection.scalars(select(MonthlySales.__table__.c.month).distinct()).all()
    refresh_sums(connection, COMPANY, months)
    days = connection.scalars(select(SalesLine.__table__.c.order_date).distinct()).all()
    refresh_order_days(connection, COMPANY, days)


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
