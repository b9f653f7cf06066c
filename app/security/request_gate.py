"""The gate in front of every view: login, initial password, second factor, grant; in this order."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.kernel.db import SAFE_METHODS
from app.kernel.list_request import here
from app.security import sessions
from app.security.identity import identify
from app.security.route_access import (
    BEFORE_FACTOR,
    BEFORE_NEW_PASSWORD,
    PUBLIC,
    grant_of,
    is_api,
)
from app.security.row_scope import NOTHING
from app.security.second_factor import is_demanded


def check_request(*, wants_json: bool) -> Any:
    """`before_request` hook: None lets the request pass, a response answers it."""
    g.row_scope = NOTHING
    endpoint = request.endpoint or ""
    if endpoint.endswith("static"):
        return None
    if is_api(endpoint):
        return None  # no cookie counts there; the key decides
    if current_user.is_authenticated:
        g.user = current_user._get_current_object()
        identify(g.user)
    elif "_user_id" in session:
        sessions.forget()
        flash(_("Your session has ended. Please sign in again."), "info")
    if endpoint in PUBLIC or not endpoint:
        return None
    if not current_user.is_authenticated:
        return _to_login(wants_json=wants_json)
    if g.user.must_change_password and endpoint not in BEFORE_NEW_PASSWORD:
        if wants_json:
            abort(403)
        return redirect(url_for("AccountView.password"), 303)
    if (
        endpoint not in BEFORE_FACTOR
        and is_demanded(g.get("role_names", frozenset()))
        and not sessions.has_factor()
    ):
        if wants_json:
            abort(403)
        return redirect(url_for("SecondFactorView.index"), 303)
    grant = grant_of(endpoint)
    if grant is None or not _holds(grant):
        abort(403)
    return None


def _to_login(*, wants_json: bool) -> Any:
    if wants_json:
        abort(401)
    target = here() if request.method in SAFE_METHODS and request.path != "/" else None
    return redirect(url_for("LoginView.login", next=target), 303)


def _holds(grant: tuple[str, str]) -> bool:
    from flask import current_app

    return bool(current_app.appbuilder.sm.has_access(*grant))  # type: ignore[attr-defined]
