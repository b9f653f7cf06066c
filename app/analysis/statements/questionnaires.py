"""§2.2 step 1 — the questionnaire in force for a month and writing forms with their answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from app.kernel.dialect import upsert_rows
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import (
    Customer,
    CustomerStatus,
    NeedOption,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireForm,
    QuestionnaireFormOption,
    QuestionnaireSource,
    QuestionnaireStatus,
)

FORM, ANSWER = Questionnaire.__table__, QuestionnaireAnswer.__table__
VERSION, OFFER, NEED = (
    QuestionnaireForm.__table__,
    QuestionnaireFormOption.__table__,
    NeedOption.__table__,
)
CUSTOMER = Customer.__table__
KEYS = ("company_id", "customer_id", "month")
FORMS_PER_STATEMENT = 5_000
"""Databases limit the number of values in a statement."""


@dataclass(frozen=True, slots=True)
class OfferedNeed:
    """A line of the questionnaire of a month."""

    id: int
    code: str
    name: str
    name_en: str | None
    asks_text: bool


@dataclass(frozen=True, slots=True)
class MonthForm:
    """The questionnaire in force for a month; number 0 and all needs in use without a version."""

    number: int
    needs: tuple[OfferedNeed, ...]


def form_of(connection: Connection, company_id: int, month: Month) -> MonthForm:
    """The version with the latest first month not after `month`."""
    version = connection.execute(
        select(VERSION.c.id, VERSION.c.number)
        .where(VERSION.c.company_id == company_id, VERSION.c.from_month <= month)
        .order_by(VERSION.c.from_month.desc())
        .limit(1)
    ).one_or_none()
    needs = select(NEED.c.id, NEED.c.code, NEED.c.name, NEED.c.name_en, NEED.c.asks_text).where(
        NEED.c.company_id == company_id
    )
    if version is None:
        needs = needs.where(NEED.c.is_active)
    else:
        needs = needs.join(OFFER, OFFER.c.need_option_id == NEED.c.id).where(
            OFFER.c.form_id == version.id
        )
    rows = connection.execute(needs.order_by(NEED.c.sort, NEED.c.code))
    return MonthForm(version.number if version else 0, tuple(OfferedNeed(*row) for row in rows))


def is_valid(scope: Scope) -> ColumnElement[bool]:
    return and_(scope.rows(CUSTOMER), CUSTOMER.c.status == CustomerStatus.ACTIVE)


def is_replaceable(form: Any, source: Any = QuestionnaireSource.PLATFORM) -> ColumnElement[bool]:
    """`rules.needs.is_replaceable` for rows of the table; `source`: of the answers to come, which
    replace answers that came the same way.
    """
    return and_(
        form.c.status != QuestionnaireStatus.CONFIRMED, ~form.c.is_edited, form.c.source == source
    )


def write_forms(
    connection: Connection,
    company_id: int,
    month: Month,
    version: int,
    rows: Sequence[Mapping[str, Any]],
    answers: Mapping[int, Mapping[int, str | None]],
    now: dt.datetime,
) -> None:
    """Upsert forms and replace their answers (customer → need id → details)."""
    common = {
        "company_id": company_id,
        "month": month,
        "status": QuestionnaireStatus.OPEN,
        "form_version": version,
        "updated_at": now,
    }
    upsert_rows(connection, FORM, KEYS, [{**common, **row} for row in rows])
    stored = connection.execute(
        select(FORM.c.customer_id, FORM.c.id).where(
            FORM.c.company_id == company_id, FORM.c.month == month
        )
    )
    written = {row.customer_id: row.id for row in stored}
    forms = [written[customer_id] for customer_id in answers]
    for start in range(0, len(forms), FORMS_PER_STATEMENT):
        connection.execute(
            delete(ANSWER).where(
                ANSWER.c.company_id == company_id,
                ANSWER.c.questionnaire_id.in_(forms[start : start + FORMS_PER_STATEMENT]),
            )
        )
    values = [
        {
            "company_id": company_id,
            "questionnaire_id": written[customer_id],
            "need_option_id": need_id,
            "details": details,
        }
        for customer_id, ticked in answers.items()
        for need_id, details in ticked.items()
    ]
    if values:
        connection.execute(insert(ANSWER), values)
