"""§2.2 step 1 — the questionnaire, its versions, and the customers' direct needs 直接需求."""

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
from app.master.models.catalogue import NeedOption


class QuestionnaireSource(LabelledEnum):
    """How the answers came in."""

    PLATFORM = ("新商盟", N_("Ordering platform"), "网上订货平台")
    MANUAL = ("手工", N_("By hand"), "手工录入")
    LATE = ("补录", N_("Entered later"))


class QuestionnaireStatus(LabelledEnum):
    """Only confirmed answers yield strategies (§2.2 step 1)."""

    OPEN = ("未确认", N_("Not confirmed"))
    CONFIRMED = ("已确认", N_("Confirmed"))


class QuestionnaireForm(Recorded, db.Model):
    """A numbered version of the questionnaire: the needs it offers, from a month on.

    Grain: company × number. A month uses the version with the latest `from_month` not after it.
    """

    __tablename__ = "questionnaire_form"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "from_month"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    number: Mapped[int] = mapped_column(Integer, **label("Questionnaire version"))
    from_month: Mapped[Month] = mapped_column(MonthType, **label("From month"))
    note: Mapped[str | None] = mapped_column(String(200), **label("Reason for the change"))

    options: Mapped[list[NeedOption]] = relationship(
        NeedOption, secondary="questionnaire_form_option", order_by=NeedOption.sort
    )

    def __repr__(self) -> str:
        return f"v{self.number}"


class QuestionnaireFormOption(db.Model):
    """Which needs a version offers. Grain: form × need."""

    __tablename__ = "questionnaire_form_option"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    form_id: Mapped[int] = mapped_column(
        ForeignKey("questionnaire_form.id", ondelete="CASCADE"),
        primary_key=True,
        **label("Questionnaire version"),
    )
    need_option_id: Mapped[int] = mapped_column(
        ForeignKey("need_option.id"), primary_key=True, **label("Need")
    )


class Questionnaire(Recorded, db.Model):
    """A customer's needs for a month. Grain: company × customer × month.

    `is_edited`: a person changed the answers, so no extraction replaces them. `submitted_at` is
    when the customer sent the form on the ordering platform (UTC).
    """

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
    form_version: Mapped[int | None] = mapped_column(Integer, **label("Questionnaire version"))
    is_edited: Mapped[bool] = mapped_column(
        default=False, server_default="0", **label("Changed by hand")
    )
    submitted_at: Mapped[dt.datetime | None] = mapped_column(
        DateTime, **label("Sent by the customer at")
    )
    remark: Mapped[str | None] = mapped_column(String(500), **label("Remark"))
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
