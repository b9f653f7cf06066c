"""Refusals of the API as problem JSON (RFC 9457) in the language asked for."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, make_response, request
from flask_babel import get_babel
from flask_babel import gettext as _

from app.jinja import request_id
from app.kernel.errors import N_

PREFIX = "/api/v1/"

ADVICE: Mapping[int, str] = {
    400: N_("The request cannot be understood."),
    401: N_("Send a valid access key: Authorization: Bearer …"),
    403: N_("The access key, or the role of its user, does not allow this."),
    404: N_("There is no such record."),
    405: N_("This address does not know this method."),
    413: N_("The body is too large."),
    415: N_("Send the body as application/json."),
    429: N_("Too many requests. Please wait a minute, then try again."),
    500: N_("Something went wrong on our side. Nothing was changed."),
    503: N_("The system is busy. Nothing was changed. Please try again in a minute."),
}


class Refusal(Exception):
    """A refusal the portal's own errors have no status for: 412, 428 and the like."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.text = status, message
        super().__init__(message)


def is_rest(path: str) -> bool:
    """Whether an address belongs to the API."""
    return path.startswith(PREFIX)


def problem(status: int, detail: str | None = None, field: str | None = None) -> Response:
    """One refusal; `errors` names the field, when there is one."""
    advice = ADVICE.get(status)
    text = detail or (_(advice) if advice else HTTPStatus(status).phrase)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": text,
        "request_id": request_id(),
        "errors": [{"field": field, "message": text}] if field else [],
    }
    response = make_response(current_app.json.dumps(body), status)
    response.mimetype = "application/problem+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="portal"'
    return response


def install_language() -> None:
    """Callers of the API are answered in the language of their Accept-Language header."""
    babel = get_babel(current_app)
    of_session = babel.locale_selector

    def selected() -> str | None:
        if request and is_rest(request.path) and request.endpoint != "ApiGuideView.index":
            languages = list(current_app.config["LANGUAGES"])
            default = str(current_app.config["BABEL_DEFAULT_LOCALE"])
            return request.accept_languages.best_match(languages, default)
        chosen: str | None = of_session() if of_session is not None else None
        return chosen

    babel.locale_selector = selected
