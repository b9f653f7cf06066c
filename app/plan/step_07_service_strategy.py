"""§2.2 step 7 — the month's service strategies: generated, adjusted, submitted.

Reads: questionnaire, questionnaire_answer, need_option, need_option_strategy, potential_strategy,
    state_run, service_strategy, customer
Writes: service_plan, strategy_item, strategy_item_reason, month_plan (its mark "outdated" only)
Grain: company × territory × work month; items company × plan × customer × strategy
Units: the satisfaction target in tenths of a point
Nulls: `generated_at` empty = never generated; an item without `generated_content` is not proposed
Errors: `StatesMissing`, `NoDraft`, and those of the flow: `TargetMissing`, `NotGenerated`,
    `EmptyPlan`, `UnexplainedItems`
Ambiguity: unconfirmed questionnaires warn, they do not block (domain: warning); a result of step 2
    that became 需重新生成 is used as it stands, with a warning

Only drafts are written. What a person added, changed or removed stays; so do items with a mark.
The caller owns the transaction: a generation that fails leaves the old plan whole. `month` is the
work month.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.kernel.dialect import upsert
from app.kernel.errors import N_, GateClosed, InvalidTransition, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    ItemSource,
    MonthPlan,
    MonthPlanStatus,
    ServicePlan,
    ServicePlanStatus,
    StateRun,
    StateStatus,
    StrategyItem,
    Territory,
)
from app.plan.rules.computation import PlanComputation
from app.plan.statements.strategy_proposals import (
    GENERATED_REASONS,
    ITEM,
    PLAN,
    REASON,
    REASON_COLUMNS,
    difference,
    is_automatic,
    is_by_hand_only,
    is_draft,
    is_settled,
    of_drafts,
    proposal_rows,
    reason_rows,
    same_keys,
    stored_reasons,
    with_items,
)

RUN, TERRITORY, CUSTOMER = StateRun.__table__, Territory.__table__, Customer.__table__
PLAN_KEYS = ("company_id", "territory_id", "month")
ITEM_KEYS = ("company_id", "plan_id", "customer_id", "strategy_id", "sequence")
NAMES_SHOWN = 5


class StatesMissing(GateClosed):
    """Potential needs come from step 2, so it has to be done first."""

    msgid = N_("Step 2 has to generate its strategies first: %(territories)s.")


class NoDraft(InvalidTransition):
    """There is no plan that may still be written."""

    msgid = N_("The plan was submitted; only a draft can be generated.")


class TargetMissing(PlanningError):
    """The satisfaction target belongs to the plan."""

    msgid = N_("Enter the satisfaction target before submitting.")


class NotGenerated(GateClosed):
    """A list nobody generated may lack needs that customers stated."""

    msgid = N_("Generate the strategies before submitting.")


class EmptyPlan(GateClosed):
    """An empty list is submitted on purpose only."""

    msgid = N_(
        "The list is empty. Add strategies, or state that there are none this month, before "
        "submitting."
    )


class UnexplainedItems(GateClosed):
    """What was not done needs a reason when the result is submitted."""

    msgid = N_("%(count)d strategies are neither done nor explained. Mark them or give a reason.")


# ---------------------------------------------------------------------- generation


def ungenerated_territories(scope: Scope, month: Month) -> Select[Any]:
    """Territories with valid customers for which step 2 has generated nothing: (id, name)."""
    is_done = exists().where(
        RUN.c.company_id == TERRITORY.c.company_id,
        RUN.c.territory_id == TERRITORY.c.id,
        RUN.c.month == month,
        RUN.c.status.in_((StateStatus.GENERATED, StateStatus.STALE)),
    )
    has_customers = exists().where(
        CUSTOMER.c.company_id == TERRITORY.c.company_id,
        CUSTOMER.c.territory_id == TERRITORY.c.id,
        CUSTOMER.c.status == CustomerStatus.ACTIVE,
    )
    found = select(TERRITORY.c.id, TERRITORY.c.name).where(
        scope.company(TERRITORY), has_customers, not_(is_done)
    )
    if scope.territory_ids is not None:
        found = found.where(TERRITORY.c.id.in_(scope.territory_ids))
    return found.order_by(TERRITORY.c.code)


def require_states(connection: Connection, scope: Scope, month: Month) -> None:
    """Errors: `StatesMissing`, naming the territories."""
    missing = connection.execute(ungenerated_territories(scope, month)).all()
    if not missing:
        return
    names = "、".join(row.name for row in missing[:NAMES_SHOWN])
    if len(missing) > NAMES_SHOWN:
        names += f" … ({len(missing)})"
    raise StatesMissing(territories=names)


def create_plan(
    connection: Connection, scope: Scope, month: Month, computation: PlanComputation
) -> None:
    """An empty draft for every territory in scope that has no plan of the month.

    A plan that exists is written over with itself: that locks its row, so two generations of a
    territory run one after the other.
    """
    columns = {
        "company_id": TERRITORY.c.company_id,
        "territory_id": TERRITORY.c.id,
        "month": literal(month, PLAN.c.month.type),
        "status": cast(ServicePlanStatus.DRAFT.name, PLAN.c.status.type),
        "version": literal(1),
        "created_at": literal(computation.now),
        "updated_at": literal(computation.now),
        "created_by": literal(computation.user_id, PLAN.c.created_by.type),
        "updated_by": literal(computation.user_id, PLAN.c.updated_by.type),
    }
    wanted = select(*columns.values()).where(scope.company(TERRITORY))
    if scope.territory_ids is not None:
        wanted = wanted.where(TERRITORY.c.id.in_(scope.territory_ids))
    upsert(
        connection,
        PLAN,
        PLAN_KEYS,
        list(columns),
        wanted,
        values=lambda _new: {name: PLAN.c[name] for name in columns if name not in PLAN_KEYS},
    )


def generate(
    connection: Connection, scope: Scope, month: Month, computation: PlanComputation
) -> None:
    """Write what is proposed now into the drafts in scope. Running it again changes no item.

    Errors: `StatesMissing`, `NoDraft`.
    """
    require_states(connection, scope, month)
    drafts = connection.scalars(
        select(PLAN.c.id).where(is_draft(scope, month)).with_for_update()
    ).all()
    if not drafts:
        raise NoDraft
    connection.execute(
        delete(REASON).where(
            of_drafts(scope, month, REASON), REASON.c.source.in_(GENERATED_REASONS)
        )
    )
    connection.execute(insert(REASON).from_select(list(REASON_COLUMNS), reason_rows(scope, month)))
    connection.execute(
        delete(ITEM).where(
            of_drafts(scope, month, ITEM), ITEM.c.sequence == 0, is_automatic(), not_(_is_called())
        )
    )
    _write_proposals(connection, scope, month, computation)
    connection.execute(_keep_without_reason(scope, month, computation))
    connection.execute(
        update(PLAN)
        .where(is_draft(scope, month))
        .values(
            generated_at=computation.now,
            generated_by=computation.user_id,
            parameter_version=computation.parameters.number,
            is_empty_accepted=False,
            version=PLAN.c.version + 1,
            updated_at=computation.now,
            updated_by=computation.user_id,
        )
    )


def _is_called() -> Any:
    """Some reason generation found calls for the item."""
    return exists().where(same_keys(REASON, ITEM), REASON.c.source.in_(GENERATED_REASONS))


def _write_proposals(
    connection: Connection, scope: Scope, month: Month, computation: PlanComputation
) -> None:
    proposal = proposal_rows(stored_reasons(scope, month)).subquery("proposal")
    columns: dict[str, Any] = {
        **{name: proposal.c[name] for name in ITEM_KEYS[:4]},
        "sequence": literal(0),
        "territory_id": proposal.c.territory_id,
        "month": proposal.c.month,
        "source": proposal.c.source,
        "content": proposal.c.content,
        "generated_content": proposal.c.content.label("generated_content"),
        "mark": cast(ItemMark.OPEN.name, ITEM.c.mark.type),
        "is_touched": literal(value=False),
        "is_removed": literal(value=False),
        "version": literal(1),
        "created_at": literal(computation.now),
        "updated_at": literal(computation.now),
        "created_by": literal(computation.user_id, ITEM.c.created_by.type),
        "updated_by": literal(computation.user_id, ITEM.c.updated_by.type),
    }
    differs = or_(
        ITEM.c.source != proposal.c.source,
        ITEM.c.generated_content.is_distinct_from(proposal.c.content),
        and_(is_automatic(), ITEM.c.content != proposal.c.content),
    )
    kept = ("mark", "is_removed", "created_at", "created_by")

    def written(new: Any) -> dict[str, Any]:
        return {
            **{name: ITEM.c[name] for name in kept},
            "content": case((is_automatic(), new.content), else_=ITEM.c.content),
            "is_touched": or_(ITEM.c.is_touched, is_by_hand_only()),
            "version": ITEM.c.version + 1,
        }

    upsert(
        connection,
        ITEM,
        ITEM_KEYS,
        list(columns),
        select(*columns.values())
        .select_from(with_items(proposal))
        .where(or_(ITEM.c.id.is_(None), and_(not_(is_settled()), differs))),
        values=written,
    )


def _keep_without_reason(scope: Scope, month: Month, computation: PlanComputation) -> Any:
    """Items of people that nothing calls for any more stay, as theirs."""
    is_carried = ITEM.c.carried_from_id.is_not(None)
    own = case((is_carried, ItemSource.CARRIED.name), else_=ItemSource.MANUAL.name)
    source = cast(own, ITEM.c.source.type)
    is_touched = or_(ITEM.c.is_touched, not_(is_carried))
    return (
        update(ITEM)
        .where(
            of_drafts(scope, month, ITEM),
            ITEM.c.sequence == 0,
            not_(is_settled()),
            not_(is_automatic()),
            or_(
                ITEM.c.generated_content.is_not(None),
                ITEM.c.source != source,
                and_(not_(ITEM.c.is_touched), is_touched),
            ),
            not_(_is_called()),
        )
        .values(
            generated_content=None,
            source=source,
            is_touched=is_touched,
            version=ITEM.c.version + 1,
            updated_at=computation.now,
            updated_by=computation.user_id,
        )
    )


def difference_rows(scope: Scope, month: Month) -> Select[Any]:
    """What generating now would do to the drafts in scope, one row per customer and strategy; see
    `strategy_proposals.difference`. Rows UNCHANGED are in it.
    """
    return difference(scope, month)


# ---------------------------------------------------------------------- the approval flow


def require_submittable(session: Session, plan: ServicePlan) -> None:
    """Errors: `TargetMissing`, `NotGenerated`, `EmptyPlan`."""
    if plan.satisfaction_target is None:
        raise TargetMissing(field="satisfaction_target")
    if plan.generated_at is None:
        raise NotGenerated
    if plan.is_empty_accepted:
        return
    has_items = select(StrategyItem.id).where(
        StrategyItem.company_id == plan.company_id,
        StrategyItem.plan_id == plan.id,
        StrategyItem.is_removed.is_(False),
    )
    if session.scalar(has_items.limit(1)) is None:
        raise EmptyPlan


def outdate_month_plan(session: Session, plan: ServicePlan) -> None:
    """The month plan made from this one has to be generated again; an approved one stays."""
    month_plan = session.scalar(
        select(MonthPlan).where(
            MonthPlan.company_id == plan.company_id,
            MonthPlan.territory_id == plan.territory_id,
            MonthPlan.month == plan.month,
        )
    )
    if month_plan is not None and month_plan.status is not MonthPlanStatus.APPROVED:
        month_plan.is_outdated = True


def require_result_complete(session: Session, plan: ServicePlan) -> None:
    """Every item is done or says why not; temporary tasks are logged when done. Errors:
    `UnexplainedItems`.
    """
    unexplained = session.scalar(
        select(func.count(StrategyItem.id)).where(
            StrategyItem.company_id == plan.company_id,
            StrategyItem.plan_id == plan.id,
            StrategyItem.is_removed.is_(False),
            StrategyItem.source != ItemSource.TEMPORARY,
            StrategyItem.mark == ItemMark.OPEN,
            StrategyItem.undone_reason.is_(None),
        )
    )
    if unexplained:
        raise UnexplainedItems(count=unexplained)
