"""The home page: true figures with their rows, work by role and urgency, a fixed cost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import event, func, select
from werkzeug.security import generate_password_hash

from app.kernel.db import db
from app.kernel.period import Month, local_today
from app.models import (
    Customer,
    CustomerStatus,
    MonthlySales,
    MonthPlan,
    MonthPlanStatus,
    PortalUser,
    SalesLine,
    Territory,
    VisitPlan,
    VisitStatus,
)
from tests.master.conftest import Person, change, demo, person, stored

__all__ = ["change", "demo", "person", "stored"]

pytestmark = pytest.mark.web

MONTH = Month.current()
LAST = MONTH.previous
USERS = ("admin", "market", "customer", "brand")
MOST_STATEMENTS = 15


def figure(page: str, label: str) -> str:
    """The part of the page about one key figure."""
    return page[page.index(label) :].split('<div class="figure', 1)[0]


def test_the_customer_managers_figures_are_those_of_the_rows(person, stored):
    mine = stored(select(Territory.id).where(Territory.code == "YH-A1"))
    cartons = stored(
        select(func.coalesce(func.sum(SalesLine.delivered_cartons), 0)).where(
            SalesLine.territory_id == mine,
            SalesLine.order_date.between(MONTH.first_day, MONTH.last_day),
        )
    )
    of_month = VisitPlan.date.between(MONTH.first_day, MONTH.last_day)
    planned = stored(
        select(func.count(VisitPlan.id)).where(
            VisitPlan.territory_id == mine, of_month, VisitPlan.status != VisitStatus.CANCELLED
        )
    )
    done = stored(
        select(func.count(VisitPlan.id)).where(
            VisitPlan.territory_id == mine, of_month, VisitPlan.status == VisitStatus.DONE
        )
    )
    page = person("customer").page("/")
    assert f'href="/monthly-sales/list/?q_month={MONTH.key}">{cartons:,}</a>' in figure(
        page, f"Volume of {MONTH.key}"
    )
    visits = figure(page, "Visits done")
    assert f">{done:,}</a><small>/ {planned:,}</small>" in visits
    assert f"<dd>{planned:,} visits</dd>" in visits
    assert f"{done:,} / {planned:,} done" in page[page.index("Visit calendar") :]


def test_the_companys_last_month(person, stored):
    cartons = stored(
        select(func.sum(MonthlySales.delivered_cartons)).where(
            MonthlySales.month == LAST, MonthlySales.company_id == 1
        )
    )
    per_customer = (
        select(func.sum(MonthlySales.delivered_cartons).label("net"))
        .where(MonthlySales.month == LAST, MonthlySales.company_id == 1)
        .group_by(MonthlySales.customer_id)
        .subquery()
    )
    count = stored(select(func.count()).where(per_customer.c.net > 0))
    page = person("admin").page("/")
    assert f">{cartons:,}</a>" in figure(page, "Cartons delivered")
    assert f">{count:,}</a>" in figure(page, "Ordering customers")


def test_each_role_has_its_own_cards(person, stored):
    missing = stored(
        select(func.count(Customer.id)).where(
            Customer.company_id == 1,
            Customer.visit_mode.is_(None),
            Customer.status == CustomerStatus.ACTIVE,
        )
    )
    all_customers = stored(
        select(func.count(Customer.id)).where(
            Customer.company_id == 1, Customer.status == CustomerStatus.ACTIVE
        )
    )
    admin = person("admin").page("/")
    assert f"{all_customers - missing:,} of {all_customers:,}" in admin
    for words in ("ready to begin", "Failed scheduled jobs", "without a primary holder"):
        assert words in admin
    brand = person("brand").page("/")
    for words in ("Abnormal brands", "Changes of key brands", "Products without category"):
        assert words in brand
    for words in ("ready to begin", "Customers without visit mode", "Target attainment"):
        assert words not in brand
    customer = person("customer").page("/")
    for words in ("The fourteen steps", "Visit calendar", "Target attainment", "What is abnormal"):
        assert words in customer
    for words in ("Products without category", "ready to begin", "Territories compared"):
        assert words not in customer
    market = person("market").page("/")
    for words in ("Territories and steps", "Territories compared", "Worth a question"):
        assert words in market
    assert "Continue with step" not in market


def test_what_came_back_is_first_and_says_why(person, change, stored):
    mine = stored(select(Territory.id).where(Territory.code == "YH-A1"))
    with change() as session:
        session.connection().execute(
            MonthPlan.__table__.update()
            .where(MonthPlan.__table__.c.territory_id == mine, MonthPlan.__table__.c.month == MONTH)
            .values(status=MonthPlanStatus.DRAFT, return_reason="Too many key customers")
        )
    page = person("customer").page("/")
    work = page[page.index('class="work-list"') :]
    first = work[: work.index("</li>")]
    assert 'data-level="returned"' in first
    assert "Month plan came back" in first
    assert "Returned: Too many key customers" in first
    levels = re.findall(r'data-level="(\w*)"', work)
    order = ["returned", "late", "today", "soon", ""]
    assert [order.index(level) for level in levels] == sorted(map(order.index, levels))


def test_another_month_is_named_and_has_its_own_work(person):
    customer = person("customer")
    page = customer.page(f"/?work_month={LAST.key}")
    assert f"Volume of {LAST.key}" in page
    assert f"of {LAST.previous.key}, against target" in page
    assert 'aria-current="date"' not in page
    assert local_today().isoformat() not in page[page.index("month-calendar") :]


def test_every_link_of_the_page_answers(person):
    seen = set()
    for username in ("customer", "market", "brand", "admin"):
        someone = person(username)
        main = someone.page("/").split('id="main"', 1)[1]
        # One of each page: cells of the calendar and of the map differ in their arguments only.
        urls = {url.split("?")[0]: url for url in re.findall(r'href="(/[^"#]+)', main)}
        for path in urls.keys() - seen:
            seen.add(path)
            url = urls[path]
            answer = someone.get(url.replace("&amp;", "&"), follow_redirects=True)
            assert answer.status_code == 200, (username, url)


@contextmanager
def statements_of(app) -> Iterator[list[str]]:
    with app.app_context():
        engine = db.engine
    found: list[str] = []

    def note(_conn, _cursor, statement, *_rest) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "(SELECT")):
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.sql
def test_few_statements_for_every_role(demo, person):
    for username in USERS:
        someone = person(username)
        someone.page("/")
        with statements_of(demo) as found:
            someone.page("/")
        assert len(found) <= MOST_STATEMENTS, (username, "\n".join(found))


def test_the_readiness_of_a_month(person, stored):
    market = person("market").page(f"/readiness/?work_month={MONTH.key}")
    assert "Sales and calendar" in market
    assert f"last order day {LAST.key}" in market
    assert "Every department has watched products for the month" in market
    admin = person("admin")
    far = admin.page("/readiness/?work_month=2199-01")
    assert "no sales of 2198-12" in far
    assert "the official calendar of 2199 is not known: weekends only" in far
    assert '<a href="/territories/list/?q_without_holder=1">' in far
    assert person("brand").get("/readiness/").status_code in (302, 303, 403)


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
    assert "Cartons delivered" not in page
