"""Planning the month of a whole company (steps 7 to 9) beside pandas and beside a loop of records.

All start from the same SQLite file:

* pandas makes strategies with their reasons, key customers with theirs, ranks and frequencies, and
  writes them back, to tables without keys and indexes;
* days are no set operation, so pandas says only how many visits every customer gets and whom the
  capacity leaves out; writing the visits is measured beside one record object per visit.

Every row is compared.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select, update
from sqlalchemy.orm import Session

from benchmarks.demo_database import demo_environment
from benchmarks.monthly_analysis import copied
from benchmarks.work import Case, Work

STRATEGIES, KEYS_AND_FREQUENCIES, VISITS = (
    "7 strategies",
    "8 key customers, frequencies",
    "9 visits",
)


def prepare(case: Case) -> None:
    """The demo company at the start of a month's planning, and with its month plans approved."""
    from benchmarks.month_planning_data import planning_database

    demo = Path(demo_environment(case.size)["PORTAL_DATA_DIR"]) / "portal.db"
    planning_database(demo, case.folder / "start.db")
    prepare_approved(case.folder / "start.db", case.folder / "approved.db")


def prepare_approved(start: Path, target: Path) -> None:
    """What `Records` starts from: the database after the portal's own steps 7 and 8."""
    shutil.copyfile(start, target)
    planning = Statements(target)
    planning.plan()
    planning.engine.dispose()
    raw = sqlite3.connect(target)
    raw.execute("PRAGMA journal_mode = DELETE")  # one file, to be copied
    raw.close()


def portal(case: Case) -> Work:
    planning = Statements(copied(case))
    return Work(planning.run, planning.results)


def pandas(case: Case) -> Work:
    from benchmarks.month_planning_pandas import Rival

    planning = Rival(copied(case))
    return Work(planning.run, planning.results)


def records(case: Case) -> Work:
    planning = Records(copied(case, "approved.db"))
    return Work(planning.run, planning.results)


def timed(parts: dict[str, float], name: str, part: Callable[[], Any]) -> Any:
    started = time.process_time()
    result = part()
    parts[name] = time.process_time() - started
    return result


RESULTS = {
    "strategies": "SELECT customer_id, strategy_id, territory_id, source, content "
    "FROM strategy_item WHERE month = {m} ORDER BY 1, 2",
    "reasons": "SELECT r.customer_id, r.strategy_id, r.source, r.code, r.details "
    "FROM strategy_item_reason r JOIN service_plan p ON p.id = r.plan_id WHERE p.month = {m} "
    "ORDER BY 1, 2, 3, 4",
    "key customers": "SELECT k.customer_id FROM key_customer k JOIN month_plan p "
    "ON p.id = k.plan_id WHERE p.month = {m} ORDER BY 1",
    "key reasons": "SELECT r.customer_id, r.kind, r.code, r.indicator, r.product_id "
    "FROM key_customer_reason r JOIN month_plan p ON p.id = r.plan_id WHERE p.month = {m} "
    "ORDER BY 1, 2, 3, 4, 5",
    "frequencies": "SELECT f.customer_id, f.is_key, f.strategy_count, f.direct_count, "
    "f.effect_score, f.amount_fen, f.rank, f.generated FROM planned_frequency f "
    "JOIN month_plan p ON p.id = f.plan_id WHERE p.month = {m} ORDER BY 1",
    "visit counts": "SELECT customer_id, count(*) FROM visit_plan WHERE run_id IN ({runs}) "
    "GROUP BY 1 ORDER BY 1",
    "visits not possible": "SELECT customer_id, obstacle, missing FROM visit_plan_problem "
    "WHERE run_id IN ({runs}) ORDER BY 1, 2",
    "visits": "SELECT customer_id, date, frequency, day_choice, sequence FROM visit_plan "
    "WHERE run_id IN ({runs}) ORDER BY 1, 2",
}


class Statements:
    """The portal's own steps over the whole company."""

    def __init__(self, path: Path) -> None:
        from app.kernel.scope import Scope
        from app.plan.computation import plan_computation
        from app.plan.rules.visit_dates_weeks import work_span
        from app.plan.visit_plans import planning_of
        from benchmarks.month_planning_data import planned_month

        self.engine = create_engine(f"sqlite:///{path}")
        self.parts: dict[str, float] = {}
        self.runs: list[int] = []
        with Session(self.engine) as session:
            company, self.month = planned_month(session.connection())
            self.computation = plan_computation(session, company)
            first, last = work_span(self.month)
            yesterday = first - dt.timedelta(days=1)
            self.planning = planning_of(session, company, first, last, yesterday)
        self.scope = Scope(company)

    def run(self) -> dict[str, float]:
        self.plan()
        timed(self.parts, VISITS, self._visits)
        return self.parts

    def plan(self) -> None:
        """Between the steps the plans go through the approval."""
        timed(self.parts, STRATEGIES, self._strategies)
        timed(self.parts, KEYS_AND_FREQUENCIES, self._keys_and_frequencies)
        timed(self.parts, "approval", self._approve)

    def _strategies(self) -> None:
        from app.models import ServicePlan, ServicePlanStatus
        from app.plan import step_07_service_strategy as step

        common = (self.scope, self.month, self.computation)
        plan = ServicePlan.__table__
        with self.engine.begin() as connection:
            step.create_plan(connection, *common)
            step.generate(connection, *common)
            connection.execute(
                update(plan)
                .where(self.scope.rows(plan), plan.c.month == self.month)
                .values(status=ServicePlanStatus.SUBMITTED)
            )

    def _keys_and_frequencies(self) -> None:
        from app.plan import step_08_month_plan as step

        common = (self.scope, self.month, self.computation)
        with self.engine.begin() as connection:
            step.create(connection, *common)
            step.generate(connection, *common)

    def _approve(self) -> None:
        from app.models import MonthPlan, MonthPlanStatus
        from app.plan.step_08_month_plan import write_frequencies

        with Session(self.engine) as session:
            for plan in session.scalars(select(MonthPlan).where(MonthPlan.month == self.month)):
                write_frequencies(session, plan)
                plan.status = MonthPlanStatus.APPROVED
            session.commit()

    def _visits(self) -> None:
        from app.plan.step_09_visit_plan import plan_visits

        with self.engine.begin() as connection:
            for proposal in plan_visits(connection, self.scope, self.planning):
                self.runs.append(proposal.run_id or 0)

    def results(self) -> dict[str, list[list[Any]]]:
        """What is compared: plain lists in a fixed order."""
        return self.rows(RESULTS)

    def rows(self, queries: dict[str, str]) -> dict[str, list[list[Any]]]:
        runs = ", ".join(map(str, self.runs))
        with self.engine.connect() as connection:
            return {
                name: [
                    list(row)
                    for row in connection.exec_driver_sql(
                        query.format(m=self.month.number, runs=runs)
                    )
                ]
                for name, query in queries.items()
            }


class Records(Statements):
    """The same visits, each an object of the ORM."""

    def run(self) -> dict[str, float]:
        timed(self.parts, VISITS, self._visits)
        return self.parts

    def _visits(self) -> None:
        from app.models import RowOrigin, VisitFrequency, VisitPlan, VisitPlanRun, VisitStatus
        from app.plan.models.visit_plan import DayChoice
        from app.plan.step_09_visit_plan import propose

        with Session(self.engine) as session:
            proposals = timed(
                self.parts,
                "planning",
                lambda: propose(session.connection(), self.scope, self.planning),
            )
            for proposal in proposals:
                run = VisitPlanRun(
                    company_id=self.scope.company_id,
                    territory_id=proposal.territory_id,
                    from_date=self.planning.first,
                    to_date=self.planning.last,
                    generated_at=self.planning.now,
                    parameter_version=self.planning.parameters.number,
                    added=len(proposal.added),
                    removed=0,
                    kept=0,
                )
                session.add(run)
                session.flush()
                self.runs.append(run.id)
                numbers = proposal.numbers()
                for visit in proposal.added:
                    session.add(
                        VisitPlan(
                            company_id=self.scope.company_id,
                            territory_id=proposal.territory_id,
                            customer_id=visit.customer,
                            date=visit.date,
                            month=self.month,
                            origin=RowOrigin.AUTOMATIC,
                            status=VisitStatus.PLANNED,
                            run_id=run.id,
                            frequency=VisitFrequency[visit.frequency],
                            day_choice=DayChoice[visit.choice],
                            sequence=numbers[visit.customer, visit.date],
                        )
                    )
                session.flush()
            session.commit()

    def results(self) -> dict[str, list[list[Any]]]:
        return self.rows({"visits": RESULTS["visits"]})
