"""§2.2 step 2 — operating effect, ability scores, operating state, problems, potential needs.

Reads: customer, monthly_sales, customer_sales, order_day, product, key_product_snapshot,
    brand_target, target_customer, focus_product, questionnaire, ability_item, operating_state, problem_type
Writes: customer_state, customer_effect_item, customer_ability_score, customer_problem,
    potential_strategy, state_run
Grain: company × customer × work month M; figures are of K = M − 1
Units: sticks, fen; scores in hundredths of a point
Nulls: a score without data is NULL and its item drops out; it is never an error
Errors: `GateClosed` when customers are not scored yet, `ScoreRefused`, `OutOfScope`
Ambiguity: peers are the company's valid customers open for the whole of K; area = territory

The caller owns the transaction. `month` is the work month; `computation.month` is K.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)

from app.analysis.rules.computation import Computation
from app.analysis.rules.effect import FORMULA_VERSION
from app.analysis.statements.customer_figures import figure_rows
from app.analysis.statements.customer_problems import (
    PROBLEM_COLUMNS,
    is_marked,
    product_problem_rows,
    state_problem_rows,
)
from app.analysis.statements.customer_scores import (
    ITEM_COLUMNS,
    effect_item_rows,
    growth_shortfall,
)
from app.analysis.statements.potential_strategies import (
    POTENTIAL_COLUMNS,
    potential_strategy_rows,
)
from app.analysis.statements.state_progress import (
    managed_customers,
    refresh_runs,
    refresh_scores,
    unscored_customers,
)
from app.kernel.columns import MonthType
from app.kernel.dialect import upsert
from app.kernel.errors import N_, GateClosed
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AbilityItem,
    Customer,
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerProblem,
    CustomerState,
    CustomerStatus,
    OperatingState,
    PotentialStrategy,
    StaleReason,
    StateRun,
    StateStatus,
)

STATE, RUN = CustomerState.__table__, StateRun.__table__
ITEM, SCORE = CustomerEffectItem.__table__, CustomerAbilityScore.__table__
PROBLEM, POTENTIAL = CustomerProblem.__table__, PotentialStrategy.__table__
ABILITY, OPERATING, CUSTOMER = AbilityItem.__table__, OperatingState.__table__, Customer.__table__

STATE_KEYS = ("company_id", "customer_id", "month")
GENERATED = (StateStatus.GENERATED, StateStatus.STALE)


class UnscoredCustomers(GateClosed):
    """Strategies can be generated when every rated customer has all ability scores."""

    msgid = N_("%(count)d customers have no complete ability scores yet.")


class NotComputed(GateClosed):
    """The operating effect has to be computed first."""

    msgid = N_("Compute the operating effect first.")


def compute_effect(
    connection: Connection, scope: Scope, month: Month, computation: Computation
) -> None:
    """计算经营效果: a row for every valid customer in scope, with figures, items and scores.

    Customers who closed or left the territory lose their row. A result generated before is kept
    and marked 需重新生成.
    """
    connection.execute(_departed(scope, month))
    figures = figure_rows(
        scope, computation.month, computation.due_weeks, computation.parameters
    ).subquery("new")
    columns = {column.name: column for column in figures.c} | {
        "month": literal(month, MonthType()),
        "status": cast(StateStatus.COMPUTED.name, STATE.c.status.type),
        "growth_shortfall": growth_shortfall(figures),
        "parameter_version": literal(computation.parameters.number),
        "formula_version": literal(FORMULA_VERSION),
        "data_batch_id": literal(computation.data_batch_id, STATE.c.data_batch_id.type),
        "computed_at": literal(computation.now),
        "created_at": literal(computation.now),
        "updated_at": literal(computation.now),
        "created_by": literal(computation.user_id, STATE.c.created_by.type),
        "updated_by": literal(computation.user_id, STATE.c.updated_by.type),
        "version": literal(1),
        "is_problem": literal(value=False),
    }
    upsert(
        connection,
        STATE,
        STATE_KEYS,
        list(columns),
        # A condition of its own: SQLite would take ON CONFLICT for the ON of a join.
        select(*columns.values()).where(literal(1) == literal(1)),
        values=lambda _new: {
            "status": STATE.c.status,
            "is_problem": STATE.c.is_problem,
            "created_at": STATE.c.created_at,
            "created_by": STATE.c.created_by,
            "version": STATE.c.version + 1,
        },
    )
    connection.execute(_delete_of_states(ITEM, scope, month))
    connection.execute(
        insert(ITEM).from_select(
            list(ITEM_COLUMNS), effect_item_rows(scope, month, computation.parameters)
        )
    )
    refresh_scores(connection, scope, month, computation)
    refresh_runs(connection, scope, month, computation, StaleReason.EFFECT, computed=True)


def _departed(scope: Scope, month: Month) -> Any:
    is_managed = exists().where(
        CUSTOMER.c.company_id == STATE.c.company_id,
        CUSTOMER.c.id == STATE.c.customer_id,
        CUSTOMER.c.territory_id == STATE.c.territory_id,
        CUSTOMER.c.status == CustomerStatus.ACTIVE,
    )
    return delete(STATE).where(scope.rows(STATE), STATE.c.month == month, not_(is_managed))


def _delete_of_states(table: Any, scope: Scope, month: Month) -> Any:
    statement = delete(table).where(scope.company(table), table.c.month == month)
    if scope.territory_ids is None:
        return statement
    return statement.where(table.c.customer_id.in_(managed_customers(scope, month)))


def generate(connection: Connection, scope: Scope, month: Month, computation: Computation) -> None:
    """生成策略: states, problem codes, problem customers and the strategies they call for.

    Errors: `NotComputed`, `UnscoredCustomers` (rated customers without complete scores).
    """
    in_scope = and_(scope.rows(STATE), STATE.c.month == month)
    customers = connection.execute(select(func.count()).where(in_scope)).scalar_one()
    if not customers:
        raise NotComputed
    missing = unscored_customers(scope, month).order_by(None).subquery()
    unscored = connection.execute(select(func.count()).select_from(missing)).scalar_one()
    if unscored:
        raise UnscoredCustomers(count=unscored)
    parameters = computation.parameters
    connection.execute(update(STATE).where(in_scope).values(operating_state_id=_state_id()))
    for table in (PROBLEM, POTENTIAL):
        connection.execute(_delete_of_states(table, scope, month))
    for rows in (
        state_problem_rows(scope, month, parameters),
        product_problem_rows(scope, month, parameters),
    ):
        upsert(connection, PROBLEM, PROBLEM_COLUMNS, PROBLEM_COLUMNS, rows)
    connection.execute(
        insert(POTENTIAL).from_select(
            list(POTENTIAL_COLUMNS), potential_strategy_rows(scope, month)
        )
    )
    connection.execute(
        update(STATE)
        .where(in_scope)
        .values(
            is_problem=is_marked(),
            status=StateStatus.GENERATED,
            generated_at=computation.now,
            version=STATE.c.version + 1,
        )
    )
    refresh_runs(connection, scope, month, computation, StaleReason.EFFECT, generated=True)


def _state_id() -> Any:
    """The field of the matrix by bands; new customers have the state without bands."""
    rated = and_(
        not_(STATE.c.is_new),
        OPERATING.c.effect_band == STATE.c.effect_band,
        OPERATING.c.ability_band == STATE.c.ability_band,
    )
    unrated = and_(
        STATE.c.is_new, OPERATING.c.effect_band.is_(None), OPERATING.c.ability_band.is_(None)
    )
    return (
        select(func.min(OPERATING.c.id))
        .where(OPERATING.c.company_id == STATE.c.company_id, OPERATING.c.is_active, rated | unrated)
        .scalar_subquery()
    )
