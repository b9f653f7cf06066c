"""The scope of a set-based statement: one company and the territories it works for.

Statements of steps are not reached by the row scope of the session; they take a `Scope` and
filter every large table by it. A company is the unit of distribution, so its id is always in
the condition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_


@dataclass(frozen=True, slots=True)
class Scope:
    """`territory_ids` None = every territory of the company; an empty tuple = none at all."""

    company_id: int
    territory_ids: tuple[int, ...] | None = None

    @classmethod
    def of(cls, company_id: int, territory_ids: Iterable[int]) -> Scope:
        """A scope of some territories, each once."""
        return cls(company_id, tuple(sorted(set(territory_ids))))

    def company(self, table: Any) -> ColumnElement[bool]:
        """Rows of the company."""
        condition: ColumnElement[bool] = table.c.company_id == self.company_id
        return condition

    def rows(self, table: Any) -> ColumnElement[bool]:
        """Rows of the company and of the territories, for a table or subquery with both keys."""
        if self.territory_ids is None:
            return self.company(table)
        return and_(self.company(table), table.c.territory_id.in_(self.territory_ids))

    def allows(self, territory_id: int) -> bool:
        """Whether the territory is inside."""
        return self.territory_ids is None or territory_id in self.territory_ids
