"""§2.2 steps 7, 8, 12, 13 — what a market manager has to know about submitted records, in numbers.

Reads: service_plan, strategy_item, questionnaire, customer_state, month_plan, key_customer,
    key_customer_reason, planned_frequency, customer, brand_analysis, market_analysis,
    week_summary_line
Writes: nothing
Grain: one row per record

One statement per kind; `ids` are records of one company and month that the caller may see.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, not_, or_, select

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    Customer,
    CustomerState,
    ItemMark,
    ItemSource,
    KeyCustomer,
    KeyCustomerReason,
    KeyReason,
    MarketAnalysis,
    MonthPlan,
    PlannedFrequency,
    Questionnaire,
    QuestionnaireStatus,
    RowOrigin,
    ServicePlan,
    StateStatus,
    StrategyItem,
    WeekSummary,
    WeekSummaryLine,
)

PLAN, ITEM = ServicePlan.__table__, StrategyItem.__table__
MONTH_PLAN, KEY = MonthPlan.__table__, KeyCustomer.__table__
REASON, FREQUENCY = KeyCustomerReason.__table__, PlannedFrequency.__table__
CUSTOMER, QUESTIONNAIRE = Customer.__table__, Questionnaire.__table__
STATE = CustomerState.__table__
SUMMARY, LINE = WeekSummary.__table__, WeekSummaryLine.__table__

Ids = Collection[int]


def _of(scope: Scope, table: Any, key: Any, ids: Ids) -> ColumnElement[bool]:
    return and_(scope.company(table), key.in_(ids))


def item_facts(scope: Scope, ids: Ids) -> Select[Any]:
    """Service plans: what the list holds, what a person changed in it, what was done.

    Items removed by hand are counted as removed only. Temporary tasks are none of the plan.
    """
    planned = ITEM.c.source != ItemSource.TEMPORARY
    stands = and_(planned, not_(ITEM.c.is_removed))
    is_open = and_(stands, ITEM.c.mark == ItemMark.OPEN)
    is_direct = ITEM.c.source == ItemSource.DIRECT
    was_proposed = ITEM.c.generated_content.is_not(None)
    return (
        select(
            PLAN.c.id,
            count_if(stands).label("items"),
            func.count(case((stands, ITEM.c.customer_id)).distinct()).label("customers"),
            count_if(and_(planned, was_proposed)).label("proposed"),
            count_if(and_(stands, not_(was_proposed))).label("added"),
            count_if(and_(stands, was_proposed, ITEM.c.content != ITEM.c.generated_content)).label(
                "edited"
            ),
            count_if(and_(planned, ITEM.c.is_removed)).label("removed"),
            count_if(and_(is_direct, ITEM.c.is_removed)).label("removed_needs"),
            count_if(and_(stands, is_direct)).label("needs"),
            count_if(and_(stands, ITEM.c.mark != ItemMark.OPEN)).label("done"),
            count_if(is_open).label("undone"),
            count_if(and_(is_open, is_direct)).label("undone_needs"),
            count_if(ITEM.c.source == ItemSource.TEMPORARY).label("temporary"),
        )
        .select_from(
            PLAN.outerjoin(
                ITEM, and_(ITEM.c.company_id == PLAN.c.company_id, ITEM.c.plan_id == PLAN.c.id)
            )
        )
        .where(_of(scope, PLAN, PLAN.c.id, ids))
        .group_by(PLAN.c.id)
    )


def basis_facts(scope: Scope, month: Month, territory_ids: Ids) -> Select[Any]:
    """Territories: questionnaires not confirmed and results of step 2 outdated in the work month."""
    rows = [
        select(
            table.c.territory_id.label("id"),
            literal(int(table is QUESTIONNAIRE)).label("unconfirmed"),
            literal(int(table is STATE)).label("stale"),
        ).where(
            _of(scope, table, table.c.territory_id, territory_ids),
            table.c.month == month,
            table.c.status == status,
        )
        for table, status in (
            (QUESTIONNAIRE, QuestionnaireStatus.OPEN),
            (STATE, StateStatus.STALE),
        )
    ]
    both = rows[0].union_all(rows[1]).subquery()
    return select(
        both.c.id,
        func.sum(both.c.unconfirmed).label("unconfirmed"),
        func.sum(both.c.stale).label("stale"),
    ).group_by(both.c.id)


def key_facts(scope: Scope, ids: Ids) -> Select[Any]:
    """Month plans: key customers kept, added and removed by hand; frequencies overridden."""
    is_problem = exists().where(
        REASON.c.company_id == KEY.c.company_id,
        REASON.c.plan_id == KEY.c.plan_id,
        REASON.c.customer_id == KEY.c.customer_id,
        REASON.c.kind == KeyReason.PROBLEM_CUSTOMER,
    )
    keys = (
        select(
            KEY.c.plan_id.label("plan_id"),
            count_if(not_(KEY.c.is_removed)).label("key_customers"),
            count_if(and_(KEY.c.origin == RowOrigin.MANUAL, not_(KEY.c.is_removed))).label("added"),
            count_if(KEY.c.is_removed).label("removed"),
            func.sum(case((and_(KEY.c.is_removed, is_problem), 1), else_=0)).label(
                "removed_problems"
            ),
        )
        .where(_of(scope, KEY, KEY.c.plan_id, ids))
        .group_by(KEY.c.plan_id)
        .subquery()
    )
    overridden = and_(
        FREQUENCY.c.origin == RowOrigin.MANUAL, FREQUENCY.c.frequency != FREQUENCY.c.generated
    )
    no_note = or_(FREQUENCY.c.note.is_(None), func.trim(FREQUENCY.c.note) == "")
    frequencies = (
        select(
            FREQUENCY.c.plan_id.label("plan_id"),
            func.count().label("customers"),
            count_if(overridden).label("overridden"),
            count_if(and_(overridden, no_note)).label("unexplained"),
        )
        .where(_of(scope, FREQUENCY, FREQUENCY.c.plan_id, ids))
        .group_by(FREQUENCY.c.plan_id)
        .subquery()
    )
    numbers = [
        func.coalesce(column, 0).label(column.name)
        for table in (keys, frequencies)
        for column in table.c
        if column.name != "plan_id"
    ]
    return (
        select(MONTH_PLAN.c.id, *numbers)
        .select_from(
            MONTH_PLAN.outerjoin(keys, keys.c.plan_id == MONTH_PLAN.c.id).outerjoin(
                frequencies, frequencies.c.plan_id == MONTH_PLAN.c.id
            )
        )
        .where(_of(scope, MONTH_PLAN, MONTH_PLAN.c.id, ids))
    )


def visit_demand(scope: Scope, ids: Ids) -> Select[Any]:
    """Month plans: (plan_id, market_type, frequency, customers) of the planned frequencies."""
    return (
        select(
            FREQUENCY.c.plan_id,
            CUSTOMER.c.market_type,
            FREQUENCY.c.frequency,
            func.count().label("customers"),
        )
        .select_from(
            FREQUENCY.join(
                CUSTOMER,
                and_(
                    CUSTOMER.c.company_id == FREQUENCY.c.company_id,
                    CUSTOMER.c.id == FREQUENCY.c.customer_id,
                ),
            )
        )
        .where(_of(scope, FREQUENCY, FREQUENCY.c.plan_id, ids))
        .group_by(FREQUENCY.c.plan_id, CUSTOMER.c.market_type, FREQUENCY.c.frequency)
    )


def draft_analyses(scope: Scope, analysed: Month, territory_ids: Ids) -> Select[Any]:
    """Territories: (id, drafts) analyses of steps 5 and 6 of a month that are not completed."""
    headers = [
        select(table.c.territory_id.label("territory_id")).where(
            _of(scope, table, table.c.territory_id, territory_ids),
            table.c.month == analysed,
            table.c.status == AnalysisStatus.DRAFT,
        )
        for table in (BrandAnalysis.__table__, MarketAnalysis.__table__)
    ]
    both = headers[0].union_all(headers[1]).subquery()
    return select(both.c.territory_id.label("id"), func.count().label("drafts")).group_by(
        both.c.territory_id
    )


def judgement_facts(scope: Scope, ids: Ids) -> Select[Any]:
    """Week summaries: (id, overridden) figures judged otherwise than the system did."""
    return (
        select(
            SUMMARY.c.id, count_if(LINE.c.final_status != LINE.c.system_status).label("overridden")
        )
        .select_from(
            SUMMARY.outerjoin(
                LINE,
                and_(LINE.c.company_id == SUMMARY.c.company_id, LINE.c.summary_id == SUMMARY.c.id),
            )
        )
        .where(_of(scope, SUMMARY, SUMMARY.c.id, ids))
        .group_by(SUMMARY.c.id)
    )
