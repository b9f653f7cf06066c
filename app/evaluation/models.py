"""§2.2 step 13 — the week summary 周工作小结."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
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
from app.kernel.submission import Submitted


class WeekSummaryStatus(LabelledEnum):
    """草稿→已提交; the market manager may return it."""

    DRAFT = ("草稿", N_("Draft"))
    SUBMITTED = ("已提交", N_("Submitted"))


class WeekIndicator(LabelledEnum):
    """The three figures of the manual."""

    VOLUME = ("销量", N_("Sales volume"))
    UNIT_VALUE = ("平均单条值", N_("Average value per carton"))
    KEY_GROWTH = ("重点品牌销售增长率", N_("Sales growth of key brands"))


class WeekJudgement(LabelledEnum):
    """状态判断; the words of the analyses."""

    NORMAL = ("正常", N_("Normal"))
    ABNORMAL = ("异常", N_("Abnormal"))
    NO_TARGET = ("无目标", N_("No target"))
    UNDETERMINED = ("无法判定", N_("Cannot be judged"))


class WeekSummary(Recorded, Submitted, db.Model):
    """Grain: company × territory × first day. `month` is that of the week's Thursday.

    Figures count from the first day of `month` to `as_of` (the earliest of today, the week's end
    and the month's end).
    """

    __tablename__ = "week_summary"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "start_date"),
        UniqueConstraint("company_id", "id"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    start_date: Mapped[dt.date] = mapped_column(Date, **label("First day"))
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    status: Mapped[WeekSummaryStatus] = mapped_column(
        code_list(WeekSummaryStatus), default=WeekSummaryStatus.DRAFT, **label("Status")
    )
    as_of: Mapped[dt.date] = mapped_column(Date, **label("Figures up to"))
    elapsed_days: Mapped[int] = mapped_column(SmallInteger, **label("Order days elapsed"))
    total_days: Mapped[int] = mapped_column(SmallInteger, **label("Order days of the month"))
    computed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Computed at"))
    parameter_version: Mapped[int | None] = mapped_column(Integer, **label("Parameter version"))
    data_batch_id: Mapped[int | None] = mapped_column(Integer, **label("Data up to import"))
    arrangement_text: Mapped[str | None] = mapped_column(
        String(2000), **label("Reasonableness of the arrangement")
    )
    effect_text: Mapped[str | None] = mapped_column(
        String(2000), **label("Effectiveness of the work")
    )
    comment: Mapped[str | None] = mapped_column(
        String(1000), **label("Comment of the market manager")
    )

    territory = relationship("Territory")

    def __repr__(self) -> str:
        return f"{self.territory} {self.start_date}"


class WeekSummaryLine(db.Model):
    """One figure. Grain: summary × indicator.

    Actual and month target as in the market analysis: numerator and denominator, target in
    hundredths. `due_target` is the target in proportion to the elapsed order days (volume only).
    """

    __tablename__ = "week_summary_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "summary_id"],
            ["week_summary.company_id", "week_summary.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    summary_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Week summary"))
    indicator: Mapped[WeekIndicator] = mapped_column(
        code_list(WeekIndicator), primary_key=True, **label("Indicator")
    )
    actual_num: Mapped[int | None] = mapped_column(BigInteger, **label("Actual, numerator"))
    actual_den: Mapped[int | None] = mapped_column(BigInteger, **label("Actual, denominator"))
    target: Mapped[int | None] = mapped_column(
        BigInteger, **label("Month target", unit="hundredths")
    )
    system_status: Mapped[WeekJudgement] = mapped_column(
        code_list(WeekJudgement), **label("Judgement of the system")
    )
    final_status: Mapped[WeekJudgement] = mapped_column(
        code_list(WeekJudgement), **label("Judgement")
    )
    override_reason: Mapped[str | None] = mapped_column(
        String(500), **label("Reason for a different judgement")
    )
