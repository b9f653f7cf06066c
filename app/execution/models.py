"""§2.2 step 11 — daily visit records 日拜访记录, printed sheets, and what visits left to follow up."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
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

from app.kernel.columns import BigId, Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.master.models.customer import VisitMode


class VisitOutcome(LabelledEnum):
    """Whether the customer was visited; empty = not recorded yet."""

    VISITED = ("已访", N_("Visited"))
    NOT_VISITED = ("未访", N_("Not visited"))


class UnvisitedReason(LabelledEnum):
    """Why a planned visit did not happen."""

    CLOSED = ("停业", N_("Shop closed"))
    ABSENT = ("不在店", N_("Nobody in the shop"))
    ROUTE = ("路线变更", N_("Route changed"))
    WEATHER = ("天气", N_("Weather"))
    OTHER = ("其他", N_("Other"))


class FollowUpKind(LabelledEnum):
    """What a visit left to follow up 督办."""

    SUGGESTION = ("意见建议", N_("Customer suggestion"))
    ANOMALY = ("市场异常", N_("Market anomaly"))


class FollowUpStatus(LabelledEnum):
    """待办→处理中→已办结→已答复客户."""

    OPEN = ("待办", N_("Not begun"))
    IN_WORK = ("处理中", N_("In work"))
    RESOLVED = ("已办结", N_("Resolved"))
    ANSWERED = ("已答复", N_("Answered to the customer"))


class DailyVisit(Recorded, db.Model):
    """The record of a visit. Grain: company × customer × date.

    `client_key` is made by the phone for a draft: sending it twice gives one record. `outcome`
    empty = prepared, not recorded yet. Times are local times of the visit's date.
    """

    __tablename__ = "daily_visit"
    __table_args__ = (
        UniqueConstraint("company_id", "customer_id", "date"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "client_key"),
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        Index("ix_daily_visit_day", "company_id", "territory_id", "date"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    customer_id: Mapped[int] = mapped_column(BigId, **label("Customer"))
    date: Mapped[dt.date] = mapped_column(Date, **label("Visit date"))
    visit_plan_id: Mapped[int | None] = mapped_column(BigId, **label("Planned visit"))
    mode: Mapped[VisitMode | None] = mapped_column(code_list(VisitMode), **label("Visit mode"))
    outcome: Mapped[VisitOutcome | None] = mapped_column(
        code_list(VisitOutcome), **label("Result of the visit")
    )
    started_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Arrived at"))
    minutes: Mapped[int | None] = mapped_column(
        SmallInteger, **label("Duration of the visit", unit="minutes")
    )
    unvisited_reason: Mapped[UnvisitedReason | None] = mapped_column(
        code_list(UnvisitedReason), **label("Not visited because")
    )
    market_issue: Mapped[str | None] = mapped_column(String(1000), **label("Market anomalies"))
    opinion: Mapped[str | None] = mapped_column(String(1000), **label("Customer suggestions"))
    effect: Mapped[str | None] = mapped_column(String(1000), **label("Effect and impressions"))
    moved_to: Mapped[dt.date | None] = mapped_column(Date, **label("New visit date"))
    client_key: Mapped[str | None] = mapped_column(String(40), **label("Draft key"))
    recorded_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Recorded at"))
    recorded_by: Mapped[int | None] = mapped_column(Integer, **label("Recorded by"))

    customer = relationship("Customer", viewonly=True)
    territory = relationship("Territory")

    def __repr__(self) -> str:
        return f"{self.date} {self.customer}"


class DailySheet(Recorded, db.Model):
    """A printed day sheet. Grain: company × territory × date × number (1 = first print)."""

    __tablename__ = "daily_sheet"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "date", "number"),
        UniqueConstraint("company_id", "id"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    date: Mapped[dt.date] = mapped_column(Date, **label("Visit date"))
    number: Mapped[int] = mapped_column(SmallInteger, **label("Print number"))
    plan_version: Mapped[int] = mapped_column(Integer, **label("Version of the service plan"))
    printed_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Printed at"))
    printed_by: Mapped[int | None] = mapped_column(Integer, **label("Printed by"))
    customers: Mapped[int] = mapped_column(Integer, **label("Customers"))

    territory = relationship("Territory")


class DailySheetLine(db.Model):
    """What a printed sheet said about a customer. Grain: sheet × customer × item.

    `item_id` 0 = the customer has no open strategy. `content` as it was printed.
    """

    __tablename__ = "daily_sheet_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "sheet_id"],
            ["daily_sheet.company_id", "daily_sheet.id"],
            ondelete="CASCADE",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    sheet_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Day sheet"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    item_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Strategy item"))
    sequence: Mapped[int] = mapped_column(SmallInteger, **label("Place in the route"))
    content: Mapped[str] = mapped_column(String(700), **label("Visit content"))


class FollowUp(Recorded, db.Model):
    """督办: a suggestion or anomaly with owner and due date, followed until the customer knows.

    Grain: company × visit × kind, or one written without a visit.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        UniqueConstraint("company_id", "daily_visit_id", "kind"),
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        ForeignKeyConstraint(
            ["company_id", "daily_visit_id"], ["daily_visit.company_id", "daily_visit.id"]
        ),
        Index("ix_follow_up_territory", "company_id", "territory_id", "status", "due_date"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    customer_id: Mapped[int] = mapped_column(BigId, **label("Customer"))
    daily_visit_id: Mapped[int | None] = mapped_column(BigId, **label("Visit"))
    kind: Mapped[FollowUpKind] = mapped_column(code_list(FollowUpKind), **label("Kind"))
    text: Mapped[str] = mapped_column(String(1000), **label("What was said"))
    status: Mapped[FollowUpStatus] = mapped_column(
        code_list(FollowUpStatus), default=FollowUpStatus.OPEN, **label("Status")
    )
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("ab_user.id"), index=True, **label("Responsible")
    )
    due_date: Mapped[dt.date | None] = mapped_column(Date, **label("Due on"))
    answer: Mapped[str | None] = mapped_column(String(1000), **label("Answer"))
    resolved_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Resolved at"))
    resolved_by: Mapped[int | None] = mapped_column(Integer, **label("Resolved by"))
    answered_on: Mapped[dt.date | None] = mapped_column(
        Date, **label("Answered to the customer on")
    )

    customer = relationship("Customer", viewonly=True)
    territory = relationship("Territory")
    owner = relationship("PortalUser", foreign_keys=[owner_id])

    def __repr__(self) -> str:
        return f"{self.customer} · {self.text[:30]}"
