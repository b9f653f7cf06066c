"""§2.2 step 2 — scoring the operating ability 评价经营能力 by hand.

Reads: customer_state, ability_item, customer_ability_score of the month before
Writes: customer_ability_score, and with it scores and status in customer_state, state_run
Grain: company × work month × customer × item
Units: 1–5 per item; the score of a customer in hundredths of a point
Nulls: a customer has no ability score until every item in use is scored
Errors: `OutOfScope`, `ScoreRefused`
Ambiguity: scores belong to the customer and month, so they survive a move and a new computation
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, insert, literal, not_, select

from app.analysis.rules.computation import Computation
from app.analysis.statements.state_progress import managed_customers, refresh_runs, refresh_scores
from app.kernel.columns import MonthType
from app.kernel.dialect import upsert_rows
from app.kernel.errors import N_, OutOfScope, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import AbilityItem, CustomerAbilityScore, CustomerState, StaleReason

STATE = CustomerState.__table__
SCORE, ABILITY = CustomerAbilityScore.__table__, AbilityItem.__table__


class ScoreRefused(PlanningError):
    """A score that cannot be taken; nothing was written."""

    msgid = N_("Ability scores are whole numbers from 1 to 5 for the items of the scoring sheet.")


@dataclass(frozen=True, slots=True)
class AbilityEntry:
    """A cell of the scoring grid."""

    customer_id: int
    ability_item_id: int
    score: int


def score_ability(
    connection: Connection,
    scope: Scope,
    month: Month,
    computation: Computation,
    entries: Sequence[AbilityEntry],
) -> None:
    """评价经营能力: write cells of the grid. Errors: `OutOfScope`, `ScoreRefused`."""
    customers = {entry.customer_id for entry in entries}
    items = {entry.ability_item_id for entry in entries}
    known = set(
        connection.scalars(
            managed_customers(scope, month).where(STATE.c.customer_id.in_(customers))
        )
    )
    if customers - known:
        raise OutOfScope
    offered = set(
        connection.scalars(select(ABILITY.c.id).where(scope.company(ABILITY), ABILITY.c.is_active))
    )
    if items - offered or any(not 1 <= entry.score <= 5 for entry in entries):
        raise ScoreRefused
    upsert_rows(
        connection,
        SCORE,
        ("company_id", "month", "customer_id", "ability_item_id"),
        [
            {
                "company_id": scope.company_id,
                "month": month,
                "customer_id": entry.customer_id,
                "ability_item_id": entry.ability_item_id,
                "score": entry.score,
                "is_copied": False,
                "scored_by": computation.user_id,
                "scored_at": computation.now,
            }
            for entry in entries
        ],
    )
    refresh_scores(connection, scope, month, computation, customers)
    refresh_runs(connection, scope, month, computation, StaleReason.ABILITY)


def copy_last_month(
    connection: Connection,
    scope: Scope,
    month: Month,
    computation: Computation,
    customer_ids: Collection[int] | None = None,
) -> None:
    """沿用上月打分: fill the cells without a score from the month before; others stay."""
    managed = managed_customers(scope, month)
    if customer_ids is not None:
        managed = managed.where(STATE.c.customer_id.in_(customer_ids))
    columns = {
        "company_id": SCORE.c.company_id,
        "month": literal(month, MonthType()),
        "customer_id": SCORE.c.customer_id,
        "ability_item_id": SCORE.c.ability_item_id,
        "score": SCORE.c.score,
        "is_copied": literal(value=True),
        "scored_by": literal(computation.user_id, SCORE.c.scored_by.type),
        "scored_at": literal(computation.now),
    }
    copied = SCORE.alias("present")
    before = copied.c.company_id == SCORE.c.company_id
    is_scored = exists().where(
        before,
        copied.c.month == month,
        copied.c.customer_id == SCORE.c.customer_id,
        copied.c.ability_item_id == SCORE.c.ability_item_id,
    )
    connection.execute(
        insert(SCORE).from_select(
            list(columns),
            select(*columns.values())
            .join(ABILITY, and_(ABILITY.c.id == SCORE.c.ability_item_id, ABILITY.c.is_active))
            .where(
                scope.company(SCORE),
                SCORE.c.month == month.previous,
                SCORE.c.customer_id.in_(managed),
                not_(is_scored),
            ),
        )
    )
    refresh_scores(connection, scope, month, computation, customer_ids)
    refresh_runs(connection, scope, month, computation, StaleReason.ABILITY)
