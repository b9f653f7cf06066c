"""Steps 1 and 2 in the demo: last month finished, the running month in different stages.

Answers and scores are drawn by customer code, so two runs give the same; effects, states and
potential needs come from the steps themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.computation import computation_of
from app.analysis.statements.questionnaires import form_of, write_forms
from app.analysis.step_02_ability import AbilityEntry, score_ability
from app.analysis.step_02_customer_state import compute_effect, generate
from app.demo.plan import Dates, words
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.models import (
    AbilityItem,
    AssignmentKind,
    Customer,
    CustomerStatus,
    OrderMode,
    QuestionnaireSource,
    QuestionnaireStatus,
    Scale,
    Territory,
    TerritoryAssignment,
)

NEEDS = (
    ("D01", 22), ("D03", 16), ("D05", 12), ("D07", 12), ("D04", 9), ("D06", 7), ("D10", 6),
    ("D13", 5), ("D12", 4), ("D08", 3), ("D11", 2), ("D15", 2),
)  # fmt: skip
NO_NEED = "D16"
WITHOUT_NEED = 0.18
WITH_DETAILS = ("D01", "D04", "D07", "D10", "D15")


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a territory is in the running month; shares of its customers."""

    answered: float
    confirmed: float
    is_computed: bool
    scored: float
    is_generated: bool


FINISHED = Stage(answered=1, confirmed=1, is_computed=True, scored=1, is_generated=True)
STAGES = (
    FINISHED,
    Stage(answered=0.9, confirmed=0.7, is_computed=True, scored=0.55, is_generated=False),
    FINISHED,
    Stage(answered=0.6, confirmed=0, is_computed=True, scored=0, is_generated=False),
)


def add_customer_analysis(session: Session, company_id: int, dates: Dates) -> None:
    """Last month and the running one for every territory of the company."""
    territories = session.scalars(
        select(Territory.__table__.c.id)
        .where(Territory.__table__.c.company_id == company_id)
        .order_by(Territory.__table__.c.code)
    ).all()
    for number, territory_id in enumerate(territories):
        stage = STAGES[number % len(STAGES)]
        for month, reached in ((dates.month.previous, FINISHED), (dates.month, stage)):
            _add_needs(session, company_id, territory_id, month, reached)
            _add_states(session, company_id, territory_id, month, reached)


def _customers(session: Session, company_id: int, territory_id: int) -> Sequence[Any]:
    table = Customer.__table__
    return session.execute(
        select(table.c.id, table.c.code, table.c.order_mode, table.c.scale)
        .where(
            table.c.company_id == company_id,
            table.c.territory_id == territory_id,
            table.c.status == CustomerStatus.ACTIVE,
        )
        .order_by(table.c.code)
    ).all()


def _holder(session: Session, territory_id: int) -> int | None:
    table = TerritoryAssignment.__table__
    return session.execute(
        select(table.c.user_id).where(
            table.c.territory_id == territory_id, table.c.kind == AssignmentKind.PRIMARY
        )
    ).scalar()


def _add_needs(
    session: Session, company_id: int, territory_id: int, month: Month, stage: Stage
) -> None:
    connection = session.connection()
    form = form_of(connection, company_id, month)
    ids = {need.code: need.id for need in form.needs}
    now, holder = utc_now(), _holder(session, territory_id)
    rows: list[dict[str, Any]] = []
    answers: dict[int, Mapping[int, str | None]] = {}
    for customer in _customers(session, company_id, territory_id):
        random = Random(f"needs {customer.code} {month.key}")  # noqa: S311 -- repeatable
        if random.random() >= stage.answered:
            continue
        is_online = customer.order_mode is OrderMode.ONLINE
        is_late = is_online and random.random() < 0.06
        source = QuestionnaireSource.PLATFORM if is_online else QuestionnaireSource.MANUAL
        is_confirmed = random.random() < stage.confirmed
        sent = dt.datetime.combine(
            month.previous.first_day.replace(day=random.randint(8, 25)), dt.time(2)
        ) + dt.timedelta(minutes=random.randrange(480))
        rows.append(
            {
                "customer_id": customer.id,
                "territory_id": territory_id,
                "source": QuestionnaireSource.LATE if is_late else source,
                "status": QuestionnaireStatus.CONFIRMED
                if is_confirmed
                else QuestionnaireStatus.OPEN,
                "is_edited": is_late or not is_online,
                "submitted_at": sent if is_online and not is_late else None,
                "confirmed_at": now if is_confirmed else None,
                "confirmed_by": holder if is_confirmed else None,
                "created_at": now,
            }
        )
        answers[customer.id] = _answers(random, ids)
    if rows:
        write_forms(connection, company_id, month, form.number, rows, answers, now)


def _answers(random: Random, ids: Mapping[str, int]) -> dict[int, str | None]:
    if random.random() < WITHOUT_NEED:
        return {ids[NO_NEED]: None}
    codes, shares = zip(*NEEDS, strict=True)
    chosen = set(random.choices(codes, shares, k=random.choice((1, 1, 2, 2, 3))))
    return {
        ids[code]: random.choice(words(f"details_{code}")) if code in WITH_DETAILS else None
        for code in sorted(chosen)
    }


def _add_states(
    session: Session, company_id: int, territory_id: int, month: Month, stage: Stage
) -> None:
    if not stage.is_computed:
        return
    connection, scope = session.connection(), Scope.of(company_id, [territory_id])
    holder = _holder(session, territory_id)
    computation = replace(computation_of(session, company_id, month.previous), user_id=holder)
    compute_effect(connection, scope, month, computation)
    table = AbilityItem.__table__
    items = connection.execute(
        select(table.c.id)
        .where(table.c.company_id == company_id, table.c.is_active)
        .order_by(table.c.code)
    ).scalars()
    item_ids = list(items)
    entries = [
        AbilityEntry(customer.id, item_id, score)
        for customer in _customers(session, company_id, territory_id)
        if _share(customer.code, month) < stage.scored
        for item_id, score in zip(item_ids, _scores(customer, len(item_ids)), strict=True)
    ]
    if entries:
        score_ability(connection, scope, month, computation, entries)
    if stage.is_generated:
        generate(connection, scope, month, computation)


def _share(code: str, month: Month) -> float:
    return Random(f"scored {code} {month.key}").random()  # noqa: S311 -- repeatable, not secret


def _scores(customer: Any, count: int) -> list[int]:
    """1–5 around what a shop of this size is likely to be."""
    random = Random(f"ability {customer.code}")  # noqa: S311 -- repeatable, not secret
    middle = {Scale.LARGE: 4.1, Scale.MEDIUM: 3.5, Scale.SMALL: 2.9}[customer.scale]
    middle += random.gauss(0, 0.5)
    return [min(max(round(random.gauss(middle, 0.8)), 1), 5) for _item in range(count)]
