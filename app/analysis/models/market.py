"""§2.2 step 6 — monthly market analysis 市场分析 of a territory and the targets per indicator."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.analysis.models.brand import JudgedLine, TerritoryAnalysis
from app.kernel.columns import BigId, Distribution, MonthType, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month


class MarketIndicator(LabelledEnum):
    """市场指标; `app.analysis.rules.indicators.INDICATORS` holds unit, direction and formula."""

    VOLUME = ("销量", N_("Sales volume"))
    AMOUNT = ("销售额", N_("Sales amount"))
    UNIT_VALUE = ("单条值", N_("Value per carton"))
    CASE_VALUE = ("单箱值", N_("Value per case"))
    VOLUME_YEAR_GROWTH = ("销量同比", N_("Volume growth against last year"))
    VOLUME_MONTH_GROWTH = ("销量环比", N_("Volume growth against last month"))
    KEY_VOLUME = ("重点品牌销量", N_("Volume of key brands"))
    KEY_SHARE = ("重点品牌占比", N_("Share of key brands"))
    KEY_GROWTH = ("重点品牌销售增长率", N_("Growth of key brands against last year"))
    ORDER_SUCCESS = ("订货成功率", N_("Order success rate"))
    VOLUME_PER_CUSTOMER = ("户均销量", N_("Volume per ordering customer"))
    ORDER_FREQUENCY = ("订货频次", N_("Order days per customer"))
    WIDTH = ("品规宽度", N_("Products per customer"))
    ONLINE_RATE = ("网上订货率", N_("Online ordering rate"))
    E_SETTLE_RATE = ("电子结算率", N_("Electronic settlement rate"))
    STOCKOUT_RATE = ("断货率", N_("Out-of-stock rate of the territory"))
    MARGIN_RATE = ("估算零售毛利率", N_("Estimated retail margin"))
    SATISFACTION = ("客户满意度", N_("Customer satisfaction"))
    PRICE_TAG_RATE = ("明码标价率", N_("Price tag rate"))
    MARKET_ORDER_RATE = ("市场净化率", N_("Clean market rate"))


class MarketAnalysis(TerritoryAnalysis, db.Model):
    """市场分析. Grain: territory × analysed month."""

    __tablename__ = "market_analysis"


class MarketAnalysisLine(JudgedLine, db.Model):
    """An indicator. Grain: market analysis × indicator. Entered ones keep the typed value."""

    __tablename__ = "market_analysis_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "analysis_id"],
            ["market_analysis.company_id", "market_analysis.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    analysis_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Analysis"))
    indicator: Mapped[MarketIndicator] = mapped_column(
        code_list(MarketIndicator), primary_key=True, **label("Indicator")
    )


class MarketTarget(Recorded, db.Model):
    """本月各指标目标. Grain: territory × month × indicator; hundredths of the indicator's unit."""

    __tablename__ = "market_target"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "month", "indicator"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    indicator: Mapped[MarketIndicator] = mapped_column(
        code_list(MarketIndicator), **label("Indicator")
    )
    value: Mapped[int] = mapped_column(BigInteger, **label("Target", unit="hundredths"))

    territory = relationship("Territory")
