"""A large company for measuring, made by set-based statements.

Customers are generated and loaded in bulk; the roll-up is generated in the database by one INSERT … SELECT
per month, and the order lines of the last months are derived from it so that they add up to it.
Products, quantities and stock-outs follow from the customer's number by modular arithmetic, so
the same size always gives the same figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, literal, select
from sqlalchemy.orm import Session

from app.demo.customers import customer_rows
from app.demo.loading import load
from app.demo.people import Accounts, add_company, add_people, licence_prefix
from app.demo.plan import BulkCompany, Dates, season_percent, words
from app.exchange.sales_rollup import refresh_order_days, refresh_sums
from app.kernel.columns import MonthType
from app.kernel.dialect import refresh_all_statistics
from app.kernel.period import Month
from app.master.calendar import calendar_overrides
from app.master.key_brands import take_snapshot
from app.master.rules_calendar import order_days
from app.master.seeding import product_rows, seed_company, seed_products
from app.models import (
    AssignmentKind,
    Company,
    Customer,
    CustomerTerritory,
    Department,
    MonthlySales,
    PortalUser,
    Product,
    SalesLine,
    Territory,
    TerritoryAssignment,
)

CUSTOMER, MONTHLY, LINE = Customer.__table__, MonthlySales.__table__, SalesLine.__table__
PRODUCT = Product.__table__
KEY_PRODUCT_EVERY = 12
STOCKOUT_EVERY = 50
SPLIT_FROM_CARTONS = 4
"""A month's purchase of a product from so many cartons on came in two orders."""


def build_bulk_company(
    session: Session, spec: BulkCompany, dates: Dates, accounts: Accounts
) -> None:
    """Everything of one company in the caller's transaction."""
    company = add_company(session, spec.code)
    users = add_people(session, company, accounts)
    territories = _add_territories(session, company, spec, users, dates)
    seed_company(session, company.id)
    seed_products(session, company.id, _further_products(spec.products - len(product_rows())))
    _add_customers(session, company, spec, territories, dates)
    sales = _SalesMaker(session, company.id, spec)
    months = list(dates.ago(spec.months).through(dates.ago(1)))
    for number, month in enumerate(months):
        take_snapshot(session.connection(), company.id, month)
        sales.add_month(month, number)
    for month in months[len(months) - spec.line_months :]:
        sales.add_lines(month)
        refresh_order_days(session.connection(), company.id, list(month.days()))
    refresh_sums(session.connection(), company.id, months)
    # Fresh statistics: without them both databases plan the first lists badly.
    refresh_all_statistics(session.connection())


def _add_territories(
    session: Session,
    company: Company,
    spec: BulkCompany,
    users: dict[str, PortalUser],
    dates: Dates,
) -> list[int]:
    """Territory ids in order; the first department and territory have people."""
    department_name, territory_name, *_rest = words("bulk")
    lower = company.code.lower()
    session.execute(
        insert(Department.__table__),
        [
            {
                "company_id": company.id,
                "code": f"{company.code}-{number:03d}",
                "name": department_name.format(number=number),
                "manager_id": users[f"{lower}.market"].id if number == 1 else None,
            }
            for number in range(1, spec.departments + 1)
        ],
    )
    departments = list(
        session.scalars(
            select(Department.id)
            .where(Department.company_id == company.id)
            .order_by(Department.code)
        )
    )
    session.execute(
        insert(Territory.__table__),
        [
            {
                "company_id": company.id,
                "department_id": departments[(number - 1) * spec.departments // spec.territories],
                "code": f"{company.code}-{number:04d}",
                "name": territory_name.format(number=number),
            }
            for number in range(1, spec.territories + 1)
        ],
    )
    territories = list(
        session.scalars(
            select(Territory.id).where(Territory.company_id == company.id).order_by(Territory.code)
        )
    )
    session.execute(
        insert(TerritoryAssignment.__table__).values(
            company_id=company.id,
            territory_id=territories[0],
            user_id=users[f"{lower}.customer"].id,
            kind=AssignmentKind.PRIMARY,
            valid_from=dates.ago(18).first_day,
        )
    )
    return territories


def _further_products(count: int) -> list[dict[str, str]]:
    """Made-up products in the columns of products.csv, prices spread over all bands."""
    brands, variants, known = words("brand"), words("variant"), product_rows()
    rows = []
    for number in range(count):
        model = known[number % len(known)]
        brand, variant = (
            brands[number % len(brands)],
            variants[number // len(brands) % len(variants)],
        )
        rows.append(
            {
                **model,
                "code": f"G{number + 1:03d}",
                "name": f"{brand}({variant}{number // (len(brands) * len(variants)) + 1})",
                "brand": brand,
            }
        )
    return rows


def _add_customers(
    session: Session, company: Company, spec: BulkCompany, territories: list[int], dates: Dates
) -> None:
    _department, territory_name, neighbourhood, _line = words("bulk")
    prefix, each = licence_prefix(company.code), spec.customers // spec.territories
    for number, territory_id in enumerate(territories, start=1):
        place = {
            "code": f"{company.code}-{number}",
            "name": territory_name.format(number=number),
            "market_type": "URBAN" if number % 5 < 2 else "RURAL",
            "longitude": str(112 + number % 40 * 0.05),
            "latitude": str(30 + number // 40 * 0.05),
            "neighbourhoods": " ".join(
                neighbourhood.format(number=number * 10 + part) for part in range(6)
            ),
        }
        rows = customer_rows(company.id, territory_id, place, (prefix, number * each), each, dates)
        load(session.connection(), CUSTOMER, rows)
    session.execute(
        insert(CustomerTerritory.__table__).from_select(
            ["company_id", "customer_id", "valid_from", "territory_id"],
            select(
                CUSTOMER.c.company_id, CUSTOMER.c.id, CUSTOMER.c.open_date, CUSTOMER.c.territory_id
            )
            .where(CUSTOMER.c.company_id == company.id)
            .order_by(CUSTOMER.c.id),
        )
    )


@dataclass(frozen=True, slots=True)
class _Shelf:
    """How a customer's slots map to products without meeting one twice.

    The first slots take from the popular products, the others from the rest, each in strides.
    """

    products: int
    slots: int

    @property
    def popular(self) -> int:
        return self.products * 2 // 15

    @property
    def popular_slots(self) -> int:
        return max(1, self.slots * 2 // 5)

    def product_number(self, slot: Any, customer: Any, month: int) -> ColumnElement[int]:
        popular_stride = self.popular // self.popular_slots
        rest = self.products - self.popular
        rest_stride = rest // (self.slots - self.popular_slots)
        # A customer's rarer products change slowly from month to month.
        drift = (customer + month) // 6
        return case(
            (slot < self.popular_slots, (customer * 3 + slot * popular_stride) % self.popular),
            else_=self.popular + (customer * 7 + drift + slot * rest_stride) % rest,
        )


class _SalesMaker:
    """Generates the roll-up and lines of one company inside the database."""

    def __init__(self, session: Session, company_id: int, spec: BulkCompany) -> None:
        self.session, self.company_id, self.spec = session, company_id, spec
        self.shelf = _Shelf(spec.products, spec.products_per_customer)
        # Ids are handed out without gaps within a transaction that nobody else disturbs.
        self.first_customer = self._first_id(CUSTOMER)
        self.first_product = self._first_id(PRODUCT)
        session.execute(
            PRODUCT.update()
            .where(
                PRODUCT.c.company_id == company_id,
                (PRODUCT.c.id - self.first_product) % KEY_PRODUCT_EVERY == 0,
            )
            .values(is_key=True)
        )

    def _first_id(self, table: Any) -> int:
        statement = select(func.min(table.c.id)).where(table.c.company_id == self.company_id)
        return self.session.execute(statement).scalar_one()

    def add_month(self, month: Month, number: int) -> None:
        """The roll-up of one month."""
        slots = select(literal(0).label("slot")).cte("slots", recursive=True)
        slots = slots.union_all(
            select(slots.c.slot + 1).where(slots.c.slot < self.spec.products_per_customer - 1)
        )
        customer = CUSTOMER.c.id - self.first_customer
        wish = (
            select(
                CUSTOMER.c.id.label("customer_id"),
                CUSTOMER.c.territory_id,
                customer.label("customer"),
                self.shelf.product_number(slots.c.slot, customer, number).label("product"),
            )
            .select_from(CUSTOMER.join(slots, literal(True)))  # noqa: FBT003 -- a cross join
            .where(CUSTOMER.c.company_id == self.company_id)
            .subquery("wish")
        )
        season = season_percent(month.first_day + dt.timedelta(days=14))
        cartons = (
            1 + (1 + (wish.c.customer * 31 + wish.c.product * 17 + number * 13) % 9) * season // 100
        )
        misses = (wish.c.customer * 13 + wish.c.product * 7 + number * 5) % STOCKOUT_EVERY == 0
        sized = select(
            wish,
            cartons.label("demanded"),
            case((misses, 0), else_=cartons).label("delivered"),
            case((misses, 1), else_=0).label("stockouts"),
        ).subquery("sized")
        lines = case((sized.c.delivered >= SPLIT_FROM_CARTONS, 2), else_=1)
        product_id = sized.c.product + self.first_product
        self.session.execute(
            insert(MONTHLY).from_select(
                [
                    "company_id", "month", "customer_id", "product_id", "territory_id",
                    "demanded_cartons", "delivered_cartons", "amount_fen",
                    "line_count", "demanded_lines", "stockout_lines",
                ],
                select(
                    literal(self.company_id),
                    literal(month, MonthType()),
                    sized.c.customer_id,
                    product_id,
                    sized.c.territory_id,
                    sized.c.demanded,
                    sized.c.delivered,
                    sized.c.delivered * PRODUCT.c.wholesale_fen,
                    lines,
                    lines,
                    sized.c.stockouts,
                )
                .select_from(sized.join(PRODUCT, PRODUCT.c.id == product_id))
                .order_by(sized.c.customer_id, product_id),
            )
        )  # fmt: skip

    def add_lines(self, month: Month) -> None:
        """Order lines that add up to the roll-up of `month`: one or two per row of it."""
        overrides = calendar_overrides(
            self.session, self.company_id, month.previous.first_day, month.last_day
        )
        for weekday in range(1, 6):
            days = order_days(month, weekday, overrides, move_to_next=True)
            for parity in (0, 1):
                for part, day in enumerate(_two_days(days, parity)):
                    self.session.execute(self._lines(month, weekday, parity, part, day))

    def _lines(self, month: Month, weekday: int, parity: int, part: int, day: dt.date) -> Any:
        """The first (part 0) or second order of the customers with this weekday and parity."""

        def share(quantity: Any) -> Any:
            second = case((MONTHLY.c.line_count == 2, quantity // 2), else_=0)
            return second if part else quantity - second

        delivered = share(MONTHLY.c.delivered_cartons)
        return insert(LINE).from_select(
            [
                "company_id", "customer_id", "product_id", "order_date", "order_no", "territory_id",
                "demanded_cartons", "delivered_cartons", "amount_fen", "channel", "settle_mode",
            ],
            select(
                MONTHLY.c.company_id,
                MONTHLY.c.customer_id,
                MONTHLY.c.product_id,
                literal(day),
                literal(f"{day:%Y%m%d}-") + CUSTOMER.c.code,
                MONTHLY.c.territory_id,
                share(MONTHLY.c.demanded_cartons),
                delivered,
                delivered * PRODUCT.c.wholesale_fen,
                CUSTOMER.c.order_mode,
                CUSTOMER.c.settle_mode,
            )
            .join(
                CUSTOMER,
                (CUSTOMER.c.company_id == MONTHLY.c.company_id)
                & (CUSTOMER.c.id == MONTHLY.c.customer_id),
            )
            .join(PRODUCT, PRODUCT.c.id == MONTHLY.c.product_id)
            .where(
                MONTHLY.c.company_id == self.company_id,
                MONTHLY.c.month == literal(month, MonthType()),
                MONTHLY.c.line_count > part,
                CUSTOMER.c.order_weekday == weekday,
                (CUSTOMER.c.id - self.first_customer) % 2 == parity,
            )
            .order_by(MONTHLY.c.customer_id, MONTHLY.c.product_id),
        )  # fmt: skip


def _two_days(days: list[dt.date], parity: int) -> Iterator[dt.date]:
    """Two order days of the month; months with a long holiday may have fewer to choose from."""
    yield days[min(parity, len(days) - 2)]
    yield days[min(2 + parity, len(days) - 1)]
