"""§2.2 step 2 — potential needs: the strategies that states, low scores and problems call for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, cast, literal, not_, select, union_all

from app.analysis.statements.customer_problems import in_scope, same_customer
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AbilityItem,
    AbilityItemStrategy,
    CustomerAbilityScore,
    CustomerProblem,
    CustomerState,
    OperatingState,
    OperatingStateStrategy,
    PotentialStrategy,
    ProblemType,
    ProblemTypeStrategy,
    ServiceStrategy,
    StrategySource,
)

STATE, SCORE = CustomerState.__table__, CustomerAbilityScore.__table__
PROBLEM, TYPE, TYPE_STRATEGY = (
    CustomerProblem.__table__,
    ProblemType.__table__,
    ProblemTypeStrategy.__table__,
)
OPERATING, OPERATING_STRATEGY = OperatingState.__table__, OperatingStateStrategy.__table__
ABILITY, ABILITY_STRATEGY = AbilityItem.__table__, AbilityItemStrategy.__table__
STRATEGY, POTENTIAL = ServiceStrategy.__table__, PotentialStrategy.__table__

POTENTIAL_COLUMNS = (
    "company_id", "month", "customer_id", "strategy_id", "source", "source_code",
)  # fmt: skip


def potential_strategy_rows(scope: Scope, month: Month) -> Select[Any]:
    """Strategies of state, low ability scores and problems, in the columns of `PotentialStrategy`."""
    managed = select(STATE.c.customer_id).where(in_scope(scope, month))

    def columns(strategy: Any, source: StrategySource, code: Any) -> tuple[Any, ...]:
        return (
            STATE.c.company_id,
            STATE.c.month,
            STATE.c.customer_id,
            strategy.label("strategy_id"),
            literal(source.name).label("source"),
            code.label("source_code"),
        )

    of_state = (
        select(*columns(OPERATING_STRATEGY.c.strategy_id, StrategySource.STATE, OPERATING.c.code))
        .join(OPERATING, OPERATING.c.id == STATE.c.operating_state_id)
        .join(OPERATING_STRATEGY, OPERATING_STRATEGY.c.operating_state_id == OPERATING.c.id)
        .where(in_scope(scope, month))
    )
    # First of all, in the order of its key: else SQLite reads the scores item by item.
    scores = (
        select(SCORE.c.company_id, SCORE.c.month, SCORE.c.customer_id, ABILITY.c.id, ABILITY.c.code)
        .join(ABILITY, and_(ABILITY.c.id == SCORE.c.ability_item_id, ABILITY.c.is_active))
        .where(scope.company(SCORE), SCORE.c.month == month, SCORE.c.score <= ABILITY.c.low_score)
    )
    if scope.territory_ids is not None:
        scores = scores.where(SCORE.c.customer_id.in_(managed))
    low = scores.cte("low_scores").prefix_with("MATERIALIZED")
    of_ability = (
        select(*columns(ABILITY_STRATEGY.c.strategy_id, StrategySource.ABILITY, low.c.code))
        .join(low, same_customer(low))
        .join(ABILITY_STRATEGY, ABILITY_STRATEGY.c.ability_item_id == low.c.id)
        .where(in_scope(scope, month), not_(STATE.c.is_new))
    )
    # Once per code, however many products have it; in the order of the key, so nothing is sorted.
    problems = (
        select(PROBLEM.c.company_id, PROBLEM.c.month, PROBLEM.c.customer_id, PROBLEM.c.code)
        .where(scope.company(PROBLEM), PROBLEM.c.month == month)
        .group_by(PROBLEM.c.company_id, PROBLEM.c.month, PROBLEM.c.customer_id, PROBLEM.c.code)
    )
    if scope.territory_ids is not None:
        problems = problems.where(PROBLEM.c.customer_id.in_(managed))
    # Materialised: planned before PostgreSQL knows that the month has rows, a subquery would be
    # worked out again for every state.
    problem = problems.cte("problems").prefix_with("MATERIALIZED")
    of_problem = (
        select(*columns(TYPE_STRATEGY.c.strategy_id, StrategySource.PROBLEM, TYPE.c.code))
        .join(problem, same_customer(problem))
        .join(TYPE, and_(TYPE.c.company_id == STATE.c.company_id, TYPE.c.code == problem.c.code))
        .join(TYPE_STRATEGY, TYPE_STRATEGY.c.problem_type_id == TYPE.c.id)
        .where(in_scope(scope, month))
    )
    wanted = union_all(of_state, of_ability, of_problem).subquery("wanted")
    return (
        select(
            wanted.c.company_id,
            wanted.c.month,
            wanted.c.customer_id,
            wanted.c.strategy_id,
            cast(wanted.c.source, POTENTIAL.c.source.type),
            wanted.c.source_code,
        )
        .join(STRATEGY, STRATEGY.c.id == wanted.c.strategy_id)
        .where(STRATEGY.c.company_id == scope.company_id, STRATEGY.c.is_active)
    )
