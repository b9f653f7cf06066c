"""Work calendar 工作日历 and versioned parameters 参数."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Date, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label


class DaySource(LabelledEnum):
    """Where a calendar day's entry came from; days set by hand survive a reload of the default."""

    DEFAULT = ("默认", N_("Official calendar"))
    MANUAL = ("手工", N_("By hand"))


class CalendarDay(Recorded, db.Model):
    """One day of a company's work calendar. Grain: company × day."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        UniqueConstraint("company_id", "day"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    day: Mapped[dt.date] = mapped_column(Date, **label("Date"))
    is_workday: Mapped[bool] = mapped_column(**label("Workday"))
    name: Mapped[str | None] = mapped_column(
        String(40), **label("Occasion", help="Holiday or make-up workday")
    )
    source: Mapped[DaySource] = mapped_column(
        code_list(DaySource), default=DaySource.DEFAULT, **label("Set by")
    )

    def __repr__(self) -> str:
        return self.day.isoformat()


class ParameterVersion(Recorded, db.Model):
    """A numbered set of all parameters of a company; computed records keep the number."""

    __tablename__ = "parameter_version"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    number: Mapped[int] = mapped_column(Integer, **label("Parameter version"))
    note: Mapped[str] = mapped_column(String(200), **label("Reason for the change"))

    values: Mapped[list[ParameterValue]] = relationship(
        "ParameterValue", back_populates="parameter_version", cascade="all, delete-orphan"
    )

    def __repr__(self) -> str:
        return f"v{self.number}"


class ParameterValue(db.Model):
    """A parameter's value in a version, an integer in the unit its definition states."""

    __tablename__ = "parameter_value"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    version_id: Mapped[int] = mapped_column(
        ForeignKey("parameter_version.id"), primary_key=True, **label("Parameter version")
    )
    code: Mapped[str] = mapped_column(String(60), primary_key=True, **label("Parameter"))
    value: Mapped[int] = mapped_column(Integer, **label("Value"))

    parameter_version: Mapped[ParameterVersion] = relationship(
        ParameterVersion, back_populates="values"
    )
