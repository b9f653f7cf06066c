"""§1.1 — retail customers 零售客户 and the territories they stood in."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.master.models.findable import Findable


class MarketType(LabelledEnum):
    """市场类型."""

    URBAN = ("C", N_("Town market"), "城镇", "城区", "urban", "town")
    RURAL = ("X", N_("Rural market"), "乡村", "乡镇", "农村", "rural")


class BusinessType(LabelledEnum):
    """业态."""

    GROCERY = ("Z", N_("Grocery"), "食杂店", "食杂")
    CONVENIENCE = ("B", N_("Convenience store"), "便利店")
    SUPERMARKET = ("S", N_("Supermarket"), "超市")
    MALL = ("N", N_("Shopping mall"), "商场")
    TOBACCO = ("Y", N_("Tobacco and liquor shop"), "烟酒商店", "烟酒店")
    LEISURE = ("F", N_("Leisure services"), "娱乐服务", "娱乐服务类")
    OTHER = ("Q", N_("Other business"), "其他", "其它")


class Scale(LabelledEnum):
    """经营规模."""

    LARGE = ("大", N_("Large"), "L", "大型")
    MEDIUM = ("中", N_("Medium"), "M", "中型")
    SMALL = ("小", N_("Small"), "S", "小型")


class OrderMode(LabelledEnum):
    """订货方式."""

    ONLINE = ("网上订货", N_("Online ordering"), "网订", "网上")
    PHONE = ("电话订货", N_("Telephone ordering"), "电访", "电话")
    MANUAL = ("手工订货", N_("Manual ordering"), "手工")


class SettleMode(LabelledEnum):
    """结算方式."""

    ELECTRONIC = ("电子结算", N_("Electronic settlement"), "电结")
    CASH = ("现金", N_("Cash"), "现金结算")


class TerminalType(LabelledEnum):
    """终端类型."""

    ORDINARY = ("普通", N_("Ordinary terminal"), "普通终端")
    MODERN = ("现代", N_("Modern terminal"), "现代终端")
    FRANCHISE = ("加盟", N_("Franchise terminal"), "加盟终端")


class CustomerStatus(LabelledEnum):
    """客户状态; valid 有效 = ACTIVE."""

    ACTIVE = ("正常", N_("Active"), "有效", "营业")
    SUSPENDED = ("停业", N_("Suspended"))
    RESTING = ("歇业", N_("Temporarily closed"))
    CANCELLED = ("注销", N_("Licence cancelled"))


class VisitMode(LabelledEnum):
    """拜访方式 §1.1: must be maintained before weekly and daily sheets can contain the customer."""

    ONSITE = ("上门拜访", N_("Visit on site"), "上门", "实地拜访")
    PHONE = ("电话拜访", N_("Telephone visit"), "电话")
    ONLINE = ("网络拜访", N_("Online visit"), "网络", "微信")
    MEETING = ("座谈会", N_("Round-table meeting"), "座谈")


class VisitFrequency(LabelledEnum):
    """拜访频率."""

    WEEKLY = ("每周一次", N_("Once a week"), "周")
    SEMIMONTHLY = ("每月两次", N_("Twice a month"), "半月")
    MONTHLY = ("每月一次", N_("Once a month"), "月")


class FrequencySource(LabelledEnum):
    """Who set the visit frequency: the approved month plan or a person."""

    SYSTEM = ("系统", N_("System"))
    MANUAL = ("手工", N_("By hand"))


class Customer(Findable, Recorded, db.Model):
    """A licensed retailer. Grain: one row per company and customer code."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("grade BETWEEN 1 AND 30", name="grade"),
        CheckConstraint("order_weekday BETWEEN 1 AND 7", name="order_weekday"),
        CheckConstraint("visit_weekday BETWEEN 1 AND 7", name="visit_weekday"),
        Index("ix_customer_territory", "company_id", "territory_id", "code"),
        Index("ix_customer_name", "company_id", "name"),
        # Read from end to end where a part of a name, code or phone is looked for: narrow, and
        # no row of the table is touched.
        Index("ix_customer_search", "company_id", "territory_id", "search_words", "code", "phone"),
        Index("ix_customer_visit_mode", "company_id", "visit_mode", "territory_id", "status"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    code: Mapped[str] = mapped_column(String(20), **label("Customer code"))
    name: Mapped[str] = mapped_column(String(100), **label("Customer name"))
    owner: Mapped[str | None] = mapped_column(String(60), **label("Shop owner"))
    phone: Mapped[str | None] = mapped_column(String(30), **label("Phone"))
    address: Mapped[str | None] = mapped_column(String(200), **label("Address"))
    neighbourhood: Mapped[str | None] = mapped_column(String(60), **label("Neighbourhood"))
    longitude: Mapped[float | None] = mapped_column(
        Numeric(9, 6, asdecimal=False), **label("Longitude")
    )
    latitude: Mapped[float | None] = mapped_column(
        Numeric(9, 6, asdecimal=False), **label("Latitude")
    )
    market_type: Mapped[MarketType] = mapped_column(code_list(MarketType), **label("Market type"))
    business_type: Mapped[BusinessType] = mapped_column(
        code_list(BusinessType), **label("Business type")
    )
    scale: Mapped[Scale] = mapped_column(code_list(Scale), **label("Business scale"))
    grade: Mapped[int] = mapped_column(
        SmallInteger, **label("Grade", help="1 to 30; 30 is the highest")
    )
    order_mode: Mapped[OrderMode] = mapped_column(code_list(OrderMode), **label("Order mode"))
    order_weekday: Mapped[int | None] = mapped_column(
        SmallInteger, **label("Order weekday", help="1 = Monday … 7 = Sunday")
    )
    settle_mode: Mapped[SettleMode] = mapped_column(
        code_list(SettleMode), **label("Settlement mode")
    )
    terminal_type: Mapped[TerminalType] = mapped_column(
        code_list(TerminalType), **label("Terminal type")
    )
    line: Mapped[str | None] = mapped_column(String(40), **label("Visit line"))
    visit_mode: Mapped[VisitMode | None] = mapped_column(
        code_list(VisitMode),
        **label("Visit mode", help="Without it the customer is left out of week and day sheets"),
    )
    visit_frequency: Mapped[VisitFrequency | None] = mapped_column(
        code_list(VisitFrequency),
        **label("Visit frequency", help="Set by the approved month plan; may be changed by hand"),
    )
    frequency_source: Mapped[FrequencySource | None] = mapped_column(
        code_list(FrequencySource), **label("Frequency set by")
    )
    visit_weekday: Mapped[int | None] = mapped_column(
        SmallInteger, **label("Visit weekday", help="1 = Monday … 7 = Sunday")
    )
    status: Mapped[CustomerStatus] = mapped_column(
        code_list(CustomerStatus), default=CustomerStatus.ACTIVE, **label("Customer status")
    )
    open_date: Mapped[dt.date] = mapped_column(Date, **label("Opened on"))
    close_date: Mapped[dt.date | None] = mapped_column(Date, **label("Closed on"))
    remark: Mapped[str | None] = mapped_column(String(500), **label("Remark"))
    batch_id: Mapped[int | None] = mapped_column(Integer, **label("Import batch"))

    territory = relationship("Territory")

    def __repr__(self) -> str:
        return f"{self.code} {self.name}"


class CustomerTerritory(db.Model):
    """Where a customer stood, from a day to a day; the open row is the present territory.

    Grain: customer × first day. A sales line is credited to the territory of its order date.
    """

    __tablename__ = "customer_territory"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        Index("ix_customer_territory_period", "company_id", "territory_id", "valid_from"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    valid_from: Mapped[dt.date] = mapped_column(Date, primary_key=True, **label("From"))
    valid_to: Mapped[dt.date | None] = mapped_column(Date, **label("To"))
    territory_id: Mapped[int] = mapped_column(ForeignKey("territory.id"), **label("Territory"))
