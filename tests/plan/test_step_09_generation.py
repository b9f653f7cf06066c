"""Step 9's statements on both databases: what is replaced, kept, numbered, listed and followed."""

import datetime as dt
import os
import signal
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, func, select, update

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import (
    Customer,
    CustomerStatus,
    DayChoice,
    FrequencySource,
    MonthPlan,
    MonthPlanStatus,
    PlannedFrequency,
    RowOrigin,
    VisitFrequency,
    VisitObstacle,
    VisitPlan,
    VisitPlanProblem,
    VisitPlanRun,
    VisitStatus,
)
from app.plan.rules.visit_dates_proposal import Planning
from app.plan.step_09_changed_customers import follow_customers
from app.plan.step_09_visit_plan import plan_visits, propose
from tests import database
from tests.analysis.world import add, customer, organisation
from tests.conftest import ROOT

pytestmark = pytest.mark.sql

M = Month(2026, 11)
FIRST, LAST = dt.date(2026, 11, 2), dt.date(2026, 11, 29)
TODAY = dt.date(2026, 11, 10)
NOW = dt.datetime.fromisoformat("2026-11-10T01:00:00")
VISIT, RUN, PROBLEM = VisitPlan.__table__, VisitPlanRun.__table__, VisitPlanProblem.__table__
CUSTOMER = Customer.__table__
SCOPE = Scope(1)


def planning(today: dt.date = TODAY, first: dt.date = FIRST, last: dt.date = LAST, **more: Any):
    values = {"overrides": {}, "parameters": Parameters(number=3), "now": NOW, **more}
    return Planning(first, last, today, **values)


def shops(connection: Connection, count: int = 12, territory: int = 1, start: int = 1) -> None:
    frequencies = list(VisitFrequency)
    add(
        connection,
        Customer,
        [
            customer(
                start + n,
                territory,
                line="AB"[n % 2],
                neighbourhood="xyz"[n % 3],
                longitude=110 + n / 100,
                latitude=28.5,
                visit_frequency=frequencies[n % 3],
                frequency_source=FrequencySource.SYSTEM,
                visit_weekday=None,
            )
            for n in range(count)
        ],
    )


def visit(number: int, customer_id: int, day: dt.date, **changes: Any) -> dict[str, Any]:
    return {
        "id": 1000 + number,
        "company_id": 1,
        "territory_id": 1,
        "customer_id": customer_id,
        "date": day,
        "month": M,
        "origin": RowOrigin.AUTOMATIC,
        "status": VisitStatus.PLANNED,
        "is_touched": False,
        **changes,
    }


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    rows = connection.execute(
        select(
            VISIT.c.id, VISIT.c.customer_id, VISIT.c.date, VISIT.c.status, VISIT.c.sequence,
            VISIT.c.version, VISIT.c.run_id,
        ).order_by(VISIT.c.id)
    )  # fmt: skip
    return [tuple(row) for row in rows]


@pytest.fixture
def world(connection: Connection) -> Connection:
    organisation(connection, territories=2)
    shops(connection)
    return connection


def test_a_month_is_generated_with_run_reasons_and_route(world: Connection):
    done = plan_visits(world, SCOPE, planning(today=dt.date(2026, 11, 1)))
    assert [(p.territory_id, len(p.removed), len(p.kept)) for p in done] == [(1, 0, 0)]
    rows = world.execute(select(VISIT)).all()
    assert len(rows) == 4 * 4 + 4 * 2 + 4
    assert {row.month for row in rows} == {M}
    assert {row.origin for row in rows} == {RowOrigin.AUTOMATIC}
    assert {row.day_choice for row in rows} == {DayChoice.LINE}
    run = world.execute(select(RUN)).one()
    assert {row.run_id for row in rows} == {run.id}
    assert (run.added, run.removed, run.parameter_version) == (28, 0, 3)
    for day in {row.date for row in rows}:
        numbers = sorted(row.sequence for row in rows if row.date == day)
        assert numbers == list(range(1, len(numbers) + 1))
    assert world.execute(select(func.count()).select_from(PROBLEM)).scalar() == 0


def test_a_second_run_changes_nothing(world: Connection):
    plan_visits(world, SCOPE, planning())
    before = stored(world)
    assert not propose(world, SCOPE, planning())[0].changes_anything
    done = plan_visits(world, SCOPE, planning())[0]
    assert (len(done.added), len(done.removed), len(done.kept)) == (0, 0, len(before))
    assert stored(world) == before


def test_only_future_automatic_untouched_planned_visits_are_replaced(world: Connection):
    past, today, coming = dt.date(2026, 11, 9), TODAY, dt.date(2026, 11, 14)  # a Saturday
    present = [
        visit(1, 1, past),
        visit(2, 2, today),
        visit(3, 3, coming),
        visit(4, 4, coming, origin=RowOrigin.MANUAL),
        visit(5, 5, coming, is_touched=True),
        visit(6, 6, coming, status=VisitStatus.DONE),
        visit(7, 7, coming, status=VisitStatus.CANCELLED, is_touched=True),
        visit(8, 8, dt.date(2026, 12, 5)),
    ]
    add(world, VisitPlan, present)
    done = plan_visits(world, SCOPE, planning())[0]
    assert [row.id for row in done.removed] == [1003], "a generated visit on a day off goes"
    left = {row[0] for row in stored(world)}
    assert {1001, 1002, 1004, 1005, 1006, 1007, 1008} <= left
    assert 1003 not in left
    new = [row for row in stored(world) if row[0] < 1000 or row[0] > 1008]
    assert all(row[2] > TODAY and row[2].weekday() < 5 for row in new)
    week = [row[1] for row in new if dt.date(2026, 11, 9) <= row[2] <= dt.date(2026, 11, 15)]
    assert not {1, 4, 7} & set(week), "weekly ones with a visit, or a called-off one, this week"


def test_the_preview_writes_nothing_and_says_what_happens(world: Connection):
    add(world, VisitPlan, [visit(1, 3, dt.date(2026, 11, 14))])
    proposal = propose(world, SCOPE, planning())[0]
    assert [row[0] for row in stored(world)] == [1001]
    before, after = proposal.loads()
    assert before == Counter({dt.date(2026, 11, 14): 1})
    assert after.total() == len(proposal.added)
    assert plan_visits(world, SCOPE, planning())[0].digest == proposal.digest


def test_the_frequency_is_the_approved_plans_unless_a_person_changed_it(world: Connection):
    add(
        world,
        MonthPlan,
        [{"id": 1, "company_id": 1, "territory_id": 1, "month": M, "status": MonthPlanStatus.APPROVED}],
    )  # fmt: skip
    row = {
        "company_id": 1, "plan_id": 1, "is_key": False, "strategy_count": 0, "direct_count": 0,
        "effect_score": None, "amount_fen": 0, "rank": 1, "generated": VisitFrequency.WEEKLY,
        "frequency": VisitFrequency.WEEKLY, "origin": RowOrigin.AUTOMATIC,
    }  # fmt: skip
    add(world, PlannedFrequency, [{**row, "customer_id": n} for n in (3, 6)])
    by_hand = CUSTOMER.c.id == 6
    world.execute(update(CUSTOMER).where(by_hand).values(frequency_source=FrequencySource.MANUAL))
    world.execute(update(CUSTOMER).where(CUSTOMER.c.id == 9).values(visit_frequency=None))
    opened = {"visit_frequency": None, "open_date": dt.date(2026, 11, 12)}
    world.execute(update(CUSTOMER).where(CUSTOMER.c.id == 12).values(**opened))
    plan_visits(world, SCOPE, planning(today=dt.date(2026, 11, 1)))
    counts = Counter(row[1] for row in stored(world))
    assert counts[3] == 4, "monthly, but weekly in the approved plan"
    assert counts[6] == 1, "a person's monthly holds"
    assert counts[9] == 0
    assert counts[12] == 3, "weekly from the opening on"
    problems = world.execute(select(PROBLEM.c.customer_id, PROBLEM.c.obstacle)).all()
    assert [tuple(row) for row in problems] == [(9, VisitObstacle.NO_FREQUENCY)]
    plan_visits(world, SCOPE, planning(today=dt.date(2026, 11, 1)))
    assert world.execute(select(func.count()).select_from(PROBLEM)).scalar() == 1


def test_closed_customers_and_other_territories_are_left_alone(world: Connection):
    shops(world, 6, territory=2, start=50)
    world.execute(
        update(CUSTOMER).where(CUSTOMER.c.id == 1).values(status=CustomerStatus.SUSPENDED)
    )
    plan_visits(world, Scope.of(1, [1]), planning())
    customers = {row[1] for row in stored(world)}
    assert customers
    assert max(customers) < 50
    assert 1 not in customers


def test_visits_follow_customers_who_close_open_and_move(world: Connection):
    plan_visits(world, SCOPE, planning())
    add(world, VisitPlan, [visit(1, 1, TODAY), visit(2, 4, dt.date(2026, 12, 2))])
    closed, moved = CUSTOMER.c.id.in_([1, 4]), CUSTOMER.c.id == 7
    world.execute(
        update(VISIT)
        .where(VISIT.c.id == 1002)
        .values(status=VisitStatus.CANCELLED, is_touched=True)
    )
    world.execute(update(CUSTOMER).where(closed).values(status=CustomerStatus.SUSPENDED))
    world.execute(update(CUSTOMER).where(moved).values(territory_id=2))
    changed = follow_customers(world, 1, TODAY, NOW, None)
    by_customer = Counter((row[1], row[3]) for row in stored(world) if row[1] in (1, 4))
    assert by_customer[1, VisitStatus.PLANNED] == 1, "today's visit stays"
    assert by_customer[4, VisitStatus.PLANNED] == 0
    places = world.execute(select(VISIT.c.territory_id).where(VISIT.c.customer_id == 7)).scalars()
    assert set(places) == {2}
    assert all(visit.changes for visit in changed)
    assert follow_customers(world, 1, TODAY, NOW, None) == []

    world.execute(update(CUSTOMER).where(closed).values(status=CustomerStatus.ACTIVE))
    assert follow_customers(world, 1, TODAY, NOW, None, [12]) == []
    follow_customers(world, 1, TODAY, NOW, None, [1, 4])
    cancelled = [row[0] for row in stored(world) if row[3] is VisitStatus.CANCELLED]
    assert cancelled == [1002], "a person's cancellation is not undone"
    days = world.execute(
        select(VISIT.c.date, VISIT.c.sequence, VISIT.c.status).where(VISIT.c.territory_id == 1)
    ).all()
    for day in {row.date for row in days if row.date > TODAY}:
        numbers = [r.sequence for r in days if r.date == day and r.status is VisitStatus.PLANNED]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


KILLED = """
import os, signal
from sqlalchemy import create_engine
from tests.plan.test_step_09_generation import SCOPE, planning
from app.plan.statements import visit_plan_writing
from app.plan.step_09_visit_plan import plan_visits
import app.models
from app.master.rules_parameters import Parameters

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

visit_plan_writing.bulk_insert = die  # the old visits are deleted, the new not there yet
with create_engine(os.environ["VISITS_URL"]).begin() as connection:
    plan_visits(connection, SCOPE, planning(parameters=Parameters(number=4, visit_capacity_urban=1)))
"""


def test_a_kill_in_the_middle_leaves_the_old_plan_whole(databases: database.Databases):
    from tests.analysis.conftest import make_tables

    with databases.copy("tables", make_tables) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            organisation(connection, territories=2)
            shops(connection)
            plan_visits(connection, SCOPE, planning())
        with engine.begin() as connection:
            before = stored(connection)
        engine.dispose()
        ended = subprocess.run(
            [sys.executable, "-c", KILLED],
            cwd=ROOT,
            env={**os.environ, "VISITS_URL": url},
            timeout=120,
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL
        with engine.begin() as connection:
            assert stored(connection) == before
            assert connection.execute(select(func.count()).select_from(RUN)).scalar() == 1
        engine.dispose()
