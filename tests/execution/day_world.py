"""A day of visits in the demo company: an approved plan, six planned shops, two strategies each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from app.kernel.period import Month, WorkWeek, local_today
from app.models import (
    Customer,
    CustomerStatus,
    DailyVisit,
    ItemMark,
    ItemSource,
    RowOrigin,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    Territory,
    VisitMode,
    VisitPlan,
    VisitStatus,
)

CUSTOMER, PLAN, ITEM = Customer.__table__, ServicePlan.__table__, StrategyItem.__table__
VISIT, STRATEGY, TERRITORY = VisitPlan.__table__, ServiceStrategy.__table__, Territory.__table__
RECORD = DailyVisit.__table__


@dataclass(frozen=True)
class Day:
    """`items`: shop → ids of its two open strategies."""

    date: dt.date
    territory: int
    plan: int
    shops: tuple[int, ...]
    names: dict[int, str]
    items: dict[int, tuple[int, int]]

    @property
    def key(self) -> str:
        return self.date.isoformat()

    def record(self, place: int = 0) -> str:
        return f"/daily-visits/record/{self.shops[place]}/{self.key}"

    def save(self, place: int = 0) -> str:
        return f"/daily-visits/save/{self.shops[place]}/{self.key}"


def plan_day(
    connection: Connection, code: str = "YH-A1", date: dt.date | None = None, shops: int = 6
) -> Day:
    """Make the day the only thing planned in the territory; the plan of its month is approved."""
    date = date or local_today()
    month = Month.of(date)
    place = connection.execute(select(TERRITORY).where(TERRITORY.c.code == code)).one()
    company = place.company_id
    plan = connection.execute(
        select(PLAN.c.id).where(PLAN.c.territory_id == place.id, PLAN.c.month == month)
    ).scalar()
    if plan is None:
        made = insert(PLAN).values(company_id=company, territory_id=place.id, month=month)
        plan = connection.execute(made).inserted_primary_key[0]
    connection.execute(
        update(PLAN).where(PLAN.c.id == plan).values(status=ServicePlanStatus.APPROVED, revision=2)
    )
    chosen = connection.execute(
        select(CUSTOMER)
        .where(CUSTOMER.c.territory_id == place.id, CUSTOMER.c.status == CustomerStatus.ACTIVE)
        .order_by(CUSTOMER.c.code)
        .limit(shops)
    ).all()
    ids = [shop.id for shop in chosen]
    connection.execute(
        update(CUSTOMER).where(CUSTOMER.c.id.in_(ids)).values(visit_mode=VisitMode.ONSITE)
    )
    here = (VISIT.c.territory_id == place.id, VISIT.c.date >= date)
    connection.execute(delete(VISIT).where(*here))
    connection.execute(delete(RECORD).where(RECORD.c.customer_id.in_(ids), RECORD.c.date >= date))
    connection.execute(delete(ITEM).where(ITEM.c.customer_id.in_(ids), ITEM.c.month == month))
    strategies = connection.scalars(
        select(STRATEGY.c.id).where(STRATEGY.c.company_id == company).order_by(STRATEGY.c.code)
    ).all()
    items: dict[int, tuple[int, int]] = {}
    for sequence, shop in enumerate(chosen, start=1):
        connection.execute(
            insert(VISIT).values(
                company_id=company,
                territory_id=place.id,
                customer_id=shop.id,
                date=date,
                month=WorkWeek.of(date).month,
                origin=RowOrigin.AUTOMATIC,
                status=VisitStatus.PLANNED,
                sequence=sequence,
            )
        )
        keys = [
            connection.execute(
                insert(ITEM).values(
                    company_id=company,
                    plan_id=plan,
                    territory_id=place.id,
                    month=month,
                    customer_id=shop.id,
                    strategy_id=strategies[number],
                    source=ItemSource.MANUAL,
                    content=f"Agree on shelf {sequence}.{number}",
                    mark=ItemMark.OPEN,
                )
            ).inserted_primary_key[0]
            for number in (0, 1)
        ]
        items[shop.id] = (keys[0], keys[1])
    return Day(date, place.id, plan, tuple(ids), {shop.id: shop.name for shop in chosen}, items)
