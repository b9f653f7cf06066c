"""§2.2 step 2 — configurable catalogues: the operating-state matrix and what problems call for."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.kernel.columns import Distribution, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.master.models.catalogue import CatalogueEntry, ServiceStrategy


class EffectBand(LabelledEnum):
    """经营效果 as a word."""

    GOOD = ("优", N_("Good"))
    FAIR = ("中", N_("Fair"))
    POOR = ("差", N_("Poor"))


class AbilityBand(LabelledEnum):
    """经营能力 as a word."""

    STRONG = ("强", N_("Strong"))
    MEDIUM = ("中", N_("Average"))
    WEAK = ("弱", N_("Weak"))


class OperatingState(CatalogueEntry, db.Model):
    """经营状态: a field of the effect × ability matrix and the strategies it calls for.

    Without bands it is the state of new customers, who are not rated.
    """

    __tablename__ = "operating_state"

    @declared_attr.directive
    def __table_args__(self) -> tuple[object, ...]:
        return (
            UniqueConstraint("company_id", "code"),
            UniqueConstraint("company_id", "effect_band", "ability_band"),
            table_info(Distribution.REFERENCE),
        )

    effect_band: Mapped[EffectBand | None] = mapped_column(code_list(EffectBand), **label("Effect"))
    ability_band: Mapped[AbilityBand | None] = mapped_column(
        code_list(AbilityBand), **label("Ability")
    )
    is_problem: Mapped[bool] = mapped_column(
        default=False,
        server_default="0",
        **label("Problem state", help="Customers in this state are problem customers"),
    )
    guidance: Mapped[str | None] = mapped_column(String(500), **label("Guidance"))
    strategies: Mapped[list[ServiceStrategy]] = relationship(
        ServiceStrategy, secondary="operating_state_strategy", order_by=ServiceStrategy.code
    )


class OperatingStateStrategy(db.Model):
    """Which strategies a state calls for. Grain: state × strategy."""

    __tablename__ = "operating_state_strategy"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    operating_state_id: Mapped[int] = mapped_column(
        ForeignKey("operating_state.id", ondelete="CASCADE"),
        primary_key=True,
        **label("Operating state"),
    )
    strategy_id: Mapped[int] = mapped_column(
        ForeignKey("service_strategy.id"), primary_key=True, **label("Service strategy")
    )


class ProblemType(CatalogueEntry, db.Model):
    """客户问题: a problem code, whether it is looked for, and the strategies it calls for.

    `code` is the name of a `ProblemCode`; entries switched off are not looked for.
    """

    __tablename__ = "problem_type"

    strategies: Mapped[list[ServiceStrategy]] = relationship(
        ServiceStrategy, secondary="problem_type_strategy", order_by=ServiceStrategy.code
    )


class ProblemTypeStrategy(db.Model):
    """Which strategies a problem calls for. Grain: problem × strategy."""

    __tablename__ = "problem_type_strategy"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    problem_type_id: Mapped[int] = mapped_column(
        ForeignKey("problem_type.id", ondelete="CASCADE"), primary_key=True, **label("Problem")
    )
    strategy_id: Mapped[int] = mapped_column(
        ForeignKey("service_strategy.id"), primary_key=True, **label("Service strategy")
    )
