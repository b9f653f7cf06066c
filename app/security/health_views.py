"""`/healthz` for monitors: is the portal up, and does the database answer?"""

from __future__ import annotations

import sqlite3

from flask import Response, jsonify
from flask_appbuilder import BaseView, expose
from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.db import db

SAFE_SQLITE = (3, 51, 3)
SAFE_BRANCHES = {(3, 44): 6, (3, 50): 7}
"""Older versions may lose a write-ahead log when two processes check-point at once (rare)."""


def sqlite_warnings(version: tuple[int, int, int]) -> list[str]:
    """What an operator should know about this version of SQLite."""
    repaired = SAFE_BRANCHES.get(version[:2])
    if version >= SAFE_SQLITE or (repaired is not None and version[2] >= repaired):
        return []
    return ["sqlite-wal-reset: upgrade SQLite to 3.51.3 or use PostgreSQL"]


class HealthView(BaseView):
    """Says nothing that a stranger may not know."""

    route_base = "/healthz"
    default_view = "health"

    @expose("/", methods=["GET"])
    def health(self) -> tuple[Response, int]:
        """200 when the database answers, else 503."""
        try:
            db.session.execute(select(literal(1)))
        except SQLAlchemyError:
            return jsonify(status="failed", database="no answer"), 503
        warnings = []
        if db.engine.dialect.name == "sqlite":
            warnings = sqlite_warnings(sqlite3.sqlite_version_info)
        return jsonify(status="ok", database="ok", warnings=warnings), 200
