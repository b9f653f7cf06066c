"""§2.2 step 3 — targets of the four rates per product and month range 品牌状态分析目标设置.

Reads: focus_product, territory, brand_target, brand_analysis, brand_analysis_line
Writes: brand_target
Grain: territory × product × first month
Units: hundredths of a percent
Nulls: a rate without target is NULL; at least one of the four is set
Errors: `TargetsRefused` with every problem, `TargetLocked`, `OutOfScope`
Ambiguity: targets set in M cover M (the range can be changed) and are used when M is analysed

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, exists, insert, select, update

from app.analysis.rules.targets import (
    MonthRange,
    TargetDraft,
    TargetProblem,
    is_locked,
    target_problems,
)
from app.kernel.errors import N_, InvalidTransition, OutOfScope, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    BrandAnalysisLine,
    BrandTarget,
    FocusProduct,
    Product,
    Territory,
)

TARGET, FOCUS = BrandTarget.__table__, FocusProduct.__table__
TERRITORY, PRODUCT = Territory.__table__, Product.__table__
ANALYSIS, LINE = BrandAnalysis.__table__, BrandAnalysisLine.__table__


class TargetsRefused(PlanningError):
    """Targets that cannot be saved; `problems` says which product and field, and why."""

    msgid = N_("The targets were not saved. Correct the marked fields.")

    def __init__(self, problems: list[TargetProblem]) -> None:
        self.problems = problems
        super().__init__(field=problems[0].field)


class TargetLocked(InvalidTransition):
    """A completed analysis used the target."""

    msgid = N_("A completed brand analysis uses this target; it can no longer be changed.")


def offered_products(scope: Scope, territory_id: int, months: MonthRange) -> Select[Any]:
    """(id, code, name, from_month, to_month): products watched in the territory's department in
    one of the months, with the range they are watched in.
    """
    return (
        select(PRODUCT.c.id, PRODUCT.c.code, PRODUCT.c.name, FOCUS.c.from_month, FOCUS.c.to_month)
        .join(FOCUS, FOCUS.c.product_id == PRODUCT.c.id)
        .join(TERRITORY, TERRITORY.c.department_id == FOCUS.c.department_id)
        .where(
            scope.company(FOCUS),
            scope.company(TERRITORY),
            TERRITORY.c.id == territory_id,
            FOCUS.c.from_month <= months.last,
            FOCUS.c.to_month >= months.first,
        )
        .order_by(PRODUCT.c.code, FOCUS.c.from_month)
    )


def last_actual_rows(scope: Scope, month: Month) -> Select[Any]:
    """(territory_id, product_id, rate, actual_num, actual_den) of the month before, shown beside
    the fields.
    """
    return (
        select(
            ANALYSIS.c.territory_id,
            LINE.c.product_id,
            LINE.c.rate,
            LINE.c.actual_num,
            LINE.c.actual_den,
        )
        .join(
            LINE,
            and_(LINE.c.company_id == ANALYSIS.c.company_id, LINE.c.analysis_id == ANALYSIS.c.id),
        )
        .where(scope.rows(ANALYSIS), ANALYSIS.c.month == month.previous)
    )


def _require_territory(connection: Connection, scope: Scope, territory_id: int) -> None:
    is_own = select(
        exists().where(TERRITORY.c.company_id == scope.company_id, TERRITORY.c.id == territory_id)
    )
    if not scope.allows(territory_id) or not connection.execute(is_own).scalar_one():
        raise OutOfScope


def completed_months(connection: Connection, scope: Scope, territory_id: int) -> list[Month]:
    """Months whose brand analysis of the territory is completed."""
    return list(
        connection.scalars(
            select(ANALYSIS.c.month).where(
                scope.company(ANALYSIS),
                ANALYSIS.c.territory_id == territory_id,
                ANALYSIS.c.status == AnalysisStatus.COMPLETED,
            )
        )
    )


def draft_problems(
    connection: Connection,
    scope: Scope,
    territory_id: int,
    drafts: Sequence[TargetDraft],
    replaced_id: int | None = None,
) -> list[TargetProblem]:
    """Everything wrong with the drafts; `replaced_id` is the target being edited."""
    products = [draft.product_id for draft in drafts]
    focus: dict[int, list[MonthRange]] = defaultdict(list)
    for row in connection.execute(
        select(FOCUS.c.product_id, FOCUS.c.from_month, FOCUS.c.to_month)
        .join(TERRITORY, TERRITORY.c.department_id == FOCUS.c.department_id)
        .where(
            scope.company(FOCUS),
            scope.company(TERRITORY),
            TERRITORY.c.id == territory_id,
            FOCUS.c.product_id.in_(products),
        )
    ):
        focus[row.product_id].append(MonthRange(row.from_month, row.to_month))
    others: dict[int, list[MonthRange]] = defaultdict(list)
    for row in connection.execute(
        select(TARGET.c.id, TARGET.c.product_id, TARGET.c.from_month, TARGET.c.to_month).where(
            scope.company(TARGET),
            TARGET.c.territory_id == territory_id,
            TARGET.c.product_id.in_(products),
        )
    ):
        if row.id != replaced_id:
            others[row.product_id].append(MonthRange(row.from_month, row.to_month))
    completed = completed_months(connection, scope, territory_id)
    problems: list[TargetProblem] = []
    for draft in drafts:
        problems += target_problems(
            draft, focus[draft.product_id], others[draft.product_id], completed
        )
        others[draft.product_id].append(draft.months)
    return problems


def _values(draft: TargetDraft) -> dict[str, Any]:
    return {
        "product_id": draft.product_id,
        "from_month": draft.months.first,
        "to_month": draft.months.last,
        "listing_target": draft.listing,
        "active_target": draft.active,
        "stockout_target": draft.stockout,
        "repurchase_target": draft.repurchase,
    }


def add_targets(
    connection: Connection,
    scope: Scope,
    territory_id: int,
    drafts: Sequence[TargetDraft],
    user_id: int | None,
) -> None:
    """Save new targets, all or none. Errors: `OutOfScope`, `TargetsRefused`."""
    _require_territory(connection, scope, territory_id)
    if problems := draft_problems(connection, scope, territory_id, drafts):
        raise TargetsRefused(problems)
    connection.execute(
        insert(TARGET),
        [
            {
                "company_id": scope.company_id,
                "territory_id": territory_id,
                "created_by": user_id,
                "updated_by": user_id,
                **_values(draft),
            }
            for draft in drafts
        ],
    )


def _own_target(connection: Connection, scope: Scope, target_id: int) -> Any:
    found = connection.execute(
        select(TARGET).where(scope.rows(TARGET), TARGET.c.id == target_id)
    ).one_or_none()
    if found is None:
        raise OutOfScope
    completed = completed_months(connection, scope, found.territory_id)
    if is_locked(MonthRange(found.from_month, found.to_month), completed):
        raise TargetLocked
    return found


def change_target(
    connection: Connection,
    scope: Scope,
    target_id: int,
    draft: TargetDraft,
    now: dt.datetime,
    user_id: int | None,
) -> None:
    """Change a target that no completed analysis used. Errors: `OutOfScope`, `TargetLocked`,
    `TargetsRefused`; the product of a target stays.
    """
    found = _own_target(connection, scope, target_id)
    if draft.product_id != found.product_id:
        raise OutOfScope
    if problems := draft_problems(connection, scope, found.territory_id, [draft], target_id):
        raise TargetsRefused(problems)
    connection.execute(
        update(TARGET)
        .where(scope.rows(TARGET), TARGET.c.id == target_id)
        .values(**_values(draft), updated_at=now, updated_by=user_id, version=TARGET.c.version + 1)
    )


def remove_target(connection: Connection, scope: Scope, target_id: int) -> None:
    """Remove a target and its list. Errors: `OutOfScope`, `TargetLocked`."""
    _own_target(connection, scope, target_id)
    connection.execute(delete(TARGET).where(scope.rows(TARGET), TARGET.c.id == target_id))
