"""§2.2 steps 5 and 6 — the judgement of `app.analysis.rules.judgement` as an expression, and how
judged lines are written so that a person's judgement survives.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, or_

from app.analysis.rules.indicators import Indicator
from app.analysis.rules.judgement import ABNORMAL, NO_TARGET, NORMAL, UNDETERMINED
from app.master.rules_parameters import Parameters


def judged(
    num: Any,
    den: Any,
    target: Any,
    *,
    factor: Any,
    low_is_better: Any,
    in_points: Any,
    percent: Any,
    points: Any,
) -> ColumnElement[str]:
    """The name of the judgement; all may be columns. `percent` and `points`: `Measure.limits`."""
    actual, aim = num * factor, target * den
    gap = case((low_is_better, actual - aim), else_=aim - actual)
    short = case(
        (and_(low_is_better, target == 0, ~in_points), actual > 0),
        (or_(in_points, target <= 0), gap >= den * (100 * points)),
        else_=gap * 100 >= aim * percent,
    )
    return case(
        (target.is_(None), literal(NO_TARGET)),
        (or_(num.is_(None), den.is_(None), den <= 0), literal(UNDETERMINED)),
        (short, literal(ABNORMAL)),
        else_=literal(NORMAL),
    )


def judging_columns(indicator: Indicator, parameters: Parameters) -> list[ColumnElement[Any]]:
    """(factor, low_is_better, in_points, percent, points) of an indicator, for a specification."""
    measure = indicator.judged_with(parameters).measure
    percent, points = measure.limits(parameters)
    return [
        literal(measure.factor).label("factor"),
        literal(value=measure.low_is_better).label("low_is_better"),
        literal(value=measure.in_points).label("in_points"),
        literal(percent).label("percent"),
        literal(points).label("points"),
    ]


def judged_row(rows: Any) -> ColumnElement[str]:
    """`judged` for rows with actual_num, actual_den, target and the columns of a specification."""
    return judged(
        rows.c.actual_num,
        rows.c.actual_den,
        rows.c.target,
        factor=rows.c.factor,
        low_is_better=rows.c.low_is_better.is_(True),
        in_points=rows.c.in_points.is_(True),
        percent=rows.c.percent,
        points=rows.c.points,
    )


def kept_judgement(line: Any, new: Any) -> dict[str, Any]:
    """What a recomputed line keeps: another judgement than the system's, its reason and cause."""
    is_override = line.c.final_status != line.c.system_status
    return {
        "final_status": case((is_override, line.c.final_status), else_=new.final_status),
        "override_reason": case((is_override, line.c.override_reason)),
        "reason_id": line.c.reason_id,
    }
