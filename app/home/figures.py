"""What the home page counts, one set-based statement per subject, all within the row scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g
from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session

from app.kernel.period import Month, local_today
from app.kernel.quantity import Ratio
from app.models import (
    AssignmentKind,
    CategoryProduct,
    Customer,
    CustomerStatus,
    ImportBatch,
    MonthlySales,
    Product,
    ProductStatus,
    SalesLine,
    Task,
    TaskState,
    Territory,
    TerritoryAssignment,
)

IMPORTS_SHOWN = 5
TASKS_SHOWN = 5


def _counted(condition: Any) -> Any:
    """How many rows meet the condition; 0 rather than NULL."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """Customers in business, and what they lack."""

    active: int
    without_mode: int
    without_frequency: int
    without_line: int


def customer_counts(session: Session) -> CustomerCounts:
    row = session.execute(
        select(
            func.count(Customer.id),
            _counted(Customer.visit_mode.is_(None)),
            _counted(Customer.visit_frequency.is_(None)),
            _counted(Customer.line.is_(None)),
        ).where(Customer.status == CustomerStatus.ACTIVE)
    ).one()
    return CustomerCounts(*(int(value) for value in row))


@dataclass(frozen=True, slots=True)
class ProductCounts:
    """Products on sale, and what they lack."""

    on_sale: int
    without_category: int
    without_tar: int
    key: int


def product_counts(session: Session) -> ProductCounts:
    row = session.execute(
        select(
            func.count(Product.id),
            _counted(CategoryProduct.id.is_(None)),
            _counted(Product.tar_tenths.is_(None)),
            _counted(Product.is_key.is_(True)),
        )
        .select_from(Product)
        .outerjoin(CategoryProduct, CategoryProduct.product_id == Product.id)
        .where(Product.status == ProductStatus.ON_SALE)
    ).one()
    return ProductCounts(*(int(value) for value in row))


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """A month's sales: cartons delivered, fen, customers with net deliveries, last order day."""

    month: Month
    cartons: int = 0
    amount_fen: int = 0
    customers: int = 0
    last_day: dt.date | None = None


def month_figures(session: Session, month: Month) -> tuple[MonthFigures, MonthFigures]:
    """The figures of `month` and of the month before it."""
    months = (month, month.previous)
    by_customer = (
        select(
            MonthlySales.month.label("month"),
            func.sum(MonthlySales.delivered_cartons).label("cartons"),
            func.sum(MonthlySales.amount_fen).label("amount_fen"),
        )
        .where(MonthlySales.month.in_(months))
        .group_by(MonthlySales.company_id, MonthlySales.month, MonthlySales.customer_id)
        .subquery()
    )
    last_day = (
        select(func.max(SalesLine.order_date))
        .where(SalesLine.order_date.between(month.first_day, month.last_day))
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            by_customer.c.month,
            func.sum(by_customer.c.cartons),
            func.sum(by_customer.c.amount_fen),
            _counted(by_customer.c.cartons > 0),
            last_day,
        ).group_by(by_customer.c.month)
    )
    found = {
        row[0]: MonthFigures(row[0], int(row[1]), int(row[2]), int(row[3]), row[4]) for row in rows
    }
    return tuple(found.get(key, MonthFigures(key)) for key in months)  # type: ignore[return-value]


def change(present: int, before: int) -> Ratio:
    """The growth of a figure as a ratio; undefined when there was nothing before."""
    return Ratio(present - before, before)


def last_imports(session: Session) -> Sequence[ImportBatch]:
    """The newest imports of the scope."""
    return session.scalars(
        select(ImportBatch).order_by(ImportBatch.id.desc()).limit(IMPORTS_SHOWN)
    ).all()


def own_tasks(session: Session) -> Sequence[Task]:
    """The person's background work: what runs, and failures not looked at yet."""
    return session.scalars(
        select(Task)
        .where(
            Task.requested_by == g.row_scope.user_id,
            or_(
                Task.state.in_((TaskState.QUEUED, TaskState.RUNNING)),
                (Task.state == TaskState.FAILED) & Task.seen_at.is_(None),
            ),
        )
        .order_by(Task.id.desc())
        .limit(TASKS_SHOWN)
    ).all()


@dataclass(frozen=True, slots=True)
class TerritoryCounts:
    """Territories in scope, and those that nobody holds as primary today."""

    all: int
    without_holder: int


def territory_counts(session: Session) -> TerritoryCounts:
    today = local_today()
    held = exists().where(
        TerritoryAssignment.territory_id == Territory.id,
        TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        TerritoryAssignment.valid_from <= today,
        or_(TerritoryAssignment.valid_to.is_(None), TerritoryAssignment.valid_to >= today),
    )
    row = session.execute(select(func.count(Territory.id), _counted(~held))).one()
    return TerritoryCounts(int(row[0]), int(row[1]))
