"""What happens around every request: the gate, headers, error pages."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.http import http_date
from werkzeug.middleware.proxy_fix import ProxyFix

from app import request_log
from app.jinja import csp_nonce, request_id
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.rest.problems import install_language, is_rest, problem
from app.security import accounts, route_access
from app.security.request_gate import check_request

log = logging.getLogger(__name__)


def _gate() -> Any:
    return check_request(wants_json=wants_json())


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
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), payment=()")
    response.headers["X-Request-Id"] = request_id()
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not (request.endpoint or "").endswith("static"):
        # Pages hold data of one person; no cache, not even the browser's, keeps them.
        response.headers["Cache-Control"] = "no-store"
        response.headers["Expires"] = http_date(0)
    return response


def wants_json() -> bool:
    """Whether the caller is a script: API paths and requests that ask for JSON."""
    is_page = request.endpoint == "ApiGuideView.index"  # for people, at the API's root
    return (request.path.startswith("/api/") and not is_page) or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def error_response(status: int, message: str | None = None) -> Response:
    """An error page, or its JSON form, in the user's language with the id to quote."""
    if is_rest(request.path) and wants_json():
        return problem(status, message)
    if wants_json():
        body = jsonify(error=message or "", status=status, request_id=request_id())
        return make_response(body, status)
    words = {"status": status, "detail": message}
    if status >= 500:
        # Past the context processors: Flask-Login's would ask the database who this is.
        page = current_app.jinja_env.get_template("portal/error.html").render(words)
    else:
        page = render_template("portal/error.html", **words)
    return make_response(page, status)


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    db.session.rollback()
    if isinstance(error, SecurityError):
        # The host is not ours, so no address can be built: no page with links.
        return make_response("The portal is not served under this host name.\n", 400)
    response = error_response(error.code)
    for name, value in error.get_headers(None):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _csrf_error(error: CSRFError) -> Any:
    from flask_babel import gettext as _

    return error_response(
        400, _("The page was open for too long. Go back, reload it and send it again.")
    )


def _planning_error(error: PlanningError) -> Any:
    db.session.rollback()
    return error_response(error.status, error.message())


def _database_unavailable(error: OperationalError) -> Any:
    """Busy with a long write, restarting or gone: nothing was saved, trying again helps."""
    db.session.rollback()
    log.warning("request %s found no database: %s", request_id(), error.orig)
    response = error_response(503)
    response.headers["Retry-After"] = "30"
    return response


def _unexpected_error(error: Exception) -> Any:
    db.session.rollback()
    log.error("request %s failed in %s", request_id(), request.endpoint, exc_info=error)
    return error_response(500)


def install(app: Flask) -> None:
    """The hooks, in the order they run."""
    hops = app.config["PORTAL_PROXY_HOPS"]
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    request_log.install(app)
    app.before_request(_gate)
    app.after_request(_security_headers)
    accounts.install()
    route_access.install(app)
    with app.app_context():
        install_language()
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(PlanningError, _planning_error)
    app.register_error_handler(OperationalError, _database_unavailable)
    if not app.config.get("PROPAGATE_UNEXPECTED_ERRORS"):
        app.register_error_handler(Exception, _unexpected_error)
