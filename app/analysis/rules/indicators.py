"""§2.2 steps 5 and 6 — the four rates 四率 and the market indicators: formula, unit, direction.

Every figure is a ratio num/den of integers. Percentages keep the plain ratio; other units keep
num/den in the unit itself, so value = num/den and a target is in hundredths of the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.analysis.rules.judgement import Measure
from app.kernel.errors import N_
from app.kernel.quantity import FEN_PER_YUAN, STICKS_PER_CASE, STICKS_PER_STANDARD_CARTON
from app.master.rules_judgement_parameters import POINTS_PREFIX, TOLERANCE_PREFIX
from app.master.rules_parameters import Parameters

PERCENT_FACTOR = 10_000
PLAIN_FACTOR = 100

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is shown and how it is judged. `formula` is a msgid; `version` goes with each figure.

    `unit`: percent, cartons, yuan, yuan_per_carton, yuan_per_case, cartons_per_customer, days,
    products or score. `is_entered`: no data in the portal, a person enters the value. `in_points`
    and `tolerance` are a company's parameters, see `judged_with`; here they have the defaults.
    """

    code: str
    unit: str
    formula: str
    low_is_better: bool = False
    in_points: bool = False
    tolerance: int = 0
    is_entered: bool = False
    version: int = 1

    @property
    def measure(self) -> Measure:
        factor = PERCENT_FACTOR if self.unit == "percent" else PLAIN_FACTOR
        return Measure(factor, self.low_is_better, self.in_points, self.tolerance)

    def judged_with(self, parameters: Parameters) -> Indicator:
        """The indicator with mode and tolerance of a version of the parameters."""
        code = self.code.lower()
        return replace(
            self,
            in_points=bool(getattr(parameters, POINTS_PREFIX + code)),
            tolerance=getattr(parameters, TOLERANCE_PREFIX + code),
        )


RATES: tuple[Indicator, ...] = (
    Indicator(
        "LISTING",
        "percent",
        N_("Target customers who bought the product in the month ÷ target customers"),
    ),
    Indicator(
        "ACTIVE",
        "percent",
        N_("Buyers of the month ÷ buyers of the months before; may exceed 100 %"),
    ),
    Indicator(
        "STOCKOUT",
        "percent",
        N_("Sales lines with demand and no delivery ÷ sales lines with demand"),
        low_is_better=True,
    ),
    Indicator(
        "REPURCHASE",
        "percent",
        N_("Buyers of the month before who bought again ÷ buyers of the month before"),
    ),
)

INDICATORS: tuple[Indicator, ...] = (
    Indicator("VOLUME", "cartons", N_("Sticks delivered ÷ 200")),
    Indicator("AMOUNT", "yuan", N_("Sum of the amounts")),
    Indicator("UNIT_VALUE", "yuan_per_carton", N_("Amount ÷ standard cartons of 200 sticks")),
    Indicator("CASE_VALUE", "yuan_per_case", N_("Value per carton × 250")),
    Indicator(
        "VOLUME_YEAR_GROWTH",
        "percent",
        N_("(Volume − volume of the same month last year) ÷ volume of the same month last year"),
        in_points=True,
    ),
    Indicator(
        "VOLUME_MONTH_GROWTH",
        "percent",
        N_("(Volume − volume of the month before) ÷ volume of the month before"),
        in_points=True,
    ),
    Indicator("KEY_VOLUME", "cartons", N_("Sticks of key brands delivered ÷ 200")),
    Indicator("KEY_SHARE", "percent", N_("Volume of key brands ÷ volume")),
    Indicator(
        "KEY_GROWTH",
        "percent",
        N_("As volume growth against last year, for the products that are key brands this month"),
        in_points=True,
    ),
    Indicator(
        "ORDER_SUCCESS",
        "percent",
        N_("Customers who ordered ÷ customers due, added up over the order days of the month"),
        version=2,
    ),
    Indicator("VOLUME_PER_CUSTOMER", "cartons_per_customer", N_("Volume ÷ ordering customers")),
    Indicator("ORDER_FREQUENCY", "days", N_("Days with an order ÷ ordering customers")),
    Indicator("WIDTH", "products", N_("Products bought, added up ÷ ordering customers")),
    Indicator("ONLINE_RATE", "percent", N_("Customers ordering online ÷ valid customers")),
    Indicator(
        "E_SETTLE_RATE", "percent", N_("Customers settling electronically ÷ valid customers")
    ),
    Indicator(
        "STOCKOUT_RATE",
        "percent",
        N_("Sales lines with demand and no delivery ÷ sales lines with demand"),
        low_is_better=True,
    ),
    Indicator(
        "MARGIN_RATE",
        "percent",
        N_("Quantity × (retail − wholesale price) ÷ quantity × retail price"),
    ),
    Indicator("SATISFACTION", "score", N_("Entered from the survey"), is_entered=True),
    Indicator("PRICE_TAG_RATE", "percent", N_("Entered from visits"), is_entered=True),
    Indicator("MARKET_ORDER_RATE", "percent", N_("Entered from inspections"), is_entered=True),
)

RATE_BY_CODE: Mapping[str, Indicator] = {row.code: row for row in RATES}
INDICATOR_BY_CODE: Mapping[str, Indicator] = {row.code: row for row in INDICATORS}


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryFigures:
    """A territory's sums of a month K; base months are K−1 (`previous_`) and K−12 (`last_year_`).

    `key_last_year_sticks`: last year's volume of the products that are key brands in K.
    `customers`: valid on the last day of K; `ordering_customers`: with a positive net volume.
    `due_days`: customers due, added up over the order days; `met_days`: of these, who ordered.
    """

    sticks: int = 0
    previous_sticks: int = 0
    last_year_sticks: int = 0
    amount_fen: int = 0
    key_sticks: int = 0
    key_last_year_sticks: int = 0
    margin_fen: int = 0
    retail_fen: int = 0
    demanded_lines: int = 0
    stockout_lines: int = 0
    ordering_customers: int = 0
    bought_products: int = 0
    order_days: int = 0
    met_days: int = 0
    due_days: int = 0
    customers: int = 0
    online_customers: int = 0
    e_settle_customers: int = 0


def market_figure(code: str, figures: TerritoryFigures) -> Pair:
    """(num, den) of a computed indicator; a den of zero or less means undefined."""
    f = figures
    standard, case = STICKS_PER_STANDARD_CARTON, STICKS_PER_CASE
    pairs: dict[str, Pair] = {
        "VOLUME": (f.sticks, standard),
        "AMOUNT": (f.amount_fen, FEN_PER_YUAN),
        "UNIT_VALUE": (f.amount_fen * (standard // FEN_PER_YUAN), f.sticks),
        "CASE_VALUE": (f.amount_fen * (case // FEN_PER_YUAN), f.sticks),
        "VOLUME_YEAR_GROWTH": (f.sticks - f.last_year_sticks, f.last_year_sticks),
        "VOLUME_MONTH_GROWTH": (f.sticks - f.previous_sticks, f.previous_sticks),
        "KEY_VOLUME": (f.key_sticks, standard),
        "KEY_SHARE": (f.key_sticks, f.sticks),
        "KEY_GROWTH": (f.key_sticks - f.key_last_year_sticks, f.key_last_year_sticks),
        "ORDER_SUCCESS": (f.met_days, f.due_days),
        "VOLUME_PER_CUSTOMER": (f.sticks, standard * f.ordering_customers),
        "ORDER_FREQUENCY": (f.order_days, f.ordering_customers),
        "WIDTH": (f.bought_products, f.ordering_customers),
        "ONLINE_RATE": (f.online_customers, f.customers),
        "E_SETTLE_RATE": (f.e_settle_customers, f.customers),
        "STOCKOUT_RATE": (f.stockout_lines, f.demanded_lines),
        "MARGIN_RATE": (f.margin_fen, f.retail_fen),
    }
    return pairs[code]


@dataclass(frozen=True, slots=True)
class ProductMonths:
    """A customer's months of one product, for the four rates.

    `months`: net cartons of K, K−1, K−2, … (as many as the active rate looks back, at least two).
    """

    months: tuple[int, ...]
    is_target: bool = False
    demanded_lines: int = 0
    stockout_lines: int = 0


def four_rates(customers: list[ProductMonths]) -> dict[str, Pair]:
    """Set sizes (num, den) of the four rates of a product in a territory."""
    bought = [[cartons > 0 for cartons in row.months] for row in customers]
    targets = sum(row.is_target for row in customers)
    return {
        "LISTING": (
            sum(now[0] and row.is_target for now, row in zip(bought, customers, strict=True)),
            targets,
        ),
        "ACTIVE": (sum(now[0] for now in bought), sum(any(now[1:]) for now in bought)),
        "STOCKOUT": (
            sum(row.stockout_lines for row in customers),
            sum(row.demanded_lines for row in customers),
        ),
        "REPURCHASE": (sum(now[0] and now[1] for now in bought), sum(now[1] for now in bought)),
    }


BRAND_SHARE = Indicator(
    "BRAND_SHARE", "percent", N_("Sticks of the product, or of its brand ÷ sticks of the territory")
)
"""品牌占有率: information beside the four rates; it has no target and is not judged."""


def brand_volumes(
    sticks: Mapping[int, int], brands: Mapping[int, str | None]
) -> dict[int, tuple[int, int, int]]:
    """Product → (its own, its brand's, the area's) volume. A product without a brand is its own.

    `sticks`: net volume of every product sold in the area in the month.
    """
    area = sum(sticks.values())
    of_brand: dict[str, int] = {}
    for product, volume in sticks.items():
        if (brand := brands.get(product)) is not None:
            of_brand[brand] = of_brand.get(brand, 0) + volume
    return {
        product: (
            sticks.get(product, 0),
            sticks.get(product, 0) if brand is None else of_brand.get(brand, 0),
            area,
        )
        for product, brand in brands.items()
    }
