"""docs/permissions.md, written from the grants, the row scopes and the registered routes."""

from __future__ import annotations

from collections import defaultdict

from flask import Flask

from app.security.grant_matrix import FIXED
from app.security.permissions import GRANTS, Action, RoleName
from app.security.route_access import PUBLIC
from app.security.scope_words import CRITERION_WORDS, SCOPE_WORDS

ACTIONS = {
    Action.READ: "see",
    Action.CREATE: "add",
    Action.UPDATE: "change",
    Action.DELETE: "delete",
    Action.APPROVE: "approve",
    Action.EXPORT: "export",
}


def permissions_document(app: Flask) -> str:
    """The whole page, in English."""
    return "\n".join([HEAD, *_matrix(), *_roles(), *_rows(), *_routes(app)]) + "\n"


HEAD = """# Who may do what

Written by `flask portal permissions-document` and compared by a test; change
`app/security/permissions.py` and `app/models.py`, not this page.

A request passes when the person is logged in, has a password of their own, and one of their roles
holds the permission of the address. Which rows it then sees and changes is decided by the row
scope, inside the database session. A row out of scope answers 404, like one that does not exist.

## Entities and roles (as shipped)

Administrators of the platform change these on the page “Roles and permissions”; so do the
administrators of a portal that holds a single company. Every change needs a reason and is logged.
Entries marked * are fixed, so that nobody is locked out.
"""


def _matrix() -> list[str]:
    names = [role.msgid for role in RoleName]
    lines = [f"| Entity | {' | '.join(names)} |", f"|{' --- |' * (len(names) + 1)}"]
    for row in GRANTS:
        cells = []
        for role in RoleName:
            granted = row.default(role)
            words = ", ".join(ACTIONS[action] for action in row.actions if action in granted)
            fixed = " *" if words and (role, row.entity) in FIXED else ""
            cells.append((words or "–") + fixed)
        lines.append(f"| {row.label} | {' | '.join(cells)} |")
    return [*lines, ""]


def _roles() -> list[str]:
    return [
        "## Rows by role",
        "",
        "Several roles add up.",
        "",
        *(f"- {role.msgid}: {SCOPE_WORDS[role].msgid}" for role in RoleName),
        "",
    ]


def _rows() -> list[str]:
    from app.row_scopes import ROW_SCOPES, UNSCOPED

    lines = ["## Rows by entity", "", "| Table | Rows seen and changed |", "| --- | --- |"]
    for model, criterion in ROW_SCOPES.items():
        words = CRITERION_WORDS[criterion.__name__]
        lines.append(f"| {model.__tablename__} | {words} |")
    lines += [f"| {model.__tablename__} | all: {why} |" for model, why in UNSCOPED.items()]
    return [*lines, ""]


def _routes(app: Flask) -> list[str]:
    grants = app.extensions["route_grants"]
    by_grant: dict[str, list[str]] = defaultdict(list)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = "/".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        if rule.endpoint in PUBLIC:
            by_grant["nobody in particular (public)"].append(f"{methods} {rule.rule}")
            continue
        grant = grants[rule.endpoint]
        name = f"{grant[1]}: {grant[0].removeprefix('can_')}" if grant else "nobody"
        by_grant[name].append(f"{methods} {rule.rule}")
    lines = ["## Addresses", "", "| Needs | Addresses |", "| --- | --- |"]
    for name in sorted(by_grant):
        addresses = ", ".join(f"`{address}`" for address in by_grant[name])
        lines.append(f"| {name} | {addresses} |")
    return lines
