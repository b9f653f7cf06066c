"""The running month of the demo's first territory, taken back to its first days.

The demo has it planned and approved; tests of steps 1 and 2 need it half answered, not computed.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Connection, delete, select, update

from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    CustomerAbilityScore,
    CustomerState,
    MonthPlan,
    Questionnaire,
    QuestionnaireStatus,
    ServicePlan,
    StateRun,
    StrategyItem,
)

ANSWERED, CONFIRMED = 8, 4
"""Of ten customers: with answers, with confirmed ones."""


def rewind(connection: Connection, territory_id: int, month: Month) -> None:
    """Nothing planned, computed or scored; some answers missing, some not confirmed."""
    state, score = CustomerState.__table__, CustomerAbilityScore.__table__
    customers = select(state.c.customer_id).where(
        state.c.territory_id == territory_id, state.c.month == month
    )
    connection.execute(
        delete(score).where(score.c.month == month, score.c.customer_id.in_(customers))
    )
    for model in (StrategyItem, ServicePlan, MonthPlan, CustomerState, StateRun):
        table = model.__table__
        connection.execute(
            delete(table).where(table.c.territory_id == territory_id, table.c.month == month)
        )
    form = Questionnaire.__table__
    own = (form.c.territory_id == territory_id) & (form.c.month == month)
    connection.execute(delete(form).where(own, form.c.customer_id % 10 >= ANSWERED))
    connection.execute(
        update(form)
        .where(own, form.c.customer_id % 10 >= CONFIRMED)
        .values(status=QuestionnaireStatus.OPEN, confirmed_at=None, confirmed_by=None)
    )


@pytest.fixture
def early(demo: Flask, territory: Callable[[str], int]) -> None:
    with demo.app_context(), db.engine.begin() as connection:
        rewind(connection, territory("YH-A1"), Month.current())
