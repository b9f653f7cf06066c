"""§2.2 step 9 — the visit plan 拜访计划: who is visited on which day."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, MonthType, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month
from app.master.models.customer import VisitFrequency
from app.plan.models.month_plan import RowOrigin


class VisitStatus(LabelledEnum):
    """计划→完成/未访/取消."""

    PLANNED = ("计划", N_("Planned"))
    DONE = ("完成", N_("Visited"))
    MISSED = ("未访", N_("Not visited"))
    CANCELLED = ("取消", N_("Cancelled"))


class VisitObstacle(LabelledEnum):
    """Why a customer could not be planned as often, or on the weekday, as wished.

    With the two of the weekday the visit stands on another day of the week; no visit is missing.
    """

    NO_FREQUENCY = ("无频率", N_("No visit frequency"))
    NO_WORKDAY = ("无工作日", N_("The week has no workday"))
    DAY_FULL = ("能力不足", N_("Every possible day is full"))
    DATE_TAKEN = ("日期已用", N_("The only possible day has a cancelled or missed visit"))
    WEEKDAY_OFF = ("意愿日休息", N_("The wished weekday is a day off"))
    WEEKDAY_FULL = ("意愿日已满", N_("The wished weekday is full"))


class DayChoice(LabelledEnum):
    """Why generation chose the day."""

    WISHED = ("意愿日", N_("The wished weekday"))
    LINE = ("同线路", N_("With its line, days levelled"))
    WEEKDAY_OFF = ("意愿日休息", N_("The wished weekday is a day off"))
    WEEKDAY_FULL = ("意愿日已满", N_("The wished weekday is full"))


class VisitPlan(Recorded, db.Model):
    """A visit to a customer on a day. Grain: company × customer × date.

    `month` is that of the work week (its Thursday's), which decides the frequency. `sequence` is
    the place in the day's route, from 1. `moved_from` is the day it was first planned for.
    A generated visit tells why it is there: `run_id` is the generation, with its parameter
    version, `frequency` the one it was planned for, `day_choice` the reason for the day.
    `is_touched` and CANCELLED: a person's decision, generation leaves the turn empty.
    """

    __tablename__ = "visit_plan"
    __table_args__ = (
        UniqueConstraint("company_id", "customer_id", "date"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        Index("ix_visit_plan_day", "company_id", "territory_id", "date"),
        Index("ix_visit_plan_month", "company_id", "month", "territory_id"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    customer_id: Mapped[int] = mapped_column(BigId, **label("Customer"))
    date: Mapped[dt.date] = mapped_column(Date, **label("Visit date"))
    month: Mapped[Month] = mapped_column(MonthType, **label("Work month of the week"))
    origin: Mapped[RowOrigin] = mapped_column(code_list(RowOrigin), **label("Origin"))
    status: Mapped[VisitStatus] = mapped_column(
        code_list(VisitStatus), default=VisitStatus.PLANNED, **label("Status")
    )
    sequence: Mapped[int | None] = mapped_column(SmallInteger, **label("Place in the route"))
    moved_from: Mapped[dt.date | None] = mapped_column(Date, **label("Moved from"))
    is_touched: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default="0", **label("Changed by hand")
    )
    note: Mapped[str | None] = mapped_column(String(200), **label("Remark"))
    run_id: Mapped[int | None] = mapped_column(BigId, **label("Generation"))
    frequency: Mapped[VisitFrequency | None] = mapped_column(
        code_list(VisitFrequency), **label("Planned for the frequency")
    )
    day_choice: Mapped[DayChoice | None] = mapped_column(
        code_list(DayChoice), **label("Reason for the day")
    )

    customer = relationship("Customer", viewonly=True)
    territory = relationship("Territory")

    def __repr__(self) -> str:
        return f"{self.date} {self.customer}"


class VisitPlanRun(Recorded, db.Model):
    """A generation of visits. Grain: company × territory × run; figures of what it did."""

    __tablename__ = "visit_plan_run"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        Index("ix_visit_plan_run_territory", "company_id", "territory_id", "from_date"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    from_date: Mapped[dt.date] = mapped_column(Date, **label("From"))
    to_date: Mapped[dt.date] = mapped_column(Date, **label("To"))
    generated_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Generated at"))
    parameter_version: Mapped[int] = mapped_column(Integer, **label("Parameter version"))
    added: Mapped[int] = mapped_column(Integer, **label("Visits added"))
    removed: Mapped[int] = mapped_column(Integer, **label("Visits removed"))
    kept: Mapped[int] = mapped_column(Integer, **label("Visits kept"))

    territory = relationship("Territory")

    def __repr__(self) -> str:
        return f"{self.territory} {self.from_date} – {self.to_date}"


class VisitPlanProblem(db.Model):
    """A customer a run could not plan as wished. Grain: run × customer × obstacle."""

    __tablename__ = "visit_plan_problem"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "run_id"],
            ["visit_plan_run.company_id", "visit_plan_run.id"],
            ondelete="CASCADE",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    run_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Generation"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    obstacle: Mapped[VisitObstacle] = mapped_column(
        code_list(VisitObstacle), primary_key=True, **label("Obstacle")
    )
    missing: Mapped[int] = mapped_column(
        SmallInteger, default=0, server_default="0", **label("Visits missing")
    )
