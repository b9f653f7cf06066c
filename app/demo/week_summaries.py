"""Step 13 in the demo: last month's weeks summed up and submitted, the running month's partly.

Each week is computed as it was seen on the Monday after it. The last territory is behind: its
newest week has no text yet, and one week of another territory came back.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo import approvals
from app.demo.plan import Dates, words
from app.demo.service_plans import people_of
from app.evaluation import week_summaries
from app.kernel.actor import Actor, acting_as
from app.kernel.period import WorkWeek, work_weeks
from app.models import PortalUser, Territory, WeekJudgement, WeekSummary

COMMENT_EACH = 4
RETURNED_FOR = "R10"
RETURNED_NUMBER = 1
"""The second territory's newest week came back and waits for better words."""


def add_week_summaries(session: Session, company_id: int, dates: Dates) -> None:
    """Every week of both months that has ended before the day of reference."""
    territories = session.scalars(
        select(Territory).where(Territory.company_id == company_id).order_by(Territory.code)
    ).all()
    weeks = [
        week
        for month in (dates.month.previous, dates.month)
        for week in work_weeks(month)
        if week.sunday < dates.reference
    ]
    for number, territory in enumerate(territories):
        people = people_of(session, territory)
        for place, week in enumerate(weeks):
            summary = _computed(session, territory, week, people[0])
            is_newest = week == weeks[-1]
            if is_newest and number == len(territories) - 1:
                continue
            _write(session, summary, number + place, people[0])
            at = dt.datetime.combine(week.sunday + dt.timedelta(days=1), dt.time(2))
            approvals.submit(session, summary, people[0], at)
            if is_newest and number == RETURNED_NUMBER:
                text = words("week_returned")[0]
                later = at + dt.timedelta(hours=5)
                approvals.return_(session, summary, people[1], later, RETURNED_FOR, text)
            elif (number + place) % COMMENT_EACH == 0:
                _comment(session, summary, people[1], number + place)


def _computed(
    session: Session, territory: Territory, week: WorkWeek, holder: PortalUser
) -> WeekSummary:
    seen_on = week.sunday + dt.timedelta(days=1)
    with acting_as(Actor(holder.id, holder.display_name, "form")):
        summary = week_summaries.compute(session, territory, week.monday, seen_on)
        summary.computed_at = dt.datetime.combine(seen_on, dt.time(1))
        session.flush()
    return summary


def _write(session: Session, summary: WeekSummary, turn: int, holder: PortalUser) -> None:
    """Texts that fit what the figures say; the judgements stay the system's."""
    is_abnormal = any(
        line.final_status is WeekJudgement.ABNORMAL
        for line in week_summaries.lines_of(session, summary)
    )
    effects = words("week_effect_short" if is_abnormal else "week_effect_met")
    arrangements = words("week_arrangement")
    with acting_as(Actor(holder.id, holder.display_name, "form")):
        week_summaries.save(
            session,
            summary,
            summary.version,
            {},
            arrangements[turn % len(arrangements)],
            effects[turn % len(effects)],
        )


def _comment(session: Session, summary: WeekSummary, manager: PortalUser, turn: int) -> None:
    comments = words("week_comment")
    with acting_as(Actor(manager.id, manager.display_name, "form")):
        week_summaries.comment(session, summary, comments[turn % len(comments)])
