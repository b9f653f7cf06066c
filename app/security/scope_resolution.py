"""From a user's roles and today's assignments to the row scope, in at most two statements."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import or_, select, union
from sqlalchemy.orm import Session

from app.kernel.period import local_today
from app.organisation.models import Department, PortalUser, Territory, TerritoryAssignment
from app.security.permissions import RoleName
from app.security.row_scope import UNRESTRICTED, RowScope

COMPANY_WIDE_ROLES = frozenset({RoleName.ADMINISTRATOR.value})


def resolve_scope(
    session: Session, user: PortalUser, role_names: frozenset[str], today: dt.date | None = None
) -> RowScope:
    """The widest scope that any of the user's roles gives (domain §0, decision 1).

    A user without a company is a platform administrator if an administrator at all; with any
    other role such a user sees nothing.
    """
    if COMPANY_WIDE_ROLES & role_names:
        if user.company_id is None:
            return RowScope(UNRESTRICTED.company_id, UNRESTRICTED.territory_ids, user.id)
        return RowScope(user.company_id, None, user.id)
    if user.company_id is None:
        return RowScope(None, (), user.id, is_nothing=True)
    day = today or local_today()
    held = []
    if RoleName.CUSTOMER_MANAGER.value in role_names:
        held.append(
            select(TerritoryAssignment.__table__.c.territory_id).where(
                TerritoryAssignment.user_id == user.id,
                TerritoryAssignment.company_id == user.company_id,
                TerritoryAssignment.valid_from <= day,
                or_(TerritoryAssignment.valid_to.is_(None), TerritoryAssignment.valid_to >= day),
            )
        )
    if RoleName.MARKET_MANAGER.value in role_names:
        held.append(
            select(Territory.__table__.c.id)
            .join(Department.__table__, Department.id == Territory.department_id)
            .where(
                Department.manager_id == user.id,
                Department.company_id == user.company_id,
                Territory.company_id == user.company_id,
            )
        )
    territory_ids: tuple[int, ...] = ()
    if held:
        # A connection, not the session: the guard must not ask for the scope being resolved.
        rows = session.connection().execute(union(*held))
        territory_ids = tuple(sorted(row[0] for row in rows))
    reads_brands = RoleName.BRAND_MANAGER.value in role_names
    return RowScope(user.company_id, territory_ids, user.id, reads_brands=reads_brands)
