"""Every way a name is written leaves search words that fit it, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import insert, select

from app.kernel.db import db
from app.kernel.spelling import search_words
from app.models import ChangeLog, Customer, Product
from tests.exchange.conftest import (
    Importing,
    checked,
    company,
    company_made,
    counts,
    imported,
)
from tests.exchange.test_master_sheets import HEADER, shop
from tests.master.conftest import Person, change, demo, person, stored

__all__ = [
    "change",
    "checked",
    "company",
    "company_made",
    "demo",
    "imported",
    "person",
    "stored",
]


def wrong(model: type[Any]) -> list[str]:
    """Names whose row has other words than theirs."""
    table = model.__table__
    rows = db.session.connection().execute(select(table.c.name, table.c.search_words))
    return [row.name for row in rows if row.search_words != search_words(row.name)]


def logged(entity: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(ChangeLog).where(ChangeLog.entity == entity))
    return [row.changes for row in rows]


@pytest.mark.sql
def test_imports_spell_new_and_changed_names(imported: Importing):
    imported("customers", [HEADER, shop("1", 客户名称="惠民便利店"), shop("2")])
    imported("customers", [HEADER, shop("1", 客户名称="重庆超市"), shop("2", 档位="13")])
    assert wrong(Customer) == []
    assert all("search_words" not in changes for changes in logged("Customer"))
    product_header = ["商品编码", "商品名称", "品牌"]
    imported("products", [product_header, ["P1", "芙蓉王(硬)", "芙蓉王"]])
    imported("products", [["商品编码", "品牌"], ["P1", "蓉王"]])
    imported("products", [product_header, ["P1", "白沙(软)", "白沙"]])
    assert wrong(Product) == []
    assert db.session.scalar(select(Product.name)) == "白沙(软)"


@pytest.mark.sql
def test_a_constant_name_is_spelled_too(imported: Importing):
    mapping = {
        "code": {"column": "商品编码"},
        "name": {"constant": "黄鹤楼"},
    }
    imported("products", [["商品编码"], ["P1"]], mapping)
    assert wrong(Product) == []
    assert db.session.scalar(select(Product.search_words)) == "|黄鹤楼|hhl|huanghelou|"


@pytest.mark.sql
def test_words_that_are_out_of_date_are_no_change_of_a_file(imported: Importing):
    rows = [HEADER, shop("1", 客户名称="惠民便利店")]
    imported("customers", rows)
    db.session.connection().execute(Customer.__table__.update().values(search_words="|old|"))
    batch = imported("customers", rows)
    assert counts(batch) == (0, 0, 1, 0)


@pytest.mark.sql
def test_rows_from_before_the_migration_are_spelled_by_it(app: Flask, company: int):
    db.session.connection().execute(
        insert(Product.__table__), [{"company_id": company, "code": "P1", "name": "芙蓉王(硬)"}]
    )
    db.session.commit()
    assert wrong(Product) == []
    db.session.remove()
    downgrade(revision="0006")
    upgrade()
    assert wrong(Product) == []
    assert db.session.connection().execute(select(Product.__table__.c.id)).all() != []


@pytest.mark.web
def test_the_demo_forms_and_bulk_changes(
    demo: Flask, person: Callable[[str], Person], stored: Callable[[Any], Any]
):
    admin = person("admin")
    customer_id = stored(select(Customer.id).where(Customer.company_id == 1).limit(1))
    product_id = stored(select(Product.id).where(Product.company_id == 1).limit(1))
    page = f"/customers/edit/{customer_id}"
    assert admin.edit(page, form_of(admin, page) | {"name": "重庆超市"}).status_code in (302, 303)
    page = f"/products/edit/{product_id}"
    assert admin.edit(page, form_of(admin, page) | {"name": "白沙(软)"}).status_code in (302, 303)
    assert stored(select(Customer.search_words).where(Customer.id == customer_id)).startswith(
        "|重庆超市|cqcs|"
    )
    assert stored(select(Product.search_words).where(Product.id == product_id)).startswith(
        "|白沙(软)|bsr|"
    )
    with demo.app_context():
        assert wrong(Customer) == []
        assert wrong(Product) == []
        names = ("Customer", "Product")
        assert all("search_words" not in change for name in names for change in logged(name))


def form_of(who: Person, url: str) -> dict[str, str]:
    """The values an edit page shows, as a browser would send them."""
    from html.parser import HTMLParser

    class Form(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.values: dict[str, str] = {}
            self.select = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            name = given.get("name") or ""
            if tag == "select":
                self.select = name
            elif tag == "option" and "selected" in given:
                self.values[self.select] = given.get("value") or ""
            elif tag == "input" and name and given.get("type") not in ("checkbox", "radio"):
                self.values[name] = given.get("value") or ""

    form = Form()
    form.feed(who.page(url))
    return {
        name: value
        for name, value in form.values.items()
        if not name.startswith("_") and name not in ("csrf_token", "q", "next", "month", "language")
    }
