"""§2.2 step 2 — operating effect 经营效果, ability 经营能力, operating state and problem codes.

`CustomerState` keeps every figure the scores were made from, so that a score explains itself and
can be computed again from its own row. Quantities are in sticks: cartons differ in size.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
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
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.analysis.models.catalogue import AbilityBand, EffectBand, OperatingState
from app.kernel.columns import BigId, Distribution, MonthType, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month


class StateStatus(LabelledEnum):
    """未计算→已计算→已评价→已生成→需重新生成."""

    NOT_COMPUTED = ("未计算", N_("Not computed"))
    COMPUTED = ("已计算", N_("Effect computed"))
    EVALUATED = ("已评价", N_("Ability scored"))
    GENERATED = ("已生成", N_("Strategies generated"))
    STALE = ("需重新生成", N_("To be generated again"))


class StaleReason(LabelledEnum):
    """What changed after the strategies were generated."""

    EFFECT = ("effect", N_("The effect was computed again"))
    ABILITY = ("ability", N_("An ability score was changed"))
    CUSTOMER = ("customer", N_("A customer's data was changed"))
    DATA = ("data", N_("Sales data was imported"))
    NEEDS = ("needs", N_("A questionnaire was changed"))
    SETTINGS = ("settings", N_("Parameters, catalogues or the work calendar were changed"))
    WATCHED = ("watched", N_("Watched products or brand targets were changed"))


class EffectItem(LabelledEnum):
    """经营效果 items; `app.analysis.rules.effect.EFFECT_ITEMS` says how each is scored."""

    VOLUME = ("销量", N_("Sales volume against peers"))
    VOLUME_GROWTH = ("销量增长", N_("Growth of sales volume"))
    UNIT_VALUE = ("单条值", N_("Value per carton against peers"))
    KEY_SHARE = ("重点品牌占比", N_("Share of key brands against the area"))
    WIDTH = ("品规宽度", N_("Number of products against peers"))
    ORDER_STABILITY = ("订货稳定率", N_("Order regularity"))
    MARGIN = ("毛利率", N_("Estimated retail margin against peers"))


class ProblemCode(LabelledEnum):
    """客户问题; the last four mark a problem customer without naming a single cause."""

    VOL_LOW = ("VOL_LOW", N_("Sales volume far below peers"))
    UNITVAL_LOW = ("UNITVAL_LOW", N_("Value per carton far below peers"))
    KEY_LOW = ("KEY_LOW", N_("Share of key brands far below the area"))
    WIDTH_LOW = ("WIDTH_LOW", N_("Too few products"))
    MARGIN_LOW = ("MARGIN_LOW", N_("Margin far below peers"))
    ORDER_UNSTABLE = ("ORDER_UNSTABLE", N_("Irregular orders"))
    VOL_DOWN = ("VOL_DOWN", N_("Volume declining against peers"))
    NOT_STOCKED = ("NOT_STOCKED", N_("Target product not stocked"))
    NOT_ACTIVE = ("NOT_ACTIVE", N_("Product no longer bought"))
    STOCKOUT = ("STOCKOUT", N_("Product out of stock"))
    NO_REPURCHASE = ("NO_REPURCHASE", N_("Product not bought again"))
    NO_ONLINE = ("NO_ONLINE", N_("Does not order online"))
    NO_ESETTLE = ("NO_ESETTLE", N_("Does not settle electronically"))
    NO_PRICETAG = ("NO_PRICETAG", N_("Price tags or prices not in order"))
    COMPLAINT = ("COMPLAINT", N_("Open complaint"))
    STATE_PROBLEM = ("STATE_PROBLEM", N_("Operating state is a problem state"))
    FAR_BEHIND_PEERS = ("FAR_BEHIND", N_("Volume far behind the peers' change"))
    GROWTH_SHARE_LOW = ("GROWTH_SHARE", N_("Growth is a small share of the peers'"))
    LARGE_BUYER = ("LARGE_BUYER", N_("Very large buyer"))


class StrategySource(LabelledEnum):
    """Why a potential need calls for a strategy."""

    STATE = ("状态", N_("Operating state"))
    ABILITY = ("能力", N_("Low ability score"))
    PROBLEM = ("问题", N_("Problem"))


def _figure(msgid: str, unit: str | None = None) -> Mapped[int]:
    return mapped_column(BigInteger, default=0, server_default="0", **label(msgid, unit=unit))


class CustomerState(Recorded, db.Model):
    """A customer's operating state in a work month. Grain: company × customer × work month.

    The figures are of the month before (K = M−1); `previous_` is K−1, `last_year_` is K−12.
    `peer_` sums are over the `peer_count` valid, rated customers of the peer group, which
    `peer_level` widens (0 = market type, business type and scale; 1 without scale; 2 market type
    only; 3 = company); `area_` sums are over the territory. Scores are in hundredths of a point,
    rounded down, which decides every whole-hundredth threshold as the exact value would.
    """

    __tablename__ = "customer_state"
    __table_args__ = (
        UniqueConstraint("company_id", "customer_id", "month"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        Index("ix_customer_state_territory", "company_id", "month", "territory_id"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    customer_id: Mapped[int] = mapped_column(BigId, **label("Customer"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    status: Mapped[StateStatus] = mapped_column(
        code_list(StateStatus), default=StateStatus.NOT_COMPUTED, **label("Status")
    )
    is_new: Mapped[bool] = mapped_column(
        default=False,
        server_default="0",
        **label("New customer", help="Opened less than one full month before: not rated"),
    )

    sticks: Mapped[int] = _figure(N_("Volume"), "sticks")
    previous_sticks: Mapped[int] = _figure(N_("Volume of the month before"), "sticks")
    last_year_sticks: Mapped[int] = _figure(N_("Volume of the same month last year"), "sticks")
    amount_fen: Mapped[int] = _figure(N_("Amount"), "fen")
    key_sticks: Mapped[int] = _figure(N_("Volume of key brands"), "sticks")
    width: Mapped[int] = _figure(N_("Number of products"))
    margin_fen: Mapped[int] = _figure(N_("Estimated margin"), "fen")
    retail_fen: Mapped[int] = _figure(N_("Retail value"), "fen")
    order_weeks: Mapped[int] = _figure(N_("Weeks with an order"))
    due_weeks: Mapped[int] = _figure(N_("Order days due"))

    peer_level: Mapped[int] = mapped_column(
        SmallInteger, default=0, server_default="0", **label("Peer group widened")
    )
    peer_count: Mapped[int] = _figure(N_("Peers"))
    peer_sticks: Mapped[int] = _figure(N_("Volume of the peers"), "sticks")
    peer_previous_sticks: Mapped[int] = _figure(N_("Volume of the peers, month before"), "sticks")
    peer_amount_fen: Mapped[int] = _figure(N_("Amount of the peers"), "fen")
    peer_width: Mapped[int] = _figure(N_("Number of products of the peers, added up"))
    peer_margin_fen: Mapped[int] = _figure(N_("Estimated margin of the peers"), "fen")
    peer_retail_fen: Mapped[int] = _figure(N_("Retail value of the peers"), "fen")
    area_sticks: Mapped[int] = _figure(N_("Volume of the territory"), "sticks")
    area_key_sticks: Mapped[int] = _figure(N_("Volume of key brands in the territory"), "sticks")

    growth_shortfall: Mapped[int | None] = mapped_column(
        BigInteger, **label("Change behind the peers", unit="hundredths")
    )
    effect_num: Mapped[int | None] = mapped_column(BigInteger, **label("Effect: weighted sum"))
    effect_den: Mapped[int | None] = mapped_column(BigInteger, **label("Effect: weights"))
    effect_score: Mapped[int | None] = mapped_column(
        Integer, **label("Effect score", unit="hundredths")
    )
    effect_band: Mapped[EffectBand | None] = mapped_column(code_list(EffectBand), **label("Effect"))
    ability_num: Mapped[int | None] = mapped_column(BigInteger, **label("Ability: weighted sum"))
    ability_den: Mapped[int | None] = mapped_column(BigInteger, **label("Ability: weights"))
    ability_score: Mapped[int | None] = mapped_column(
        Integer, **label("Ability score", unit="hundredths")
    )
    ability_band: Mapped[AbilityBand | None] = mapped_column(
        code_list(AbilityBand), **label("Ability")
    )
    operating_state_id: Mapped[int | None] = mapped_column(
        ForeignKey("operating_state.id"), **label("Operating state")
    )
    is_problem: Mapped[bool] = mapped_column(
        default=False, server_default="0", **label("Problem customer")
    )
    parameter_version: Mapped[int] = mapped_column(Integer, **label("Parameter version"))
    formula_version: Mapped[int] = mapped_column(SmallInteger, **label("Formula version"))
    data_batch_id: Mapped[int | None] = mapped_column(Integer, **label("Data up to import"))
    computed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Computed at"))
    generated_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Generated at"))

    customer = relationship("Customer", viewonly=True)
    territory = relationship("Territory")
    operating_state: Mapped[OperatingState | None] = relationship(OperatingState)


class CustomerEffectItem(db.Model):
    """经营效果明细: how an item was scored. Grain: company × customer × month × item.

    value = `actual_num`/`actual_den`, compared with `reference_num`/`reference_den`. `score` is
    empty when a denominator is zero: the item drops out and the others share its weight.
    """

    __tablename__ = "customer_effect_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "customer_id", "month"],
            ["customer_state.company_id", "customer_state.customer_id", "customer_state.month"],
            ondelete="CASCADE",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    item: Mapped[EffectItem] = mapped_column(
        code_list(EffectItem), primary_key=True, **label("Effect item")
    )
    weight: Mapped[int] = mapped_column(SmallInteger, **label("Weight"))
    actual_num: Mapped[int | None] = mapped_column(BigInteger, **label("Actual, numerator"))
    actual_den: Mapped[int | None] = mapped_column(BigInteger, **label("Actual, denominator"))
    reference_num: Mapped[int | None] = mapped_column(BigInteger, **label("Reference, numerator"))
    reference_den: Mapped[int | None] = mapped_column(BigInteger, **label("Reference, denominator"))
    against_last_year: Mapped[bool | None] = mapped_column(
        **label("Compared with last year", help="Otherwise with the peers' change")
    )
    score: Mapped[int | None] = mapped_column(Integer, **label("Score", unit="hundredths"))


class CustomerAbilityScore(db.Model):
    """经营能力打分: one item of a customer, 1 (poor) to 5 (excellent).

    Grain: company × month × customer × item. Scores outlive a new computation of the effect.
    """

    __tablename__ = "customer_ability_score"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    ability_item_id: Mapped[int] = mapped_column(
        ForeignKey("ability_item.id"), primary_key=True, **label("Ability item")
    )
    score: Mapped[int] = mapped_column(SmallInteger, **label("Ability score"))
    is_copied: Mapped[bool] = mapped_column(
        default=False, server_default="0", **label("Taken over from last month")
    )
    scored_by: Mapped[int | None] = mapped_column(Integer, **label("Scored by"))
    scored_at: Mapped[dt.datetime] = mapped_column(DateTime, **label("Scored at"))


class CustomerProblem(db.Model):
    """A problem code of a customer. Grain: company × month × customer × code × product.

    `product_id` is 0 for a code that concerns no product, so that it can be part of the key.
    """

    __tablename__ = "customer_problem"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "customer_id", "month"],
            ["customer_state.company_id", "customer_state.customer_id", "customer_state.month"],
            ondelete="CASCADE",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    code: Mapped[ProblemCode] = mapped_column(
        code_list(ProblemCode), primary_key=True, **label("Problem")
    )
    product_id: Mapped[int] = mapped_column(Integer, primary_key=True, **label("Product"))


class PotentialStrategy(db.Model):
    """潜在需求: a strategy a customer's state, ability or problems call for, and the reason.

    Grain: company × month × customer × strategy × source × code of the source. Step 7 merges the
    reasons of a strategy.
    """

    __tablename__ = "potential_strategy"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "customer_id", "month"],
            ["customer_state.company_id", "customer_state.customer_id", "customer_state.month"],
            ondelete="CASCADE",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    strategy_id: Mapped[int] = mapped_column(
        ForeignKey("service_strategy.id"), primary_key=True, **label("Service strategy")
    )
    source: Mapped[StrategySource] = mapped_column(
        code_list(StrategySource), primary_key=True, **label("Source")
    )
    source_code: Mapped[str] = mapped_column(
        String(24), primary_key=True, **label("Code of the source")
    )


class StateRun(Recorded, db.Model):
    """How far step 2 is in a territory. Grain: company × territory × work month."""

    __tablename__ = "state_run"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "month"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    status: Mapped[StateStatus] = mapped_column(
        code_list(StateStatus), default=StateStatus.NOT_COMPUTED, **label("Status")
    )
    computed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Computed at"))
    computed_by: Mapped[int | None] = mapped_column(Integer, **label("Computed by"))
    generated_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Generated at"))
    generated_by: Mapped[int | None] = mapped_column(Integer, **label("Generated by"))
    stale_since: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Outdated since"))
    stale_reason: Mapped[StaleReason | None] = mapped_column(
        code_list(StaleReason), **label("Outdated because")
    )
    parameter_version: Mapped[int] = mapped_column(Integer, **label("Parameter version"))
    data_batch_id: Mapped[int | None] = mapped_column(Integer, **label("Data up to import"))
    customers: Mapped[int] = mapped_column(Integer, default=0, **label("Valid customers"))
    new_customers: Mapped[int] = mapped_column(Integer, default=0, **label("New customers"))
    scored_customers: Mapped[int] = mapped_column(
        Integer, default=0, **label("Customers with ability scores")
    )

    territory = relationship("Territory")
