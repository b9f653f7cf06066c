"""One line of JSON per request: id, user, endpoint, status, time, statements. No personal data.

Neither addresses with their search words nor forms are written; the change log says who changed
what. The id is the one on error pages and in the `X-Request-Id` header.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from sqlalchemy import Engine, event

from app.jinja import request_id
from app.operation.metrics import observe

log = logging.getLogger("portal.request")


def _begin() -> None:
    g.began = time.perf_counter()
    g.statements = 0


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_arguments: Any) -> None:
    if has_request_context() and "statements" in g:
        g.statements += 1


def _write(response: Response) -> Response:
    if (request.endpoint or "").endswith("static") or "began" not in g:
        return response
    actor = g.get("actor")
    seconds = time.perf_counter() - g.began
    observe(request.endpoint, request.method, response.status_code, seconds, g.statements)
    line = {
        "id": request_id(),
        "user": actor.user_id if actor else None,
        "endpoint": request.endpoint,
        "method": request.method,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "statements": g.statements,
    }
    log.info(json.dumps(line, separators=(",", ":")))
    return response


def install(app: Flask) -> None:
    """Count and log every request; to standard error unless the tests run."""
    app.before_request(_begin)
    app.after_request(_write)
    log.setLevel(logging.INFO)
    if not app.testing and not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.propagate = False
