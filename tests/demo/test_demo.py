"""The demo companies: what they promise, repeatable, whole, and refused where they must be."""

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.demo import build as demo_build
from app.demo.bulk_company import build_bulk_company
from app.demo.people import Accounts
from app.demo.plan import BulkCompany, Dates, SmallCompany
from app.demo.small_company import build_small_company
from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    AssignmentKind,
    Company,
    Customer,
    CustomerStatus,
    CustomerTerritory,
    KeyProductSnapshot,
    MonthlySales,
    PortalUser,
    Product,
    SalesLine,
    Territory,
    TerritoryAssignment,
)

REFERENCE = dt.date(2026, 11, 24)
ACCOUNTS = Accounts("Made-up-people-12", "pbkdf2:sha256:1000", must_change_password=False)
TINY = SmallCompany("YUNHE", customers_per_territory=20, months=4, has_stories=True)
TINY_BULK = BulkCompany("CITY", 2, 4, 80, 60, 3, 5, 2)


def build(app_factory, url, spec):
    """The company of `spec` in the database at `url`; the application's context is left open."""
    app = app_factory(url)
    with app.app_context():
        make = build_bulk_company if isinstance(spec, BulkCompany) else build_small_company
        make(db.session(), spec, Dates(REFERENCE), ACCOUNTS)
        db.session.commit()
    return app


def fingerprint(app):
    """A hash of everything generated but passwords and times."""
    digest = hashlib.sha256()
    with app.app_context():
        for model in (Territory, Customer, CustomerTerritory, Product, SalesLine, MonthlySales):
            table = model.__table__
            columns = [c for c in table.c if c.name not in {"created_at", "updated_at"}]
            for row in db.session.execute(select(*columns).order_by(*table.primary_key)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def totals(app, month):
    """(lines, demanded, delivered, amount) of a month by lines and by roll-up."""
    with app.app_context():
        line, rolled = SalesLine, MonthlySales
        by_line = db.session.execute(
            select(
                func.count(),
                func.sum(line.demanded_cartons),
                func.sum(line.delivered_cartons),
                func.sum(line.amount_fen),
            ).where(line.order_date.between(month.first_day, month.last_day))
        ).one()
        by_month = db.session.execute(
            select(
                func.sum(rolled.line_count),
                func.sum(rolled.demanded_cartons),
                func.sum(rolled.delivered_cartons),
                func.sum(rolled.amount_fen),
            ).where(rolled.month == month)
        ).one()
        return tuple(by_line), tuple(by_month)


@pytest.mark.sql
@pytest.mark.parametrize("spec", [TINY, TINY_BULK], ids=["small", "bulk"])
def test_the_same_day_gives_the_same_data(app_factory, databases, spec):
    from tests.conftest import set_up

    prints = []
    for _run in range(2):
        with databases.copy("setup", set_up) as url:
            prints.append(fingerprint(build(app_factory, url, spec)))
    assert prints[0] == prints[1]


@pytest.mark.sql
@pytest.mark.parametrize("spec", [TINY, TINY_BULK], ids=["small", "bulk"])
def test_the_roll_up_is_what_the_lines_add_up_to(app_factory, database_url, spec):
    app = build(app_factory, database_url, spec)
    for ago in (1, 2):
        by_line, by_month = totals(app, Dates(REFERENCE).ago(ago))
        assert by_line == by_month
        assert by_line[0] > 0


@pytest.mark.sql
def test_a_bulk_company_has_the_size_it_says(app_factory, database_url):
    app = build(app_factory, database_url, TINY_BULK)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Customer)) == 80
        assert db.session.scalar(select(func.count()).select_from(Product)) == 60
        assert db.session.scalar(select(func.count()).select_from(MonthlySales)) == 80 * 5 * 3
        months = set(db.session.scalars(select(MonthlySales.month).distinct()))
        assert months == {Month(2026, 8), Month(2026, 9), Month(2026, 10)}
        assert db.session.scalar(select(func.min(SalesLine.order_date))) >= dt.date(2026, 9, 1)


@pytest.fixture
def demo_app(app_factory, demo_url):
    return app_factory(demo_url, WTF_CSRF_ENABLED=False)


@pytest.mark.sql
def test_the_small_company_is_complete(demo_app):
    with demo_app.app_context():
        codes = {c.code: c.id for c in db.session.scalars(select(Company))}
        assert set(codes) == {"YUNHE", "LINJIANG"}
        own = Customer.company_id == codes["YUNHE"]
        assert db.session.scalar(select(func.count()).where(own)) == 480
        assert db.session.scalar(select(func.count()).where(own, Customer.visit_mode.is_(None))) > 0
        months = sorted(db.session.scalars(select(MonthlySales.month).distinct()))
        today = Dates(demo_build.local_today())
        assert set(today.ago(15).through(today.ago(1))) <= set(months)
        snapshots = set(db.session.scalars(select(KeyProductSnapshot.month).distinct()))
        assert set(today.ago(15).through(today.month)) <= snapshots
        products = Product.company_id == codes["YUNHE"]
        assert db.session.scalar(select(func.count()).where(products)) == 42
        without_tar = select(func.count()).where(products, Product.tar_tenths.is_(None))
        assert db.session.scalar(without_tar) == 2


@pytest.mark.sql
def test_the_customers_with_a_story(demo_app):
    with demo_app.app_context():
        yunhe = db.session.scalars(select(Company.id).where(Company.code == "YUNHE")).one()
        dates = Dates(demo_build.local_today())
        closed = db.session.scalars(
            select(Customer).where(Customer.status == CustomerStatus.CANCELLED)
        ).one()
        assert closed.close_date == dates.mid_of(2)
        opened = select(Customer).where(Customer.open_date == dates.mid_of(1))
        new = db.session.scalars(opened).one()
        moves = db.session.scalars(
            select(CustomerTerritory).where(CustomerTerritory.valid_to.is_not(None))
        ).all()
        assert len(moves) == 1
        moved = moves[0].customer_id
        for customer_id, least, most in (
            (closed.id, None, closed.close_date),
            (new.id, new.open_date, None),
        ):
            days = db.session.scalars(
                select(SalesLine.order_date).where(SalesLine.customer_id == customer_id)
            ).all()
            assert days
            assert least is None or min(days) >= least
            assert most is None or max(days) < most
        before = select(SalesLine.territory_id, func.min(SalesLine.order_date)).where(
            SalesLine.customer_id == moved
        )
        stays = dict(db.session.execute(before.group_by(SalesLine.territory_id)).all())
        assert len(stays) == 2
        assert stays[moves[0].territory_id] < dates.mid_of(1) <= max(stays.values())
        cover = db.session.scalars(
            select(TerritoryAssignment).where(
                TerritoryAssignment.company_id == yunhe,
                TerritoryAssignment.kind == AssignmentKind.SUBSTITUTE,
            )
        ).one()
        assert cover.valid_from <= dates.reference <= cover.valid_to


def test_the_abnormal_products_have_findable_causes(demo_app):
    last = Dates(demo_build.local_today()).ago(1)

    def figures(code, month, territory=None):
        """(buyers, cartons, stock-out lines, lines with demand)."""
        statement = (
            select(
                func.count(func.distinct(MonthlySales.customer_id)),
                func.sum(MonthlySales.delivered_cartons),
                func.sum(MonthlySales.stockout_lines),
                func.sum(MonthlySales.demanded_lines),
            )
            .join(Product, Product.id == MonthlySales.product_id)
            .join(Territory, Territory.id == MonthlySales.territory_id)
            .where(Product.code == code, MonthlySales.month == month)
        )
        if territory:
            statement = statement.where(Territory.code == territory)
        return db.session.execute(statement).one()

    with demo_app.app_context():
        _buyers, _cartons, missed, wanted = figures("Y018", last)
        assert missed / wanted > 0.25, "short supply"
        assert figures("Y020", last)[0] < 0.5 * figures("Y020", last.previous)[0], "overstocked"
        before, after = figures("Y013", last.shift(-2), "YH-A2"), figures("Y013", last, "YH-A2")
        assert after[1] < 0.6 * before[1], "replaced"
        gained = figures("Y009", last, "YH-A2")[1] / figures("Y009", last.shift(-2), "YH-A2")[1]
        assert gained > 1.2, "by this one"
        assert figures("Y016", last, "YH-B1")[0] < 0.3 * figures("Y016", last, "YH-B2")[0]


def test_every_account_logs_in_and_sees_its_own_company(demo_app):
    with demo_app.app_context():
        names = list(db.session.scalars(select(PortalUser.username)))
    assert {"platform", "admin", "market", "customer", "brand", "linjiang.admin"} <= set(names)
    for name in names:
        client = demo_app.test_client()
        password = demo_app.config["PORTAL_DEMO_PASSWORD"]
        client.post("/login/", data={"username": name, "password": password})
        assert client.get("/").status_code == 200, name


def test_a_second_run_changes_nothing(demo_app):
    before = fingerprint(demo_app)
    answer = demo_app.test_cli_runner().invoke(args=["portal", "demo"])
    assert answer.exit_code == 0, answer.output
    assert "already there" in answer.output
    assert fingerprint(demo_app) == before


def test_a_portal_in_use_gets_no_demo_with_if_empty(app):
    with app.app_context():
        db.session.add(Company(code="REAL", name="Real"))
        db.session.commit()
    answer = app.test_cli_runner().invoke(args=["portal", "demo", "--if-empty"])
    assert answer.exit_code == 0, answer.output
    with app.app_context():
        assert list(db.session.scalars(select(Company.code))) == ["REAL"]


def test_production_refuses_a_demo_without_an_explicit_password(app_factory, database_url):
    app = app_factory(database_url, PORTAL_ENV="production", PORTAL_DEMO_PASSWORD="")
    answer = app.test_cli_runner().invoke(args=["portal", "demo"])
    assert answer.exit_code == 1
    assert "PORTAL_DEMO_PASSWORD" in answer.output
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Company)) == 0


def test_in_production_the_password_must_be_changed():
    config = {"PORTAL_ENV": "production", "PORTAL_DEMO_PASSWORD": "given by the operator"}
    assert demo_build.demo_accounts(config).must_change_password


def test_a_failure_leaves_no_half_company(app_factory, database_url, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("power cut")

    monkeypatch.setattr("app.demo.small_company.rebuild_sales", fail)
    app = app_factory(database_url)
    answer = app.test_cli_runner().invoke(args=["portal", "demo"])
    assert isinstance(answer.exception, RuntimeError)
    with app.app_context():
        for model in (Company, Customer, SalesLine, PortalUser):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0


@pytest.mark.pure
def test_no_phone_number_belongs_to_anybody():
    """Chinese mobile numbers begin with 13 to 19."""
    source = Path(demo_build.__file__).parent
    assert 'f"120{' in (source / "customers.py").read_text(encoding="utf-8")
    assert 'f"120{' in (source / "people.py").read_text(encoding="utf-8")
