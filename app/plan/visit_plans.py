"""§2.2 step 9 for pages and jobs: the preview of a generation, applying it, and planning by hand.

Connects the statements of the step with the session, the present person, calendar and parameters.
Records come through the session, so within the row scope and with a change log. The caller commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from app.kernel.actor import current_actor
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.kernel.period import WorkWeek, local_today, utc_now
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.master.calendar import calendar_overrides
from app.master.parameters import current_parameters
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    CustomerStatus,
    RowOrigin,
    Territory,
    VisitPlan,
    VisitPlanRun,
    VisitStatus,
)
from app.plan.rules.visit_dates_proposal import Planning, Proposal
from app.plan.rules.visit_dates_weeks import months_between, work_span
from app.plan.statements.visit_plan_writing import order_days
from app.plan.step_09_visit_plan import plan_visits, propose

MOST_DAYS = 93
LONGEST_NOTE = 200


class PeriodRefused(PlanningError):
    """Dates between which no visits can be generated."""

    msgid = N_("Enter two dates, the first before the last.")


class ProposalChanged(PlanningError):
    """The data behind a preview changed before it was applied."""

    msgid = N_(
        "The plan changed after the preview. Look at the difference again; nothing was written."
    )
    status = 409


class AlreadyPlanned(PlanningError):
    """A customer has one visit a day."""

    msgid = N_("%(customer)s already has a visit on %(day)s (%(status)s).")
    status = 409


# ---------------------------------------------------------------------- generating


def planning_of(
    session: Session,
    company_id: int,
    first: dt.date,
    last: dt.date,
    today: dt.date | None = None,
) -> Planning:
    """What generation needs to know about the company. Errors: `PeriodRefused`."""
    check_period(first, last)
    months = list(months_between(first, last))
    overrides = calendar_overrides(
        session, company_id, work_span(months[0])[0], work_span(months[-1])[1]
    )
    parameters = current_parameters(session, company_id)
    return Planning(
        first,
        last,
        today or local_today(),
        overrides,
        parameters,
        utc_now(),
        current_actor().user_id,
    )


def check_period(first: dt.date, last: dt.date) -> None:
    """Errors: `PeriodRefused`."""
    if first > last:
        raise PeriodRefused(field="from")
    if (last - first).days >= MOST_DAYS:
        raise PeriodRefused(
            N_("At most %(most)d days can be planned at once."), field="to", most=MOST_DAYS
        )


def preview(session: Session, scope: Scope, planning: Planning) -> Proposal | None:
    """What generation would do to the one territory in scope; None when it has no customers."""
    found = propose(session.connection(), scope, planning)
    return found[0] if found else None


def lock_territory(session: Session, territory_id: int) -> None:
    """One person at a time plans a territory; a second one waits here. SQLite: it waits anyway."""
    session.execute(
        select(Territory.id).where(Territory.id == territory_id).with_for_update(key_share=True)
    )


def apply(session: Session, scope: Scope, planning: Planning, digest: str) -> Proposal:
    """Generate what the preview with `digest` showed. Errors: `ProposalChanged`."""
    for territory_id in scope.territory_ids or ():
        lock_territory(session, territory_id)
    shown = preview(session, scope, planning)
    if shown is None or shown.digest != digest:
        raise ProposalChanged
    try:
        done = plan_visits(session.connection(), scope, planning)[0]
    except IntegrityError as conflict:
        raise ProposalChanged from conflict
    _log_run(session, scope, planning, done)
    session.expire_all()
    return done


def _log_run(session: Session, scope: Scope, planning: Planning, done: Proposal) -> None:
    """One entry for the whole generation; its visits carry the number of the run."""
    actor = current_actor()
    session.add(
        ChangeLog(
            company_id=scope.company_id,
            user_id=actor.user_id,
            user_name=actor.name,
            source=actor.source,
            reason=actor.reason,
            entity=VisitPlanRun.__name__,
            record_id=done.run_id,
            record_label=f"{planning.first} – {planning.last}",
            action=ChangeAction.CREATED,
            changes={
                "territory_id": [None, done.territory_id],
                "added": [None, len(done.added)],
                "removed": [None, len(done.removed)],
                "kept": [None, len(done.kept)],
                "parameter_version": [None, planning.parameters.number],
            },
        )
    )


# ---------------------------------------------------------------------- by hand


@dataclass(slots=True)
class HandResult:
    """`days`: those whose visits changed; `refused`: (what, why) of the others."""

    done: int = 0
    days: set[dt.date] = field(default_factory=set)
    refused: list[PlanningError] = field(default_factory=list)


def visits_by_key(session: Session, keys: Sequence[tuple[int, int]]) -> list[VisitPlan]:
    """(id, version the page showed) → the visits. Errors: `OutOfScope`, `StaleVersion`."""
    versions = dict(keys)
    found: list[VisitPlan] = []
    for lot in lots(versions):
        found += session.scalars(
            select(VisitPlan).where(VisitPlan.id.in_(lot)).options(joinedload(VisitPlan.customer))
        )
    if len(found) != len(versions):
        raise OutOfScope
    if any(visit.version != versions[visit.id] for visit in found):
        raise StaleVersion
    return found


def add_visits(session: Session, customers: Collection[Customer], day: dt.date) -> HandResult:
    """Plan customers of one territory on a day; who has a visit that day is left out and named."""
    check_day(day)
    result = HandResult(days={day})
    present = _present(session, [customer.id for customer in customers], day)
    for customer in customers:
        if customer.id in present:
            result.refused.append(_already(customer, present[customer.id]))
        elif customer.status is not CustomerStatus.ACTIVE:
            result.refused.append(
                PlanningError(N_("%(customer)s is not in business."), customer=str(customer))
            )
        else:
            session.add(
                VisitPlan(
                    company_id=customer.company_id,
                    territory_id=customer.territory_id,
                    customer_id=customer.id,
                    date=day,
                    month=WorkWeek.of(day).month,
                    origin=RowOrigin.MANUAL,
                    status=VisitStatus.PLANNED,
                    frequency=customer.visit_frequency,
                )
            )
            result.done += 1
    _finish(
        session, {(customer.company_id, customer.territory_id) for customer in customers}, result
    )
    return result


def move_visits(session: Session, visits: Collection[VisitPlan], day: dt.date) -> HandResult:
    """Move planned visits to another day; generation leaves them alone from then on."""
    check_day(day)
    result = HandResult(days={day})
    present = _present(session, [visit.customer_id for visit in visits], day)
    for visit in visits:
        if visit.date == day:
            continue
        if visit.status is not VisitStatus.PLANNED:
            result.refused.append(_not_planned(visit))
        elif visit.customer_id in present:
            result.refused.append(_already(visit.customer, present[visit.customer_id]))
        else:
            result.days.add(visit.date)
            visit.moved_from = visit.moved_from or visit.date
            visit.date, visit.month = day, WorkWeek.of(day).month
            visit.is_touched = True
            result.done += 1
    _finish(session, {(visit.company_id, visit.territory_id) for visit in visits}, result)
    return result


def cancel_visits(session: Session, visits: Collection[VisitPlan], note: str) -> HandResult:
    """Call planned visits off, with the reason. Errors: `PlanningError` without one."""
    note = note.replace("\x00", "").strip()
    if not note:
        raise PlanningError(N_("State why the visits are cancelled."), field="note")
    if len(note) > LONGEST_NOTE:
        raise PlanningError(
            N_("The reason may have at most %(limit)d characters."),
            field="note",
            limit=LONGEST_NOTE,
        )
    result = HandResult()
    for visit in visits:
        if visit.status is not VisitStatus.PLANNED:
            result.refused.append(_not_planned(visit))
            continue
        visit.status, visit.note, visit.is_touched = VisitStatus.CANCELLED, note, True
        result.days.add(visit.date)
        result.done += 1
    _finish(session, {(visit.company_id, visit.territory_id) for visit in visits}, result)
    return result


def restore_visits(session: Session, visits: Collection[VisitPlan]) -> HandResult:
    """Plan cancelled visits again; a generated one stays a person's decision."""
    result = HandResult()
    for visit in visits:
        if visit.status is not VisitStatus.CANCELLED:
            result.refused.append(
                PlanningError(
                    N_("The visit to %(customer)s on %(day)s is not cancelled."),
                    customer=str(visit.customer),
                    day=visit.date.isoformat(),
                )
            )
        elif visit.date < local_today():
            result.refused.append(PlanningError(PAST, day=visit.date.isoformat()))
        elif visit.customer.status is not CustomerStatus.ACTIVE:
            result.refused.append(
                PlanningError(N_("%(customer)s is not in business."), customer=str(visit.customer))
            )
        else:
            visit.status, visit.note, visit.is_touched = VisitStatus.PLANNED, None, True
            result.days.add(visit.date)
            result.done += 1
    _finish(session, {(visit.company_id, visit.territory_id) for visit in visits}, result)
    return result


PAST = N_("%(day)s is over; choose today or a later day.")
FARTHEST_DAYS = 400


def check_day(day: dt.date) -> None:
    """Whether visits may be put on a day by hand. Errors: `PlanningError`."""
    today = local_today()
    if day < today:
        raise PlanningError(PAST, field="date", day=day.isoformat())
    if (day - today).days > FARTHEST_DAYS:
        raise PlanningError(N_("%(day)s is too far ahead."), field="date", day=day.isoformat())


def _present(session: Session, customers: Collection[int], day: dt.date) -> dict[int, VisitPlan]:
    found: dict[int, VisitPlan] = {}
    for lot in lots(customers):
        for visit in session.scalars(
            select(VisitPlan).where(VisitPlan.date == day, VisitPlan.customer_id.in_(lot))
        ):
            found[visit.customer_id] = visit
    return found


def _already(customer: Customer, visit: VisitPlan) -> AlreadyPlanned:
    return AlreadyPlanned(
        field="date", customer=str(customer), day=visit.date.isoformat(), status=visit.status.label
    )


def _not_planned(visit: VisitPlan) -> PlanningError:
    return PlanningError(
        N_("The visit to %(customer)s on %(day)s cannot be changed: %(status)s."),
        customer=str(visit.customer),
        day=visit.date.isoformat(),
        status=visit.status.label,
    )


def _finish(session: Session, places: set[tuple[int, int]], result: HandResult) -> None:
    """Write, then number the routes of the days that changed. Errors: `AlreadyPlanned` in a race."""
    if not result.done:
        return
    try:
        session.flush()
    except IntegrityError as conflict:
        raise PlanningError(
            N_("Somebody else planned one of these customers on that day meanwhile. Try again.")
        ) from conflict
    for company_id in sorted({company for company, _territory in places}):
        territories = [territory for company, territory in places if company == company_id]
        order_days(session.connection(), Scope.of(company_id, territories), result.days)
    session.expire_all()


def load_of(session: Session, territory_id: int, day: dt.date) -> int:
    """How many visits a territory has on a day, cancelled ones aside."""
    count = session.scalar(
        select(func.count(VisitPlan.id)).where(
            VisitPlan.territory_id == territory_id,
            VisitPlan.date == day,
            VisitPlan.status != VisitStatus.CANCELLED,
        )
    )
    return count or 0
