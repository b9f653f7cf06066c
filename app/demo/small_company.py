"""A small company with all its master data and 15 months of orders, line by line."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.demo.brand_story import add_brand_story
from app.demo.customer_analysis import add_customer_analysis
from app.demo.customers import MOVED, apply_customer_stories, customer_rows
from app.demo.daily_visits import add_daily_visits
from app.demo.loading import load
from app.demo.month_plans import add_month_plans
from app.demo.month_summaries import add_month_summaries
from app.demo.notices import read_old_notices
from app.demo.orders import Buyer, Ware, order_calendar, order_lines
from app.demo.people import (
    Accounts,
    add_company,
    add_people,
    add_territories,
    assign_territories,
    licence_prefix,
)
from app.demo.plan import (
    KEY_PRODUCT_ADDED,
    KEY_PRODUCT_ADDED_MONTHS_AGO,
    KEY_PRODUCTS,
    PRODUCTS_WITHOUT_TAR,
    UNMAPPED_PRODUCTS,
    Dates,
    SmallCompany,
    seed_rows,
)
from app.demo.service_plans import add_service_plans
from app.demo.visit_plans import add_visit_plans
from app.demo.week_arrangements import add_week_arrangements
from app.demo.week_summaries import add_week_summaries
from app.exchange.sales_rollup import rebuild_sales
from app.kernel.dialect import refresh_all_statistics
from app.master.calendar import calendar_overrides
from app.master.key_brands import take_snapshot
from app.master.seeding import seed_company, seed_products
from app.models import (
    CategoryProduct,
    Company,
    Customer,
    CustomerTerritory,
    Product,
    SalesLine,
    Territory,
)

LICENCES_PER_TERRITORY = 10_000


def build_small_company(
    session: Session, spec: SmallCompany, dates: Dates, accounts: Accounts
) -> None:
    """Everything of one company in the caller's transaction."""
    company = add_company(session, spec.code)
    users = add_people(session, company, accounts)
    territories = add_territories(session, company, users)
    assign_territories(session, company, territories, users, dates)
    seed_company(session, company.id)
    seed_products(session, company.id)
    _flag_products(session, company, dates, spec)
    _add_customers(session, company, territories, spec, dates)
    _add_sales(session, company, spec, dates)
    if spec.has_stories:
        # Without statistics PostgreSQL would plan the analyses for empty tables.
        refresh_all_statistics(session.connection())
        # Targets set after the states were generated would outdate them.
        add_brand_story(session, company.id, dates)
        add_customer_analysis(session, company.id, dates)
        add_service_plans(session, company.id, dates)
        add_month_plans(session, company.id, dates)
        # After the month plans: visits follow the frequencies these set.
        add_visit_plans(session, company.id, dates)
        add_week_arrangements(session, company.id, dates)
        add_daily_visits(session, company.id, dates)
        # Summaries count what was done, so they come last.
        add_week_summaries(session, company.id, dates)
        add_month_summaries(session, company.id, dates)
        read_old_notices(session, company.id, dates)


def _flag_products(session: Session, company: Company, dates: Dates, spec: SmallCompany) -> None:
    """Key brands with their snapshots, and what is left for the brand manager to decide."""
    table = Product.__table__
    own = table.c.company_id == company.id
    connection = session.connection()

    def flag(*codes: str) -> None:
        connection.execute(update(table).where(own, table.c.code.in_(codes)).values(is_key=True))

    flag(*KEY_PRODUCTS)
    added_in = dates.ago(KEY_PRODUCT_ADDED_MONTHS_AGO)
    for month in dates.sales_months(spec.months):
        if month == added_in:
            flag(KEY_PRODUCT_ADDED)
        take_snapshot(connection, company.id, month)
    connection.execute(
        update(table)
        .where(own, table.c.code.in_(PRODUCTS_WITHOUT_TAR))
        .values(tar_tenths=None, tar_imported_tenths=None)
    )
    unmapped = select(table.c.id).where(own, table.c.code.in_(UNMAPPED_PRODUCTS))
    mapping = CategoryProduct.__table__
    connection.execute(mapping.delete().where(mapping.c.product_id.in_(unmapped)))


def _add_customers(
    session: Session,
    company: Company,
    territories: dict[str, int],
    spec: SmallCompany,
    dates: Dates,
) -> None:
    prefix = licence_prefix(company.code)
    moved: tuple[str, int] | None = None
    for number, place in enumerate(seed_rows("territories", company.code), start=1):
        licences = (prefix, number * LICENCES_PER_TERRITORY)
        territory_id, count = territories[place["code"]], spec.customers_per_territory
        rows = list(customer_rows(company.id, territory_id, place, licences, count, dates))
        if spec.has_stories and moved is None:
            apply_customer_stories(rows, dates)
            moved = rows[MOVED - 1]["code"], territories[place["code"]]
            # The first territory's customer stands in the second one today.
            rows[MOVED - 1]["territory_id"] = list(territories.values())[1]
        load(session.connection(), Customer.__table__, rows)
    _add_stays(session, company, moved, dates)


def _add_stays(
    session: Session, company: Company, moved: tuple[str, int] | None, dates: Dates
) -> None:
    """Where each customer stood: one open row each, two for the customer that moved."""
    customer, stay = Customer.__table__, CustomerTerritory.__table__
    columns = ["company_id", "customer_id", "valid_from", "territory_id"]
    session.execute(
        insert(stay).from_select(
            columns,
            select(
                customer.c.company_id, customer.c.id, customer.c.open_date, customer.c.territory_id
            ).where(customer.c.company_id == company.id),
        )
    )
    if moved is None:
        return
    code, before = moved
    moving_day = dates.mid_of(1)
    row = session.execute(
        select(customer.c.id, customer.c.territory_id).where(
            customer.c.company_id == company.id, customer.c.code == code
        )
    ).one()
    session.execute(
        update(stay)
        .where(stay.c.company_id == company.id, stay.c.customer_id == row.id)
        .values(territory_id=before, valid_to=moving_day - dt.timedelta(days=1))
    )
    session.execute(
        insert(stay).values(
            company_id=company.id,
            customer_id=row.id,
            valid_from=moving_day,
            territory_id=row.territory_id,
        )
    )


def _add_sales(session: Session, company: Company, spec: SmallCompany, dates: Dates) -> None:
    months = dates.sales_months(spec.months)
    overrides = calendar_overrides(
        session, company.id, months[0].previous.previous.first_day, months[-1].last_day
    )
    lines = order_lines(
        company.id,
        _buyers(session, company.id),
        _wares(session, company.id),
        order_calendar(months, overrides),
        dates,
        has_stories=spec.has_stories,
    )
    connection = session.connection()
    load(connection, SalesLine.__table__, lines)
    rebuild_sales(connection, company.id, months)


def _wares(session: Session, company_id: int) -> list[Ware]:
    table = Product.__table__
    rows = session.execute(
        select(table.c.id, table.c.code, table.c.wholesale_fen, table.c.price_class, table.c.is_key)
        .where(table.c.company_id == company_id)
        .order_by(table.c.code)
    )
    return [Ware(*row) for row in rows]


def _buyers(session: Session, company_id: int) -> list[Buyer]:
    customer, stay, territory = Customer.__table__, CustomerTerritory.__table__, Territory.__table__
    stays: dict[int, list[tuple[dt.date, dt.date | None, int]]] = {}
    for row in session.execute(
        select(stay).where(stay.c.company_id == company_id).order_by(stay.c.valid_from)
    ):
        stays.setdefault(row.customer_id, []).append(
            (row.valid_from, row.valid_to, row.territory_id)
        )
    rows = session.execute(
        select(customer, territory.c.code.label("territory_code"))
        .join(territory, territory.c.id == customer.c.territory_id)
        .where(customer.c.company_id == company_id)
    )
    return [
        Buyer(
            id=row.id,
            code=row.code,
            territory_code=row.territory_code,
            market_type=row.market_type,
            scale=row.scale,
            order_weekday=row.order_weekday,
            order_mode=row.order_mode,
            settle_mode=row.settle_mode,
            open_date=row.open_date,
            close_date=row.close_date,
            status=row.status,
            stays=tuple(stays[row.id]),
        )
        for row in rows
    ]
