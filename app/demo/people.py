"""Company, departments, territories, people and who holds which territory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.demo.plan import Dates, seed_rows
from app.models import (
    AssignmentKind,
    Company,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """How demo accounts are made; development accounts need not change their password."""

    password: str
    hash_method: str
    must_change_password: bool


def add_company(session: Session, code: str) -> Company:
    row = next(row for row in seed_rows("companies") if row["code"] == code)
    company = Company(code=code, name=row["name"])
    session.add(company)
    session.flush()
    return company


def licence_prefix(code: str) -> str:
    """The first digits of the company's licence numbers."""
    return next(row["prefix"] for row in seed_rows("companies") if row["code"] == code)


def add_people(session: Session, company: Company, accounts: Accounts) -> dict[str, PortalUser]:
    """The accounts of a company, and the platform administrator if there is none: name → user."""
    roles = {role.name: role for role in session.scalars(select(Role))}
    taken = set(session.scalars(select(PortalUser.username)))
    users = {}
    for number, row in enumerate(seed_rows("people")):
        if row["company"] not in ("", company.code) or row["username"] in taken:
            continue
        user = PortalUser(
            username=row["username"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            email=f"{row['username']}@portal.invalid",
            active=True,
            password=generate_password_hash(accounts.password, method=accounts.hash_method),
            company_id=company.id if row["company"] else None,
            employee_no=row["employee_no"],
            # 120 is not a mobile prefix, so these numbers are nobody's.
            phone=f"120{number:08d}",
            must_change_password=accounts.must_change_password,
            roles=[roles[row["role"]]],
        )
        session.add(user)
        users[row["username"]] = user
    session.flush()
    return users


def add_territories(
    session: Session, company: Company, users: dict[str, PortalUser]
) -> dict[str, int]:
    """Departments with their managers and territories: territory code → id."""
    departments = {}
    for row in seed_rows("departments", company.code):
        departments[row["code"]] = Department(
            company_id=company.id,
            code=row["code"],
            name=row["name"],
            manager_id=users[row["manager"]].id,
        )
    session.add_all(departments.values())
    session.flush()
    territories = {
        row["code"]: Territory(
            company_id=company.id,
            department_id=departments[row["department"]].id,
            code=row["code"],
            name=row["name"],
        )
        for row in seed_rows("territories", company.code)
    }
    session.add_all(territories.values())
    session.flush()
    return {code: territory.id for code, territory in territories.items()}


def assign_territories(
    session: Session,
    company: Company,
    territories: dict[str, int],
    users: dict[str, PortalUser],
    dates: Dates,
) -> None:
    """Primary holders for the whole time; the second holder covers the first territory now."""
    rows = seed_rows("territories", company.code)
    start = dates.ago(18).first_day
    assignments = [
        _assignment(company, territories[row["code"]], users[row["holder"]], start) for row in rows
    ]
    if len(rows) > 1:
        assignments.append(
            _assignment(
                company,
                territories[rows[0]["code"]],
                users[rows[1]["holder"]],
                dates.reference - dt.timedelta(days=7),
                dates.reference + dt.timedelta(days=14),
                AssignmentKind.SUBSTITUTE,
            )
        )
    session.execute(insert(TerritoryAssignment.__table__), assignments)


def _assignment(
    company: Company,
    territory_id: int,
    user: PortalUser,
    first: dt.date,
    last: dt.date | None = None,
    kind: AssignmentKind = AssignmentKind.PRIMARY,
) -> dict[str, object]:
    return {
        "company_id": company.id,
        "territory_id": territory_id,
        "user_id": user.id,
        "kind": kind,
        "valid_from": first,
        "valid_to": last,
    }
