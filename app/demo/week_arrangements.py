"""Step 10 in the demo: what each week was for, and which line every day went along.

Last month and the running one are arranged; the last territory has not arranged the weeks that
are still to come.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo.plan import Dates, words
from app.demo.service_plans import people_of
from app.kernel.actor import Actor, acting_as
from app.kernel.period import work_weeks
from app.kernel.scope import Scope
from app.models import Territory
from app.plan import week_arrangements
from app.plan.step_10_week_arrangement import line_rows
from app.plan.week_arrangements import WeekNotReady

REMARK_EACH = 3
"""Every third week one of its days carries a remark."""


def add_week_arrangements(session: Session, company_id: int, dates: Dates) -> None:
    """Both months for every territory, by the service the pages use."""
    territories = session.scalars(
        select(Territory).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    weeks = [week for month in (dates.month.previous, dates.month) for week in work_weeks(month)]
    days = [day for week in weeks for day in week.days()]
    scope = Scope.of(company_id, [territory.id for territory in territories])
    lines: dict[tuple[int, dt.date], str] = {}
    for row in session.connection().execute(line_rows(scope, days)):
        lines.setdefault((row.territory_id, row.date), row.line)
    market, brand, remarks = words("week_market"), words("week_brand"), words("week_remark")
    for number, territory in enumerate(territories):
        holder, _manager = people_of(session, territory)
        is_late = number == len(territories) - 1
        for place, week in enumerate(weeks):
            if is_late and week.monday > dates.reference:
                continue
            own = {day: lines.get((territory.id, day), "") for day in week.days()}
            if not any(own.values()):
                continue
            entries = {day: (line, "") for day, line in own.items() if line}
            turn = number + place
            if turn % REMARK_EACH == 0:
                first = min(entries)
                entries[first] = (entries[first][0], remarks[turn % len(remarks)])
            acting = acting_as(Actor(holder.id, holder.display_name, "form"))
            with acting, suppress(WeekNotReady):  # strategies of the month not approved yet
                week_arrangements.save(
                    session,
                    territory,
                    week.monday,
                    None,
                    market[turn % len(market)],
                    brand[turn % len(brand)],
                    entries,
                )
