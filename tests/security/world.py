"""Two companies with everything twice, so that a test can reach for somebody else's rows.

Places: "a1" and "a2" are territories of company A in different departments, "b" is company B.
Each place has one row of every scoped entity, made from the tables themselves, so that a new
entity takes part without a word here; texts of a row carry the place's sentinel.

People (user name = role at place): ``admin_a``, ``market_a1`` (heads the department of a1),
``customer_a1``, ``customer_a2``, ``brand_a``, the same for b, and ``platform`` (no company).
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import JSON, Boolean, Date, DateTime, Enum, Integer, Numeric, inspect, select
from sqlalchemy.orm import Mapper
from werkzeug.security import generate_password_hash

from app.kernel.columns import MonthType
from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    AssignmentKind,
    Company,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.row_scopes import ROW_SCOPES
from app.workflow.flow import transition_running
from tests.conftest import built_app, set_up

PLACES = ("a1", "a2", "b")
SENTINEL = {"a1": "Hibiscus", "a2": "Juniper", "b": "Magnolia"}
PASSWORD = "Green-teapot-42-lamps"
FIRST_DAY = dt.date(2020, 1, 1)

PEOPLE = {
    "admin_a": ("administrator", "a1"),
    "market_a1": ("market_manager", "a1"),
    "customer_a1": ("customer_manager", "a1"),
    "customer_a2": ("customer_manager", "a2"),
    "brand_a": ("brand_manager", "a1"),
    "admin_b": ("administrator", "b"),
    "market_b": ("market_manager", "b"),
    "customer_b": ("customer_manager", "b"),
    "platform": ("administrator", None),
}


def build(url: str) -> None:
    """Fill the empty database at `url`."""
    set_up(url)
    with built_app(url) as app, app.app_context():
        _organisation()
        with transition_running():  # events of the approval flow come from nowhere else
            for place in PLACES:
                filler = Filler(place)
                for model in ROW_SCOPES:
                    filler.row(model)
        db.session.commit()


def _organisation() -> None:
    roles = {role.name: role for role in db.session.scalars(select(Role))}
    companies, territories = {}, {}
    for place in PLACES:
        key = place[0]
        word = SENTINEL[place]
        if key not in companies:
            companies[key] = Company(code=f"C{key}", name=f"{word} company")
            db.session.add(companies[key])
            db.session.flush()
        company = companies[key]
        department = Department(company_id=company.id, code=f"D{place}", name=f"{word} market")
        db.session.add(department)
        db.session.flush()
        territories[place] = Territory(
            company_id=company.id,
            department_id=department.id,
            code=f"T{place}",
            name=f"{word} lanes",
        )
        db.session.add(territories[place])
    db.session.flush()
    for name, (role, place) in PEOPLE.items():
        company = companies[place[0]] if place else None
        user = PortalUser(
            username=name,
            first_name=name.title(),
            last_name=SENTINEL.get(place or "", "Platform"),
            email=f"{name}@example.org",
            employee_no=f"E-{name}",
            password=generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000"),
            active=True,
            must_change_password=False,
            company_id=company.id if company else None,
            roles=[roles[role]],
        )
        db.session.add(user)
        db.session.flush()
        if role == "customer_manager":
            db.session.add(
                TerritoryAssignment(
                    company_id=company.id,
                    territory_id=territories[place].id,
                    user_id=user.id,
                    kind=AssignmentKind.PRIMARY,
                    valid_from=FIRST_DAY,
                )
            )
        if role == "market_manager":
            territories[place].department.manager_id = user.id
    db.session.flush()


class Filler:
    """Makes one row per entity for a place, parents first."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.made: dict[str, Any] = {
            "company": found(Company, code=f"C{place[0]}"),
            "department": found(Department, code=f"D{place}"),
            "territory": found(Territory, code=f"T{place}"),
            "ab_user": found(
                PortalUser,
                username={"a1": "customer_a1", "a2": "customer_a2", "b": "customer_b"}[place],
            ),
        }
        self.made["territory_assignment"] = found(
            TerritoryAssignment, user_id=self.made["ab_user"].id
        )

    def row(self, model: type[Any]) -> Any:
        table = inspect(model).local_table.name
        if table not in self.made:
            item = self._of_company(model)
            if item is None:
                item = model(**dict(self._values(inspect(model))))
                db.session.add(item)
                db.session.flush()
            self.made[table] = item
        return self.made[table]

    def _of_company(self, model: type[Any]) -> Any:
        """The row there is already, of an entity with one row per company."""
        table = inspect(model).local_table
        if [column.name for column in table.primary_key.columns] != ["company_id"]:
            return None
        query = select(model).where(model.company_id == self.made["company"].id)
        return db.session.scalar(query)

    def _values(self, mapper: Mapper[Any]) -> Iterator[tuple[str, Any]]:
        table = mapper.local_table
        linked = {}
        for constraint in table.foreign_key_constraints:
            needed = [e for e in constraint.elements if not e.parent.nullable]
            parent = self._parent(constraint.referred_table) if needed else None
            for element in needed:
                if parent is not None:
                    remote = inspect(type(parent)).get_property_by_column(element.column).key
                    linked[element.parent] = getattr(parent, remote)
        for attribute in mapper.column_attrs:
            column = attribute.columns[0]
            if column in linked:
                yield attribute.key, linked[column]
            elif column.name == "company_id":
                yield attribute.key, self.made["company"].id
            elif column.name == "requested_by" or (
                column.name == "user_id" and not column.nullable
            ):
                yield attribute.key, self.made["ab_user"].id
            elif column.name == "active":
                yield attribute.key, True
            elif (
                column.primary_key
                and column.autoincrement in (True, "auto")
                and (len(table.primary_key.columns) == 1 and isinstance(column.type, Integer))
            ):
                continue
            elif (
                column.default is None and column.server_default is None and not column.nullable
            ) or column.name in ("name", "phone", "remark", "title"):
                yield attribute.key, self._filling(column)

    def _parent(self, table: Any) -> Any:
        for mapper in db.Model.registry.mappers:
            if mapper.local_table is table and mapper.class_.__name__ != "User":
                return self.row(mapper.class_)
        raise LookupError(table.name)

    def _filling(self, column: Any) -> Any:
        kind = column.type
        number = PLACES.index(self.place) + 1
        if isinstance(kind, Enum):
            return next(iter(kind.enum_class))
        if isinstance(kind, Boolean):
            return True
        if isinstance(kind, MonthType):
            return Month(2026, 9 + number)
        if isinstance(kind, DateTime):
            return dt.datetime(2026, 11, number, 8)  # noqa: DTZ001 -- UTC, stored without zone
        if isinstance(kind, Date):
            return dt.date(2026, 11, number)
        if isinstance(kind, Integer | Numeric):
            return number
        if isinstance(kind, JSON):
            return {}
        return f"{mark(self.place, column.table.name)}{column.name}"[
            : getattr(kind, "length", None) or 40
        ]


def mark(place: str, table: str) -> str:
    """How the texts of a table's row of a place begin; short enough for the shortest column."""
    return f"{SENTINEL[place]}-{table}-"[:20]


def found(model: type[Any], **values: Any) -> Any:
    """The one row with these values, unscoped."""
    return db.session.scalars(select(model).filter_by(**values)).one()


@contextmanager
def signed_in(app: Flask, username: str, method: str = "GET", path: str = "/") -> Iterator[Any]:
    """A request context in which `username` is logged in and the row scope is resolved."""
    from app.security.identity import identify

    with app.test_request_context(path, method=method):
        from flask import g

        from app.security.row_scope import UNRESTRICTED, scoped_to

        with scoped_to(UNRESTRICTED):
            user = found(PortalUser, username=username)
            identify(user)
        g.user = user
        yield user
