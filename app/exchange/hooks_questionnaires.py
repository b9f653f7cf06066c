"""Questionnaire answers: their questionnaires are made when missing, confirmed ones are left alone.

§2.2 step 1: a repeated extraction never replaces confirmed answers or those entered by hand.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, exists, func, insert, literal, select, update

from app.exchange.comparison import CHANGED, NEW, Comparison
from app.models import Customer, Questionnaire, QuestionnaireSource, QuestionnaireStatus

CUSTOMER = Customer.__table__
FORMS = Questionnaire.__table__


def find_questionnaires(run: Comparison) -> None:
    stage, form = run.stage.c, FORMS.alias()
    run.connection.execute(
        update(run.stage)
        .where(run.of_batch())
        .values(
            questionnaire_id=select(form.c.id)
            .where(
                form.c.company_id == stage.company_id,
                form.c.customer_id == stage.customer_id,
                form.c.month == stage.month,
            )
            .scalar_subquery()
        )
    )


def check_open(run: Comparison) -> int:
    stage, form = run.stage.c, FORMS.alias()
    writes = stage.outcome.in_((NEW, CHANGED))
    same = and_(form.c.company_id == stage.company_id, form.c.id == stage.questionnaire_id)
    is_confirmed = form.c.status == QuestionnaireStatus.CONFIRMED
    source = func.coalesce(stage.source, literal(QuestionnaireSource.PLATFORM, FORMS.c.source.type))
    found = run.add_errors("", "CONFIRMED", and_(writes, exists().where(same, is_confirmed)))
    return found + run.add_errors(
        "", "EDITED", and_(writes, exists().where(same, ~is_confirmed, form.c.source != source))
    )


def create_questionnaires(run: Comparison) -> None:
    stage = run.stage.c
    source = func.coalesce(
        func.min(stage.source), literal(QuestionnaireSource.PLATFORM, FORMS.c.source.type)
    )
    values: dict[str, Any] = {
        "company_id": stage.company_id,
        "customer_id": stage.customer_id,
        "month": stage.month,
        "territory_id": func.min(CUSTOMER.c.territory_id),
        "source": source,
        "status": literal(QuestionnaireStatus.OPEN, FORMS.c.status.type),
        "batch_id": literal(run.batch_id),
        "version": literal(1),
        "created_at": literal(run.now),
        "created_by": literal(run.user_id, FORMS.c.created_by.type),
        "updated_at": literal(run.now),
        "updated_by": literal(run.user_id, FORMS.c.updated_by.type),
    }
    is_customer = and_(
        CUSTOMER.c.company_id == stage.company_id, CUSTOMER.c.id == stage.customer_id
    )
    run.connection.execute(
        insert(FORMS).from_select(
            list(values),
            select(*values.values())
            .join_from(run.stage, CUSTOMER, is_customer)
            .where(run.of_batch(NEW), stage.questionnaire_id.is_(None))
            .group_by(stage.company_id, stage.customer_id, stage.month)
            .order_by(stage.customer_id, stage.month),
            include_defaults=False,
        )
    )
    find_questionnaires(run)


def new_values(run: Comparison) -> dict[str, Any]:
    return {"questionnaire_id": run.stage.c.questionnaire_id}
