"""§2.2 step 2 for pages and jobs: the three actions in order, and saving cells of the grid.

Connects the statements of the step with the session, the present person and the parameters. The
caller commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import step_02_ability, step_02_customer_state
from app.analysis.computation import computation_of
from app.analysis.step_02_ability import AbilityEntry
from app.analysis.work_area import WorkArea
from app.kernel.errors import OutOfScope
from app.kernel.sql_lots import lots
from app.models import AbilityItem, CustomerAbilityScore, CustomerState

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class GridEntry:
    """A typed cell. `was`: what the page showed before, None = not scored."""

    customer_id: int
    item_id: int
    score: int
    was: int | None


@dataclass(slots=True)
class SavedScores:
    """`conflicts`: (customer, item) → what somebody else scored meanwhile; `invalid`: no 1–5."""

    saved: list[tuple[int, int]] = field(default_factory=list)
    conflicts: dict[tuple[int, int], int] = field(default_factory=dict)
    invalid: list[tuple[int, int]] = field(default_factory=list)


def compute_effect(session: Session, area: WorkArea) -> None:
    """计算经营效果 for the area."""
    scope = area.scope
    step_02_customer_state.compute_effect(
        session.connection(),
        scope,
        area.month,
        computation_of(session, scope.company_id, area.month.previous),
    )
    session.expire_all()


def generate_strategies(session: Session, area: WorkArea) -> None:
    """生成策略 for the area. Errors: `GateClosed` before effect and scores are complete."""
    scope = area.scope
    step_02_customer_state.generate(
        session.connection(),
        scope,
        area.month,
        computation_of(session, scope.company_id, area.month.previous),
    )
    session.expire_all()


def copy_scores(
    session: Session, area: WorkArea, customer_ids: Collection[int] | None = None
) -> None:
    """沿用上月打分: fills the cells nobody has scored yet."""
    scope = area.scope
    step_02_ability.copy_last_month(
        session.connection(),
        scope,
        area.month,
        computation_of(session, scope.company_id, area.month.previous),
        customer_ids,
    )
    session.expire_all()


def save_scores(session: Session, area: WorkArea, entries: Sequence[GridEntry]) -> SavedScores:
    """Write what is valid and unchanged since the page showed it; report the rest.

    Errors: `OutOfScope` when a customer is not one of the area's computed ones or an item is not
    one of the company's sheet.
    """
    scope = area.scope
    result = SavedScores()
    customers = {entry.customer_id for entry in entries}
    items = set(
        session.scalars(
            select(AbilityItem.id).where(
                AbilityItem.company_id == scope.company_id, AbilityItem.is_active
            )
        )
    )
    if {entry.item_id for entry in entries} - items or customers - _known(session, area, customers):
        raise OutOfScope
    present = present_scores(session, area, customers)
    writing: list[AbilityEntry] = []
    for entry in entries:
        key = (entry.customer_id, entry.item_id)
        stored = present.get(entry.customer_id, {}).get(entry.item_id)
        if not LOWEST <= entry.score <= HIGHEST:
            result.invalid.append(key)
        elif stored is not None and stored not in (entry.was, entry.score):
            result.conflicts[key] = stored
        else:
            result.saved.append(key)
            if stored != entry.score:
                writing.append(AbilityEntry(entry.customer_id, entry.item_id, entry.score))
    if writing:
        step_02_ability.score_ability(
            session.connection(),
            scope,
            area.month,
            computation_of(session, scope.company_id, area.month.previous),
            writing,
        )
        session.expire_all()
    return result


def _known(session: Session, area: WorkArea, customers: Collection[int]) -> set[int]:
    """Which of the customers have a row of the month in the area."""
    found: set[int] = set()
    for lot in lots(customers):
        found |= set(
            session.scalars(
                select(CustomerState.customer_id).where(
                    CustomerState.month == area.month,
                    CustomerState.territory_id.in_(area.ids),
                    CustomerState.customer_id.in_(lot),
                )
            )
        )
    return found


def present_scores(
    session: Session, area: WorkArea, customers: Collection[int]
) -> Mapping[int, Mapping[int, int]]:
    """Customer → item → score of the month."""
    found: dict[int, dict[int, int]] = {}
    for lot in lots(customers):
        rows = session.execute(
            select(
                CustomerAbilityScore.customer_id,
                CustomerAbilityScore.ability_item_id,
                CustomerAbilityScore.score,
            ).where(
                CustomerAbilityScore.month == area.month, CustomerAbilityScore.customer_id.in_(lot)
            )
        )
        for customer_id, item_id, score in rows:
            found.setdefault(customer_id, {})[item_id] = score
    return found
