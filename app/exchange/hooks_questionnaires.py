"""Questionnaire answers: their questionnaires are made when missing, confirmed ones are left alone.

§2.2 step 1, with the rules of the extraction (`app.analysis.rules.needs`): a form counts for the
month its day says; answers the month does not offer are refused; confirmed answers and those
changed or entered by hand stay; any other form in the file is replaced as a whole.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from app.analysis.rules.needs import month_of_form
from app.analysis.statements.questionnaires import form_of, is_replaceable
from app.exchange.comparison import CHANGED, NEW, REJECTED, UNCHANGED, Comparison, code_text
from app.kernel.db import db
from app.kernel.period import start_of
from app.master.parameters import current_parameters
from app.models import (
    Customer,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
)

CUSTOMER = Customer.__table__
FORMS, ANSWERS = Questionnaire.__table__, QuestionnaireAnswer.__table__


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


def check_forms(run: Comparison) -> None:
    """Answers sent for another month, and answers the month's questionnaire does not offer."""
    stage = run.stage.c
    months = run.connection.scalars(
        select(stage.month).where(run.of_batch(), stage.month.is_not(None)).distinct()
    ).all()
    for month in months:
        needs = [need.id for need in form_of(run.connection, run.company_id, month).needs]
        other = and_(stage.month == month, stage.need_id.is_not(None), stage.need_id.not_in(needs))
        run.add_errors("need", "NOT_OFFERED", other, code_text(stage.need))
    if "sent_on" not in run.mapped:
        return
    cutoff_day = current_parameters(db.session(), run.company_id).needs_cutoff_day
    days = run.connection.scalars(
        select(stage.sent_on).where(run.of_batch(), stage.sent_on.is_not(None)).distinct()
    ).all()
    for day in days:
        month = month_of_form(day, cutoff_day)
        late = and_(stage.sent_on == day, stage.month != month)
        run.add_errors("month", "LATE", late, day.isoformat(), month.key)


def check_open(run: Comparison) -> int:
    """Forms that stay as they are; of the others, rows that only lose needs count as changed."""
    stage, form = run.stage.c, FORMS.alias()
    writes = stage.outcome.in_((NEW, CHANGED))
    same = and_(form.c.company_id == stage.company_id, form.c.id == stage.questionnaire_id)
    is_confirmed = form.c.status == QuestionnaireStatus.CONFIRMED
    found = run.add_errors("", "CONFIRMED", and_(writes, exists().where(same, is_confirmed)))
    kept = and_(~is_confirmed, ~is_replaceable(form, _source(stage)))
    found += run.add_errors("", "EDITED", and_(writes, exists().where(same, kept)))
    loses = exists().where(
        ANSWERS.c.company_id == stage.company_id,
        ANSWERS.c.questionnaire_id == stage.questionnaire_id,
        _is_unticked(run),
    )
    run.connection.execute(
        update(run.stage)
        .where(
            run.of_batch(UNCHANGED),
            exists().where(same, is_replaceable(form, _source(stage))),
            loses,
        )
        .values(outcome=CHANGED)
    )
    return found


def _source(stage: Any) -> ColumnElement[Any]:
    return func.coalesce(stage.source, literal(QuestionnaireSource.PLATFORM, FORMS.c.source.type))


def _is_unticked(run: Comparison) -> ColumnElement[bool]:
    """A stored answer whose form is in the file, completely readable, without this need."""
    other = run.stage.alias("other")
    in_file = and_(
        other.c.company_id == ANSWERS.c.company_id,
        other.c.batch_id == run.batch_id,
        other.c.questionnaire_id == ANSWERS.c.questionnaire_id,
    )
    is_ticked = other.c.need_id == ANSWERS.c.need_option_id
    is_rejected = other.c.outcome == REJECTED
    return and_(
        ANSWERS.c.company_id == run.company_id, ~exists().where(in_file, is_ticked | is_rejected)
    )


def create_questionnaires(run: Comparison) -> None:
    stage = run.stage.c
    values: dict[str, Any] = {
        "company_id": stage.company_id,
        "customer_id": stage.customer_id,
        "month": stage.month,
        "territory_id": func.min(CUSTOMER.c.territory_id),
        "source": func.min(_source(stage)),
        "submitted_at": _submitted_at(run),
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


def _submitted_at(run: Comparison) -> ColumnElement[Any]:
    """When the customer sent the form: the day, as the moment it begins in the company's zone."""
    stage = run.stage.c
    days = run.connection.scalars(
        select(stage.sent_on).where(run.of_batch(), stage.sent_on.is_not(None)).distinct()
    ).all()
    moment = FORMS.c.submitted_at.type
    if not days:
        return literal(None, moment)
    return func.max(case(*((stage.sent_on == day, literal(start_of(day), moment)) for day in days)))


def replace_forms(run: Comparison) -> None:
    """Needs no longer ticked go; the forms of the file bear its mark."""
    stage, form = run.stage.c, FORMS.alias()
    replaced = (
        select(stage.questionnaire_id)
        .join(
            form, and_(form.c.company_id == stage.company_id, form.c.id == stage.questionnaire_id)
        )
        .where(run.of_batch(NEW, CHANGED), is_replaceable(form, _source(stage)))
    )
    run.connection.execute(
        delete(ANSWERS).where(ANSWERS.c.questionnaire_id.in_(replaced), _is_unticked(run))
    )
    values: dict[str, Any] = {
        "version": FORMS.c.version + 1,
        "updated_at": run.now,
        "updated_by": run.user_id,
        "batch_id": run.batch_id,
    }
    if "sent_on" in run.mapped:
        sent = (
            select(_submitted_at(run))
            .where(
                run.of_batch(),
                stage.company_id == FORMS.c.company_id,
                stage.questionnaire_id == FORMS.c.id,
            )
            .scalar_subquery()
        )
        values["submitted_at"] = func.coalesce(sent, FORMS.c.submitted_at)
    run.connection.execute(
        update(FORMS)
        .where(
            FORMS.c.company_id == run.company_id,
            FORMS.c.id.in_(replaced),
            FORMS.c.batch_id.is_distinct_from(run.batch_id),
        )
        .values(values)
    )
