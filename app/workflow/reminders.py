"""Reminders before and after due days, made every morning from the step board.

Whoever works on a territory today hears of steps due tomorrow and, once, of overdue ones; the
market manager of its department hears of what waits for approval. One notice per person, step and
due day says how many territories are open. What is done each day has its day page and is not
announced a day before.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.jobs.job_context import JobContext, Outcome
from app.kernel.errors import N_
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Department, NoticeKind, Territory, TerritoryAssignment
from app.notices.publish import publish
from app.workflow.board import Board, Cell, step_board
from app.workflow.rules_board import StepState
from app.workflow.steps import Due

LATEST = dt.timedelta(days=14)
"""What has been overdue for longer was told of, or is older than the portal's use."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something a person is told of: a step, its due day and in how many territories."""

    kind: NoticeKind
    step: int
    month: Month
    due: dt.date
    count: int

    @property
    def key(self) -> str:
        """Once for a person: however often the job looks, and when another territory follows."""
        word = "due" if self.kind is NoticeKind.STEP_DUE else "overdue"
        return f"step-{word}:{self.step}:{self.month.key}:{self.due.isoformat()}"


@dataclass(frozen=True, slots=True)
class People:
    """Territory → who works on it today; territory → who decides on its records."""

    holders: Mapping[int, frozenset[int]]
    deciders: Mapping[int, frozenset[int]]


def kind_of(cell: Cell, today: dt.date) -> NoticeKind | None:
    """What is to be told about a step of a territory on a day, if anything."""
    if cell.is_finished or cell.due is None:
        return None
    if cell.due == today + dt.timedelta(days=1) and cell.step.due is not Due.EACH_DAY:
        return NoticeKind.STEP_DUE
    if today - LATEST <= cell.due < today:
        return NoticeKind.STEP_OVERDUE
    return None


def reminders(board: Board, people: People) -> dict[int, list[Reminder]]:
    """Person → what to tell them, in the order of the steps."""
    counts: dict[tuple[int, NoticeKind, int, dt.date], int] = defaultdict(int)
    for (territory_id, number), cell in board.cells.items():
        kind = kind_of(cell, board.today)
        if kind is None or cell.due is None:
            continue
        waits = cell.state is StepState.SUBMITTED
        for person in (people.deciders if waits else people.holders).get(territory_id, ()):
            counts[person, kind, number, cell.due] += 1
    found: dict[int, list[Reminder]] = defaultdict(list)
    for (person, kind, number, due), count in sorted(
        counts.items(), key=lambda entry: (entry[0][2], entry[0][3], entry[0][0])
    ):
        found[person].append(Reminder(kind, number, board.month, due, count))
    return dict(found)


def remind(context: JobContext) -> Outcome:
    """Job: a company's reminders of a day, for the work months that have something due around it."""
    session, company_id, day = context.session, context.company_id, context.day
    people, month, new = people_of(session, company_id, day), Month.of(day), 0
    for each in (month.previous, month, month.next):
        board = step_board(session, Scope(company_id), each, day)
        for reminder, persons in _grouped(reminders(board, people)):
            cell = board.sums[reminder.step]
            new += publish(
                session,
                reminder.kind,
                persons,
                company_id=company_id,
                key=reminder.key,
                values={
                    "step": cell.step.name,
                    "period": each.key,
                    "day": reminder.due.isoformat(),
                    "count": reminder.count,
                },
                endpoint=cell.step.endpoint,
                endpoint_values={"work_month": each.key},
            )
    return Outcome(new, N_("%(count)s reminders."), {"count": new})


def _grouped(
    found: Mapping[int, Iterable[Reminder]],
) -> Iterator[tuple[Reminder, Collection[int]]]:
    """The same reminder of many people at once."""
    persons: dict[Reminder, list[int]] = defaultdict(list)
    for person, theirs in found.items():
        for reminder in theirs:
            persons[reminder].append(person)
    return iter(persons.items())


def people_of(session: Session, company_id: int, day: dt.date) -> People:
    """Who works and who decides on a company's territories on a day."""
    held, holders = TerritoryAssignment, defaultdict[int, set[int]](set)
    assigned = select(held.territory_id, held.user_id).where(
        held.company_id == company_id,
        held.valid_from <= day,
        or_(held.valid_to.is_(None), held.valid_to >= day),
    )
    for territory_id, user_id in session.execute(assigned):
        holders[territory_id].add(user_id)
    managed = (
        select(Territory.id, Department.manager_id)
        .join(Department, Department.id == Territory.department_id)
        .where(Territory.company_id == company_id, Department.manager_id.is_not(None))
    )
    deciders = {
        territory_id: frozenset({manager_id})
        for territory_id, manager_id in session.execute(managed)
        if manager_id is not None
    }
    return People({key: frozenset(ids) for key, ids in holders.items()}, deciders)
