"""§2.2 step 1 — 抽取: the ordering platform's forms for a month, taken on the cut-off day.

Reads: customer, questionnaire_form, need_option
Writes: questionnaire, questionnaire_answer
Grain: company × customer × work month
Units: forms carry Asia/Shanghai times; stored in UTC
Nulls: a form without answers is rejected; "no need" is an answer
Errors: none of its own; rejected forms are in the result
Ambiguity: of several forms of a customer the last counts; late ones belong to a later month

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, select

from app.analysis.rules.needs import Extraction, Form, Stored, plan_extraction
from app.analysis.statements.questionnaires import form_of, is_valid, write_forms
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Customer, Questionnaire, QuestionnaireSource, QuestionnaireStatus

FORM, CUSTOMER = Questionnaire.__table__, Customer.__table__


def extract(
    connection: Connection,
    company_id: int,
    month: Month,
    forms: Sequence[Form],
    cutoff_day: int,
    now: dt.datetime,
) -> Extraction:
    """抽取: take the platform's forms for `month`; running again changes nothing that matters.

    Confirmed, edited and hand-written answers are never replaced. Returns what was written
    (`write`), kept and rejected, for the job's report.
    """
    offer = form_of(connection, company_id, month)
    needs = {need.code: need.id for need in offer.needs}
    customers = {
        row.code: row
        for row in connection.execute(
            select(CUSTOMER.c.id, CUSTOMER.c.code, CUSTOMER.c.territory_id).where(
                is_valid(Scope(company_id))
            )
        )
    }
    codes = {row.id: code for code, row in customers.items()}
    stored = {
        codes[row.customer_id]: Stored(
            row.status is QuestionnaireStatus.CONFIRMED,
            row.is_edited,
            row.source is QuestionnaireSource.PLATFORM,
            row.submitted_at,
        )
        for row in connection.execute(
            select(
                FORM.c.customer_id,
                FORM.c.status,
                FORM.c.is_edited,
                FORM.c.source,
                FORM.c.submitted_at,
            ).where(FORM.c.company_id == company_id, FORM.c.month == month)
        )
        if row.customer_id in codes
    }
    plan = plan_extraction(forms, stored, customers, needs, month, cutoff_day)
    rows, answers = [], {}
    for code, form in plan.write.items():
        customer = customers[code]
        rows.append(
            {
                "customer_id": customer.id,
                "territory_id": customer.territory_id,
                "source": QuestionnaireSource.PLATFORM,
                "is_edited": False,
                "submitted_at": form.sent_at.astimezone(dt.UTC).replace(tzinfo=None),
            }
        )
        answers[customer.id] = {needs[need]: text for need, text in form.answers.items()}
    if rows:
        write_forms(connection, company_id, month, offer.number, rows, answers, now)
    return plan
