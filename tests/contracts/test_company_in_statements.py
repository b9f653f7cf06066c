"""Every Core statement on a large table names its company (docs/operations.md, "To Citus").

Judged are the statements really sent: by the demo company on its way through all fourteen steps,
and by the pages of the sidebar. `tests.statement_watch` says how.
"""

import json
import re

import pytest
from flask import Flask
from sqlalchemy import bindparam, func, insert, select, update

from app.models import Customer, DailyVisit, MonthlySales, Territory
from config import DEVELOPMENT_DEMO_PASSWORD
from tests import statement_watch
from tests.conftest import AppFactory
from tests.security.visitor import Visitor

CUSTOMER, SALES, VISIT = Customer.__table__, MonthlySales.__table__, DailyVisit.__table__
OTHER = CUSTOMER.alias("other")
GIVEN = CUSTOMER.c.company_id == 1
SAME = SALES.c.company_id == CUSTOMER.c.company_id
JOINED = select(CUSTOMER.c.id).join_from(CUSTOMER, SALES, SALES.c.customer_id == CUSTOMER.c.id)
SUMS = select(
    SALES.c.company_id, SALES.c.customer_id, func.sum(SALES.c.delivered_cartons).label("cartons")
)
PER_CUSTOMER = SUMS.group_by(SALES.c.company_id, SALES.c.customer_id).cte("sums")

REFUSED = {
    "no company": (select(CUSTOMER.c.id), ["customer"]),
    "only one side": (JOINED.where(GIVEN), ["monthly_sales"]),
    "tied to each other only": (JOINED.where(SAME), ["customer", "monthly_sales"]),
    "an alias": (select(CUSTOMER.c.id, OTHER.c.id).where(GIVEN), ["other"]),
    "a subquery": (
        select(CUSTOMER.c.id).where(GIVEN, CUSTOMER.c.id.in_(select(VISIT.c.customer_id))),
        ["daily_visit"],
    ),
    "a cte joined by its customer": (
        select(CUSTOMER.c.id)
        .join_from(CUSTOMER, PER_CUSTOMER, PER_CUSTOMER.c.customer_id == CUSTOMER.c.id)
        .where(GIVEN),
        ["monthly_sales"],
    ),
    "an update by id": (
        update(CUSTOMER).where(CUSTOMER.c.id == bindparam("row")).values(remark="x"),
        ["customer"],
    ),
    "insert from select": (
        insert(VISIT).from_select(["customer_id"], select(CUSTOMER.c.id)),
        ["customer"],
    ),
}
ACCEPTED = (
    select(Territory.__table__.c.id),
    select(CUSTOMER.c.id).where(GIVEN),
    select(CUSTOMER.c.id).where(CUSTOMER.c.company_id.in_([1, 2])),
    JOINED.where(GIVEN, SAME),
    JOINED.where(GIVEN, SALES.c.company_id == 1),
    select(CUSTOMER.c.id)
    .join_from(CUSTOMER, PER_CUSTOMER, PER_CUSTOMER.c.company_id == CUSTOMER.c.company_id)
    .where(GIVEN),
    select(CUSTOMER.c.id).where(
        GIVEN,
        select(VISIT.c.id)
        .where(VISIT.c.company_id == CUSTOMER.c.company_id, VISIT.c.customer_id == CUSTOMER.c.id)
        .exists(),
    ),
    update(CUSTOMER).where(GIVEN, CUSTOMER.c.id == 1).values(remark="x"),
)


@pytest.mark.pure
@pytest.mark.parametrize("name", REFUSED)
def test_a_planted_statement_is_found(name: str):
    statement, tables = REFUSED[name]
    assert statement_watch.untied(statement) == tables


@pytest.mark.pure
@pytest.mark.parametrize("statement", ACCEPTED)
def test_what_is_tied_is_left_alone(statement: object):
    assert statement_watch.untied(statement) == []


@pytest.mark.web
def test_every_statement_names_its_company(app_factory: AppFactory, demo_url: str):
    portal: Flask = app_factory(demo_url)
    assert json.loads(statement_watch.kept().read_text("utf-8")) == {}
    found: dict[str, str] = {}
    for person in ("admin", "customer"):
        visitor = Visitor(portal, person, DEVELOPMENT_DEMO_PASSWORD)
        home = visitor.get("/").text
        pages = sorted(set(re.findall(r'<a[^>]+href="(/[a-z0-9/_-]+)"', home)) - {"/logout/"})
        assert len(pages) > 10
        with statement_watch.watched() as seen:
            for page in pages:
                assert visitor.get(page, follow_redirects=True).status_code == 200, page
        found.update(seen)
    assert found == {}
