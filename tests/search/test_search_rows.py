"""Customers that fit a question: which, in which order, and only those in scope."""

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.kernel.db import db
from app.kernel.spelling import asked_words
from app.master.customer_search import MOST_RANKED, find_customers, in_list
from app.models import BusinessType, Customer, Territory
from app.security.row_scope import NOTHING, RowScope, scoped_to
from tests.exchange.records import make_company, make_customers

pytestmark = pytest.mark.sql

SHOPS = {
    "C000001": ("惠民便利店", "13800001234"),
    "C000002": ("福惠民超市", "13900001234"),
    "C000003": ("重庆100%小面_店", None),
    "C000004": ("华民烟酒", "0755-8812345"),
    "C000005": ("<b>Anna</b> & 店", "12341234"),
    "C000006": ("惠民便利店", "13700009999"),
}


@pytest.fixture
def world(app: Flask) -> tuple[int, list[int]]:
    """(company, its territories): six shops in turn in the two; the same in another company."""
    companies = []
    for code in ("A", "B"):
        companies.append(make_company(app, code))
        make_customers(app, companies[-1], len(SHOPS))
    with app.app_context():
        for row in db.session.scalars(select(Customer)):
            row.name, row.phone = SHOPS[row.code]
        db.session.commit()
        places = select(Territory.id).where(Territory.company_id == companies[0])
        return companies[0], list(db.session.scalars(places.order_by(Territory.code)))


def found(app: Flask, scope: RowScope, text: str, most: int = 8) -> list[str]:
    with app.app_context(), scoped_to(scope):
        rows = find_customers(db.session(), asked_words(text), most).customers
        return [row.code[-1] for row in rows]


QUESTIONS = {
    "惠民": "162",
    "hm": "1462",
    "HMBLD": "16",
    "huimin": "162",
    "minyan": "4",
    "惠民 超市": "2",
    "惠民 hmb": "16",
    "000003": "3",
    "c000003": "3",
    "C00000": "123456",
    "c00": "123456",
    "1234": "125",
    "8812345": "4",
    "3800": "",
    "%": "3",
    "_": "3",
    "\\": "",
    "anna": "5",
    "惠民超市": "2",
    "zzz": "",
}
"""Question → the last digits of the codes of what fits, in order."""


def test_what_fits_and_in_which_order(app: Flask, world: tuple[int, list[int]]):
    scope = RowScope(world[0], None)
    assert {text: "".join(found(app, scope, text)) for text in QUESTIONS} == QUESTIONS


def test_only_customers_in_scope(app: Flask, world: tuple[int, list[int]]):
    company, (second, first) = world
    assert found(app, RowScope(company, (first,)), "惠民") == ["1"]
    assert found(app, RowScope(company, (second,)), "hm") == ["4", "6", "2"]
    assert found(app, RowScope(company, (first, second)), "c000001") == ["1"]
    assert found(app, RowScope(company, ()), "惠民") == []
    assert found(app, NOTHING, "惠民") == []
    assert len(found(app, RowScope(None, None), "惠民")) == 6
    with app.app_context(), scoped_to(RowScope(company, (first,))):
        listed = db.session.scalars(select(Customer.code).where(in_list("惠民"))).all()
        assert listed == ["C000001"]


def test_of_very_many_the_best_are_found(app: Flask, world: tuple[int, list[int]]):
    """The one that begins with the word was added last and would not be among the first read."""
    company, (first, _second) = world
    with app.app_context():
        model = db.session.connection().execute(select(Customer.__table__).limit(1)).one()._asdict()
        for name in ("id", "search_words"):
            del model[name]
        rows = [
            {**model, "code": f"M{number:04d}", "name": f"大发{number}店", "territory_id": first}
            for number in range(MOST_RANKED + 20)
        ]
        rows.append({**model, "code": "Z1", "name": "发财", "business_type": BusinessType.MALL})
        db.session.connection().execute(insert(Customer.__table__), rows)
        db.session.commit()
        with scoped_to(RowScope(company, None)):
            answer = find_customers(db.session(), ("发",), 5)
            assert answer.count is None
            assert answer.customers[0].code == "Z1"
            assert len(answer.customers) == 5
            assert find_customers(db.session(), ("发", "财"), 5).count == 1


def test_the_index_alone_is_read(app: Flask, world: tuple[int, list[int]]):
    """SQLite names the plan; PostgreSQL decides by the size of the table."""
    company, places = world
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            return
        from sqlalchemy import event

        read: list[tuple[str, object]] = []
        event.listen(
            db.engine, "before_cursor_execute", lambda *a: read.append((a[2], a[3])), named=False
        )
        for scope in (RowScope(company, None), RowScope(company, tuple(places))):
            with scoped_to(scope):
                find_customers(db.session(), ("hm", "1234"), 8)
        seen = [entry for entry in read if "search_words" in entry[0] and "name" not in entry[0]]
        assert seen
        for statement, values in seen:
            plan = db.session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}",
                values,  # type: ignore[arg-type]
            )
            assert "COVERING INDEX ix_customer_search" in str(plan.all())
