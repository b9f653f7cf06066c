"""The statements compute exactly what the pure rules say, on both databases."""

from collections import defaultdict
from dataclasses import fields

import pytest
from sqlalchemy import Connection, insert, select

from app.analysis.rules import ability, effect, indicators, judgement, problems
from app.analysis.statements.brand_rates import rate_rows
from app.analysis.statements.market_figures import indicator_rows
from app.analysis.step_02_ability import AbilityEntry, score_ability
from app.analysis.step_02_customer_state import compute_effect, generate
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import (
    AbilityItem,
    CustomerEffectItem,
    CustomerProblem,
    CustomerState,
    CustomerStatus,
    MarketTarget,
    OperatingState,
    OrderMode,
    SettleMode,
)
from tests.analysis import world as w

pytestmark = pytest.mark.sql

SCOPES = [Scope(1), Scope(1, (1, 3))]
PARAMETERS = Parameters(
    number=7,
    effect_peers_minimum=4,
    problem_peer_growth_percent=80,
    problem_large_buyer_cartons=20,
    abnormal_active_base_months=2,
)


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


def stored_figures(row) -> effect.EffectFigures:
    return effect.EffectFigures(
        **{item.name: getattr(row, item.name) for item in fields(effect.EffectFigures)}
    )


@pytest.mark.parametrize(("scope", "seed"), zip(SCOPES, (1, 2), strict=True))
def test_step_2(connection: Connection, scope: Scope, seed: int):
    world = w.random_world(seed)
    w.organisation(connection)
    w.write(connection, world)
    w.issue(connection, [w.focus(2, 3, w.K, w.K)])
    computation = w.computation(parameters=PARAMETERS, data_batch_id=5, user_id=9)
    compute_effect(connection, scope, w.M, computation)

    state = CustomerState.__table__
    stored = {row.customer_id: row for row in connection.execute(select(state))}
    expected = expected_figures(world, PARAMETERS)
    territories = {row["id"]: row["territory_id"] for row in world.customers}
    in_scope = {number for number in expected if scope.allows(territories[number])}
    assert set(stored) == in_scope
    item_rows = defaultdict(dict)
    for row in connection.execute(select(CustomerEffectItem.__table__)):
        item_rows[row.customer_id][row.item.name] = row
    for number, row in stored.items():
        figures, level, is_new = expected[number]
        assert (stored_figures(row), row.peer_level, row.is_new) == (figures, level, is_new)
        assert row.growth_shortfall == effect.growth_shortfall(figures)
        items = effect.effect_items(figures, PARAMETERS)
        for item in items:
            found = item_rows[number][item.item]
            assert (
                found.weight,
                found.actual_num,
                found.actual_den,
                found.reference_num,
                found.reference_den,
                found.against_last_year,
                found.score,
            ) == (
                item.weight,
                item.actual_num,
                item.actual_den,
                item.reference_num,
                item.reference_den,
                item.against_last_year,
                item.score,
            )
        score = effect.effect_score(items)
        assert (row.effect_score, row.data_batch_id, row.parameter_version) == (score.score, 5, 7)
        if score.den:
            assert (row.effect_num, row.effect_den) == (score.num, score.den)
        band = effect.effect_band(score.score, PARAMETERS)
        assert (row.effect_band.name if row.effect_band else None) == band

    generated_states(connection, scope, world, expected, computation)


def generated_states(connection, scope, world, expected, computation) -> None:
    """Scores everybody, generates, and compares states, codes and problem customers."""
    items = connection.execute(select(AbilityItem.__table__)).all()
    weights = {row.code: row.weight for row in items}
    customers = {row["id"]: row for row in world.customers}
    in_scope = [n for n in expected if scope.allows(customers[n]["territory_id"])]
    scores = {n: {row.code: 1 + (n * 7 + row.id * 3) % 5 for row in items} for n in in_scope}
    score_ability(
        connection,
        scope,
        w.M,
        computation,
        [AbilityEntry(n, row.id, scores[n][row.code]) for n in in_scope for row in items],
    )
    generate(connection, scope, w.M, computation)

    matrix, problem_states, codes_by_id = {}, set(), {}
    for row in connection.execute(select(OperatingState.__table__)):
        bands = tuple(band.name if band else None for band in (row.effect_band, row.ability_band))
        matrix[bands], codes_by_id[row.id] = row.code, row.code
        if row.is_problem:
            problem_states.add(row.code)
    found = defaultdict(set)
    for row in connection.execute(select(CustomerProblem.__table__)):
        found[row.customer_id].add((row.code.name, row.product_id))
    product_flags = expected_product_problems(world, computation.parameters)
    for row in connection.execute(select(CustomerState.__table__)):
        figures, _, is_new = expected[row.customer_id]
        own = ability.ability_score(weights, scores[row.customer_id])
        assert (row.ability_num, row.ability_den, row.ability_score) == (
            own.num, own.den, own.score,
        )  # fmt: skip
        state = ability.operating_state(
            matrix,
            effect.effect_band(row.effect_score, PARAMETERS),
            ability.ability_band(own.score, PARAMETERS),
            is_new=is_new,
        )
        assert codes_by_id.get(row.operating_state_id) == state
        who = customers[row.customer_id]
        situation = problems.CustomerSituation(
            figures=figures,
            items=tuple(effect.effect_items(figures, PARAMETERS)),
            is_new=is_new,
            orders_online=who["order_mode"] is OrderMode.ONLINE,
            settles_electronically=who["settle_mode"] is SettleMode.ELECTRONIC,
            has_low_price_score=scores[row.customer_id]["A7"] <= 2,
            is_problem_state=state in problem_states,
        )
        codes = problems.customer_problems(situation, PARAMETERS)
        codes |= product_flags.get((row.customer_id, who["territory_id"]), set())
        assert found[row.customer_id] == codes
        assert row.is_problem == problems.is_problem_customer(codes, problems.MARKING_CODES)


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


@pytest.mark.parametrize("scope", SCOPES, ids=["company", "territories"])
def test_step_5(connection: Connection, scope: Scope):
    world = w.random_world(3)
    w.organisation(connection)
    w.write(connection, world)
    months = [w.K.shift(-n) for n in range(PARAMETERS.abnormal_active_base_months + 1)]
    sums = w.net(world, "territory_id", "product_id", "customer_id", "month")
    listed = members(world)
    expected = {}
    for target in world.targets:
        territory, product = target["territory_id"], target["product_id"]
        if not scope.allows(territory):
            continue
        rows = []
        for who in world.customers:
            own = [
                row for row in world.facts
                if (row["territory_id"], row["product_id"], row["customer_id"], row["month"])
                == (territory, product, who["id"], w.K)
            ]  # fmt: skip
            rows.append(
                indicators.ProductMonths(
                    tuple(sums[territory, product, who["id"], month] for month in months),
                    (territory, product, who["id"]) in listed,
                    sum(row["demanded_lines"] for row in own),
                    sum(row["stockout_lines"] for row in own),
                )
            )
        for rate, (num, den) in indicators.four_rates(rows).items():
            aim = target[f"{rate.lower()}_target"]
            measure = indicators.RATE_BY_CODE[rate].measure
            status = judgement.judge(measure, num, den, aim, PARAMETERS)
            expected[territory, product, rate] = (num, den, aim, status)
    found = {
        (row.territory_id, row.product_id, row.rate): (
            row.actual_num, row.actual_den, row.target, row.status,
        )
        for row in connection.execute(rate_rows(scope, w.K, PARAMETERS))
    }  # fmt: skip
    assert found == expected
    assert {status for *_, status in expected.values()} >= {"NORMAL", "ABNORMAL", "NO_TARGET"}


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
            total["order_days"] += len(set(w.ordered_days(world, who["id"])))
        is_open = who["status"] is CustomerStatus.ACTIVE and who["close_date"] is None
        is_later = who["close_date"] is not None and who["close_date"] > w.K.last_day
        if who["territory_id"] != territory or who["open_date"] > w.K.last_day:
            continue
        if is_open or is_later:
            due = w.DUE.get(who["order_weekday"], 0)
            total["customers"] += 1
            total["online_customers"] += who["order_mode"] is OrderMode.ONLINE
            total["e_settle_customers"] += who["settle_mode"] is SettleMode.ELECTRONIC
            total["due_weeks"] += due
            total["order_weeks"] += min(due, w.week_count(w.ordered_days(world, who["id"])))
    return indicators.TerritoryFigures(**total)


@pytest.mark.parametrize("scope", SCOPES, ids=["company", "territories"])
def test_step_6(connection: Connection, scope: Scope):
    world = w.random_world(4)
    w.organisation(connection)
    w.write(connection, world)
    expected = {}
    for territory in filter(scope.allows, world.territories):
        figures = expected_territory(world, territory)
        for row in indicators.INDICATORS:
            if row.is_entered:
                continue
            num, den = indicators.market_figure(row.code, figures)
            exact = row.measure.factor * num // den if den > 0 else 0
            for aim in (None, exact, 0) if territory == 1 else (exact * 20 // 19,):
                expected[territory, row.code] = (
                    num, den, aim, judgement.judge(row.measure, num, den, aim, PARAMETERS),
                )  # fmt: skip
    w.add(
        connection,
        MarketTarget,
        [
            {"company_id": 1, "territory_id": t, "month": w.K, "indicator": code, "value": aim}
            for (t, code), (_, _, aim, _) in expected.items()
            if aim is not None
        ],
    )
    computation = w.computation(parameters=PARAMETERS)
    found = {
        (row.territory_id, row.indicator): (
            row.actual_num, row.actual_den, row.target, row.status,
        )
        for row in connection.execute(indicator_rows(scope, computation))
    }  # fmt: skip
    assert found == expected


def test_two_companies_do_not_meet(connection: Connection):
    """The second company's identical ids of nothing change the first company's figures."""
    world = w.random_world(5, customers=10)
    w.organisation(connection)
    w.write(connection, world)
    compute_effect(connection, Scope(1), w.M, w.computation())
    before = connection.execute(select(CustomerEffectItem.__table__)).all()
    other = {**w.customer(9_001), "company_id": 2}
    connection.execute(insert(w.Customer.__table__), [other])
    connection.execute(
        insert(w.MonthlySales.__table__), [{**w.fact(9_001, 1, w.K, 500), "company_id": 2}]
    )
    compute_effect(connection, Scope(1), w.M, w.computation())
    assert connection.execute(select(CustomerEffectItem.__table__)).all() == before
    compute_effect(connection, Scope(2), w.M, w.computation())
    assert connection.execute(select(CustomerEffectItem.__table__)).all()[: len(before)] == before
