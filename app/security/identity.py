"""Makes a user the one who acts in this request: actor, roles and row scope, resolved once."""

from __future__ import annotations

from flask import g

from app.kernel.actor import Actor
from app.kernel.db import db
from app.organisation.models import PortalUser
from app.security.access import access_of
from app.security.permissions import RoleName
from app.security.scope_resolution import resolve_scope


def has_role(role: RoleName) -> bool:
    """Whether the person of this request holds `role`."""
    return role.value in g.get("role_names", frozenset())


def identify(user: PortalUser, source: str = "form") -> None:
    """`source` is "form" for people in a browser and "api" for holders of an access key."""
    roles, _pairs = access_of(user)
    g.row_scope = resolve_scope(db.session(), user, roles)
    g.actor = Actor(user.id, user.display_name, source)
    g.role_names = roles
