"""Rules about user accounts that hold whichever way an account is changed.

`guard_accounts` runs before each flush: a new password, another role or company and a
deactivation end the user's sessions; nobody gives more than they have; the last administrator
of a company and of the platform stays.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import g, has_request_context
from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.errors import N_, OutOfScope, PlanningError
from app.organisation.models import Department, PortalUser, TerritoryAssignment
from app.security.login import normal_username, unlock_values
from app.security.password_rules import check_password, hashed
from app.security.permissions import RoleName

ADMINISTRATOR = RoleName.ADMINISTRATOR.value


class AccountRefused(PlanningError):
    """A change of an account that would lock people out or lift somebody up."""

    msgid = N_("This change of the account is not possible.")


def set_password(user: PortalUser, password: str, *, is_initial: bool, field: str = "") -> None:
    """Give `user` a password. Errors: `WeakPassword`. An initial one must be changed at once.

    Ends the user's sessions and clears a lock.
    """
    check_password(
        password,
        (user.username, user.employee_no, user.last_name, user.first_name, user.phone),
        field,
    )
    user.password = hashed(password)
    user.must_change_password = is_initial
    unlock(user)


def unlock(user: PortalUser) -> None:
    """Let the user try again at once."""
    for name, value in unlock_values().items():
        setattr(user, name, value)


def guard_accounts(session: Session, context: Any, instances: Any) -> None:
    """`before_flush` listener. Errors: `AccountRefused`."""
    for user in session.deleted:
        if isinstance(user, PortalUser):
            raise AccountRefused(N_("Users are not deleted. Deactivate the account instead."))
    users = [user for user in (*session.new, *session.dirty) if isinstance(user, PortalUser)]
    for user in users:
        user.username = normal_username(user.username or "")
        with session.no_autoflush:
            _check(session, user)


def _check(session: Session, user: PortalUser) -> None:
    state: Any = inspect(user)
    has = _names(user.roles)  # read first: a collection not yet loaded has no history
    roles, active = state.attrs.roles.history, state.attrs.active.history
    had = _names((*roles.unchanged, *(roles.deleted or ())))
    old_company, company = _companies(state, user)
    if company is None and has - {ADMINISTRATOR}:
        _require_company()
    _check_oneself(user, had, has)
    _check_lift(user, had, has)
    if not state.persistent:
        return
    moved = old_company != company
    if moved and _has_duties(session, user.id):
        raise AccountRefused(
            N_("The person still heads a department or holds a territory; end that first."),
            field="company",
        )
    if (
        moved
        or roles.has_changes()
        or active.has_changes()
        or state.attrs.password.history.has_changes()
    ):
        user.session_epoch = (user.session_epoch or 1) + 1
    was_active = active.deleted[0] if active.deleted else user.active
    stays = user.active and ADMINISTRATOR in has and not moved
    if (
        was_active
        and ADMINISTRATOR in had
        and not stays
        and not _other_administrators(session, user.id, old_company)
    ):
        raise AccountRefused(
            N_("This is the last active administrator; name another one first."),
            field="active" if not user.active else "roles",
        )


def _companies(state: Any, user: PortalUser) -> tuple[int | None, int | None]:
    """(stored, new) company id, whether it is set by object or by id."""
    by_id, by_object = state.attrs.company_id.history, state.attrs.company.history
    old = by_id.deleted[0] if by_id.deleted else user.company_id
    if by_object.added:
        chosen = by_object.added[0]
        return old, chosen.id if chosen is not None else None
    return old, user.company_id


def _has_duties(session: Session, user_id: int) -> bool:
    heads = session.scalar(
        select(func.count()).select_from(Department).where(Department.manager_id == user_id)
    )
    holds = session.scalar(
        select(func.count())
        .select_from(TerritoryAssignment)
        .where(TerritoryAssignment.user_id == user_id)
    )
    return bool(heads or holds)


def _names(roles: Collection[Role | None]) -> set[str]:
    return {role.name for role in roles if role is not None}


def _require_company() -> None:
    scope = g.get("row_scope") if has_request_context() else None
    if scope is None or scope.company_id is None:  # else the write guard fills the company in
        raise AccountRefused(
            N_("Only administrators work for all companies; choose a company."), field="company"
        )


def _check_oneself(user: PortalUser, had: set[str], has: set[str]) -> None:
    if user.id is None or user.id != current_actor().user_id:
        return
    if not user.active:
        raise AccountRefused(N_("You cannot deactivate your own account."), field="active")
    if ADMINISTRATOR in had and ADMINISTRATOR not in has:
        raise AccountRefused(
            N_("You cannot take the administrator role from yourself."), field="roles"
        )
    if not has_request_context() or ADMINISTRATOR in g.get("role_names", ()):
        return
    if has - had:
        raise AccountRefused(N_("You cannot give yourself a role."), field="roles")


def _check_lift(user: PortalUser, had: set[str], has: set[str]) -> None:
    """Who is no administrator neither makes nor changes one, nor gives a role they lack."""
    if not has_request_context():
        return
    own = g.get("role_names", frozenset())
    if ADMINISTRATOR in own:
        return
    actor = current_actor()
    if actor.user_id is None:
        raise OutOfScope
    if ADMINISTRATOR in had and actor.user_id != user.id:
        raise OutOfScope
    if (has - had) - own:
        raise AccountRefused(N_("You can only give roles that you have."), field="roles")


def _other_administrators(session: Session, user_id: int, company_id: int | None) -> int:
    """Active administrators of the same company (or of the platform) besides this one."""
    query = (
        select(func.count())
        .select_from(PortalUser)
        .join(assoc_user_role, assoc_user_role.c.user_id == PortalUser.id)
        .join(Role, Role.id == assoc_user_role.c.role_id)
        .where(
            Role.name == ADMINISTRATOR,
            PortalUser.active.is_(True),
            PortalUser.id != user_id,
            PortalUser.company_id == company_id,
        )
    )
    return int(session.scalar(query) or 0)


def install() -> None:
    """Attach the guard to the application's session factory, once per process."""
    from sqlalchemy import event

    if not event.contains(db.session, "before_flush", guard_accounts):
        event.listen(db.session, "before_flush", guard_accounts)
