"""What a month plan is made from, written straight into the tables: shops, states, problems,
strategies, judged figures. Figures are of K, the plan is of M = K + 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    BrandAnalysisLine,
    Customer,
    CustomerProblem,
    CustomerState,
    ItemSource,
    Judgement,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    ProblemCode,
    Product,
    RateKind,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StateStatus,
    StrategyItem,
)
from tests.analysis import world as w

M, K = w.M, w.K


@dataclass
class MonthWorld:
    """`drafts`: territories whose service plan is not submitted yet."""

    territories: tuple[int, ...] = (1, 2, 3)
    drafts: set[int] = field(default_factory=set)
    customers: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    rates: list[tuple[int, int, RateKind, Judgement]] = field(default_factory=list)
    indicators: list[tuple[int, MarketIndicator, Judgement]] = field(default_factory=list)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def place(self, number: int) -> int:
        return next(row["territory_id"] for row in self.customers if row["id"] == number)

    def customer(self, number: int, territory: int = 1, **changes: Any) -> None:
        self.customers.append(w.customer(number, territory, **changes))

    def state(self, number: int, **changes: Any) -> None:
        self.states.append(
            {
                "company_id": 1,
                "customer_id": number,
                "territory_id": self.place(number),
                "month": M,
                "status": StateStatus.GENERATED,
                "effect_score": None,
                "amount_fen": 0,
                "is_problem": False,
                "parameter_version": 1,
                "formula_version": 1,
                **changes,
            }
        )

    def problem(self, number: int, code: ProblemCode, product_id: int = 0) -> None:
        """A problem belongs to a state; it is left out for a customer without one."""
        row = {
            "company_id": 1,
            "month": M,
            "customer_id": number,
            "code": code,
            "product_id": product_id,
        }
        if row not in self.problems and any(s["customer_id"] == number for s in self.states):
            self.problems.append(row)

    def item(self, number: int, **changes: Any) -> None:
        self.items.append(
            {
                "company_id": 1,
                "plan_id": self.place(number),
                "territory_id": self.place(number),
                "month": M,
                "customer_id": number,
                "strategy_id": 1,
                "sequence": sum(row["customer_id"] == number for row in self.items),
                "source": ItemSource.POTENTIAL,
                "is_removed": False,
                **changes,
            }
        )


def plain_world() -> MonthWorld:
    """Ten shops of territory 1 with 10, 9, … 1 strategies. Shop 1 is a problem customer, shop 2
    shares an abnormal rate of product 1 and an abnormal indicator.
    """
    world = MonthWorld(territories=(1,))
    for number in range(1, 11):
        world.customer(number)
        world.state(number, amount_fen=number * 100, is_problem=number == 1)
        for _item in range(11 - number):
            world.item(number)
    world.problem(1, ProblemCode.STATE_PROBLEM)
    world.problem(2, ProblemCode.NOT_STOCKED, 1)
    world.problem(2, ProblemCode.WIDTH_LOW)
    world.problem(3, ProblemCode.NOT_STOCKED, 2)
    world.rates = [
        (1, 1, RateKind.LISTING, Judgement.ABNORMAL),
        (1, 2, RateKind.LISTING, Judgement.NORMAL),
    ]
    world.indicators = [
        (1, MarketIndicator.WIDTH, Judgement.ABNORMAL),
        (1, MarketIndicator.VOLUME, Judgement.NO_TARGET),
    ]
    world.texts = {
        "brand": ("Brands are short", "The same in both"),
        "market": (" Volume falls ", "The same in both"),
    }
    return world


def analysis_rows(world: MonthWorld) -> list[dict[str, Any]]:
    """Heads of an analysis per territory; the id is the territory's."""
    return [
        {
            "id": place,
            "company_id": 1,
            "territory_id": place,
            "month": K,
            "status": AnalysisStatus.COMPLETED,
            "parameter_version": 1,
            "computed_at": w.NOW,
        }
        for place in world.territories
    ]


def write_world(connection: Connection, world: MonthWorld) -> None:
    w.organisation(connection, len(world.territories))
    w.add(connection, Product, [w.product(number) for number in (1, 2)])
    w.add(connection, Customer, world.customers)
    w.add(connection, CustomerState, world.states)
    w.add(connection, CustomerProblem, world.problems)
    strategy = min(w.ids(connection, ServiceStrategy).values())
    w.add(
        connection,
        ServicePlan,
        [
            {
                "id": place,
                "company_id": 1,
                "territory_id": place,
                "month": M,
                "status": ServicePlanStatus.DRAFT
                if place in world.drafts
                else ServicePlanStatus.SUBMITTED,
            }
            for place in world.territories
        ],
    )
    w.add(connection, StrategyItem, [{**row, "strategy_id": strategy} for row in world.items])
    for model, kind in ((BrandAnalysis, "brand"), (MarketAnalysis, "market")):
        problems, focus = world.texts.get(kind, (None, None))
        w.add(
            connection,
            model,
            [{**row, "problems": problems, "next_focus": focus} for row in analysis_rows(world)],
        )
    judged = {"company_id": 1, "system_status": Judgement.NORMAL, "formula_version": 1}
    w.add(
        connection,
        BrandAnalysisLine,
        [
            {**judged, "analysis_id": place, "product_id": product, "rate": rate,
             "final_status": status}
            for place, product, rate, status in world.rates
        ],
    )  # fmt: skip
    w.add(
        connection,
        MarketAnalysisLine,
        [
            {**judged, "analysis_id": place, "indicator": indicator, "final_status": status}
            for place, indicator, status in world.indicators
        ],
    )
