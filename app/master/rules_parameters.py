"""The parameters of the method: what can be set, its default, its limits and its checks.

`Parameters` is the one home of every threshold: a field is a parameter, its name the code, its
default the method's. Tags of the sources: [M] the manual, [D] this portal's choice, both may be
changed by a company. Values are whole numbers in the unit their definition states.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.kernel.errors import N_
from app.kernel.quantity import scaled_integer
from app.master.rules_judgement_parameters import JudgementParameters, parameter

UNITS: Mapping[str, str] = {
    "percent": "%",
    "points": N_("percentage points"),
    "score": N_("points"),
    "weight": N_("weight"),
    "day": N_("day of the month"),
    "visits": N_("visits per day"),
    "customers": N_("customers"),
    "months": N_("months"),
    "days": N_("days"),
    "minutes": N_("minutes"),
    "cartons": N_("cartons per month"),
    "fen": N_("yuan per carton"),
    "flag": N_("1 = yes, 0 = no"),
    "tolerance": N_("percent or points"),
}

GROUPS: Mapping[str, str] = {
    "abnormal": N_("Abnormal indicators"),
    "points": N_("Indicators judged in points instead of percent of the target"),
    "tolerance": N_("Shortfall per indicator (0 = the common one)"),
    "needs": N_("Direct needs"),
    "effect": N_("Operating effect: scoring"),
    "weight": N_("Operating effect: weights"),
    "band": N_("Bands of effect and ability"),
    "problem": N_("Problem customers"),
    "key": N_("Key customers"),
    "frequency": N_("Visit frequency"),
    "visit": N_("Visits"),
    "order": N_("Order days"),
    "price": N_("Price class proposal"),
}
"""Group → heading; the group is the first word of a code."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A parameter as people see it. `clause` names the manual's clause or the portal's choice."""

    code: str
    label: str
    unit: str
    default: int
    minimum: int
    maximum: int
    clause: str
    help: str

    @property
    def group(self) -> str:
        return self.code.split("_", maxsplit=1)[0]

    @property
    def places(self) -> int:
        """Decimals when typed and shown: money is kept in fen and typed in yuan."""
        return 2 if self.unit == "fen" else 0

    def text(self, value: int) -> str:
        """The value as people read and type it."""
        return f"{Decimal(value).scaleb(-self.places):.{self.places}f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters(JudgementParameters):
    """All parameters of a company in one version; `number` is kept by computed records."""

    number: int = 0

    abnormal_shortfall_percent: int = parameter(
        5, N_("Shortfall that counts as abnormal"), "percent", 1, 50, "§2.2-5/6 [M]",
        N_("Relative to the target: target 80, actual 76 is exactly 5 percent and abnormal."),
    )  # fmt: skip
    abnormal_growth_points: int = parameter(
        5, N_("Shortfall of growth indicators"), "points", 1, 50, "§2.2-5/6 [D]",
        N_("Growth rates and targets of zero or less are compared in percentage points."),
    )  # fmt: skip
    abnormal_active_base_months: int = parameter(
        3, N_("Months before, for the active sales rate"), "months", 1, 12, "§2.2-5 [D]",
        N_("Buyers of the month are compared with the buyers of this many months before it."),
    )  # fmt: skip

    needs_cutoff_day: int = parameter(
        25, N_("Cut-off day of the online questionnaire"), "day", 1, 28, "§2.2-1 [M]",
        N_("Answers given by the end of this day count for the next month."),
    )  # fmt: skip

    effect_peers_minimum: int = parameter(
        5, N_("Fewest customers in a peer group"), "customers", 1, 100, "§2.2-2 [D]",
        N_("A smaller group is widened before averages are taken."),
    )  # fmt: skip
    effect_ratio_base: int = parameter(
        60, N_("Score of a customer equal to the peers"), "score", 0, 100, "§2.2-2 [D]"
    )
    effect_ratio_slope: int = parameter(
        80, N_("Score gained when twice the peers' mean"), "score", 1, 500, "§2.2-2 [D]",
        N_("Score = base + slope × (ratio − 1), within 0 and 100."),
    )  # fmt: skip
    effect_growth_slope: int = parameter(
        2, N_("Score gained per point of growth"), "score", 1, 50, "§2.2-2 [D]"
    )

    weight_volume: int = parameter(
        20, N_("Sales volume against peers"), "weight", 0, 100, "§2.2-2 [D]",
        N_("Weights are relative: items without data drop out and the others share their weight."),
    )  # fmt: skip
    weight_volume_growth: int = parameter(
        15, N_("Growth of sales volume"), "weight", 0, 100, "§2.2-2 [D]"
    )
    weight_unit_value: int = parameter(
        15, N_("Value per carton against peers"), "weight", 0, 100, "§2.2-2 [D]"
    )
    weight_key_share: int = parameter(
        15, N_("Share of key brands against the area"), "weight", 0, 100, "§2.2-2 [D]"
    )
    weight_width: int = parameter(
        10, N_("Number of products against peers"), "weight", 0, 100, "§2.2-2 [D]"
    )
    weight_order_stability: int = parameter(
        10, N_("Order regularity"), "weight", 0, 100, "§2.2-2 [D]"
    )
    weight_margin: int = parameter(
        10, N_("Estimated retail margin against peers"), "weight", 0, 100, "§2.2-2 [D]"
    )

    band_effect_good: int = parameter(70, N_("Effect is good from"), "score", 1, 100, "§2.2-2 [D]")
    band_effect_fair: int = parameter(50, N_("Effect is fair from"), "score", 0, 99, "§2.2-2 [D]")
    band_ability_strong: int = parameter(
        80, N_("Ability is strong from"), "score", 1, 100, "§2.2-2 [D]"
    )
    band_ability_fair: int = parameter(60, N_("Ability is fair from"), "score", 0, 99, "§2.2-2 [D]")

    problem_item_score: int = parameter(
        40, N_("An effect item is poor below"), "score", 0, 100, "§2.2-8 [D]"
    )
    problem_order_regularity_percent: int = parameter(
        75, N_("Ordering is unstable below"), "percent", 1, 100, "§2.2-8 [D]",
        N_("Weeks with an order out of the weeks that were due."),
    )  # fmt: skip
    problem_decline_points: int = parameter(
        5, N_("Volume is declining when behind the peers by"), "points", 1, 100, "§2.2-8 [D]",
        N_("Change against last month, compared with the peers' mean change."),
    )  # fmt: skip
    problem_customer_gap_points: int = parameter(
        20, N_("A problem customer is behind the peers by"), "points", 1, 100, "§2.2-8 [D]"
    )
    problem_peer_growth_percent: int = parameter(
        0, N_("Optional: warn when growth is below this share of the peers'"), "percent", 0, 100,
        "§2.2-8 [D]", N_("0 switches the rule off; a provincial handbook uses 80."),
    )  # fmt: skip
    problem_large_buyer_cartons: int = parameter(
        0, N_("Optional: warn about customers buying more than"), "cartons", 0, 100_000,
        "§2.2-8 [D]", N_("0 switches the rule off; a provincial handbook uses 1000."),
    )  # fmt: skip

    key_share_warning_percent: int = parameter(
        40, N_("Warn when key customers exceed"), "percent", 1, 100, "§2.2-8 [D]",
        N_("Share of the territory's customers; a warning, never a refusal."),
    )  # fmt: skip

    frequency_top_percent: int = parameter(
        20, N_("Customers with most strategies, visited weekly"), "percent", 0, 100, "§2.2-8 [M]"
    )
    frequency_bottom_percent: int = parameter(
        30, N_("Customers with fewest strategies, visited monthly"), "percent", 0, 100,
        "§2.2-8 [M]", N_("The others are visited twice a month."),
    )  # fmt: skip

    visit_capacity_urban: int = parameter(
        30, N_("Visits a day in a town market"), "visits", 1, 200, "§2.2-8/9 [D]"
    )
    visit_capacity_rural: int = parameter(
        25, N_("Visits a day in a rural market"), "visits", 1, 200, "§2.2-8/9 [D]"
    )
    visit_daily_minutes: int = parameter(
        60, N_("Shortest day of visits that raises no question"), "minutes", 0, 600, "§2.2-11 [D]"
    )

    visit_close_days: int = parameter(
        7, N_("Days after which a visit nobody recorded counts as not visited"), "days", 1, 60,
        "§2.2-9 [D]",
        N_("Visits of a finished month are closed as well. Recording a visit later still counts."),
    )  # fmt: skip

    order_move_to_next_workday: int = parameter(
        1, N_("An order day on a holiday moves to the next workday"), "flag", 0, 1, "§2.2-6 [D]",
        N_("0: the order day is left out and the customer is not due that week."),
    )  # fmt: skip
    order_late_days: int = parameter(
        0, N_("Days that an order may come late and still meet its order day"), "days", 0, 6,
        "§2.2-6 [D]",
        N_("For the order success rate. 0: only an order on the order day itself counts."),
    )  # fmt: skip

    price_first_fen: int = parameter(
        15_800, N_("Class 1 from a wholesale price of"), "fen", 1, 1_000_000, "§1.3 [D]",
        N_("Official classes go by the allocation price; wholesale price only proposes one."),
    )  # fmt: skip
    price_second_fen: int = parameter(
        11_300, N_("Class 2 from a wholesale price of"), "fen", 1, 1_000_000, "§1.3 [D]"
    )
    price_third_fen: int = parameter(
        4_500, N_("Class 3 from a wholesale price of"), "fen", 1, 1_000_000, "§1.3 [D]"
    )
    price_fourth_fen: int = parameter(
        2_500, N_("Class 4 from a wholesale price of"), "fen", 1, 1_000_000, "§1.3 [D]"
    )


PARAMETERS: tuple[Definition, ...] = tuple(
    sorted(
        (
            Definition(code=item.name, default=item.default, **item.metadata)  # type: ignore[arg-type]
            for item in dataclasses.fields(Parameters)
            if item.metadata
        ),
        key=lambda row: list(GROUPS).index(row.group),
    )
)
"""By group, within a group as declared."""

DEFINITIONS: Mapping[str, Definition] = {row.code: row for row in PARAMETERS}
DEFAULTS: Mapping[str, int] = {row.code: row.default for row in PARAMETERS}


@dataclass(frozen=True, slots=True)
class ParameterProblem:
    """What is wrong with the value of `code`: a msgid with placeholders and their values."""

    code: str
    msgid: str
    params: Mapping[str, Any] = field(default_factory=dict)


def read_value(definition: Definition, text: str) -> int | ParameterProblem:
    """A typed value in storage units; an empty text means the default."""
    text = text.strip().replace(",", "")
    if not text:
        return definition.default
    try:
        value = scaled_integer(text, definition.places)
    except ValueError:
        msgid = (
            N_("Enter a number with at most two decimals.")
            if definition.places
            else N_("Enter a whole number.")
        )
        return ParameterProblem(definition.code, msgid)
    return _in_range(definition, value) or value


def _in_range(definition: Definition, value: int) -> ParameterProblem | None:
    if definition.minimum <= value <= definition.maximum:
        return None
    limits = {
        "least": definition.text(definition.minimum),
        "most": definition.text(definition.maximum),
    }
    return ParameterProblem(
        definition.code, N_("Enter a value from %(least)s to %(most)s."), limits
    )


ORDERED: tuple[tuple[str, str], ...] = (
    ("band_effect_good", "band_effect_fair"),
    ("band_ability_strong", "band_ability_fair"),
    ("price_first_fen", "price_second_fen"),
    ("price_second_fen", "price_third_fen"),
    ("price_third_fen", "price_fourth_fen"),
)
"""Pairs of which the first must be greater than the second."""


def check(values: Mapping[str, int]) -> list[ParameterProblem]:
    """Everything wrong with a complete set of values; empty when it can be used."""
    problems = [
        problem for row in PARAMETERS if (problem := _in_range(row, values[row.code])) is not None
    ]
    problems += [
        ParameterProblem(
            upper,
            N_("Must be greater than %(value)s, the value of the band below it."),
            {"value": DEFINITIONS[lower].text(values[lower])},
        )
        for upper, lower in ORDERED
        if values[upper] <= values[lower]
    ]
    if not any(values[row.code] for row in PARAMETERS if row.group == "weight"):
        problems.append(
            ParameterProblem("weight_volume", N_("At least one weight must be greater than 0."))
        )
    shares = values["frequency_top_percent"] + values["frequency_bottom_percent"]
    if shares > 100:
        problems.append(
            ParameterProblem(
                "frequency_bottom_percent",
                N_("The most and the fewest together are %(sum)d %%; they may be 100 %% at most."),
                {"sum": shares},
            )
        )
    return problems


def build(number: int, values: Mapping[str, int]) -> Parameters:
    """The typed set; a parameter that the version does not hold yet has its default."""
    known = {code: values.get(code, default) for code, default in DEFAULTS.items()}
    return Parameters(number=number, **known)


def differences(
    old: Mapping[str, int], new: Mapping[str, int]
) -> list[tuple[Definition, int, int]]:
    """(definition, old, new) of every parameter that differs, in the order of declaration."""
    return [
        (row, before, after)
        for row in PARAMETERS
        if (before := old.get(row.code, row.default)) != (after := new.get(row.code, row.default))
    ]
