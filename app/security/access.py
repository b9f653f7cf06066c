"""A user's roles and permissions, loaded with one statement and kept for the request."""

from __future__ import annotations

from flask import g, has_request_context
from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_group,
    assoc_user_role,
)
from sqlalchemy import Select, select, union

from app.kernel.db import db
from app.organisation.models import PortalUser


def load_access(user_id: int) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """(role names, {(permission, entity)}) of a user, direct and through groups; one statement."""
    by_user = select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id)
    by_group = (
        select(assoc_group_role.c.role_id)
        .join(assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id)
        .where(assoc_user_group.c.user_id == user_id)
    )
    held = union(by_user, by_group).subquery()
    grants = assoc_permissionview_role
    rows = db.session.connection().execute(
        select(Role.name, Permission.name, ViewMenu.name)
        .join(held, held.c.role_id == Role.id)
        .outerjoin(grants, grants.c.role_id == Role.id)
        .outerjoin(PermissionView, PermissionView.id == grants.c.permission_view_id)
        .outerjoin(Permission, Permission.id == PermissionView.permission_id)
        .outerjoin(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    roles, pairs = set(), set()
    for role, permission, entity in rows:
        roles.add(role)
        if permission is not None:
            pairs.add((permission, entity))
    return frozenset(roles), frozenset(pairs)


def holders_of(permission: str, entity: str) -> Select[int]:
    """The ids of the users who hold a grant ("can_approve", "MonthPlan"), direct or by a group."""
    by_user = select(assoc_user_role.c.user_id, assoc_user_role.c.role_id)
    by_group = select(assoc_user_group.c.user_id, assoc_group_role.c.role_id).join(
        assoc_group_role, assoc_group_role.c.group_id == assoc_user_group.c.group_id
    )
    held = union(by_user, by_group).subquery()
    grants = assoc_permissionview_role
    return (
        select(held.c.user_id)
        .join(grants, grants.c.role_id == held.c.role_id)
        .join(PermissionView, PermissionView.id == grants.c.permission_view_id)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
        .where(Permission.name == permission, ViewMenu.name == entity)
    )


def access_of(user: PortalUser) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """`load_access`, remembered for the rest of the request."""
    if not has_request_context():
        return load_access(user.id)
    remembered = g.setdefault("access_by_user", {})
    if user.id not in remembered:
        remembered[user.id] = load_access(user.id)
    access: tuple[frozenset[str], frozenset[tuple[str, str]]] = remembered[user.id]
    return access
