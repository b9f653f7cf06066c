"""What the month's readiness counts: one statement for all checks, within a scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    distinct,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import (
    AbilityItem,
    AssignmentKind,
    CalendarDay,
    CategoryProduct,
    Customer,
    CustomerStatus,
    DaySource,
    Department,
    FocusProduct,
    KeyProductSnapshot,
    NeedOption,
    OperatingState,
    ParameterVersion,
    ProblemReason,
    Product,
    ProductStatus,
    QuestionnaireForm,
    QuestionnaireFormOption,
    ReturnReason,
    SalesLine,
    ServiceStrategy,
    Territory,
    TerritoryAssignment,
    TerritorySales,
)
from app.organisation.assignments import held_on

CUSTOMER, PRODUCT, TERRITORY = Customer.__table__, Product.__table__, Territory.__table__
HELD, DEPARTMENT, FOCUS = (
    TerritoryAssignment.__table__,
    Department.__table__,
    FocusProduct.__table__,
)
SALES, LINE, DAY = TerritorySales.__table__, SalesLine.__table__, CalendarDay.__table__
FORM, OFFERED = QuestionnaireForm.__table__, QuestionnaireFormOption.__table__
PLACED, SNAPSHOT = CategoryProduct.__table__, KeyProductSnapshot.__table__
CATALOGUES = (ServiceStrategy, NeedOption, AbilityItem, OperatingState, ProblemReason, ReturnReason)
NUMBERS = ("n1", "n2", "n3", "n4")
EMPTY = ("", 0, 0, 0, 0)


def read(session: Session, scope: Scope, month: Month, today: dt.date) -> Mapping[str, Any]:
    """Kind → (kind, text, n1 … n4)."""
    statement = union_all(
        _sales(scope, month.previous),
        _calendar(scope, month),
        _snapshots(scope, month),
        _territories(scope, today),
        _customers(scope),
        _products(scope),
        _departments(scope, month),
        _questionnaire(scope, month),
        _parameters(scope),
        *(_catalogue(scope, entity) for entity in CATALOGUES),
    )
    return {row.kind: row for row in session.connection().execute(statement)}


def _row(kind: str, *numbers: Any, text: Any = None) -> Select[Any]:
    filled = [*numbers, *(literal(0) for _missing in NUMBERS[len(numbers) :])]
    return select(
        literal(kind).label("kind"),
        (cast(null(), String(40)) if text is None else cast(text, String(40))).label("text"),
        *(value.label(name) for name, value in zip(NUMBERS, filled, strict=True)),
    )


def _places(scope: Scope) -> ColumnElement[bool]:
    inside = scope.company(TERRITORY)
    if scope.territory_ids is None:
        return inside
    return and_(inside, TERRITORY.c.id.in_(scope.territory_ids))


def _sales(scope: Scope, month: Month) -> Select[Any]:
    """n1 territories with sales of the month, n2 cartons; text the last order day."""
    last = (
        select(func.max(LINE.c.order_date))
        .where(scope.company(LINE), LINE.c.order_date.between(month.first_day, month.last_day))
        .scalar_subquery()
    )
    return _row(
        "sales",
        func.count(distinct(SALES.c.territory_id)),
        func.coalesce(func.sum(SALES.c.delivered_cartons), 0),
        text=last,
    ).where(scope.rows(SALES), SALES.c.month == month)


def _calendar(scope: Scope, month: Month) -> Select[Any]:
    """n1 official days of the year, n2 days set by hand in the month."""
    first, last = dt.date(month.year, 1, 1), dt.date(month.year, 12, 31)
    by_hand = and_(
        DAY.c.source == DaySource.MANUAL, DAY.c.day.between(month.first_day, month.last_day)
    )
    return _row("calendar", count_if(DAY.c.source == DaySource.DEFAULT), count_if(by_hand)).where(
        scope.company(DAY), DAY.c.day.between(first, last)
    )


def _snapshots(scope: Scope, month: Month) -> Select[Any]:
    """n1 key products kept for the analysed month, n2 for the work month."""
    return _row(
        "snapshot",
        count_if(SNAPSHOT.c.month == month.previous),
        count_if(SNAPSHOT.c.month == month),
    ).where(scope.company(SNAPSHOT), SNAPSHOT.c.month.in_((month, month.previous)))


def _territories(scope: Scope, today: dt.date) -> Select[Any]:
    """n1 territories, n2 without a primary holder on the day."""
    held = exists().where(
        HELD.c.territory_id == TERRITORY.c.id,
        HELD.c.kind == AssignmentKind.PRIMARY,
        *held_on(today),
    )
    return _row("territory", func.count(TERRITORY.c.id), count_if(~held)).where(_places(scope))


def _customers(scope: Scope) -> Select[Any]:
    """n1 customers in business, n2 without visit mode, n3 without line."""
    return _row(
        "customer",
        func.count(CUSTOMER.c.id),
        count_if(CUSTOMER.c.visit_mode.is_(None)),
        count_if(or_(CUSTOMER.c.line.is_(None), CUSTOMER.c.line == "")),
    ).where(scope.rows(CUSTOMER), CUSTOMER.c.status == CustomerStatus.ACTIVE)


def _products(scope: Scope) -> Select[Any]:
    """n1 products on sale, n2 without category, n3 without tar content, n4 key brands."""
    return (
        _row(
            "product",
            func.count(PRODUCT.c.id),
            count_if(PLACED.c.id.is_(None)),
            count_if(PRODUCT.c.tar_tenths.is_(None)),
            count_if(PRODUCT.c.is_key.is_(True)),
        )
        .select_from(PRODUCT.outerjoin(PLACED, PLACED.c.product_id == PRODUCT.c.id))
        .where(scope.company(PRODUCT), PRODUCT.c.status == ProductStatus.ON_SALE)
    )


def _departments(scope: Scope, month: Month) -> Select[Any]:
    """Departments with territories in scope: n1 all, n2 without watched products of the month,
    n3 without market manager.
    """
    has_place = exists().where(TERRITORY.c.department_id == DEPARTMENT.c.id, _places(scope))
    issued = exists().where(
        FOCUS.c.company_id == DEPARTMENT.c.company_id,
        FOCUS.c.department_id == DEPARTMENT.c.id,
        FOCUS.c.from_month <= month,
        FOCUS.c.to_month >= month,
    )
    return _row(
        "department",
        func.count(DEPARTMENT.c.id),
        count_if(~issued),
        count_if(DEPARTMENT.c.manager_id.is_(None)),
    ).where(scope.company(DEPARTMENT), has_place)


def _questionnaire(scope: Scope, month: Month) -> Select[Any]:
    """n1 needs of the questionnaire that holds in the month, n2 its version."""
    newest = (
        select(FORM.c.id)
        .where(scope.company(FORM), FORM.c.from_month <= month)
        .order_by(FORM.c.from_month.desc(), FORM.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        _row(
            "questionnaire",
            func.count(OFFERED.c.need_option_id),
            func.coalesce(func.max(FORM.c.number), 0),
        )
        .select_from(FORM.outerjoin(OFFERED, OFFERED.c.form_id == FORM.c.id))
        .where(FORM.c.id == newest)
    )


def _parameters(scope: Scope) -> Select[Any]:
    """n1 the number of the newest version, 0 = none."""
    table = ParameterVersion.__table__
    return _row("parameters", func.coalesce(func.max(table.c.number), 0)).where(
        scope.company(table)
    )


def _catalogue(scope: Scope, entity: Any) -> Select[Any]:
    """n1 entries in use."""
    table = entity.__table__
    in_use = case((table.c.is_active.is_(True), table.c.id))
    return _row(table.name, func.count(in_use)).where(scope.company(table))
