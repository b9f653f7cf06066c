"""Versioned parameters of a company: reading the current set, saving a new one, the history.

A version is never changed: saving makes the next one, with the person and the reason. Records
that are computed keep the number of the version they were computed with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.kernel.errors import N_, PlanningError, StaleVersion
from app.master.rules_parameters import (
    DEFAULTS,
    Definition,
    ParameterProblem,
    Parameters,
    build,
    check,
    differences,
)
from app.models import ParameterValue, ParameterVersion, PortalUser

NOTE_LENGTH = 200
NEWER_VERSION = N_(
    "Somebody else saved a newer version meanwhile. Their changes are filled in where you changed "
    "nothing; please check and save again."
)


class ParametersRefused(PlanningError):
    """Values that cannot be used; `problems` says which field and why."""

    msgid = N_("The parameters were not saved. Correct the marked fields.")

    def __init__(self, problems: list[ParameterProblem]) -> None:
        self.problems = problems
        super().__init__(field=problems[0].code)


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """A version in the history; `changes` compares it with the one before, `by` is None for set-up."""

    number: int
    note: str
    at: dt.datetime
    by: str | None
    changes: list[tuple[Definition, int, int]]


def ensure_first_version(session: Session, company_id: int) -> bool:
    """Give a company version 1, the defaults (empty note). Returns whether it had none."""
    newest = select(func.max(ParameterVersion.number)).where(
        ParameterVersion.company_id == company_id
    )
    if session.scalar(newest):
        return False
    _add_version(session, company_id, 1, DEFAULTS, "")
    return True


def current_parameters(session: Session, company_id: int) -> Parameters:
    """The newest set of a company; the defaults with number 0 before set-up. One statement."""
    return parameters_in(session, company_id, None)


def parameters_in(session: Session, company_id: int, number: int | None) -> Parameters:
    """The set with this number (None = newest), for records computed with an older one.

    Errors: `PlanningError` 404 when the company has no such version.
    """
    wanted = (
        select(func.max(ParameterVersion.number))
        .where(ParameterVersion.company_id == company_id)
        .scalar_subquery()
        if number is None
        else number
    )
    rows = session.execute(
        select(ParameterVersion.number, ParameterValue.code, ParameterValue.value)
        .join(ParameterValue, ParameterValue.version_id == ParameterVersion.id)
        .where(ParameterVersion.company_id == company_id, ParameterVersion.number == wanted)
    ).all()
    if not rows and number is not None:
        raise UnknownVersion
    return build(rows[0].number if rows else 0, {row.code: row.value for row in rows})


class UnknownVersion(PlanningError):
    """The company has no such version."""

    msgid = N_("There is no such parameter version.")
    status = 404


def save_parameters(
    session: Session, company_id: int, base_number: int, values: Mapping[str, int], note: str
) -> int:
    """Save `values` as the next version and return its number. The caller commits.

    Errors: `ParametersRefused`; `PlanningError` on the field "note" without a reason or when
    nothing changed; `StaleVersion` when somebody saved a version after `base_number`.
    """
    note = note.strip()
    if problems := check(values):
        raise ParametersRefused(problems)
    if not note:
        raise PlanningError(N_("State the reason for the change."), field="note")
    if len(note) > NOTE_LENGTH:
        raise PlanningError(
            N_("The reason may have at most %(limit)d characters."), field="note", limit=NOTE_LENGTH
        )
    current = current_parameters(session, company_id)
    if current.number != base_number:
        raise StaleVersion(NEWER_VERSION, field="note")
    if not differences({code: getattr(current, code) for code in DEFAULTS}, values):
        raise PlanningError(N_("Nothing was changed, so there is nothing to save."), field="note")
    try:
        with session.begin_nested():
            _add_version(session, company_id, base_number + 1, values, note)
    except IntegrityError:  # the other editor was faster by a moment
        raise StaleVersion(NEWER_VERSION, field="note") from None
    return base_number + 1


def _add_version(
    session: Session, company_id: int, number: int, values: Mapping[str, int], note: str
) -> None:
    version = ParameterVersion(company_id=company_id, number=number, note=note)
    version.values = [ParameterValue(code=code, value=values[code]) for code in DEFAULTS]
    session.add(version)
    session.flush()


def version_history(session: Session, company_id: int, limit: int = 50) -> list[VersionEntry]:
    """The newest versions first, each with its differences to the one before. Two statements."""
    heads = session.execute(
        select(ParameterVersion, PortalUser)
        .outerjoin(PortalUser, PortalUser.id == ParameterVersion.created_by)
        .where(ParameterVersion.company_id == company_id)
        .order_by(ParameterVersion.number.desc())
        .limit(limit + 1)
    ).all()
    values: dict[int, dict[str, int]] = {}
    for row in session.execute(
        select(ParameterValue.version_id, ParameterValue.code, ParameterValue.value).where(
            ParameterValue.version_id.in_([version.id for version, _user in heads])
        )
    ):
        values.setdefault(row.version_id, {})[row.code] = row.value
    entries = []
    for position, (version, user) in enumerate(heads[:limit]):
        older = heads[position + 1][0].id if position + 1 < len(heads) else None
        entries.append(
            VersionEntry(
                version.number,
                version.note,
                version.created_at,
                getattr(user, "display_name", None),
                differences(values[older], values[version.id]) if older is not None else [],
            )
        )
    return entries
