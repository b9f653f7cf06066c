"""§2.2 steps 5 and 6 — the judgement of `app.analysis.rules.judgement` as an expression, and how
judged lines are written so that a person's judgement survives.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, or_

from app.analysis.rules.judgement import ABNORMAL, NO_TARGET, NORMAL, UNDETERMINED
from app.kernel.exact import reduced
from app.master.rules_parameters import Parameters


def judged(
    num: Any,
    den: Any,
    target: Any,
    *,
    factor: Any,
    low_is_better: Any,
    in_points: Any,
    parameters: Parameters,
) -> ColumnElement[str]:
    """The name of the judgement; `factor` and the two conditions may be columns."""
    actual, aim = num * factor, target * den
    gap = case((low_is_better, actual - aim), else_=aim - actual)
    share, whole = reduced(parameters.abnormal_shortfall_percent, 100)
    short = case(
        (and_(low_is_better, target == 0, ~in_points), actual > 0),
        (or_(in_points, target <= 0), gap >= den * (100 * parameters.abnormal_growth_points)),
        else_=gap * whole >= aim * share,
    )
    return case(
        (target.is_(None), literal(NO_TARGET)),
        (or_(num.is_(None), den.is_(None), den <= 0), literal(UNDETERMINED)),
        (short, literal(ABNORMAL)),
        else_=literal(NORMAL),
    )


def kept_judgement(line: Any, new: Any) -> dict[str, Any]:
    """What a recomputed line keeps: another judgement than the system's, its reason and cause."""
    is_override = line.c.final_status != line.c.system_status
    return {
        "final_status": case((is_override, line.c.final_status), else_=new.final_status),
        "override_reason": case((is_override, line.c.override_reason)),
        "reason_id": line.c.reason_id,
    }
