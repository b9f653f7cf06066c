"""What happens around every request: who asks, which rows they see, headers, error pages."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.jinja import csp_nonce, request_id
from app.kernel.actor import Actor
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.organisation.models import PortalUser
from app.security.row_scope import NOTHING
from app.security.scope_resolution import resolve_scope
from app.security.security_manager import access_of

log = logging.getLogger(__name__)

UNAUTHENTICATED_ENDPOINTS = ("static", "appbuilder.static")


def identify(user: PortalUser, source: str = "form") -> None:
    """Make `user` the actor of this request and resolve the row scope, once."""
    roles, _ = access_of(user)
    g.row_scope = resolve_scope(db.session, user, roles)
    g.actor = Actor(user.id, user.display_name, source)
    g.role_names = roles


def _resolve_request() -> None:
    if request.endpoint in UNAUTHENTICATED_ENDPOINTS or (request.endpoint or "").endswith(
        ".static"
    ):
        return
    g.row_scope = NOTHING
    if current_user.is_authenticated:
        identify(g.user._get_current_object() if hasattr(g.user, "_get_current_object") else g.user)


def _security_headers(response: Response) -> Response:
    response.headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src 'self' 'nonce-{csp_nonce()}'; style-src 'self'; "
        "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; "
        "form-action 'self'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers["X-Request-Id"] = request_id()
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint not in UNAUTHENTICATED_ENDPOINTS and "session" in g:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def wants_json() -> bool:
    """Whether the caller is a script: API paths and requests that ask for JSON."""
    return request.path.startswith("/api/") or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def error_response(status: int, message: str | None = None) -> tuple[Any, int]:
    """An error page, or its JSON form, in the user's language with the id to quote."""
    if wants_json():
        return jsonify(error=message or "", status=status, request_id=request_id()), status
    return (render_template("portal/error.html", status=status, message=message), status)


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    return error_response(error.code)


def _csrf_error(error: CSRFError) -> Any:
    from flask_babel import gettext as _

    return error_response(
        400, _("The page was open for too long. Go back, reload it and send it again.")
    )


def _planning_error(error: PlanningError) -> Any:
    db.session.rollback()
    return error_response(error.status, error.message())


def _unexpected_error(error: Exception) -> Any:
    db.session.rollback()
    log.error("request %s failed: %s %s", request_id(), request.method, request.path)
    return error_response(500)


def install(app: Flask) -> None:
    app.before_request(_resolve_request)
    app.after_request(_security_headers)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(PlanningError, _planning_error)
    if not app.config.get("PROPAGATE_UNEXPECTED_ERRORS"):
        app.register_error_handler(Exception, _unexpected_error)
