"""The home page: true figures with their rows, work by role, and the next step when empty."""

import re

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import event, func, select
from werkzeug.security import generate_password_hash

from app.kernel.db import db
from app.kernel.period import Month
from app.models import Customer, CustomerStatus, MonthlySales, PortalUser, Territory
from tests.master.conftest import Person, change, demo, person, stored

__all__ = ["change", "demo", "person", "stored"]

pytestmark = pytest.mark.web

LAST = Month.current().previous


def test_figures_are_those_of_the_rows_they_lead_to(person, stored):
    mine = stored(select(Territory.id).where(Territory.code == "YH-A1"))
    cartons = stored(
        select(func.sum(MonthlySales.delivered_cartons)).where(
            MonthlySales.month == LAST, MonthlySales.territory_id == mine
        )
    )
    customer = person("customer")
    page = customer.page("/")
    url = f"/monthly-sales/list/?q_month={LAST.key}"
    assert f'<a href="{url}">{cartons:,}</a>' in page
    assert f"<dd>{cartons:,}</dd>" in customer.page(url)


def test_ordering_customers_have_net_deliveries(person, stored):
    per_customer = (
        select(func.sum(MonthlySales.delivered_cartons).label("net"))
        .where(MonthlySales.month == LAST, MonthlySales.company_id == 1)
        .group_by(MonthlySales.customer_id)
        .subquery()
    )
    count = stored(select(func.count()).where(per_customer.c.net > 0))
    page = person("admin").page("/")
    figure = page[page.index("Ordering customers") :]
    assert f">{count:,}</a>" in figure[:2500]


def test_work_depends_on_the_role(person, stored):
    missing = stored(
        select(func.count(Customer.id)).where(
            Customer.company_id == 1,
            Customer.visit_mode.is_(None),
            Customer.status == CustomerStatus.ACTIVE,
        )
    )
    admin = person("admin").page("/")
    assert f'<span class="pill pill-bad">{missing}</span>' in admin
    assert "ready to begin" in admin
    brand = person("brand").page("/")
    assert "Customers without visit mode" not in brand
    assert "Products without category" in brand
    assert "ready to begin" not in brand
    assert "Ordering customers" not in brand
    customer = person("customer").page("/")
    assert "Customers without visit mode" in customer
    assert "Products without category" not in customer


def test_every_link_of_the_page_answers(person):
    for username in ("admin", "market", "customer", "brand"):
        someone = person(username)
        main = someone.page("/").split('id="main"', 1)[1]
        for url in set(re.findall(r'href="(/[^"]+)"', main)):
            answer = someone.get(url.replace("&amp;", "&"), follow_redirects=True)
            assert answer.status_code == 200, (username, url)


def test_few_statements(demo, person):
    someone = person("admin")
    statements = []
    with demo.app_context():
        engine = db.engine

    @event.listens_for(engine, "before_cursor_execute")
    def count(conn, cursor, statement, *rest):
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append(statement)

    someone.get("/")
    event.remove(engine, "before_cursor_execute", count)
    # Six of the page; user, access, scope and bell belong to the frame.
    assert len(statements) <= 12, "\n".join(statements)


def test_an_empty_portal_names_the_next_step(app_factory, database_url):
    app = app_factory(database_url, RATELIMIT_ENABLED=False, BABEL_DEFAULT_LOCALE="en")
    with app.app_context():
        role = db.session.scalar(select(Role).where(Role.name == "administrator"))
        db.session.add(
            PortalUser(
                username="first",
                first_name="First",
                last_name="Administrator",
                email="first@portal.invalid",
                active=True,
                password=generate_password_hash(app.config["PORTAL_DEMO_PASSWORD"]),
                must_change_password=False,
                roles=[role],
            )
        )
        db.session.commit()
    page = Person(app, "first").page("/")
    assert "There is no master data yet." in page
    assert "Last complete month" not in page
