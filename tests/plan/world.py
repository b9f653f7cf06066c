"""A territory of six shops that is analysed: the state in which the plans of month M are made.

Figures are of K = October 2026, M = November. Customers 1–6 stand in territory 1 of company 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, delete, insert, select, update

from app.analysis.step_02_customer_state import compute_effect
from app.analysis.step_02_customer_state import generate as generate_states
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    NeedOption,
    NeedOptionStrategy,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    StrategyItemReason,
)
from app.plan import step_07_service_strategy as step
from app.plan.rules.computation import PlanComputation
from tests.analysis import world as w
from tests.analysis.shops import score_all, shop

K, M, NOW = w.K, w.M, w.NOW
ONE, COMPANY = Scope(1, (1,)), Scope(1)
MANAGER = 3
"""The id of the person who works on territory 1."""


def computation(number: int = 1, **more: Any) -> PlanComputation:
    return PlanComputation(
        parameters=Parameters(number=number), now=NOW, **{"user_id": MANAGER, **more}
    )


def analysed(
    connection: Connection,
    world: w.World | None = None,
    *,
    score: int = 4,
    scope: Scope = COMPANY,
) -> w.World:
    """The shops with computed effect, ability scores and generated states of month M."""
    world = shop(connection, world)
    compute_effect(connection, scope, M, w.computation(user_id=MANAGER))
    score_all(connection, score, scope)
    generate_states(connection, scope, M, w.computation(user_id=MANAGER))
    return world


def answer(
    connection: Connection,
    customer_id: int,
    needs: Mapping[str, str | None],
    *,
    confirmed: bool = True,
    month: Month = M,
) -> int:
    """Direct needs of a customer: need code → details; returns the questionnaire's id."""
    customer = Customer.__table__
    territory = connection.scalar(
        select(customer.c.territory_id).where(customer.c.id == customer_id)
    )
    form = Questionnaire.__table__
    values = {
        "company_id": 1,
        "customer_id": customer_id,
        "territory_id": territory,
        "month": month,
        "source": QuestionnaireSource.MANUAL,
        "status": QuestionnaireStatus.CONFIRMED if confirmed else QuestionnaireStatus.OPEN,
    }
    form_id = connection.execute(insert(form).returning(form.c.id), values).scalar_one()
    options = w.ids(connection, NeedOption)
    w.add(
        connection,
        QuestionnaireAnswer,
        [
            {
                "company_id": 1,
                "questionnaire_id": form_id,
                "need_option_id": options[code],
                "details": details,
            }
            for code, details in needs.items()
        ],
    )
    need = NeedOption.__table__
    asking = [options[code] for code, details in needs.items() if details]
    connection.execute(update(need).where(need.c.id.in_(asking)).values(asks_text=True))
    return form_id


def planned(connection: Connection, scope: Scope = ONE, month: Month = M) -> None:
    """Service plans generated: drafts."""
    step.create_plan(connection, scope, month, computation())
    step.generate(connection, scope, month, computation())


def set_status(connection: Connection, status: ServicePlanStatus, month: Month = M) -> None:
    """The status of all plans of the month, without the flow."""
    plan = ServicePlan.__table__
    connection.execute(
        update(plan).where(plan.c.month == month).values(status=status, satisfaction_target=900)
    )


def approved(connection: Connection, scope: Scope = ONE, month: Month = M) -> None:
    """Service plans generated and approved: what steps 10 to 12 start from."""
    planned(connection, scope, month)
    set_status(connection, ServicePlanStatus.APPROVED, month)


def strategies(connection: Connection) -> dict[str, int]:
    """Code → id."""
    return w.ids(connection, ServiceStrategy)


def items(connection: Connection, month: Month = M) -> dict[tuple[int, str], Any]:
    """(customer, strategy code) → the item with sequence 0."""
    item, strategy = StrategyItem.__table__, ServiceStrategy.__table__
    rows = connection.execute(
        select(item, strategy.c.code.label("strategy_code"))
        .join(strategy, strategy.c.id == item.c.strategy_id)
        .where(item.c.month == month, item.c.sequence == 0)
        .order_by(item.c.customer_id, strategy.c.code)
    )
    return {(row.customer_id, row.strategy_code): row for row in rows}


def reasons(connection: Connection) -> set[tuple[int, str, str, str, str | None]]:
    """(customer, strategy code, source, code, details) of everything stored."""
    reason, strategy = StrategyItemReason.__table__, ServiceStrategy.__table__
    rows = connection.execute(
        select(reason, strategy.c.code.label("strategy_code")).join(
            strategy, strategy.c.id == reason.c.strategy_id
        )
    )
    return {
        (row.customer_id, row.strategy_code, row.source.name, row.code, row.details) for row in rows
    }


def answered(connection: Connection, form_id: int) -> list[tuple[str, str | None, int]]:
    """(need code, details where the need asks for them, strategy id) of a form's answers."""
    reply, need, link = (
        QuestionnaireAnswer.__table__,
        NeedOption.__table__,
        NeedOptionStrategy.__table__,
    )
    return [
        tuple(row)
        for row in connection.execute(
            select(need.c.code, case((need.c.asks_text, reply.c.details)), link.c.strategy_id)
            .join(need, need.c.id == reply.c.need_option_id)
            .join(link, link.c.need_option_id == need.c.id)
            .where(reply.c.questionnaire_id == form_id)
        )
    ]


def _reply(connection: Connection, form_id: int, code: str) -> Any:
    reply = QuestionnaireAnswer.__table__
    need_id = w.ids(connection, NeedOption)[code]
    return (reply.c.questionnaire_id == form_id) & (reply.c.need_option_id == need_id)


def say(connection: Connection, form_id: int, code: str, details: str) -> None:
    """Change what a customer said about a need."""
    reply = QuestionnaireAnswer.__table__
    connection.execute(
        update(reply).where(_reply(connection, form_id, code)).values(details=details)
    )


def unsay(connection: Connection, form_id: int, code: str) -> None:
    """Take a need back."""
    reply = QuestionnaireAnswer.__table__
    connection.execute(delete(reply).where(_reply(connection, form_id, code)))
