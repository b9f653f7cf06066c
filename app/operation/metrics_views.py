"""`/metrics` for a monitoring system that knows the token; to everybody else it does not exist."""

from __future__ import annotations

import hmac

from flask import Response, abort, current_app, request
from flask_appbuilder import BaseView, expose
from prometheus_client import CONTENT_TYPE_LATEST

from app.kernel.db import db
from app.operation.metrics import exposition
from app.security.row_scope import UNRESTRICTED, scoped_to


class MetricsView(BaseView):
    """Public in the sense of no login: the token of the settings opens it."""

    route_base = "/metrics"
    default_view = "metrics"

    @expose("/", methods=["GET"])
    def metrics(self) -> Response:
        """The figures, for ``Authorization: Bearer <PORTAL_METRICS_TOKEN>``."""
        token = current_app.config["PORTAL_METRICS_TOKEN"]
        sent = request.headers.get("Authorization", "")
        if not token or not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            abort(404)
        with scoped_to(UNRESTRICTED):
            return Response(exposition(db.session()), content_type=CONTENT_TYPE_LATEST)
