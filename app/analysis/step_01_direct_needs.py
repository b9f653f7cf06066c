"""§2.2 step 1 — direct needs: answers kept in, extracted and confirmed.

Reads: customer, questionnaire_form, need_option
Writes: questionnaire, questionnaire_answer; marks generated states of step 2 outdated
Grain: company × customer × work month
Units: timestamps in UTC; the cut-off is an Asia/Shanghai date
Nulls: a customer without a questionnaire has none of the columns; "no need" is a valid answer
Errors: `OutOfScope`, `AnswersRefused`, `AnswersConfirmed`
Ambiguity: a form sent after the cut-off counts for the month after, unless it is entered by hand

The caller owns the transaction. `month` is the work month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    select,
    update,
)

from app.analysis.statements.questionnaires import form_of, is_valid, write_forms
from app.analysis.statements.stale_results import mark_stale
from app.kernel.errors import N_, InvalidTransition, OutOfScope, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if
from app.models import (
    Customer,
    OrderMode,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
    StaleReason,
)

FORM, ANSWER = Questionnaire.__table__, QuestionnaireAnswer.__table__
CUSTOMER = Customer.__table__


class AnswersConfirmed(InvalidTransition):
    """Confirmed answers are reopened before they are changed."""

    msgid = N_("The answers are confirmed. Take the confirmation back first.")


class AnswersRefused(PlanningError):
    """Answers that the month's questionnaire does not offer."""

    msgid = N_("The questionnaire of this month does not offer one of the answers.")


def _of_customer(month: Month) -> ColumnElement[bool]:
    return and_(
        FORM.c.company_id == CUSTOMER.c.company_id,
        FORM.c.customer_id == CUSTOMER.c.id,
        FORM.c.month == month,
    )


def entry_rows(scope: Scope, month: Month) -> Select[Any]:
    """One row per valid customer, by code: (territory_id, customer_id, code, name, order_mode,
    questionnaire_id, source, status, is_edited, remark, confirmed_at); the last six NULL without
    a questionnaire. For the entry grid.
    """
    return (
        select(
            CUSTOMER.c.territory_id,
            CUSTOMER.c.id.label("customer_id"),
            CUSTOMER.c.code,
            CUSTOMER.c.name,
            CUSTOMER.c.order_mode,
            FORM.c.id.label("questionnaire_id"),
            FORM.c.source,
            FORM.c.status,
            FORM.c.is_edited,
            FORM.c.remark,
            FORM.c.confirmed_at,
        )
        .select_from(CUSTOMER.outerjoin(FORM, _of_customer(month)))
        .where(is_valid(scope))
        .order_by(CUSTOMER.c.code)
    )


def answer_rows(scope: Scope, month: Month) -> Select[Any]:
    """The ticked needs of the month: (questionnaire_id, customer_id, need_option_id, details)."""
    return (
        select(
            FORM.c.id.label("questionnaire_id"),
            FORM.c.customer_id,
            ANSWER.c.need_option_id,
            ANSWER.c.details,
        )
        .join(
            ANSWER,
            and_(ANSWER.c.company_id == FORM.c.company_id, ANSWER.c.questionnaire_id == FORM.c.id),
        )
        .where(scope.rows(FORM), FORM.c.month == month)
        .order_by(FORM.c.customer_id, ANSWER.c.need_option_id)
    )


def progress_rows(scope: Scope, month: Month) -> Select[Any]:
    """(territory_id, customers, entered, confirmed): "83/152 confirmed", and how many customers'
    answers yield no strategies yet (entered − confirmed).
    """
    confirmed = and_(FORM.c.id.is_not(None), FORM.c.status == QuestionnaireStatus.CONFIRMED)
    return (
        select(
            CUSTOMER.c.territory_id,
            func.count().label("customers"),
            count_if(FORM.c.id.is_not(None)).label("entered"),
            count_if(confirmed).label("confirmed"),
        )
        .select_from(CUSTOMER.outerjoin(FORM, _of_customer(month)))
        .where(is_valid(scope))
        .group_by(CUSTOMER.c.territory_id)
        .order_by(CUSTOMER.c.territory_id)
    )


def save_answers(
    connection: Connection,
    scope: Scope,
    month: Month,
    customer_id: int,
    answers: Mapping[int, str | None],
    remark: str | None,
    now: dt.datetime,
    user_id: int | None,
) -> None:
    """Write a customer's answers by hand: need id → details. At least one answer; "no need" is one.

    Changing what the customer sent keeps the source and marks the form as edited; a new form of
    a customer who orders online is 补录. Errors: `OutOfScope`, `AnswersRefused`,
    `AnswersConfirmed`.
    """
    customer = connection.execute(
        select(CUSTOMER.c.territory_id, CUSTOMER.c.order_mode).where(
            is_valid(scope), CUSTOMER.c.id == customer_id
        )
    ).one_or_none()
    if customer is None:
        raise OutOfScope
    form = form_of(connection, scope.company_id, month)
    if not answers or set(answers) - {need.id for need in form.needs}:
        raise AnswersRefused
    present = connection.execute(
        select(FORM.c.status, FORM.c.source).where(
            FORM.c.company_id == scope.company_id,
            FORM.c.customer_id == customer_id,
            FORM.c.month == month,
        )
    ).one_or_none()
    if present and present.status is QuestionnaireStatus.CONFIRMED:
        raise AnswersConfirmed
    if present:
        source = present.source
    elif customer.order_mode is OrderMode.ONLINE:
        source = QuestionnaireSource.LATE
    else:
        source = QuestionnaireSource.MANUAL
    row = {
        "customer_id": customer_id,
        "territory_id": customer.territory_id,
        "source": source,
        "is_edited": True,
        "remark": remark,
        "updated_by": user_id,
    }
    write_forms(
        connection, scope.company_id, month, form.number, [row], {customer_id: answers}, now
    )
    mark_stale(connection, scope, month, StaleReason.NEEDS, now, [customer_id])


def confirm(
    connection: Connection,
    scope: Scope,
    month: Month,
    questionnaire_ids: Collection[int],
    now: dt.datetime,
    user_id: int | None,
) -> int:
    """未确认→已确认 for the selected forms; returns how many changed. Forms confirmed before, of
    another month or outside the scope are left alone.
    """
    return _change_status(
        connection,
        scope,
        month,
        questionnaire_ids,
        QuestionnaireStatus.CONFIRMED,
        now,
        {"confirmed_by": user_id, "confirmed_at": now},
    )


def unconfirm(
    connection: Connection,
    scope: Scope,
    month: Month,
    questionnaire_ids: Collection[int],
    now: dt.datetime,
    submitted_territories: Collection[int],
) -> int:
    """已确认→未确认; returns how many changed. `submitted_territories`: those whose service plan
    of the month was submitted (step 7 tells); their forms stay confirmed.
    """
    allowed = scope
    if submitted_territories:
        inside = scope.territory_ids or tuple(
            connection.scalars(
                select(FORM.c.territory_id)
                .where(scope.rows(FORM), FORM.c.id.in_(questionnaire_ids))
                .distinct()
            )
        )
        allowed = Scope.of(scope.company_id, set(inside) - set(submitted_territories))
    return _change_status(
        connection,
        allowed,
        month,
        questionnaire_ids,
        QuestionnaireStatus.OPEN,
        now,
        {"confirmed_by": None, "confirmed_at": None},
    )


def _change_status(
    connection: Connection,
    scope: Scope,
    month: Month,
    questionnaire_ids: Collection[int],
    status: QuestionnaireStatus,
    now: dt.datetime,
    values: Mapping[str, Any],
) -> int:
    chosen = and_(
        scope.rows(FORM),
        FORM.c.month == month,
        FORM.c.id.in_(questionnaire_ids),
        FORM.c.status != status,
    )
    customers = list(connection.scalars(select(FORM.c.customer_id).where(chosen)))
    if customers:
        connection.execute(
            update(FORM)
            .where(chosen)
            .values(status=status, version=FORM.c.version + 1, updated_at=now, **values)
        )
        mark_stale(connection, scope, month, StaleReason.NEEDS, now, customers)
    return len(customers)
