"""The permission matrix: its cells, what differs from the default, what may not be changed.

Roles are shared by all companies, so only platform administrators change them; where the portal
holds a single company, that company's administrators are in charge of it as a whole and may too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel.actor import acting_as, current_actor
from app.kernel.errors import N_, PlanningError
from app.organisation.models import Company
from app.security.models import GrantOverride
from app.security.permissions import (
    GRANTS,
    GRANTS_BY_ENTITY,
    Action,
    RoleName,
    effective_grants,
    sync_roles,
)
from app.security.row_scope import UNRESTRICTED, current_scope, scoped_to

FIXED: frozenset[tuple[RoleName, str]] = frozenset(
    {
        *((RoleName.ADMINISTRATOR, entity) for entity in ("User", "Grant", "ChangeLog")),
        *((role, entity) for role in RoleName for entity in ("Home", "OwnAccount")),
    }
)
"""Rows of a role that stay as shipped, so that nobody is locked out."""

SHORTEST_REASON = 4


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One toggle of the matrix."""

    role: RoleName
    entity: str
    action: Action

    @property
    def key(self) -> str:
        """How forms name it."""
        return f"{self.role.value}:{self.entity}:{self.action.value}"

    @property
    def is_default(self) -> bool:
        """Whether it is granted as shipped."""
        return self.action in GRANTS_BY_ENTITY[self.entity].default(self.role)

    @property
    def is_fixed(self) -> bool:
        return (self.role, self.entity) in FIXED


@dataclass(frozen=True, slots=True)
class Difference:
    """A toggle that a save would turn."""

    cell: Cell
    is_granted: bool


def all_cells() -> list[Cell]:
    """Every toggle there is."""
    return [
        Cell(role, row.entity, action)
        for row in GRANTS
        for role in RoleName
        for action in row.actions
    ]


def granted_cells(session: Session) -> frozenset[Cell]:
    """The toggles that are on."""
    return frozenset(
        Cell(role, entity, action)
        for role, pairs in effective_grants(session).items()
        for entity, action in pairs
    )


def default_cells() -> frozenset[Cell]:
    """The toggles that are on as shipped."""
    return frozenset(cell for cell in all_cells() if cell.is_default)


def state_mark(granted: Collection[Cell]) -> str:
    """A short mark of the whole matrix, to notice that somebody else saved meanwhile."""
    text = ",".join(sorted(cell.key for cell in granted))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_cells(keys: Collection[str]) -> frozenset[Cell]:
    """The toggles a form has on. Errors: `PlanningError` for what is no toggle."""
    known = {cell.key: cell for cell in all_cells()}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise PlanningError(N_("The form does not fit this release. Reload the page."))
    return frozenset(known[key] for key in keys)


def differences(granted: frozenset[Cell], wanted: frozenset[Cell]) -> list[Difference]:
    """What a save would turn, in the order of the matrix. Errors: `PlanningError`.

    Fixed toggles are taken as they are: a browser does not send disabled boxes.
    """
    fixed = frozenset(cell for cell in granted if cell.is_fixed)
    wanted = fixed | frozenset(cell for cell in wanted if not cell.is_fixed)
    for cell in sorted(wanted, key=lambda cell: cell.key):
        if cell.action is not Action.READ and replace(cell, action=Action.READ) not in wanted:
            raise PlanningError(
                N_("Whoever may do something with %(entity)s must be able to read it (%(role)s)."),
                entity=_lazy(GRANTS_BY_ENTITY[cell.entity].label),
                role=cell.role.label,
            )
    return [
        Difference(cell, cell in wanted)
        for cell in all_cells()
        if (cell in wanted) is not (cell in granted)
    ]


def _lazy(msgid: str) -> object:
    from flask_babel import lazy_gettext

    return lazy_gettext(msgid)


def may_change(session: Session) -> bool:
    """Whether the present person may change the matrix, besides holding the grant."""
    scope = current_scope()
    if scope.is_nothing or scope.territory_ids is not None:
        return False
    if scope.company_id is None:
        return True
    with scoped_to(UNRESTRICTED):
        return session.scalar(select(func.count()).select_from(Company)) == 1


def save(session: Session, changes: Collection[Difference], reason: str) -> None:
    """Write the deviations and the roles in the caller's transaction; the caller commits."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise PlanningError(N_("Please say why; the reason is kept in the change log."))
    present = {
        (row.role, row.entity, row.action): row for row in session.scalars(select(GrantOverride))
    }
    with acting_as(replace(current_actor(), reason=reason.strip()[:500])):
        for change in changes:
            cell = change.cell
            row = present.get((cell.role.value, cell.entity, cell.action.name))
            if change.is_granted is cell.is_default:
                if row is not None:
                    session.delete(row)
            elif row is not None:
                row.is_granted = change.is_granted
            else:
                session.add(
                    GrantOverride(
                        role=cell.role.value,
                        entity=cell.entity,
                        action=cell.action.name,
                        is_granted=change.is_granted,
                    )
                )
        session.flush()
    sync_roles(session)
