"""Where a person works on a step: the territories in scope, the chosen one, the month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, OutOfScope, PlanningError
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Territory


class NoArea(PlanningError):
    """Nothing to work on: no territory, or territories of several companies at once."""

    msgid = N_("Choose a territory first.")


@dataclass(frozen=True, slots=True)
class WorkArea:
    """`territories`: all in scope, by code; `chosen` None = all of them together."""

    month: Month
    territories: tuple[Territory, ...]
    chosen: Territory | None = None

    @property
    def shown(self) -> tuple[Territory, ...]:
        """The territories the page is about."""
        return self.territories if self.chosen is None else (self.chosen,)

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(territory.id for territory in self.shown)

    @property
    def scope(self) -> Scope:
        """For the statements of the steps. Errors: `NoArea`."""
        companies = {territory.company_id for territory in self.shown}
        if len(companies) != 1:
            raise NoArea(field="territory")
        return Scope.of(companies.pop(), self.ids)

    @property
    def argument(self) -> dict[str, Any]:
        """The choice as a URL argument."""
        return {} if self.chosen is None else {"q_territory": self.chosen.id}


def work_area(
    session: Session, month: Month, values: Mapping[str, str], *, is_strict: bool = False
) -> WorkArea:
    """The area a request asks for with ``q_territory``.

    A territory out of scope is ignored on pages, whose filter bar says so; with `is_strict`, for
    changes and data, it is `OutOfScope`.
    """
    territories = tuple(session.scalars(select(Territory).order_by(Territory.code)))
    text = values.get("q_territory", "").strip()
    if not text:
        return WorkArea(month, territories)
    key = ascii_integer(text)
    chosen = next((territory for territory in territories if territory.id == key), None)
    if chosen is None and is_strict:
        raise OutOfScope
    return WorkArea(month, territories, chosen)
