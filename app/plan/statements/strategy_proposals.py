"""§2.2 step 7 — what calls for strategies, the proposals made of it, and the difference to the plan.

`app.plan.rules.strategies` is the specification. A proposal is for a valid customer in the
territory where it stands now: its needs and state of the month come with it when it moves.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import (
    Customer,
    CustomerStatus,
    ItemMark,
    ItemSource,
    NeedOption,
    NeedOptionStrategy,
    PotentialStrategy,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireStatus,
    ReasonSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    StrategyItemReason,
)
from app.plan.rules.strategies import (
    BEFORE_WORDS,
    BETWEEN_WORDS,
    LONGEST_CONTENT,
    WORDS_TAKEN,
    Change,
)

PLAN, ITEM, REASON = (
    ServicePlan.__table__,
    StrategyItem.__table__,
    StrategyItemReason.__table__,
)
CUSTOMER, STRATEGY = Customer.__table__, ServiceStrategy.__table__
FORM, ANSWER = Questionnaire.__table__, QuestionnaireAnswer.__table__
NEED, NEED_STRATEGY = NeedOption.__table__, NeedOptionStrategy.__table__
POTENTIAL = PotentialStrategy.__table__

REASON_COLUMNS = (
    "company_id", "plan_id", "customer_id", "strategy_id", "source", "code", "details",
)  # fmt: skip
GENERATED_REASONS = (
    ReasonSource.NEED,
    ReasonSource.STATE,
    ReasonSource.ABILITY,
    ReasonSource.PROBLEM,
)
KEYS = ("company_id", "plan_id", "customer_id", "strategy_id")


def is_draft(scope: Scope, month: Month) -> ColumnElement[bool]:
    """Plans that generation may write."""
    return and_(scope.rows(PLAN), PLAN.c.month == month, PLAN.c.status == ServicePlanStatus.DRAFT)


def of_drafts(scope: Scope, month: Month, table: Any) -> ColumnElement[bool]:
    """Rows of `table` that belong to those plans."""
    drafts = select(PLAN.c.id).where(is_draft(scope, month))
    return and_(scope.company(table), table.c.plan_id.in_(drafts))


def same_keys(left: Any, right: Any) -> ColumnElement[bool]:
    """Same plan, customer and strategy."""
    return and_(*(left.c[name] == right.c[name] for name in KEYS))


# ---------------------------------------------------------------------- reasons


def reason_rows(scope: Scope, month: Month) -> Select[Any]:
    """Everything that calls for a strategy now, in the columns of `StrategyItemReason`: confirmed
    needs, and what step 2 generated. Strategies out of use call for nothing.
    """
    needs = (
        _reason(
            FORM,
            NEED_STRATEGY.c.strategy_id,
            cast(literal(ReasonSource.NEED.name), REASON.c.source.type),
            NEED.c.code,
            case((NEED.c.asks_text, func.nullif(ANSWER.c.details, ""))),
        )
        .select_from(
            _planned_customers(FORM, month)
            .join(
                ANSWER,
                and_(
                    ANSWER.c.company_id == FORM.c.company_id,
                    ANSWER.c.questionnaire_id == FORM.c.id,
                ),
            )
            .join(NEED, NEED.c.id == ANSWER.c.need_option_id)
            .join(NEED_STRATEGY, NEED_STRATEGY.c.need_option_id == NEED.c.id)
            .join(STRATEGY, STRATEGY.c.id == NEED_STRATEGY.c.strategy_id)
        )
        .where(
            is_draft(scope, month),
            FORM.c.status == QuestionnaireStatus.CONFIRMED,
            STRATEGY.c.is_active,
        )
    )
    potential = (
        _reason(
            POTENTIAL,
            POTENTIAL.c.strategy_id,
            cast(POTENTIAL.c.source, REASON.c.source.type),
            POTENTIAL.c.source_code,
            cast(None, REASON.c.details.type),
        )
        .select_from(
            _planned_customers(POTENTIAL, month).join(
                STRATEGY, STRATEGY.c.id == POTENTIAL.c.strategy_id
            )
        )
        .where(is_draft(scope, month), STRATEGY.c.is_active)
    )
    found = union_all(needs, potential).subquery("found")
    return select(*(found.c[name] for name in REASON_COLUMNS))


def _planned_customers(source: Any, month: Month) -> Any:
    """The draft plan, its valid customers, and what `source` says of them in the month."""
    return PLAN.join(
        CUSTOMER,
        and_(
            CUSTOMER.c.company_id == PLAN.c.company_id,
            CUSTOMER.c.territory_id == PLAN.c.territory_id,
            CUSTOMER.c.status == CustomerStatus.ACTIVE,
        ),
    ).join(
        source,
        and_(
            source.c.company_id == CUSTOMER.c.company_id,
            source.c.customer_id == CUSTOMER.c.id,
            source.c.month == month,
        ),
    )


def _reason(source: Any, strategy: Any, kind: Any, code: Any, details: Any) -> Select[Any]:
    return select(
        source.c.company_id,
        PLAN.c.id.label("plan_id"),
        source.c.customer_id,
        strategy.label("strategy_id"),
        kind.label("source"),
        code.label("code"),
        details.label("details"),
    )


def stored_reasons(scope: Scope, month: Month) -> Select[Any]:
    """The reasons generation wrote into the drafts."""
    return select(*(REASON.c[name] for name in REASON_COLUMNS)).where(
        of_drafts(scope, month, REASON), REASON.c.source.in_(GENERATED_REASONS)
    )


# ---------------------------------------------------------------------- proposals


def proposal_rows(reasons: Select[Any]) -> Select[Any]:
    """One row per plan, customer and strategy: the keys, territory_id, month, source, content."""
    found = reasons.subquery("reasons")
    is_need = found.c.source == ReasonSource.NEED
    has_words = and_(is_need, found.c.details.is_not(None))
    keys = [found.c[name] for name in KEYS]
    ranked = select(
        *keys,
        is_need.label("is_need"),
        case((has_words, found.c.details)).label("words"),
        func.row_number()
        .over(partition_by=keys, order_by=(case((has_words, 0), else_=1), found.c.code))
        .label("place"),
    ).subquery("ranked")
    places = [
        func.max(case((ranked.c.place == place, ranked.c.words))).label(f"words{place}")
        for place in range(1, WORDS_TAKEN + 1)
    ]
    merged = (
        select(
            *(ranked.c[name] for name in KEYS),
            count_if(ranked.c.is_need).label("needs"),
            *places,
        )
        .group_by(*(ranked.c[name] for name in KEYS))
        .subquery("merged")
    )
    source = case((merged.c.needs > 0, ItemSource.DIRECT.name), else_=ItemSource.POTENTIAL.name)
    content: Any = STRATEGY.c.name
    for place in range(1, WORDS_TAKEN + 1):
        sign = BEFORE_WORDS if place == 1 else BETWEEN_WORDS
        content = content.concat(func.coalesce(literal(sign).concat(merged.c[f"words{place}"]), ""))
    return (
        select(
            *(merged.c[name] for name in KEYS),
            PLAN.c.territory_id,
            PLAN.c.month,
            cast(source, ITEM.c.source.type).label("source"),
            func.substr(content, 1, LONGEST_CONTENT).label("content"),
        )
        .join(STRATEGY, STRATEGY.c.id == merged.c.strategy_id)
        .join(PLAN, and_(PLAN.c.company_id == merged.c.company_id, PLAN.c.id == merged.c.plan_id))
    )


# ---------------------------------------------------------------------- the difference


def is_settled(item: Any = ITEM) -> ColumnElement[bool]:
    """`StoredItem.is_settled`."""
    return or_(item.c.mark != ItemMark.OPEN, item.c.source == ItemSource.TEMPORARY)


def is_automatic(item: Any = ITEM) -> ColumnElement[bool]:
    """`StoredItem.is_automatic`."""
    return and_(
        item.c.mark == ItemMark.OPEN,
        not_(item.c.is_touched),
        not_(item.c.is_removed),
        item.c.carried_from_id.is_(None),
        item.c.source.in_((ItemSource.DIRECT, ItemSource.POTENTIAL)),
    )


def is_by_hand_only(item: Any = ITEM) -> ColumnElement[bool]:
    """`StoredItem.is_by_hand_only`."""
    return and_(
        item.c.source.in_((ItemSource.MANUAL, ItemSource.CARRIED)),
        item.c.carried_from_id.is_(None),
    )


def with_items(proposal: FromClause) -> Any:
    """Proposals with the items they are about."""
    return proposal.outerjoin(ITEM, and_(same_keys(ITEM, proposal), ITEM.c.sequence == 0))


def difference(scope: Scope, month: Month) -> Select[Any]:
    """One row per key that is proposed or stored: territory_id, plan_id, customer_id,
    strategy_id, item_id, change (a name of `Change`), old_content, old_source, was_proposed
    (what generation proposed last), new_content, new_source.
    """
    # Asked twice, computed once.
    proposal = proposal_rows(reason_rows(scope, month)).cte("proposal")
    keys = ("territory_id", "plan_id", "customer_id", "strategy_id")
    stored = (
        ITEM.c.id.label("item_id"),
        ITEM.c.content.label("old_content"),
        ITEM.c.source.label("old_source"),
        ITEM.c.generated_content.label("was_proposed"),
    )
    is_same = and_(ITEM.c.content == proposal.c.content, ITEM.c.source == proposal.c.source)
    proposed = select(
        *(proposal.c[name] for name in keys),
        case(
            (ITEM.c.id.is_(None), Change.ADDED.name),
            (ITEM.c.is_removed, Change.TOMBSTONE.name),
            (and_(is_automatic(), not_(is_same)), Change.UPDATED.name),
            (is_automatic(), Change.UNCHANGED.name),
            (ITEM.c.content == proposal.c.content, Change.UNCHANGED.name),
            else_=Change.KEPT.name,
        ).label("change"),
        *stored,
        proposal.c.content.label("new_content"),
        proposal.c.source.label("new_source"),
    ).select_from(with_items(proposal))
    gone = (
        select(
            *(ITEM.c[name] for name in keys),
            case(
                (ITEM.c.is_removed, Change.UNCHANGED.name),
                (is_automatic(), Change.DROPPED.name),
                else_=Change.KEPT.name,
            ).label("change"),
            *stored,
            cast(None, ITEM.c.content.type).label("new_content"),
            cast(None, ITEM.c.source.type).label("new_source"),
        )
        .select_from(ITEM.outerjoin(proposal, same_keys(ITEM, proposal)))
        .where(
            of_drafts(scope, month, ITEM),
            ITEM.c.sequence == 0,
            proposal.c.customer_id.is_(None),
        )
    )
    found = union_all(proposed, gone).subquery("difference")
    return select(found)
