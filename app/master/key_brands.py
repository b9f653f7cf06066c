"""§1.3 — the monthly snapshot of the key brands: analyses of a past month use its flags.

Run at month opening. A month that has a snapshot keeps it, so running twice changes nothing and
a flag set later does not rewrite history.
"""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Connection, exists, insert, literal, select

from app.analysis.changed_inputs import key_brands_changed
from app.kernel.columns import MonthType
from app.kernel.db import db
from app.kernel.period import Month
from app.models import Company, KeyProductSnapshot, Product

PRODUCT = Product.__table__
SNAPSHOT = KeyProductSnapshot.__table__


def take_snapshot(connection: Connection, company_id: int, month: Month) -> None:
    """Write the company's key products for `month`, unless the month has a snapshot already.

    Results that were computed without them become out of date.
    """
    month_value = literal(month, MonthType())
    taken = exists().where(SNAPSHOT.c.company_id == company_id, SNAPSHOT.c.month == month_value)
    written = connection.execute(
        insert(SNAPSHOT).from_select(
            ["company_id", "month", "product_id"],
            select(PRODUCT.c.company_id, month_value, PRODUCT.c.id).where(
                PRODUCT.c.company_id == company_id, PRODUCT.c.is_key.is_(True), ~taken
            ),
        ),
        execution_options={"preserve_rowcount": True},
    )
    if written.rowcount:
        key_brands_changed(connection, company_id, month)


def open_month(app: Flask) -> None:
    """Job: the present month's snapshot of every active company, each in its own transaction."""
    month = Month.current()
    with app.app_context():
        companies = db.session.scalars(select(Company.id).where(Company.is_active)).all()
        db.session.rollback()
        for company_id in companies:
            take_snapshot(db.session.connection(), company_id, month)
            db.session.commit()
