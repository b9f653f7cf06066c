"""What every computation of a company's month needs to know besides its scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.analysis.rules.order_success import OrderWindow
from app.kernel.period import Month
from app.master.rules_parameters import Parameters


@dataclass(frozen=True, slots=True)
class Computation:
    """`month` is the analysed month K. `due_weeks`: order days due in K by order weekday 1–7;
    `order_windows`: the same days, each with the days on which its orders may come.

    `data_batch_id` is the newest committed sales import, None before the first; computed records
    keep it with the parameters' number. `now` is naive UTC.
    """

    month: Month
    parameters: Parameters
    now: dt.datetime
    due_weeks: Mapping[int, int] = field(default_factory=dict)
    order_windows: tuple[OrderWindow, ...] = ()
    data_batch_id: int | None = None
    user_id: int | None = None
