"""A step in words for the help: actor, approver, due day in the month, what it reads and feeds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import g
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel.formatters import iso_date
from app.kernel.period import Month, local_today
from app.master.calendar import calendar_overrides
from app.models import VisitPlan
from app.portal_context import month_label
from app.security.permissions import RoleName
from app.workflow.rules_due import calendar_span, due_day
from app.workflow.step_help import STEP_HELP
from app.workflow.steps import STEP_BY_NUMBER, STEPS, Basis, Due, Step


@dataclass(frozen=True, slots=True)
class StepWords:
    """`reads` are earlier steps whose tables it reads, `feeds` later ones that read its tables.

    `by_when` names the rule and, where the month decides, the day.
    """

    step: Step
    text: str
    months: str
    actor: str
    by_when: str
    gate: str
    approver: str
    warns_without: tuple[Step, ...]
    reads: tuple[Step, ...]
    feeds: tuple[Step, ...]


def step_words(session: Session, number: int, month: Month) -> StepWords:
    """The help of a step for a work month; at most two statements. Errors: `KeyError`."""
    step = STEP_BY_NUMBER[number]
    rule = _(step.due.value)
    day = _due_day(session, step, month)
    return StepWords(
        step,
        _(STEP_HELP[number]),
        _month_words(step, month),
        _role(step.actor),
        rule if day is None else _("%(rule)s: %(day)s", rule=rule, day=iso_date(day)),
        _(step.gate) if step.gate else "",
        _role(step.approver) if step.approver else "",
        tuple(STEP_BY_NUMBER[other] for other in step.warns_without),
        tuple(other for other in STEPS if other.number < number and _meets(other, step)),
        tuple(other for other in STEPS if other.number > number and _meets(step, other)),
    )


def _meets(writer: Step, reader: Step) -> bool:
    return not set(writer.writes).isdisjoint(reader.reads)


def _role(name: str) -> str:
    role = RoleName.parse(name)
    return str(role.label) if role else name


def _month_words(step: Step, month: Month) -> str:
    if step.basis is Basis.ANALYSED_MONTH:
        return _(
            "analyses %(analysed)s for the working month %(month)s",
            analysed=month_label(month.previous),
            month=month_label(month),
        )
    return _("for the working month %(month)s", month=month_label(month))


def _due_day(session: Session, step: Step, month: Month) -> dt.date | None:
    """The day in this month; None where no company decides on the calendar."""
    company_id = g.row_scope.company_id
    if company_id is None:
        return None
    visited = {Due.BEFORE_VISITS: month, Due.NEXT_MONTH: month.next}.get(step.due)
    first = None
    if visited is not None:
        first = session.scalar(
            select(func.min(VisitPlan.date)).where(
                VisitPlan.date.between(visited.first_day, visited.last_day)
            )
        )
    return due_day(
        step.due,
        month,
        calendar_overrides(session, company_id, *calendar_span(month)),
        local_today(),
        first_visit=first,
        next_first_visit=first,
    )
