"""§2.2 steps 5 and 6 — analyses side by side: territory × figure, the company's rates, trends.

Every function takes an explicit scope: the territories of the reader's area, or for a brand manager
every territory of the company, read-only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.rules.indicators import Indicator, Pair
from app.analysis.statements.brand_rates import company_rate_rows
from app.analysis.statements.sales_trend import customer_names
from app.analysis.territory_analyses import Key, Steps
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.parameters import current_parameters, parameters_in
from app.master.rules_parameters import Parameters
from app.models import (
    AnalysisStatus,
    Judgement,
    Product,
    Territory,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A territory of the overview; `status` None = not analysed yet."""

    id: int
    code: str
    name: str
    status: AnalysisStatus | None


@dataclass(slots=True)
class Overview:
    """`cells`: (territory id, key) → the stored line; `parameters`: by the number of a version."""

    steps: Steps

    places: list[Place] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    cells: dict[tuple[int, Key], Any] = field(default_factory=dict)
    parameters: dict[int, Parameters] = field(default_factory=dict)

    def indicator(self, key: Key, row: Any) -> Indicator:
        """The indicator of a cell as its analysis judged it."""
        return self.steps.judged(key, self.parameters[row.parameter_version])

    def counts(self, status: Judgement) -> int:
        """How many lines have the final status."""
        return sum(row.final_status is status for row in self.cells.values())

    def abnormal_at(self, place_id: int) -> int:
        return sum(
            row.final_status is Judgement.ABNORMAL
            for (territory_id, _key), row in self.cells.items()
            if territory_id == place_id
        )


def overview(session: Session, steps: Steps, scope: Scope, month: Month) -> Overview:
    """The analyses of the month in scope, in two statements and one per parameter version."""
    table = Territory.__table__
    query = select(table.c.id, table.c.code, table.c.name).where(scope.company(table))
    if scope.territory_ids is not None:
        query = query.where(table.c.id.in_(scope.territory_ids))
    connection = session.connection()
    found = Overview(steps)
    statuses: dict[int, AnalysisStatus] = {}
    keys: dict[Key, None] = {}
    for row in connection.execute(steps.line_rows(scope, month)):
        key = steps.key(row)
        keys[key] = None
        found.cells[row.territory_id, key] = row
        statuses[row.territory_id] = row.analysis_status
    found.places = [
        Place(row.id, row.code, row.name, statuses.get(row.id))
        for row in connection.execute(query.order_by(table.c.code))
    ]
    found.keys = list(keys)
    found.parameters = {
        number: parameters_in(session, scope.company_id, number)
        for number in {row.parameter_version for row in found.cells.values()}
    }
    return found


def product_names(session: Session, product_ids: Collection[int]) -> dict[int, str]:
    """Product → name, in the order of the codes."""
    rows = session.execute(
        select(Product.id, Product.name).where(Product.id.in_(product_ids)).order_by(Product.code)
    )
    return {row.id: row.name for row in rows}


def customers_named(session: Session, scope: Scope) -> dict[int, tuple[str, str]]:
    """Customer → (code, name), for the parts of a figure of the territories in scope."""
    rows = session.connection().execute(customer_names(scope, scope.territory_ids or ()))
    return {row.id: (row.code, row.name) for row in rows}


def company_rates(
    session: Session, scope: Scope, month: Month, product_ids: Collection[int]
) -> dict[Key, Pair]:
    """(product, rate) → set sizes over all territories in scope together."""
    if not product_ids:
        return {}
    parameters = current_parameters(session, scope.company_id)
    rows = session.connection().execute(company_rate_rows(scope, month, parameters, product_ids))
    return {(row.product_id, row.rate): (row.actual_num, row.actual_den) for row in rows}
