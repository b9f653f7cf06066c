"""Master data, sales of whole months, imports and background work: one statement per subject."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask import g
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.kernel.period import Month, local_today
from app.kernel.quantity import Ratio
from app.kernel.sql import count_if
from app.models import (
    AssignmentKind,
    CategoryProduct,
    Company,
    CustomerSales,
    ImportBatch,
    JobRun,
    PortalUser,
    Product,
    ProductStatus,
    RunState,
    SalesLine,
    Task,
    TaskState,
    Territory,
    TerritoryAssignment,
    TerritorySales,
)
from app.organisation.assignments import held_on

IMPORTS_SHOWN = 5
TASKS_SHOWN = 5
RUNS_SHOWN = 5


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
            count_if(CategoryProduct.id.is_(None)),
            count_if(Product.tar_tenths.is_(None)),
            count_if(Product.is_key.is_(True)),
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
    """The figures of `month` and of the month before it, from the roll-ups."""
    months = (month, month.previous)
    volume = (
        select(
            TerritorySales.month.label("month"),
            func.sum(TerritorySales.delivered_cartons).label("cartons"),
            func.sum(TerritorySales.amount_fen).label("amount_fen"),
        )
        .where(TerritorySales.month.in_(months))
        .group_by(TerritorySales.month)
        .subquery()
    )
    # A customer who moved has a row per territory of the month.
    net = (
        select(CustomerSales.month.label("month"), func.sum(CustomerSales.sticks).label("sticks"))
        .where(CustomerSales.month.in_(months))
        .group_by(CustomerSales.company_id, CustomerSales.month, CustomerSales.customer_id)
        .subquery()
    )
    buyers = (
        select(net.c.month, count_if(net.c.sticks > 0).label("customers"))
        .group_by(net.c.month)
        .subquery()
    )
    last_day = (
        select(func.max(SalesLine.order_date))
        .where(SalesLine.order_date.between(month.first_day, month.last_day))
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            volume.c.month, volume.c.cartons, volume.c.amount_fen, buyers.c.customers, last_day
        ).outerjoin(buyers, buyers.c.month == volume.c.month)
    )
    found = {
        row[0]: MonthFigures(row[0], int(row[1]), int(row[2]), int(row[3] or 0), row[4])
        for row in rows
    }
    return found.get(month, MonthFigures(month)), found.get(
        month.previous, MonthFigures(month.previous)
    )


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


def last_runs(session: Session) -> Sequence[JobRun]:
    """The newest runs of scheduled jobs that failed, also those that will be tried again."""
    return session.scalars(
        select(JobRun)
        .where(JobRun.state.in_((RunState.FAILED, RunState.RETRYING)))
        .order_by(JobRun.id.desc())
        .limit(RUNS_SHOWN)
    ).all()


@dataclass(frozen=True, slots=True)
class TerritoryCounts:
    """Territories in scope, those that nobody holds as primary today, users that may log in, and
    companies.
    """

    all: int
    without_holder: int
    users: int
    companies: int


def territory_counts(session: Session) -> TerritoryCounts:
    held = exists().where(
        TerritoryAssignment.territory_id == Territory.id,
        TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        *held_on(local_today()),
    )
    users = select(func.count(PortalUser.id)).where(PortalUser.active.is_(True))
    row = session.execute(
        select(
            func.count(Territory.id),
            count_if(~held),
            users.scalar_subquery(),
            select(func.count(Company.id)).scalar_subquery(),
        )
    ).one()
    return TerritoryCounts(*(int(value) for value in row))
