"""Which grant an address needs. Everything is closed except what is listed here.

The decorators of the views stay; this looks the same up before the view is reached, so that a
forgotten decorator opens nothing. The contract tests and docs/permissions.md read this table.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app
from flask_appbuilder.api import BaseApi
from flask_appbuilder.const import PERMISSION_PREFIX

PUBLIC = frozenset(
    {
        "static",
        "appbuilder.static",
        "LoginView.login",
        "LoginView.code",
        "LanguageView.choose",
        "HealthView.health",
        "MetricsView.metrics",
        "ApiDocumentView.document",
    }
)
"""Addresses for people who are not logged in."""

BEFORE_NEW_PASSWORD = frozenset({"AccountView.password", "LoginView.logout"})
"""All that somebody with an initial password may open."""

BEFORE_FACTOR = BEFORE_NEW_PASSWORD | {
    "SecondFactorView.index",
    "SecondFactorView.begin",
    "SecondFactorView.confirm",
}
"""All that somebody may open who must have a second factor and has none yet."""

Grant = tuple[str, str]
"""(FAB permission, entity)."""


def route_grants(app: Flask) -> dict[str, Grant | None]:
    """Endpoint → grant; None where a view offers no permission for it, which closes it."""
    views = {view.endpoint: view for view in app.appbuilder.baseviews}  # type: ignore[attr-defined]
    grants: dict[str, Grant | None] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in PUBLIC:
            name, _dot, method = rule.endpoint.partition(".")
            grants[rule.endpoint] = _grant(views.get(name), method)
    return grants


def _grant(view: Any, method: str) -> Grant | None:
    function = getattr(view, method, None)
    if function is None or not hasattr(function, "_permission_name"):
        return None
    permission = f"{PERMISSION_PREFIX}{view.get_method_permission(method)}"
    if permission not in view.base_permissions:
        return None
    return permission, view.class_permission_name


def grant_of(endpoint: str) -> Grant | None:
    """The grant an endpoint of the current application needs."""
    known: dict[str, Grant | None] = current_app.extensions["route_grants"]
    return known.get(endpoint)


def install(app: Flask) -> None:
    """Look the grants up once, outside of requests: some views offer less to some people."""
    app.extensions["route_grants"] = route_grants(app)


def is_api(endpoint: str) -> bool:
    """Whether the endpoint asks for an access key by itself (`protect`)."""
    name = endpoint.partition(".")[0]
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    return any(isinstance(view, BaseApi) for view in views if view.endpoint == name)
