"""A company at the start of a month's planning: needs confirmed, states and analyses computed.

States, problems, potential strategies and analyses come from the steps themselves; what people
would have entered (targets, scores, answers, their judgements) follows from the ids.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, String, case, cast, create_engine, func, insert, literal, select

from app.kernel.columns import MonthType
from app.kernel.period import Month, utc_now
from app.models import (
    Customer,
    CustomerState,
    NeedOption,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
)
from app.plan.rules.visit_dates_weeks import work_span
from benchmarks.monthly_analysis import (
    Statements,
    enter_missing,
    largest_company,
    newest_month,
)

UNREAD = ("sales_line", "monthly_sales", "customer_sales", "territory_sales", "order_day")
"""Planning does not read sales; without them a copy of the file takes no time."""

ANSWERING_OF_TEN = 7
OPEN_EVERY = 20
"""Of the customers who answered, every so many is not confirmed yet."""
ANSWERS = 3
ABNORMAL_EVERY = 40
"""One of so many pairs of territory and product, or of indicator, is judged abnormal."""


def planning_database(source: Path, target: Path) -> None:
    """Make `target` from the demo database `source`, whose newest month becomes the last one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    shutil.copyfile(source, draft)
    engine = create_engine(f"sqlite:///{draft}")
    with engine.begin() as connection:
        company = largest_company(connection)
        month: Month = newest_month(connection, company).next
        enter_missing(connection, company, month)
    analysis = Statements(draft)
    analysis.run()
    analysis.engine.dispose()
    with engine.begin() as connection:
        _answer(connection, company, month)
        _judge(connection)
    engine.dispose()
    raw = sqlite3.connect(draft)
    for table in UNREAD:
        raw.execute(f"DELETE FROM {table}")  # noqa: S608 -- names from above
    # Nobody planned visits of the month yet.
    raw.execute("DELETE FROM visit_plan WHERE date >= ?", [work_span(month)[0].isoformat()])
    raw.commit()
    raw.execute("VACUUM")
    raw.execute("PRAGMA journal_mode = DELETE")  # one file, to be copied and renamed
    raw.close()
    draft.rename(target)


def planned_month(connection: Connection) -> tuple[int, Month]:
    """(company, work month) that a planning database is about."""
    state = CustomerState.__table__
    company = largest_company(connection)
    newest = select(func.max(state.c.month)).where(state.c.company_id == company)
    return company, connection.execute(newest).scalar_one()


def _answer(connection: Connection, company: int, month: Month) -> None:
    """Questionnaires of most customers, with words where the need asks for them."""
    form, answer = Questionnaire.__table__, QuestionnaireAnswer.__table__
    customer, need = Customer.__table__, NeedOption.__table__
    now = literal(utc_now())
    columns: dict[str, Any] = {
        "company_id": customer.c.company_id,
        "customer_id": customer.c.id,
        "territory_id": customer.c.territory_id,
        "month": literal(month, MonthType()),
        "source": literal(QuestionnaireSource.PLATFORM, form.c.source.type),
        "status": case(
            (customer.c.id % OPEN_EVERY == 0, QuestionnaireStatus.OPEN.name),
            else_=QuestionnaireStatus.CONFIRMED.name,
        ),
        "is_edited": literal(value=False),
        "version": literal(1),
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(
        insert(form).from_select(
            list(columns),
            select(*columns.values())
            .where(
                customer.c.company_id == company,
                customer.c.status == "ACTIVE",
                customer.c.id % 10 < ANSWERING_OF_TEN,
            )
            .order_by(customer.c.id),
        )
    )
    place = func.row_number().over(order_by=need.c.id).label("place")
    needs = select(need.c.id, need.c.asks_text, place).where(
        need.c.company_id == company, need.c.is_active
    )
    known = needs.subquery("needs")
    count = select(func.count()).select_from(known).scalar_subquery()
    details = literal("until day ").concat(cast(1 + form.c.customer_id % 28, String))
    connection.execute(
        insert(answer).from_select(
            ["company_id", "questionnaire_id", "need_option_id", "details"],
            select(
                form.c.company_id,
                form.c.id,
                known.c.id,
                case((known.c.asks_text, details)),
            )
            .select_from(form)
            .join(known, (form.c.customer_id * 5 + known.c.place * 7) % count < ANSWERS)
            .where(form.c.company_id == company, form.c.month == month)
            .order_by(form.c.id, known.c.id),
        )
    )


def _judge(connection: Connection) -> None:
    """People judged a few rates and indicators abnormal: else everybody were a key customer."""
    for line, header, subject in (
        ("brand_analysis_line", "brand_analysis", "product_id"),
        ("market_analysis_line", "market_analysis", "length(indicator)"),
    ):
        connection.exec_driver_sql(
            f"UPDATE {line} SET final_status = CASE WHEN ({subject} * 7 + (SELECT h.territory_id "  # noqa: S608
            f"FROM {header} h WHERE h.id = {line}.analysis_id) * 3) % {ABNORMAL_EVERY} = 0 "
            "THEN 'ABNORMAL' ELSE 'NORMAL' END"
        )
