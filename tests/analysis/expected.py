"""The figures of a world computed the slow, obvious way, by the pure rules."""

from collections import defaultdict

from app.analysis.rules import effect, indicators, order_success, problems
from app.master.rules_parameters import Parameters
from app.models import (
    CustomerStatus,
    OrderMode,
    SettleMode,
)
from tests.analysis import world as w


def valid(world: w.World) -> list[dict]:
    return [row for row in world.customers if row["status"] is CustomerStatus.ACTIVE]


def own_figures(world: w.World, customer_id: int) -> dict[str, int]:
    ware = {row["id"]: row for row in world.products}
    figures = dict.fromkeys(
        ("sticks", "previous_sticks", "last_year_sticks", "amount_fen", "key_sticks", "width",
         "margin_fen", "retail_fen"), 0,
    )  # fmt: skip
    widths: dict[int, int] = defaultdict(int)
    bases = {w.K: "sticks", w.K.previous: "previous_sticks", w.K.shift(-12): "last_year_sticks"}
    for row in world.facts:
        if row["customer_id"] != customer_id:
            continue
        item, cartons = ware[row["product_id"]], row["delivered_cartons"]
        if row["month"] in bases:
            figures[bases[row["month"]]] += cartons * item["sticks_per_carton"]
        if row["month"] != w.K:
            continue
        widths[item["id"]] += cartons
        figures["amount_fen"] += row["amount_fen"]
        if (w.K, item["id"]) in world.keys:
            figures["key_sticks"] += cartons * item["sticks_per_carton"]
        if item["retail_fen"] is not None and item["wholesale_fen"] is not None:
            figures["retail_fen"] += cartons * item["retail_fen"]
            figures["margin_fen"] += cartons * (item["retail_fen"] - item["wholesale_fen"])
    figures["width"] = sum(cartons > 0 for cartons in widths.values())
    figures["order_weeks"] = w.week_count(w.ordered_days(world, customer_id))
    return figures


def expected_figures(
    world: w.World, parameters: Parameters
) -> dict[int, tuple[effect.EffectFigures, int, bool]]:
    """Customer → (figures, peer level, is new)."""
    rows = {}
    for row in valid(world):
        own = own_figures(world, row["id"])
        own["due_weeks"] = w.DUE.get(row["order_weekday"], 0)
        rows[row["id"]] = (row, own, not effect.is_rated(row["open_date"].toordinal(), w.K))
    result = {}
    for number, (row, own, is_new) in rows.items():
        groups = [
            [
                other
                for candidate, other, new in rows.values()
                if not new and all(candidate[name] == row[name] for name in names)
            ]
            for names in effect.PEER_LEVELS
        ]
        level = effect.peer_level(map(len, groups), parameters.effect_peers_minimum)
        peers = groups[level]
        area = [o for c, o, _ in rows.values() if c["territory_id"] == row["territory_id"]]
        sums = {
            f"peer_{name}": sum(other[name] for other in peers)
            for name in ("sticks", "previous_sticks", "amount_fen", "width", "margin_fen",
                         "retail_fen")
        }  # fmt: skip
        result[number] = (
            effect.EffectFigures(
                **own,
                **sums,
                peer_count=len(peers),
                area_sticks=sum(other["sticks"] for other in area),
                area_key_sticks=sum(other["key_sticks"] for other in area),
            ),
            level,
            is_new,
        )
    return result


def members(world: w.World) -> set[tuple[int, int, int]]:
    """(territory, product, customer) on a list of a target covering K, active on its last day."""
    customers = {row["id"]: row for row in world.customers}
    targets = {row["id"]: row for row in world.targets if row["to_month"] >= w.K}
    result = set()
    for row in world.listed:
        who = customers[row["customer_id"]]
        is_open = who["status"] is CustomerStatus.ACTIVE and who["close_date"] is None
        is_later = who["close_date"] is not None and who["close_date"] > w.K.last_day
        active = who["open_date"] <= w.K.last_day and (is_open or is_later)
        if row["target_id"] in targets and row["removed_revision"] is None and active:
            target = targets[row["target_id"]]
            result.add((target["territory_id"], target["product_id"], who["id"]))
    return result


def expected_product_problems(world: w.World, parameters: Parameters):
    sums = w.net(world, "customer_id", "product_id", "month")
    stockouts = defaultdict(int)
    for row in world.facts:
        if row["month"] == w.K:
            stockouts[row["customer_id"], row["product_id"]] += row["stockout_lines"]
    home = {row["id"]: row["territory_id"] for row in world.customers}
    listed = {
        (product, who) for territory, product, who in members(world) if home[who] == territory
    }
    months = [w.K.shift(-n) for n in range(parameters.abnormal_active_base_months + 1)]
    watched = {(row["territory_id"], row["product_id"]) for row in world.targets} | {(3, 3)}
    result = defaultdict(set)
    for territory, product in watched:
        for row in world.customers:
            if row["territory_id"] == territory:
                result[row["id"], territory] |= problems.product_problems(
                    product,
                    tuple(sums[row["id"], product, month] for month in months),
                    is_target=(product, row["id"]) in listed,
                    stockout_lines=stockouts[row["id"], product],
                )
    return result


def expected_territory(world: w.World, territory: int) -> indicators.TerritoryFigures:
    ware = {row["id"]: row for row in world.products}
    total: dict[str, int] = defaultdict(int)
    volumes: dict[int, int] = defaultdict(int)
    bases = {w.K.previous: "previous_sticks", w.K.shift(-12): "last_year_sticks"}
    for row in world.facts:
        if row["territory_id"] != territory:
            continue
        item, cartons = ware[row["product_id"]], row["delivered_cartons"]
        sticks = cartons * item["sticks_per_carton"]
        is_key = (w.K, item["id"]) in world.keys
        if row["month"] in bases:
            total[bases[row["month"]]] += sticks
        if row["month"] == w.K.shift(-12) and is_key:
            total["key_last_year_sticks"] += sticks
        if row["month"] != w.K:
            continue
        volumes[row["customer_id"]] += sticks
        total["sticks"] += sticks
        total["key_sticks"] += sticks if is_key else 0
        for name in ("amount_fen", "demanded_lines", "stockout_lines"):
            total[name] += row[name]
        total["bought_products"] += cartons > 0
        if item["retail_fen"] is not None and item["wholesale_fen"] is not None:
            total["retail_fen"] += cartons * item["retail_fen"]
            total["margin_fen"] += cartons * (item["retail_fen"] - item["wholesale_fen"])
    total["ordering_customers"] = sum(volume > 0 for volume in volumes.values())
    for who in world.customers:
        if who["territory_id"] == territory:
            in_month = [day for day in w.ordered_days(world, who["id"]) if day in w.K.days()]
            total["order_days"] += len(set(in_month))
        is_open = who["status"] is CustomerStatus.ACTIVE and who["close_date"] is None
        is_later = who["close_date"] is not None and who["close_date"] > w.K.last_day
        customer = due_customer(world, who)
        orders = w.ordered_days(world, who["id"])
        success = order_success.order_success(customer, w.K, w.WINDOWS, orders)
        met, due = success.get(territory, (0, 0))
        total["met_days"] += met
        total["due_days"] += due
        lives_here = (customer.territory_on(w.K.last_day, w.K) or who["territory_id"]) == territory
        if not lives_here or who["open_date"] > w.K.last_day:
            continue
        if is_open or is_later:
            total["customers"] += 1
            total["online_customers"] += who["order_mode"] is OrderMode.ONLINE
            total["e_settle_customers"] += who["settle_mode"] is SettleMode.ELECTRONIC
    return indicators.TerritoryFigures(**total)


def due_customer(world: w.World, who: dict) -> order_success.DueCustomer:
    return order_success.DueCustomer(
        weekday=who["order_weekday"],
        open_date=who["open_date"],
        closed_on=who["close_date"],
        is_valid=who["status"] is CustomerStatus.ACTIVE,
        territory_id=who["territory_id"],
        stays=tuple(
            order_success.Stay(territory, first, last)
            for number, territory, first, last in world.stays
            if number == who["id"]
        ),
    )
