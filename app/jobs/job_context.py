"""What a scheduled job's function gets and gives back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy.orm import Session

from app.jobs.task_context import RunnerStopping
from app.kernel.period import Month


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: rows written and a sentence (msgid and placeholders) for the history."""

    rows: int = 0
    sentence: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict)
    company_id: int = 0
    """Of a job without periods: whose history tells of it; 0 = the installation's."""


def _silent(done: int, total: int = 0, phase: str = "") -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


@dataclass(slots=True)
class JobContext:
    """One run. `session` is in the transaction that ends with the run's DONE; the function does
    not commit. `company_id` 0 = the whole installation. `moment`: now, as stored (UTC).
    """

    app: Flask
    session: Session
    company_id: int
    period: str
    moment: dt.datetime
    progress: Callable[[int, int, str], None] = _silent
    is_stopping: Callable[[], bool] = _never

    @property
    def month(self) -> Month:
        """The month of the period."""
        return Month.parse(self.period[:7])

    @property
    def day(self) -> dt.date:
        """The day of the period; the first one of a month."""
        return (
            dt.date.fromisoformat(self.period[:10])
            if len(self.period) > 9
            else self.month.first_day
        )

    def part_done(self, done: int, total: int, phase: str = "") -> None:
        """Keep what is done so far, which must be whole in itself and harmless to do again.

        Long work does not hold the database's one writer all the time. Errors: `RunnerStopping`.
        """
        self.session.commit()
        self.progress(done, total, phase)
        if self.is_stopping():
            raise RunnerStopping
