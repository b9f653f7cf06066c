"""Who holds a territory: checking an assignment against the others, and reading today's holders.

Reads  territory_assignment, territory, ab_user
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from app.kernel.errors import N_, PlanningError
from app.models import AssignmentKind, Territory, TerritoryAssignment
from app.organisation.rules import Period, conflicting_primary


def held_on(day: dt.date) -> tuple[ColumnElement[bool], ...]:
    """The conditions of an assignment that runs on `day`."""
    return (
        TerritoryAssignment.valid_from <= day,
        or_(TerritoryAssignment.valid_to.is_(None), TerritoryAssignment.valid_to >= day),
    )


def check_assignment(session: Session, wanted: TerritoryAssignment) -> None:
    """Whether `wanted` may stand beside the others. Errors: `PlanningError` naming the clash.

    One primary at a time; the territory is locked, so that two people appointing at once cannot
    both succeed. A person does not hold a territory twice on the same day.
    """
    period = Period(wanted.valid_from, wanted.valid_to)
    if not period.is_valid:
        raise PlanningError(N_("The last day lies before the first one."), field="valid_to")
    with session.no_autoflush:
        territory_id = wanted.territory.id
        session.execute(select(Territory.id).where(Territory.id == territory_id).with_for_update())
        others = [
            other
            for other in session.scalars(
                select(TerritoryAssignment)
                .where(TerritoryAssignment.territory_id == territory_id)
                .options(joinedload(TerritoryAssignment.user))
            )
            if other is not wanted
        ]
    for other in others:
        overlapping = Period(other.valid_from, other.valid_to).overlaps(period)
        if other.user_id == wanted.user.id and overlapping:
            raise PlanningError(
                N_("%(person)s already holds this territory %(period)s (%(kind)s)."),
                field="user",
                **_words(other),
            )
    if wanted.kind is not AssignmentKind.PRIMARY:
        return
    primaries = {
        Period(other.valid_from, other.valid_to): other
        for other in others
        if other.kind is AssignmentKind.PRIMARY
    }
    clash = conflicting_primary(period, primaries)
    if clash is not None:
        raise PlanningError(
            N_(
                "%(person)s is the primary holder %(period)s. End that assignment first, "
                "or appoint a substitute."
            ),
            field="valid_from",
            **_words(primaries[clash]),
        )


def _words(assignment: TerritoryAssignment) -> dict[str, str]:
    return {
        "person": assignment.user.display_name,
        "period": period_words(assignment),
        "kind": str(assignment.kind.label),
    }


def period_words(assignment: TerritoryAssignment) -> str:
    """2026-01-01 – 2026-03-31, or open at the end."""
    last = assignment.valid_to.isoformat() if assignment.valid_to is not None else "…"
    return f"{assignment.valid_from.isoformat()} – {last}"


def holders(
    session: Session, territory_ids: Iterable[int], day: dt.date
) -> dict[int, list[TerritoryAssignment]]:
    """Territory → the assignments that run on `day`, primary first; one statement."""
    found: dict[int, list[TerritoryAssignment]] = defaultdict(list)
    rows = session.scalars(
        select(TerritoryAssignment)
        .where(TerritoryAssignment.territory_id.in_(list(territory_ids)), *held_on(day))
        .options(joinedload(TerritoryAssignment.user))
        .order_by(TerritoryAssignment.kind, TerritoryAssignment.valid_from)
    )
    for row in rows:
        found[row.territory_id].append(row)
    return found
