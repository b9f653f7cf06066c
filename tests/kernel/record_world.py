"""Views and rows for the tests of the record views.

Two territories with thirty customers each; ``anna`` holds the first, ``ben`` the second,
``ada`` is the administrator. The views use real entities, whose rows the row scope protects.
"""

import datetime as dt
from typing import Any

from flask import flash
from flask_appbuilder import action
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_filters import Quick
from app.master.models.customer import (
    BusinessType,
    Customer,
    MarketType,
    OrderMode,
    Scale,
    SettleMode,
    TerminalType,
    VisitMode,
)
from app.organisation.models import (
    AssignmentKind,
    Company,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from tests.conftest import built_app, set_up

PASSWORD = "Green-teapot-42-lamps"
PER_TERRITORY = 30


class ShopView(PlanningView):
    """Customers."""

    datamodel = SQLAInterface(Customer)
    list_title = "Shops"
    list_columns = ["code", "name", "territory", "grade", "visit_mode", "open_date"]
    order_columns = ["code", "name", "grade"]
    base_order = ("code", "asc")
    filter_bar = [
        Quick("name", "contains", also=("code",)),
        Quick("territory", "relation"),
        Quick("visit_mode", "enum"),
        Quick("visit_mode", "is_missing"),
        Quick("open_date", "date_range"),
    ]
    search_columns = ["grade", "market_type"]
    edit_columns = ["code", "name", "territory", "grade", "owner", "visit_mode", "phone"]
    show_columns = ["code", "name", "owner"]
    remote_selects = {"territory": ("code", "name")}
    bulk_fields = ["visit_mode"]

    def pre_update(self, item: Any) -> None:
        if item.name == "refused":
            raise PlanningError("This name is not allowed.", field="name")

    @action("greet", "Greet", "Greet them?", "fa-hand")
    def greet(self, items: Any) -> None:
        names = [item.name for item in (items if isinstance(items, list) else [items])]
        flash(f"greeted {len(names)}")


class HoldingView(PlanningView):
    """Who holds a territory."""

    datamodel = SQLAInterface(TerritoryAssignment)
    list_title = "Holdings"
    list_columns = ["user", "kind", "valid_from"]


class DistrictView(PlanningView):
    """Territories with their holders in a tab."""

    datamodel = SQLAInterface(Territory)
    list_title = "Districts"
    list_columns = ["code", "name"]
    show_columns = ["code", "name"]
    related_views = [HoldingView]


VIEWS = (ShopView, HoldingView, DistrictView)


def build(url: str) -> None:
    """Fill the empty database at `url`."""
    set_up(url)
    with built_app(url) as app, app.app_context():
        company = Company(code="C1", name="Company")
        db.session.add(company)
        db.session.flush()
        department = Department(company_id=company.id, code="D1", name="Department")
        db.session.add(department)
        db.session.flush()
        _user(company, "ada", "administrator")
        for number, name in enumerate(("anna", "ben"), start=1):
            territory = Territory(
                company_id=company.id,
                department_id=department.id,
                code=f"T{number}",
                name=f"Lanes of {name}",
            )
            db.session.add(territory)
            user = _user(company, name, "customer_manager")
            db.session.add(
                TerritoryAssignment(
                    company_id=company.id,
                    territory_id=territory.id,
                    user_id=user.id,
                    kind=AssignmentKind.PRIMARY,
                    valid_from=dt.date(2020, 1, 1),
                )
            )
            db.session.add_all(
                _customer(territory, f"{number}{serial:03}", f"{name} shop {serial}")
                for serial in range(PER_TERRITORY)
            )
        db.session.commit()


def _user(company: Company, name: str, role: str) -> PortalUser:
    user = PortalUser(
        username=name,
        first_name=name.title(),
        last_name="Test",
        email=f"{name}@example.org",
        password=generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000"),
        active=True,
        must_change_password=False,
        company_id=company.id,
        roles=[db.session.scalars(select(Role).where(Role.name == role)).one()],
    )
    db.session.add(user)
    db.session.flush()
    return user


def _customer(territory: Territory, code: str, name: str) -> Customer:
    return Customer(
        company_id=territory.company_id,
        territory_id=territory.id,
        code=code,
        name=name,
        market_type=MarketType.URBAN,
        business_type=BusinessType.GROCERY,
        scale=Scale.SMALL,
        grade=int(code) % 30 + 1,
        order_mode=OrderMode.ONLINE,
        settle_mode=SettleMode.ELECTRONIC,
        terminal_type=TerminalType.ORDINARY,
        visit_mode=VisitMode.PHONE,
        open_date=dt.date(2020, 1, 1),
    )
