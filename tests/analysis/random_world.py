"""Random companies for the parity tests: small numbers, many ties and boundary cases."""

import datetime as dt
import random

from app.models import BusinessType, CustomerStatus, MarketType, OrderMode, Scale, SettleMode
from tests.analysis.world import K, M, World, customer, fact, line, product


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


def random_moves(world: World, seed: int) -> None:
    """Histories of territories for half of the customers, with gaps and returns, and late orders."""
    draw = random.Random(seed)  # noqa: S311 -- test data
    days = list(K.days())
    for row in world.customers:
        kind = draw.choice(["none", "steady", "moved", "came", "left", "returned"])
        first, second = sorted(draw.sample(days[1:], 2))
        before = dt.date(2024, 1, 1)
        other = draw.choice(world.territories)
        home = row["territory_id"]
        day = dt.timedelta(1)
        world.stays += {
            "none": [],
            "steady": [(row["id"], home, before, None)],
            "moved": [(row["id"], other, before, first - day), (row["id"], home, first, None)],
            "came": [(row["id"], home, first, None)],
            "left": [(row["id"], other, before, second)],
            "returned": [
                (row["id"], home, before, first),
                (row["id"], home, second, None),
            ],
        }[kind]
        if draw.random() < 0.3:
            world.lines.append(line(row["id"], M.first_day + draw.choice([0, 1, 2]) * day, home))
