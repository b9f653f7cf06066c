"""Configurable catalogues of the method: strategies, needs, ability scoring, problem reasons.

Their official lists are not public; the seeded ones are defaults every company may change.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.kernel.columns import Distribution, Recorded, table_info
from app.kernel.db import db
from app.kernel.labels import label
from app.organisation.models import Company


class CatalogueEntry(Recorded):
    """Company, code, name in the company's language and in English, order, whether it is in use."""

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    code: Mapped[str] = mapped_column(String(20), **label("Code"))
    name: Mapped[str] = mapped_column(String(100), **label("Name"))
    name_en: Mapped[str | None] = mapped_column(
        String(100), **label("English name", help="Shown instead of the name on English pages")
    )
    sort: Mapped[int] = mapped_column(Integer, default=0, server_default="0", **label("Order"))
    is_active: Mapped[bool] = mapped_column(default=True, server_default="1", **label("In use"))

    @declared_attr
    def company(cls) -> Mapped[Company]:
        return relationship(Company)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[object, ...]:
        return (UniqueConstraint("company_id", "code"), table_info(Distribution.REFERENCE))

    def __repr__(self) -> str:
        return f"{self.code} {self.name}"


class ServiceStrategy(CatalogueEntry, db.Model):
    """服务策略目录."""

    __tablename__ = "service_strategy"

    guidance: Mapped[str | None] = mapped_column(String(500), **label("Guidance"))


class NeedOption(CatalogueEntry, db.Model):
    """直接需求问卷: an answer a customer can tick, and the strategies it calls for (none = no need)."""

    __tablename__ = "need_option"

    asks_text: Mapped[bool] = mapped_column(
        default=False, server_default="0", **label("Asks for details")
    )
    strategies: Mapped[list[ServiceStrategy]] = relationship(
        ServiceStrategy, secondary="need_option_strategy", order_by=ServiceStrategy.code
    )


class NeedOptionStrategy(db.Model):
    """Which strategies a need calls for. Grain: need × strategy."""

    __tablename__ = "need_option_strategy"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    need_option_id: Mapped[int] = mapped_column(
        ForeignKey("need_option.id", ondelete="CASCADE"), primary_key=True, **label("Need")
    )
    strategy_id: Mapped[int] = mapped_column(
        ForeignKey("service_strategy.id"), primary_key=True, **label("Service strategy")
    )


class AbilityItem(CatalogueEntry, db.Model):
    """经营能力打分表: an item scored 1–5, its weight, and strategies when the score is low."""

    __tablename__ = "ability_item"

    @declared_attr.directive
    def __table_args__(cls) -> tuple[object, ...]:
        return (
            UniqueConstraint("company_id", "code"),
            CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
            CheckConstraint("low_score BETWEEN 0 AND 5", name="low_score"),
            table_info(Distribution.REFERENCE),
        )

    weight: Mapped[int] = mapped_column(
        SmallInteger, **label("Weight", help="All weights add up to 100")
    )
    low_score: Mapped[int] = mapped_column(
        SmallInteger,
        default=2,
        server_default="2",
        **label("Low score", help="This score or less calls for the strategies; 0 = never"),
    )
    criteria: Mapped[str | None] = mapped_column(String(500), **label("Criteria"))
    strategies: Mapped[list[ServiceStrategy]] = relationship(
        ServiceStrategy, secondary="ability_item_strategy", order_by=ServiceStrategy.code
    )


class AbilityItemStrategy(db.Model):
    """Which strategies a low score calls for. Grain: item × strategy."""

    __tablename__ = "ability_item_strategy"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    ability_item_id: Mapped[int] = mapped_column(
        ForeignKey("ability_item.id", ondelete="CASCADE"), primary_key=True, **label("Ability item")
    )
    strategy_id: Mapped[int] = mapped_column(
        ForeignKey("service_strategy.id"), primary_key=True, **label("Service strategy")
    )


class ProblemReason(CatalogueEntry, db.Model):
    """异常原因: why an indicator fell short."""

    __tablename__ = "problem_reason"
