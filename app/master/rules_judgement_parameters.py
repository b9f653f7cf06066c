"""How each indicator is judged: relative to the target or in points, and from which shortfall on.

Part of the versioned parameters, so that a judgement keeps the version it was made with. A code
is ``points_`` or ``tolerance_`` and the indicator's own code in small letters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.kernel.errors import N_

POINTS_PREFIX, TOLERANCE_PREFIX = "points_", "tolerance_"


def parameter(
    default: int, label: str, unit: str, minimum: int, maximum: int, clause: str, help: str = ""
) -> Any:
    """A field that is a parameter."""
    return field(
        default=default,
        metadata={
            "label": label,
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "clause": clause,
            "help": help,
        },
    )


def _in_points(label: str, default: int = 0, clause: str = "§2.2-6 [D]") -> Any:
    return parameter(default, label, "flag", 0, 1, clause)


def _tolerance(label: str, clause: str = "§2.2-6 [D]") -> Any:
    return parameter(0, label, "tolerance", 0, 50, clause)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementParameters:
    """A tolerance is in percent of the target or in points, as its indicator is judged."""

    points_listing: int = _in_points(N_("Listing rate"), clause="§2.2-5 [D]")
    points_active: int = _in_points(N_("Active sales rate"), clause="§2.2-5 [D]")
    points_stockout: int = _in_points(N_("Out-of-stock rate"), clause="§2.2-5 [D]")
    points_repurchase: int = _in_points(N_("Repurchase rate"), clause="§2.2-5 [D]")
    points_normal: int = _in_points(N_("Normal"), clause="§2.2-5 [D]")
    points_abnormal: int = _in_points(N_("Abnormal"), clause="§2.2-5 [D]")
    points_no_target: int = _in_points(N_("No target"), clause="§2.2-5 [D]")
    points_undetermined: int = _in_points(N_("Cannot be judged"), clause="§2.2-5 [D]")
    points_volume: int = _in_points(N_("Sales volume"))
    points_amount: int = _in_points(N_("Sales amount"))
    points_unit_value: int = _in_points(N_("Value per carton"))
    points_case_value: int = _in_points(N_("Value per case"))
    points_volume_year_growth: int = _in_points(N_("Volume growth against last year"), default=1)
    points_volume_month_growth: int = _in_points(N_("Volume growth against last month"), default=1)
    points_key_volume: int = _in_points(N_("Volume of key brands"))
    points_key_share: int = _in_points(N_("Share of key brands"))
    points_key_growth: int = _in_points(N_("Growth of key brands against last year"), default=1)
    points_order_success: int = _in_points(N_("Order success rate"))
    points_volume_per_customer: int = _in_points(N_("Volume per ordering customer"))
    points_order_frequency: int = _in_points(N_("Order days per customer"))
    points_width: int = _in_points(N_("Products per customer"))
    points_online_rate: int = _in_points(N_("Online ordering rate"))
    points_e_settle_rate: int = _in_points(N_("Electronic settlement rate"))
    points_stockout_rate: int = _in_points(N_("Out-of-stock rate of the territory"))
    points_margin_rate: int = _in_points(N_("Estimated retail margin"))
    points_satisfaction: int = _in_points(N_("Customer satisfaction"))
    points_price_tag_rate: int = _in_points(N_("Price tag rate"))
    points_market_order_rate: int = _in_points(N_("Clean market rate"))

    tolerance_listing: int = _tolerance(N_("Listing rate"), clause="§2.2-5 [D]")
    tolerance_active: int = _tolerance(N_("Active sales rate"), clause="§2.2-5 [D]")
    tolerance_stockout: int = _tolerance(N_("Out-of-stock rate"), clause="§2.2-5 [D]")
    tolerance_repurchase: int = _tolerance(N_("Repurchase rate"), clause="§2.2-5 [D]")
    tolerance_normal: int = _tolerance(N_("Normal"), clause="§2.2-5 [D]")
    tolerance_abnormal: int = _tolerance(N_("Abnormal"), clause="§2.2-5 [D]")
    tolerance_no_target: int = _tolerance(N_("No target"), clause="§2.2-5 [D]")
    tolerance_undetermined: int = _tolerance(N_("Cannot be judged"), clause="§2.2-5 [D]")
    tolerance_volume: int = _tolerance(N_("Sales volume"))
    tolerance_amount: int = _tolerance(N_("Sales amount"))
    tolerance_unit_value: int = _tolerance(N_("Value per carton"))
    tolerance_case_value: int = _tolerance(N_("Value per case"))
    tolerance_volume_year_growth: int = _tolerance(N_("Volume growth against last year"))
    tolerance_volume_month_growth: int = _tolerance(N_("Volume growth against last month"))
    tolerance_key_volume: int = _tolerance(N_("Volume of key brands"))
    tolerance_key_share: int = _tolerance(N_("Share of key brands"))
    tolerance_key_growth: int = _tolerance(N_("Growth of key brands against last year"))
    tolerance_order_success: int = _tolerance(N_("Order success rate"))
    tolerance_volume_per_customer: int = _tolerance(N_("Volume per ordering customer"))
    tolerance_order_frequency: int = _tolerance(N_("Order days per customer"))
    tolerance_width: int = _tolerance(N_("Products per customer"))
    tolerance_online_rate: int = _tolerance(N_("Online ordering rate"))
    tolerance_e_settle_rate: int = _tolerance(N_("Electronic settlement rate"))
    tolerance_stockout_rate: int = _tolerance(N_("Out-of-stock rate of the territory"))
    tolerance_margin_rate: int = _tolerance(N_("Estimated retail margin"))
    tolerance_satisfaction: int = _tolerance(N_("Customer satisfaction"))
    tolerance_price_tag_rate: int = _tolerance(N_("Price tag rate"))
    tolerance_market_order_rate: int = _tolerance(N_("Clean market rate"))
