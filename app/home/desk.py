"""What the home page of a person is made of: the board, and the subjects of `desk_rows`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.home import desk_rows
from app.home.calendar import VisitCalendar, visit_calendar
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_calendar import workdays
from app.master.rules_parameters import Parameters, build
from app.security.row_scope import RowScope
from app.workflow.board import Board


@dataclass
class Desk:
    """A work month in a scope. `rows`: kind → rows as `desk_rows` describes them."""

    month: Month
    today: dt.date
    scope: Scope
    rows: dict[str, list[Any]]
    board: Board | None = None
    territory_names: dict[int, str] = field(default_factory=dict)

    def of(self, kind: str) -> list[Any]:
        return self.rows.get(kind, [])

    def first(self, kind: str) -> Any:
        """The only row of a subject that counts; None when it was not asked for."""
        return next(iter(self.of(kind)), None)

    @property
    def analysed(self) -> Month:
        """The month whose results the work month acts on."""
        return self.month.previous

    @property
    def as_of(self) -> dt.date:
        """The last day of the month that has begun; the day before the month while it has not."""
        if self.today < self.month.first_day:
            return self.month.first_day - dt.timedelta(days=1)
        return min(self.today, self.month.last_day)

    @cached_property
    def overrides(self) -> dict[dt.date, bool]:
        return {row.day: bool(row.n1) for row in self.of("work_day")}

    @cached_property
    def parameters(self) -> Parameters:
        rows = self.of("parameter")
        return build(rows[0].record_id if rows else 0, {row.code: row.n1 for row in rows})

    @cached_property
    def calendar(self) -> VisitCalendar:
        names = {row.day: row.name for row in self.of("work_day") if row.name}
        return visit_calendar(self.month, self.today, self.overrides, names, self.of("visit_day"))

    @cached_property
    def elapsed(self) -> tuple[int, int]:
        """Workdays of the month up to today, and altogether."""
        days = workdays(self.month, self.overrides)
        return sum(day <= self.as_of for day in days), len(days)


def statement_scope(rows: RowScope) -> Scope | None:
    """The person's rows for Core statements; None when they are of no company or nobody's."""
    if rows.company_id is None or rows.is_nothing:
        return None
    return Scope(rows.company_id, rows.territory_ids)


def read_desk(
    session: Session,
    scope: Scope,
    month: Month,
    today: dt.date,
    statement: Any,
    board: Board | None,
) -> Desk:
    names = {place.id: place.name for place in board.places} if board is not None else {}
    return Desk(month, today, scope, desk_rows.read(session, statement), board, names)
