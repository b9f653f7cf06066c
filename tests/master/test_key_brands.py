"""§1.3 — the monthly snapshot keeps what was a key brand then."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from app.jobs import JOBS_BY_ID
from app.jobs.job_work import run_due
from app.kernel.db import db
from app.kernel.period import Month, start_of
from app.master.key_brands import take_snapshot
from app.master.seeding import seed_products
from app.models import Company, KeyProductSnapshot, Product

pytestmark = pytest.mark.sql

MONTH = Month(2026, 10)


@pytest.fixture
def companies(app):
    with app.app_context():
        rows = [Company(code="T1", name="Test"), Company(code="T2", name="Other")]
        db.session.add_all(rows)
        db.session.flush()
        for row in rows:
            seed_products(db.session(), row.id)
        flag(rows[0].id, "Y001", "Y002")
        flag(rows[1].id, "Y003")
        yield [row.id for row in rows]
        db.session.rollback()


def flag(company_id, *codes):
    product = Product.__table__
    db.session.execute(
        update(product)
        .where(product.c.company_id == company_id)
        .values(is_key=product.c.code.in_(codes))
    )


def snapshot(month):
    rows = db.session.execute(
        select(KeyProductSnapshot.company_id, Product.code)
        .join(Product, Product.id == KeyProductSnapshot.product_id)
        .where(KeyProductSnapshot.month == month)
    )
    return {tuple(row) for row in rows}


def test_only_the_companys_flags_are_kept(companies):
    take_snapshot(db.session.connection(), companies[0], MONTH)
    assert snapshot(MONTH) == {(companies[0], "Y001"), (companies[0], "Y002")}


def test_a_second_run_and_a_later_flag_change_nothing(companies):
    connection = db.session.connection()
    take_snapshot(connection, companies[0], MONTH)
    flag(companies[0], "Y005")
    take_snapshot(connection, companies[0], MONTH)
    take_snapshot(connection, companies[0], MONTH.next)
    assert snapshot(MONTH) == {(companies[0], "Y001"), (companies[0], "Y002")}
    assert snapshot(MONTH.next) == {(companies[0], "Y005")}


def test_a_company_without_key_brands_has_an_empty_snapshot(companies):
    flag(companies[0])
    take_snapshot(db.session.connection(), companies[0], MONTH)
    assert snapshot(MONTH) == set()


def test_the_month_is_opened_for_every_active_company_once(app, monkeypatch):
    moment = start_of(MONTH.first_day) + dt.timedelta(hours=1)
    monkeypatch.setattr("app.jobs.job_work.utc_now", lambda: moment)
    with app.app_context():
        rows = [Company(code="T1", name="Test"), Company(code="T2", name="Gone", is_active=False)]
        db.session.add_all(rows)
        db.session.flush()
        for row in rows:
            seed_products(db.session(), row.id)
            flag(row.id, "Y001")
        db.session.commit()
    for _ in range(2):
        run_due(app, JOBS_BY_ID["key_brands"], lambda: False)
    with app.app_context():
        kept = db.session.execute(
            select(Company.code).join(KeyProductSnapshot).where(KeyProductSnapshot.month == MONTH)
        ).all()
    assert kept == [("T1",)]
