"""What the planning steps need to know besides their scope and month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.master.rules_parameters import Parameters


@dataclass(frozen=True, slots=True)
class PlanComputation:
    """The company's parameters, whose number the plans keep; `now` is naive UTC."""

    parameters: Parameters
    now: dt.datetime
    user_id: int | None = None
