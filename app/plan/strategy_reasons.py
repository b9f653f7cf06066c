"""§2.2 step 7 — why a strategy is in the plan, in words: need, state, ability item, problem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.sql_lots import lots
from app.master.views.catalogues import shown_name
from app.models import (
    AbilityItem,
    CustomerAbilityScore,
    CustomerState,
    NeedOption,
    OperatingState,
    ProblemCode,
    ReasonSource,
    ServicePlan,
    StrategyItemReason,
)

Key = tuple[int, int]
"""(customer id, strategy id)."""

ORDER = {source: place for place, source in enumerate(ReasonSource)}


@dataclass(frozen=True, slots=True)
class WhyLine:
    """A reason: its `words` name the need, state, ability item or problem; `details` are the
    customer's own, or the content last month; `score` of an ability item.
    """

    source: ReasonSource
    code: str
    words: str
    details: str | None = None
    score: int | None = None


def reasons_of(
    session: Session, plan: ServicePlan, customer_ids: Collection[int]
) -> dict[Key, list[WhyLine]]:
    """The reasons of these customers' strategies, direct needs first."""
    names = _names(session, plan.company_id)
    scores = _scores(session, plan, customer_ids)
    found: dict[Key, list[WhyLine]] = defaultdict(list)
    for lot in lots(customer_ids):
        for reason in session.scalars(
            select(StrategyItemReason).where(
                StrategyItemReason.company_id == plan.company_id,
                StrategyItemReason.plan_id == plan.id,
                StrategyItemReason.customer_id.in_(lot),
            )
        ):
            key = (reason.source, reason.code)
            found[reason.customer_id, reason.strategy_id].append(
                WhyLine(
                    reason.source,
                    reason.code,
                    names.get(key, reason.code),
                    reason.details,
                    scores.get((reason.customer_id, reason.code))
                    if reason.source is ReasonSource.ABILITY
                    else None,
                )
            )
    for lines in found.values():
        lines.sort(key=lambda line: (ORDER[line.source], line.code))
    return dict(found)


def _names(session: Session, company_id: int) -> dict[tuple[ReasonSource, str], str]:
    names = {
        (source, row.code): shown_name(row)
        for source, model in (
            (ReasonSource.NEED, NeedOption),
            (ReasonSource.STATE, OperatingState),
            (ReasonSource.ABILITY, AbilityItem),
        )
        for row in session.scalars(select(model).where(model.company_id == company_id))
    }
    return names | {(ReasonSource.PROBLEM, code.name): str(code.label) for code in ProblemCode}


def _scores(
    session: Session, plan: ServicePlan, customer_ids: Collection[int]
) -> dict[tuple[int, str], int]:
    """(customer, code of the ability item) → score of the month."""
    found: dict[tuple[int, str], int] = {}
    for lot in lots(customer_ids):
        for customer_id, code, score in session.execute(
            select(CustomerAbilityScore.customer_id, AbilityItem.code, CustomerAbilityScore.score)
            .join(AbilityItem, AbilityItem.id == CustomerAbilityScore.ability_item_id)
            .where(
                CustomerAbilityScore.company_id == plan.company_id,
                CustomerAbilityScore.month == plan.month,
                CustomerAbilityScore.customer_id.in_(lot),
            )
        ):
            found[customer_id, code] = score
    return found


def states_of(
    session: Session, plan: ServicePlan, customer_ids: Collection[int]
) -> dict[int, CustomerState]:
    """Customer → the operating state of the month the potential needs come from."""
    found: dict[int, CustomerState] = {}
    for lot in lots(customer_ids):
        for state in session.scalars(
            select(CustomerState).where(
                CustomerState.company_id == plan.company_id,
                CustomerState.month == plan.month,
                CustomerState.customer_id.in_(lot),
            )
        ):
            found[state.customer_id] = state
    return found
