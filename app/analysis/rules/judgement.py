"""§2.2 steps 5 and 6 — 状态判断: a figure against its target, by exact integer comparison.

"低于目标5%(含)以上的指标视为异常". The shortfall is relative to the target, even for rates; growth
indicators and targets of zero or less are compared in percentage points. Which indicators are
compared how, and from which shortfall on, is a company's choice.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.master.rules_parameters import Parameters

NORMAL, ABNORMAL = "NORMAL", "ABNORMAL"
NO_TARGET, UNDETERMINED = "NO_TARGET", "UNDETERMINED"


@dataclass(frozen=True, slots=True)
class Measure:
    """How a figure num/den relates to its target in hundredths of the unit.

    `factor`: hundredths per num/den, 10000 for percentages, 100 for plain units. `tolerance`: the
    shortfall from which on it is abnormal, percent of the target or points; 0 = the common one.
    """

    factor: int
    low_is_better: bool = False
    in_points: bool = False
    tolerance: int = 0

    def limits(self, parameters: Parameters) -> tuple[int, int]:
        """(percent of a positive target, points) from which on a shortfall is abnormal."""
        percent, points = parameters.abnormal_shortfall_percent, parameters.abnormal_growth_points
        if not self.tolerance:
            return percent, points
        return (percent, self.tolerance) if self.in_points else (self.tolerance, points)


def is_short(measure: Measure, num: int, den: int, target: int, parameters: Parameters) -> bool:
    """Whether the figure misses the target by the tolerance or more. `den` is positive."""
    actual, aim = measure.factor * num, target * den  # both in hundredths of the unit, times den
    gap = actual - aim if measure.low_is_better else aim - actual
    if measure.low_is_better and target == 0 and not measure.in_points:
        return actual > 0
    percent, points = measure.limits(parameters)
    if measure.in_points or target <= 0:
        return gap >= 100 * points * den
    return 100 * gap >= percent * aim


def judge(
    measure: Measure, num: int | None, den: int | None, target: int | None, parameters: Parameters
) -> str:
    """NORMAL, ABNORMAL, NO_TARGET or UNDETERMINED; a missing target is named first."""
    if target is None:
        return NO_TARGET
    if num is None or den is None or den <= 0:
        return UNDETERMINED
    return ABNORMAL if is_short(measure, num, den, target, parameters) else NORMAL


def needs_reason(system_status: str, final_status: str) -> bool:
    """A person who judges otherwise than the system says why."""
    return system_status != final_status


def final_after_recomputation(old_system: str, old_final: str, new_system: str) -> tuple[str, bool]:
    """(final status, is the person's judgement kept): an override survives, the rest follows."""
    is_override = old_final != old_system
    return (old_final, True) if is_override else (new_system, False)
