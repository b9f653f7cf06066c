"""Company 公司 → department 市场部 → territory 片区, who works where, and the portal's users."""

from __future__ import annotations

import datetime as dt

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label


class AssignmentKind(LabelledEnum):
    """How a user holds a territory."""

    PRIMARY = ("主责", N_("Primary"), "main", "负责")
    SUBSTITUTE = ("代管", N_("Substitute"), "cover", "代理")


class Company(Recorded, db.Model):
    """A city company 市公司: the tenant. Every large table carries its id."""

    __tablename__ = "company"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    code: Mapped[str] = mapped_column(String(20), unique=True, **label("Company code"))
    name: Mapped[str] = mapped_column(String(80), **label("Company name"))
    is_active: Mapped[bool] = mapped_column(default=True, **label("Active"))

    def __repr__(self) -> str:
        return self.name


class PortalUser(User):
    """A person who logs in: FAB's user plus employee number, phone and company.

    `company_id` is empty for platform administrators only, who see every company.
    `session_epoch` grows whenever old sessions must end (password or role changed).
    `locked_until` is when the next attempt to log in will be looked at; the time of the last
    failure while `fail_login_count` is low.
    """

    __tablename__ = "ab_user"

    company_id: Mapped[int | None] = mapped_column(
        ForeignKey("company.id"), index=True, **label("Company")
    )
    employee_no: Mapped[str | None] = mapped_column(String(20), **label("Employee number"))
    phone: Mapped[str | None] = mapped_column(String(30), **label("Phone"))
    must_change_password: Mapped[bool] = mapped_column(
        default=True, server_default="1", **label("Must change the password")
    )
    session_epoch: Mapped[int] = mapped_column(
        default=1, server_default="1", **label("Session epoch")
    )

    locked_until: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Locked until"))

    company: Mapped[Company | None] = relationship(Company, foreign_keys=[company_id])

    @property
    def display_name(self) -> str:
        """Family name first, as in Chinese; Latin names with a space."""
        family, given = self.last_name or "", self.first_name or ""
        joint = "" if (family + given) and not (family + given).isascii() else " "
        return f"{family}{joint}{given}".strip() or self.username

    def __repr__(self) -> str:
        return self.display_name


class Department(Recorded, db.Model):
    """A market department 市场部 and the market manager who heads it."""

    __tablename__ = "department"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    code: Mapped[str] = mapped_column(String(40), **label("Department code"))
    name: Mapped[str] = mapped_column(String(80), **label("Department name"))
    manager_id: Mapped[int | None] = mapped_column(
        ForeignKey("ab_user.id"), index=True, **label("Market manager")
    )

    company: Mapped[Company] = relationship(Company)
    manager: Mapped[PortalUser | None] = relationship(PortalUser, foreign_keys=[manager_id])

    def __repr__(self) -> str:
        return self.name


class Territory(Recorded, db.Model):
    """A territory 片区: the key of plans, analyses, targets, visits and summaries."""

    __tablename__ = "territory"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    department_id: Mapped[int] = mapped_column(
        ForeignKey("department.id"), index=True, **label("Department")
    )
    code: Mapped[str] = mapped_column(String(40), **label("Territory code"))
    name: Mapped[str] = mapped_column(String(80), **label("Territory name"))

    company: Mapped[Company] = relationship(Company)
    department: Mapped[Department] = relationship(Department)

    def __repr__(self) -> str:
        return self.name


class TerritoryAssignment(Recorded, db.Model):
    """A user holds a territory from a day to a day (empty = until further notice).

    One primary at a time per territory; substitutes cover absences and may overlap.
    """

    __tablename__ = "territory_assignment"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        Index(None, "user_id", "valid_from"),
        Index(None, "territory_id", "valid_from"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    territory_id: Mapped[int] = mapped_column(ForeignKey("territory.id"), **label("Territory"))
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), **label("Customer manager"))
    kind: Mapped[AssignmentKind] = mapped_column(
        code_list(AssignmentKind), **label("Assignment kind")
    )
    valid_from: Mapped[dt.date] = mapped_column(Date, **label("From"))
    valid_to: Mapped[dt.date | None] = mapped_column(
        Date, **label("To", help="The last day included; empty = until further notice")
    )

    company: Mapped[Company] = relationship(Company)
    territory: Mapped[Territory] = relationship(Territory)
    user: Mapped[PortalUser] = relationship(PortalUser, foreign_keys=[user_id])

    def __repr__(self) -> str:
        return f"{self.territory} · {self.user}"
