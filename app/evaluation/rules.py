"""§2.2 step 13 — rules of the week summary 周工作小结: up to which day, against which target.

A week is seven days from its first day, usually a Monday; it belongs to the month its Thursday
lies in. Figures count from the first day of that month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.analysis.rules.indicators import INDICATOR_BY_CODE, Indicator
from app.analysis.rules.judgement import judge
from app.kernel.period import Month, WorkWeek
from app.kernel.quantity import FEN_PER_YUAN, STICKS_PER_STANDARD_CARTON
from app.master.rules_calendar import Overrides, workdays, workdays_between
from app.master.rules_parameters import Parameters

DAYS_OF_A_WEEK = 7
FORMULA_VERSION = 1

Pair = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class WeekPeriod:
    """`as_of`: the last day the figures include, the day before the month when none is due yet.

    `elapsed` and `total` are the workdays of the month up to `as_of` and altogether.
    """

    start: dt.date
    month: Month
    as_of: dt.date
    elapsed: int
    total: int

    @property
    def end(self) -> dt.date:
        return self.start + dt.timedelta(days=DAYS_OF_A_WEEK - 1)

    @property
    def last_year_as_of(self) -> dt.date:
        """The same day of the month a year before; the 28th stands for a 29th of February."""
        month = self.month.shift(-12)
        if self.as_of < self.month.first_day:
            return month.first_day - dt.timedelta(days=1)
        return month.first_day.replace(day=min(self.as_of.day, month.last_day.day))


def period_of(start: dt.date, today: dt.date, overrides: Overrides) -> WeekPeriod:
    """The period of the week that starts on `start`, as it is seen on `today`."""
    month = WorkWeek.of(start).month
    end = start + dt.timedelta(days=DAYS_OF_A_WEEK - 1)
    before = month.first_day - dt.timedelta(days=1)
    as_of = max(before, min(today, end, month.last_day))
    return WeekPeriod(
        start,
        month,
        as_of,
        len(workdays_between(month.first_day, as_of, overrides)),
        len(workdays(month, overrides)),
    )


@dataclass(frozen=True, slots=True)
class WeekSums:
    """A territory's sums from the month's first day to `as_of`, in sticks and fen.

    `key_last_year_sticks`: the same days of last year, of the products that are key brands now.
    """

    sticks: int = 0
    amount_fen: int = 0
    key_sticks: int = 0
    key_last_year_sticks: int = 0


def week_figures(sums: WeekSums) -> Mapping[str, Pair]:
    """Indicator → (numerator, denominator), as in the market analysis (step 6)."""
    return {
        "VOLUME": (sums.sticks, STICKS_PER_STANDARD_CARTON),
        "UNIT_VALUE": (
            sums.amount_fen * (STICKS_PER_STANDARD_CARTON // FEN_PER_YUAN),
            sums.sticks,
        ),
        "KEY_GROWTH": (sums.key_sticks - sums.key_last_year_sticks, sums.key_last_year_sticks),
    }


def indicator_of(code: str) -> Indicator:
    """Unit, direction and formula: those of the market analysis."""
    return INDICATOR_BY_CODE[code]


def status_of(
    code: str, figure: Pair, target: int | None, period: WeekPeriod, parameters: Parameters
) -> str:
    """NORMAL, ABNORMAL, NO_TARGET or UNDETERMINED. `target`: the month's, in hundredths.

    Volume is compared with the target in proportion to the elapsed workdays, exactly: both sides
    are multiplied out. Value per carton and growth are compared with the whole target.
    """
    num, den = figure
    if code == "VOLUME" and num is not None and den is not None:
        num, den = num * period.total, den * period.elapsed
    measure = indicator_of(code).judged_with(parameters).measure
    return judge(measure, num, den, target, parameters)
