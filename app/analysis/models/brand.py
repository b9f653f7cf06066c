"""§2.2 steps 3–5 — watched products, brand targets, target customers, monthly brand analysis."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, MonthType, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month
from app.master.models.catalogue import ProblemReason
from app.master.models.product import Product


class RateKind(LabelledEnum):
    """四率. Only the out-of-stock rate is better when low."""

    LISTING = ("上柜率", N_("Listing rate"))
    ACTIVE = ("动销率", N_("Active sales rate"))
    STOCKOUT = ("断货率", N_("Out-of-stock rate"))
    REPURCHASE = ("重购率", N_("Repurchase rate"))


class Judgement(LabelledEnum):
    """状态判断 against the target; undefined figures and missing targets are states of their own."""

    NORMAL = ("正常", N_("Normal"))
    ABNORMAL = ("异常", N_("Abnormal"))
    NO_TARGET = ("无目标", N_("No target"))
    UNDETERMINED = ("无法判定", N_("Cannot be judged"))


class AnalysisStatus(LabelledEnum):
    """草稿→已完成; back until the month plan is submitted."""

    DRAFT = ("草稿", N_("Draft"))
    COMPLETED = ("已完成", N_("Completed"))


class FocusProduct(Recorded, db.Model):
    """关注商品 issued by a market manager. Grain: department × product × first month."""

    __tablename__ = "focus_product"
    __table_args__ = (
        UniqueConstraint("company_id", "department_id", "product_id", "from_month"),
        CheckConstraint("to_month >= from_month", name="months"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    department_id: Mapped[int] = mapped_column(
        ForeignKey("department.id"), index=True, **label("Department")
    )
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), index=True, **label("Product")
    )
    from_month: Mapped[Month] = mapped_column(MonthType, **label("From month"))
    to_month: Mapped[Month] = mapped_column(MonthType, **label("To month"))
    remark: Mapped[str | None] = mapped_column(String(200), **label("Remark"))

    department = relationship("Department")
    product: Mapped[Product] = relationship(Product)

    def __repr__(self) -> str:
        return str(self.product)


def _target(msgid: str) -> Mapped[int | None]:
    return mapped_column(
        Integer, nullable=True, **label(msgid, unit="hundredths", help="Percent; empty = no target")
    )


class BrandTarget(Recorded, db.Model):
    """四率目标 of a product. Grain: territory × product × first month; ranges do not overlap.

    Targets in hundredths of a percent: 10000 = 100 %. `list_revision` counts the changes of the
    target customers; 0 = no list yet.
    """

    __tablename__ = "brand_target"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "product_id", "from_month"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("to_month >= from_month", name="months"),
        CheckConstraint("listing_target BETWEEN 0 AND 10000", name="listing_target"),
        CheckConstraint("active_target BETWEEN 0 AND 20000", name="active_target"),
        CheckConstraint("stockout_target BETWEEN 0 AND 10000", name="stockout_target"),
        CheckConstraint("repurchase_target BETWEEN 0 AND 10000", name="repurchase_target"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), **label("Product"))
    from_month: Mapped[Month] = mapped_column(MonthType, **label("From month"))
    to_month: Mapped[Month] = mapped_column(MonthType, **label("To month"))
    listing_target: Mapped[int | None] = _target(N_("Target of the listing rate"))
    active_target: Mapped[int | None] = _target(N_("Target of the active sales rate"))
    stockout_target: Mapped[int | None] = _target(N_("Target of the out-of-stock rate"))
    repurchase_target: Mapped[int | None] = _target(N_("Target of the repurchase rate"))
    list_revision: Mapped[int] = mapped_column(
        Integer, default=0, server_default="0", **label("Revision of the target customers")
    )

    territory = relationship("Territory")
    product: Mapped[Product] = relationship(Product)

    def __repr__(self) -> str:
        return f"{self.product} {self.from_month}–{self.to_month}"


class TargetCustomer(db.Model):
    """目标客户: a customer on a target's list, from a revision of the list to another.

    Grain: company × target × customer × revision it was added in. On the present list while
    `removed_revision` is empty.
    """

    __tablename__ = "target_customer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "target_id"],
            ["brand_target.company_id", "brand_target.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    target_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Target"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    added_revision: Mapped[int] = mapped_column(
        Integer, primary_key=True, **label("Added in revision")
    )
    removed_revision: Mapped[int | None] = mapped_column(Integer, **label("Removed in revision"))


class TargetListRevision(db.Model):
    """A saved change of a target's list. Grain: company × target × revision."""

    __tablename__ = "target_list_revision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "target_id"],
            ["brand_target.company_id", "brand_target.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    target_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Target"))
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, **label("Revision"))
    added: Mapped[int] = mapped_column(Integer, **label("Added"))
    removed: Mapped[int] = mapped_column(Integer, **label("Removed"))
    customers: Mapped[int] = mapped_column(Integer, **label("Customers"))
    filters: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Filters"))
    saved_by: Mapped[int | None] = mapped_column(Integer, **label("Saved by"))
    saved_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Saved at"))


class TerritoryAnalysis(Recorded):
    """What the brand and the market analysis of a territory and month have in common.

    `month` is the analysed month K. `data_batch_id` is the newest sales import the figures
    contain: a newer one means "data has been updated".
    """

    @declared_attr.directive
    def __table_args__(self) -> tuple[object, ...]:
        return (
            UniqueConstraint("company_id", "territory_id", "month"),
            UniqueConstraint("company_id", "id"),
            table_info(Distribution.DISTRIBUTED),
        )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    month: Mapped[Month] = mapped_column(MonthType, **label("Analysed month"))
    status: Mapped[AnalysisStatus] = mapped_column(
        code_list(AnalysisStatus), default=AnalysisStatus.DRAFT, **label("Status")
    )
    problems: Mapped[str | None] = mapped_column(String(2000), **label("Problems of the month"))
    next_focus: Mapped[str | None] = mapped_column(String(2000), **label("Focus of next month"))
    parameter_version: Mapped[int] = mapped_column(Integer, **label("Parameter version"))
    data_batch_id: Mapped[int | None] = mapped_column(Integer, **label("Data up to import"))
    computed_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Computed at"))
    computed_by: Mapped[int | None] = mapped_column(Integer, **label("Computed by"))
    completed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Completed at"))
    completed_by: Mapped[int | None] = mapped_column(Integer, **label("Completed by"))

    @declared_attr
    def territory(cls) -> Mapped[Any]:
        return relationship("Territory")


class JudgedLine:
    """A figure, its target, the system's judgement and the person's.

    actual = `actual_num`/`actual_den`, undefined when the denominator is empty or zero. `target`
    is in hundredths of the figure's unit (percent, yuan, cartons, …). `final_status` follows
    `system_status` until a person decides otherwise and says why.
    """

    actual_num: Mapped[int | None] = mapped_column(BigInteger, **label("Actual, numerator"))
    actual_den: Mapped[int | None] = mapped_column(BigInteger, **label("Actual, denominator"))
    target: Mapped[int | None] = mapped_column(BigInteger, **label("Target", unit="hundredths"))
    system_status: Mapped[Judgement] = mapped_column(
        code_list(Judgement), **label("Judged by the system")
    )
    final_status: Mapped[Judgement] = mapped_column(
        code_list(Judgement), **label("Final judgement")
    )
    override_reason: Mapped[str | None] = mapped_column(
        String(500), **label("Reason for another judgement")
    )
    formula_version: Mapped[int] = mapped_column(SmallInteger, **label("Formula version"))

    @declared_attr
    def reason_id(cls) -> Mapped[int | None]:
        return mapped_column(
            ForeignKey("problem_reason.id"), nullable=True, **label("Cause of the shortfall")
        )

    @declared_attr
    def reason(cls) -> Mapped[ProblemReason | None]:
        return relationship(ProblemReason)


class BrandAnalysis(TerritoryAnalysis, db.Model):
    """月度品牌状态分析. Grain: territory × analysed month."""

    __tablename__ = "brand_analysis"


class BrandAnalysisLine(JudgedLine, db.Model):
    """A rate of a product. Grain: brand analysis × product × rate."""

    __tablename__ = "brand_analysis_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "analysis_id"],
            ["brand_analysis.company_id", "brand_analysis.id"],
            ondelete="CASCADE",
        ),
        Index("ix_brand_analysis_line_product", "company_id", "product_id"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    analysis_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Analysis"))
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), primary_key=True, **label("Product")
    )
    rate: Mapped[RateKind] = mapped_column(code_list(RateKind), primary_key=True, **label("Rate"))

    product: Mapped[Product] = relationship(Product)


class BrandShare(db.Model):
    """品牌占有率 of a product, kept with the rates. Grain: brand analysis × product.

    Information: it has no target and is not judged.
    """

    __tablename__ = "brand_share"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "analysis_id"],
            ["brand_analysis.company_id", "brand_analysis.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    analysis_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Analysis"))
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), primary_key=True, **label("Product")
    )
    product_sticks: Mapped[int] = mapped_column(BigInteger, **label("Volume", unit="sticks"))
    brand_sticks: Mapped[int] = mapped_column(
        BigInteger, **label("Volume of the brand", unit="sticks")
    )
    area_sticks: Mapped[int] = mapped_column(
        BigInteger, **label("Volume of the territory", unit="sticks")
    )
    formula_version: Mapped[int] = mapped_column(SmallInteger, **label("Formula version"))
