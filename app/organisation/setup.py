"""`flask portal setup`: migrate, roles and permissions, default content. Safe to repeat."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import inspect, select

from app.kernel.db import db
from app.kernel.dialect import refresh_all_statistics
from app.master.seeding import seed_company
from app.models import Company
from app.security.chain_witness import forget_witness
from app.security.permissions import sync_roles


def run_setup(app: Flask) -> None:
    """Bring the database of `app` to the present release; each company gets what it lacks."""
    with app.app_context():
        if not inspect(db.engine).get_table_names():
            # A new portal: what a former one in this data folder had is none of its.
            forget_witness(Path(app.config["PORTAL_DATA_DIR"]))
        upgrade()
        session = db.session()
        sync_roles(session)
        for company_id in session.scalars(select(Company.id).order_by(Company.id)).all():
            seed_company(session, company_id)
        # A migration may have brought an index the planner knows nothing about.
        refresh_all_statistics(session.connection())
        session.commit()
