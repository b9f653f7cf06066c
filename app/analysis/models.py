"""§2.2 step 1 — the questionnaires with the customers' direct needs 直接需求."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import (
    BigId,
    Distribution,
    MonthType,
    Recorded,
    code_list,
    table_info,
)
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month


class QuestionnaireSource(LabelledEnum):
    """How the answers came in."""

    PLATFORM = ("新商盟", N_("Ordering platform"), "网上订货平台")
    MANUAL = ("手工", N_("By hand"), "手工录入")
    LATE = ("补录", N_("Entered later"))


class QuestionnaireStatus(LabelledEnum):
    """Only confirmed answers yield strategies (§2.2 step 1)."""

    OPEN = ("未确认", N_("Not confirmed"))
    CONFIRMED = ("已确认", N_("Confirmed"))


class Questionnaire(Recorded, db.Model):
    """A customer's needs for a month. Grain: company × customer × month."""

    __tablename__ = "questionnaire"
    __table_args__ = (
        UniqueConstraint("company_id", "customer_id", "month"),
        UniqueConstraint("company_id", "id"),
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    customer_id: Mapped[int] = mapped_column(BigId, **label("Customer"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    source: Mapped[QuestionnaireSource] = mapped_column(
        code_list(QuestionnaireSource), **label("Source")
    )
    status: Mapped[QuestionnaireStatus] = mapped_column(
        code_list(QuestionnaireStatus), default=QuestionnaireStatus.OPEN, **label("Status")
    )
    confirmed_by: Mapped[int | None] = mapped_column(Integer, **label("Confirmed by"))
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Confirmed at"))
    batch_id: Mapped[int | None] = mapped_column(Integer, **label("Import batch"))

    customer = relationship("Customer", viewonly=True)
    territory = relationship("Territory")
    answers: Mapped[list[QuestionnaireAnswer]] = relationship(
        "QuestionnaireAnswer", cascade="all, delete-orphan", passive_deletes=True
    )


class QuestionnaireAnswer(db.Model):
    """A ticked need, with details where asked. Grain: questionnaire × need."""

    __tablename__ = "questionnaire_answer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "questionnaire_id"],
            ["questionnaire.company_id", "questionnaire.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    questionnaire_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Questionnaire"))
    need_option_id: Mapped[int] = mapped_column(
        ForeignKey("need_option.id"), primary_key=True, **label("Need")
    )
    details: Mapped[str | None] = mapped_column(String(500), **label("Details"))

    need = relationship("NeedOption")
