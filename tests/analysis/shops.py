"""Six like shops in territory 1 and looks at what the steps stored about them."""

from typing import Any

from sqlalchemy import Connection, select

from app.analysis.step_02_ability import (
    AbilityEntry,
    score_ability,
)
from app.kernel.scope import Scope
from app.models import (
    AbilityItem,
    CustomerState,
    StateRun,
)
from tests.analysis import world as w

ONE = Scope(1, (1,))
STATE = CustomerState.__table__


def shop(connection: Connection, world: w.World | None = None) -> w.World:
    """Six like shops in territory 1 with steady sales of product 1; written."""
    world = world or w.World()
    world.products = world.products or [w.product(1), w.product(2)]
    world.customers = world.customers or [w.customer(n) for n in range(1, 7)]
    if not world.facts:
        world.facts = [
            w.fact(row["id"], 1, month, 10)
            for row in world.customers
            for month in (w.K, w.K.previous, w.K.shift(-12))
        ]
        world.lines = [
            w.line(row["id"], day) for row in world.customers for day in list(w.K.days())[1::7]
        ]
    w.organisation(connection)
    w.write(connection, world)
    return world


def states(connection: Connection) -> dict[int, Any]:
    rows = connection.execute(select(STATE).order_by(STATE.c.customer_id))
    return {row.customer_id: row for row in rows}


def run(connection: Connection, territory: int = 1) -> Any:
    table = StateRun.__table__
    return connection.execute(select(table).where(table.c.territory_id == territory)).one()


def score_all(connection: Connection, score: int = 4, scope: Scope = ONE) -> None:
    items = connection.scalars(select(AbilityItem.__table__.c.id)).all()
    customers = connection.scalars(
        select(STATE.c.customer_id).where(scope.rows(STATE), STATE.c.month == w.M)
    ).all()
    entries = [AbilityEntry(who, item, score) for who in customers for item in items]
    score_ability(connection, scope, w.M, w.computation(user_id=3), entries)
