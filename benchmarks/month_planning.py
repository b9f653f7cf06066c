"""Planning the month of a whole company (steps 7 to 9) beside pandas and beside a loop of records.

All start from the same SQLite file, each in a process of its own:

* pandas makes strategies with their reasons, key customers with theirs, ranks and frequencies, and
  writes them back, to tables without keys and indexes;
* days are no set operation, so pandas says only how many visits every customer gets and whom the
  capacity leaves out; writing the visits is measured beside one record object per visit.

Every row is compared; a difference ends the run. The ratios are of processor time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select, update
from sqlalchemy.orm import Session

from benchmarks.demo_database import ROOT, demo_environment
from benchmarks.monthly_analysis import _peak

STRATEGIES, KEYS_AND_FREQUENCIES, VISITS = (
    "7 strategies",
    "8 key customers, frequencies",
    "9 visits",
)


def run(size: str) -> None:
    """Print the tables for a demo size."""
    environment = demo_environment(size)
    folder = Path(environment["PORTAL_DATA_DIR"]) / "planning"
    if not (folder / "start.db").exists():
        from benchmarks.month_planning_data import planning_database

        planning_database(folder.parent / "portal.db", folder / "start.db")
    compare_all(folder, f"size {size}")


def compare_all(folder: Path, heading: str) -> None:
    """Measure the three over `folder`/start.db and print; `SystemExit` when results differ."""
    reports = {name: _measured(name, folder) for name in ("statements", "pandas", "records")}
    _compare(folder, "pandas")
    _compare(folder, "records")
    ours, rival, records = reports["statements"], reports["pandas"], reports["records"]
    print(f"\nplanning a month, {heading}, processor seconds, results equal")
    print(f"{'step':32}{'portal':>9}{'pandas':>9}{'ratio':>8}")
    for part in (STRATEGIES, KEYS_AND_FREQUENCIES):
        mine, other = ours["parts"][part], rival["parts"][part]
        print(f"{part:32}{mine:9.2f}{other:9.2f}{other / mine:8.1f}")
    mine, other = (
        sum(report["parts"][part] for part in (STRATEGIES, KEYS_AND_FREQUENCIES))
        for report in (ours, rival)
    )
    print(f"{'both':32}{mine:9.2f}{other:9.2f}{other / mine:8.1f}")
    print(f"{'peak memory MB':32}{ours['peak_sets']:9.0f}{rival['peak']:9.0f}")
    mine, other = ours["parts"][VISITS], records["parts"][VISITS]
    print(f"\n{'step':32}{'portal':>9}{'records':>9}{'ratio':>8}")
    print(f"{VISITS:32}{mine:9.2f}{other:9.2f}{other / mine:8.1f}")
    planned = records["parts"]["planning"]
    mine, other = mine - planned, other - planned
    print(f"{'  of these writing':32}{mine:9.2f}{other:9.2f}{other / mine:8.1f}")
    print(f"{'peak memory MB':32}{ours['peak']:9.0f}{records['peak']:9.0f}")
    print(f"\napproval of all month plans {ours['parts']['approval']:.2f} s; ", end="")
    print(f"pandas counts visits in {rival['parts']['visit counts']:.2f} s")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        + ", ".join(f"{name} {version(name)}" for name in ("SQLAlchemy", "pandas", "numpy"))
    )


def _measured(name: str, folder: Path) -> dict[str, Any]:
    """Run one implementation on its copy, in a process of its own."""
    # The records are written where the plans are approved already: the portal's run leaves that.
    start = folder / ("approved.db" if name == "records" else "start.db")
    work = folder / f"{name}.db"
    shutil.copyfile(start, work)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.month_planning", name, str(work)],
        cwd=ROOT,
        env={**os.environ, "PORTAL_ENV": "test"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed with {done.returncode}")
    report: dict[str, Any] = json.loads(work.with_suffix(".json").read_text())
    return report


def _compare(folder: Path, rival: str) -> None:
    ours, theirs = (
        json.loads((folder / f"{name}.results.json").read_text()) for name in ("statements", rival)
    )
    for part in theirs:
        if ours[part] != theirs[part]:
            wrong = [
                pair for pair in zip(ours[part], theirs[part], strict=False) if pair[0] != pair[1]
            ]
            raise SystemExit(f"{part} differs: {len(ours[part])} {len(theirs[part])} {wrong[:5]}")
        print(f"{rival}: {part}: {len(ours[part])} rows equal")


def measure(name: str, work: Path) -> None:
    """The child process: compute and write back, then (not timed) report."""
    if name == "pandas":
        from benchmarks.month_planning_pandas import Rival

        calculation: Any = Rival(work)
    else:
        calculation = {"statements": Statements, "records": Records}[name](work)
    calculation.run()
    report = {"parts": calculation.parts, "peak": _peak(), **calculation.described()}
    work.with_suffix(".json").write_text(json.dumps(report))
    work.with_suffix(".results.json").write_text(json.dumps(calculation.results()))


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

        self.path = path
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

    def run(self) -> None:
        """Between the steps the plans go through the approval."""
        timed(self.parts, STRATEGIES, self._strategies)
        timed(self.parts, KEYS_AND_FREQUENCIES, self._keys_and_frequencies)
        self.peak_sets = _peak()
        timed(self.parts, "approval", self._approve)
        self._copy(self.path.with_name("approved.db"))
        timed(self.parts, VISITS, self._visits)

    def _copy(self, target: Path) -> None:
        """Of a file whose newest pages may lie in the log beside it."""
        with sqlite3.connect(self.path) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        source.close()
        copy.close()

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

    def described(self) -> dict[str, Any]:
        return {"peak_sets": self.peak_sets}

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

    def run(self) -> None:
        timed(self.parts, VISITS, self._visits)

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

    def described(self) -> dict[str, Any]:
        return {}

    def results(self) -> dict[str, list[list[Any]]]:
        return self.rows({"visits": RESULTS["visits"]})


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]))
