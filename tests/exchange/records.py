"""A made-up company with its people and customers, for the tests of the exchange."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import insert, select
from werkzeug.security import generate_password_hash

from app.kernel.db import db
from app.models import (
    AssignmentKind,
    BusinessType,
    Company,
    Customer,
    CustomerStatus,
    Department,
    MarketType,
    OrderMode,
    PortalUser,
    Scale,
    SettleMode,
    TerminalType,
    Territory,
    TerritoryAssignment,
)

PASSWORD = "Test-password-135"
ROLES = ("administrator", "market_manager", "customer_manager", "brand_manager")


def make_company(app: Flask, code: str = "A") -> int:
    """A company with a department, two territories and one person per role; its id.

    User names are role and company code, e.g. ``administrator_a``. The customer manager holds
    the first territory only.
    """
    with app.app_context():
        company = Company(code=code, name=f"Company {code}")
        db.session.add(company)
        db.session.flush()
        people = {role: make_person(role, company) for role in ROLES}
        department = Department(
            company=company, code="D", name="Department", manager=people["market_manager"]
        )
        territories = [
            Territory(company=company, department=department, code=f"T{n}", name=f"Territory {n}")
            for n in (1, 2)
        ]
        db.session.add_all(territories)
        db.session.flush()
        db.session.add(
            TerritoryAssignment(
                company=company,
                territory=territories[0],
                user=people["customer_manager"],
                kind=AssignmentKind.PRIMARY,
                valid_from=dt.date(2020, 1, 1),
            )
        )
        db.session.commit()
        return company.id


def make_person(role: str, company: Company) -> PortalUser:
    name = f"{role}_{company.code.lower()}"
    person = PortalUser(
        username=name,
        first_name=role,
        last_name="",
        email=f"{name}@example.org",
        active=True,
        password=generate_password_hash(PASSWORD, "pbkdf2:sha256:1000"),
        company=company,
        must_change_password=False,
        roles=[db.session.scalars(select(Role).where(Role.name == role)).one()],
    )
    db.session.add(person)
    return person


def make_customers(app: Flask, company_id: int, count: int, **values: Any) -> None:
    """`count` customers C000001 …, alternating between the company's territories."""
    fixed = {
        "company_id": company_id,
        "market_type": MarketType.URBAN,
        "business_type": BusinessType.CONVENIENCE,
        "scale": Scale.LARGE,
        "grade": 7,
        "order_mode": next(iter(OrderMode)),
        "settle_mode": SettleMode.CASH,
        "terminal_type": TerminalType.ORDINARY,
        "status": CustomerStatus.ACTIVE,
        "open_date": dt.date(2020, 2, 29),
        **values,
    }
    with app.app_context():
        places = db.session.scalars(
            select(Territory.id).where(Territory.company_id == company_id).order_by(Territory.id)
        ).all()
        rows = [
            {
                **fixed,
                "code": f"C{number:06d}",
                "name": values.get("name", f"客户{number}"),
                "territory_id": places[number % 2],
            }
            for number in range(1, count + 1)
        ]
        db.session.connection().execute(insert(Customer.__table__), rows)
        db.session.commit()


def logged_in(app: Flask, username: str, language: str = "en") -> FlaskClient:
    """A client after the login form."""
    client = app.test_client()
    answer = client.post("/login/", data={"username": username, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    with client.session_transaction() as session:
        session["locale"] = language
    return client
