"""The visits of one customer manager spread over the days of a month of four weeks.

Both get the same customers, without wished weekdays, and the same weeks for those visited twice.
The solver looks for the smallest difference between the fullest and the emptiest day, then for the
fewest days on which a line is driven. Every customer must get the same number of visits.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from app.plan.rules.visit_dates import Schedule, Shop, schedule_month
from app.plan.rules.visit_dates_weeks import (
    MONTHLY,
    SEMIMONTHLY,
    WEEKLY,
    Week,
    line_ranks,
    semimonthly_weeks,
)
from benchmarks.work import Case, Work

FIRST_MONDAY = dt.date(2026, 6, 1)
WEEKS, WORKDAYS = 4, 5
LINES, NEIGHBOURHOODS = 10, 40
FREQUENCIES = 3 * (WEEKLY,) + 2 * (SEMIMONTHLY,) + 5 * (MONTHLY,)
"""Of ten customers: 21 visits a month."""
SOLVER_SECONDS = 5
EVENNESS = 1000
"""Weight of one visit of difference between days beside one day more of a line."""


def prepare(case: Case) -> None:
    """Nothing: the customers follow from their numbers."""


def weeks() -> tuple[Week, ...]:
    found = []
    for number in range(WEEKS):
        monday = FIRST_MONDAY + dt.timedelta(weeks=number)
        days = tuple(monday + dt.timedelta(days=day) for day in range(WORKDAYS))
        found.append(Week(number + 1, monday, days, days))
    return tuple(found)


def shops(count: int) -> list[Shop]:
    return [
        Shop(
            id=number,
            code=f"{number:06d}",
            line=f"line {number * 7 % LINES}",
            neighbourhood=f"quarter {number * 13 % NEIGHBOURHOODS}",
            frequency=FREQUENCIES[number * 3 % len(FREQUENCIES)],
            weekday=None,
            opens=dt.date(2020, 1, 1),
            closes=None,
        )
        for number in range(count)
    ]


def capacity(count: int) -> int:
    """Enough for all: twice the average of a day."""
    return max(5, 2 * count * 21 // 10 // (WEEKS * WORKDAYS))


def _work(case: Case, solve: Any) -> Work:
    visits: list[tuple[int, dt.date]] = []
    facts: dict[str, float] = {}

    def run() -> None:
        visits.extend(solve())

    def answer() -> Any:
        return {"visits of each customer": sorted(Counter(shop for shop, _day in visits).items())}

    def described() -> Any:
        facts.update(figures(case.amount, visits))
        return answer()

    return Work(run, described, facts=facts)


def figures(count: int, visits: Iterable[tuple[int, dt.date]]) -> dict[str, float]:
    """How even the days are, and how many days lines are driven on, summed up."""
    visits = list(visits)
    loads = Counter(day for _shop, day in visits)
    lines = {shop.id: shop.line for shop in shops(count)}
    return {
        "visits": len(visits),
        "fullest day": max(loads.values()),
        "emptiest day": min(loads[day] for week in weeks() for day in week.workdays),
        "days of lines": len({(lines[shop], day) for shop, day in visits}),
    }


def portal(case: Case) -> Work:
    def solve() -> list[tuple[int, dt.date]]:
        month = weeks()
        found: Schedule = schedule_month(
            month, shops(case.amount), (), capacity(case.amount), FIRST_MONDAY, month[-1].sunday
        )
        return [(visit.customer, visit.date) for visit in found.visits]

    return _work(case, solve)


def cp_sat(case: Case) -> Work:
    from ortools.sat.python import cp_model

    def solve() -> list[tuple[int, dt.date]]:
        model = cp_model.CpModel()
        month, everybody = weeks(), shops(case.amount)
        ranks = line_ranks(shop.line for shop in everybody)
        days = [day for week in month for day in week.workdays]
        goes: dict[tuple[int, dt.date], Any] = {}
        for shop in everybody:
            if shop.frequency == MONTHLY:
                turns = [days]
            elif shop.frequency == SEMIMONTHLY:
                due, _impossible = semimonthly_weeks(month, ranks[shop.line], ())
                turns = [list(week.workdays) for week in due]
            else:
                turns = [list(week.workdays) for week in month]
            for turn in turns:
                for day in turn:
                    goes[shop.id, day] = model.new_bool_var(f"{shop.id} {day}")
                model.add_exactly_one(goes[shop.id, day] for day in turn)
        fullest = model.new_int_var(0, case.amount, "fullest")
        emptiest = model.new_int_var(0, case.amount, "emptiest")
        driven = []
        for day in days:
            visits = {shop.id: goes.get((shop.id, day)) for shop in everybody}
            load = sum(visit for visit in visits.values() if visit is not None)
            model.add(load <= fullest)
            model.add(load >= emptiest)
            for line in ranks:
                is_driven = model.new_bool_var(f"{line} {day}")
                driven.append(is_driven)
                for shop in everybody:
                    visit = visits[shop.id]
                    if shop.line == line and visit is not None:
                        model.add_implication(visit, is_driven)
        model.minimize(EVENNESS * (fullest - emptiest) + sum(driven))
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = SOLVER_SECONDS
        solver.parameters.num_workers = 2
        solver.parameters.random_seed = 135
        if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise SystemExit("the solver found no plan")
        return [key for key, visit in goes.items() if solver.value(visit)]

    return _work(case, solve)
