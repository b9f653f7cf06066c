"""§2.2 step 14 — the month summary 月度工作总结."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, MonthType, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month
from app.kernel.submission import Submitted


class MonthSummaryStatus(LabelledEnum):
    """草稿→已提交; the market manager may return it."""

    DRAFT = ("草稿", N_("Draft"))
    SUBMITTED = ("已提交", N_("Submitted"))


class SummaryFigure(LabelledEnum):
    """The figures the month summary states about plan and execution."""

    VISITS_WEEKLY = ("每周一次完成率", N_("Visits done, customers visited weekly"))
    VISITS_SEMIMONTHLY = ("每月两次完成率", N_("Visits done, customers visited twice a month"))
    VISITS_MONTHLY = ("每月一次完成率", N_("Visits done, customers visited monthly"))
    VISITS_ALL = ("拜访完成率", N_("Visits done, all customers"))
    TASKS_DONE = ("策略完成率", N_("Strategies done"))
    TEMPORARY_TASKS = ("临时任务", N_("Temporary tasks"))
    JUDGEMENTS_KEPT = ("分析准确率", N_("Judgements of the system left as they were"))
    KEY_CUSTOMERS_KEPT = ("计划合理率", N_("Proposed key customers left as they were"))
    BRAND_ABNORMAL = ("品牌异常", N_("Abnormal brand rates"))
    MARKET_ABNORMAL = ("市场异常", N_("Abnormal market indicators"))


class MonthSummary(Recorded, Submitted, db.Model):
    """Grain: company × territory × month. The texts are the person's; a draft is offered."""

    __tablename__ = "month_summary"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "month"),
        UniqueConstraint("company_id", "id"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    status: Mapped[MonthSummaryStatus] = mapped_column(
        code_list(MonthSummaryStatus), default=MonthSummaryStatus.DRAFT, **label("Status")
    )
    visit_text: Mapped[str | None] = mapped_column(
        String(2000), **label("Completion of the visit plan")
    )
    analysis_text: Mapped[str | None] = mapped_column(
        String(2000), **label("Accuracy of the monthly analysis")
    )
    plan_text: Mapped[str | None] = mapped_column(
        String(2000), **label("Reasonableness of the month plan")
    )
    experience: Mapped[str | None] = mapped_column(String(2000), **label("Good experience"))
    shortcomings: Mapped[str | None] = mapped_column(String(2000), **label("Shortcomings"))
    comment: Mapped[str | None] = mapped_column(
        String(1000), **label("Comment of the market manager")
    )
    computed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Computed at"))
    data_batch_id: Mapped[int | None] = mapped_column(Integer, **label("Data up to import"))

    territory = relationship("Territory")

    def __repr__(self) -> str:
        return f"{self.territory} {self.month.key}"


class MonthSummaryFigure(db.Model):
    """A figure as it stood when the summary was computed. Grain: summary × figure."""

    __tablename__ = "month_summary_figure"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "summary_id"],
            ["month_summary.company_id", "month_summary.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    summary_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Month summary"))
    figure: Mapped[SummaryFigure] = mapped_column(
        code_list(SummaryFigure), primary_key=True, **label("Figure")
    )
    numerator: Mapped[int | None] = mapped_column(BigInteger, **label("Numerator"))
    denominator: Mapped[int | None] = mapped_column(BigInteger, **label("Denominator"))
