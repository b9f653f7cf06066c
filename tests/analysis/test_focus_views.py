"""Watched products: issuing several at once, months, ending early, and whose they are."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models import Department, FocusProduct, Product
from tests.analysis.demo_visitors import MONTH, DemoVisitor

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
LIST, NEW = "/watched-products/list/", "/watched-products/new"


def key_of(stored: Stored, model: Any, code: str) -> int:
    return stored(select(model.id).where(model.code == code).order_by(model.id))[0][0]


def entries(stored: Stored, code: str) -> list[Any]:
    return stored(
        select(FocusProduct.from_month, FocusProduct.to_month)
        .join(Product, Product.id == FocusProduct.product_id)
        .join(Department, Department.id == FocusProduct.department_id)
        .where(Product.code == code, Department.code == "YH-A")
        .order_by(FocusProduct.from_month)
    )


def form(stored: Stored, department: str, *codes: str, first: str, last: str) -> dict[str, Any]:
    return {
        "department": key_of(stored, Department, department),
        "product": [key_of(stored, Product, code) for code in codes],
        "from_month": first,
        "to_month": last,
    }


def test_a_market_manager_issues_several_products(visitor: Visitors, stored: Stored):
    person = visitor("market")
    data = form(stored, "YH-A", "Y001", "Y002", first=MONTH.key, last=MONTH.shift(2).key)
    assert "2 products are watched" in person.said(person.post(NEW, data))
    assert entries(stored, "Y001") == [(MONTH, MONTH.shift(2))]
    refused = person.post(NEW, form(stored, "YH-A", "Y001", first=MONTH.key, last=MONTH.key))
    assert refused.status_code == 422
    assert "Already watched: Y001" in refused.text
    assert len(entries(stored, "Y001")) == 1


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2026-12", "2026-11", "The last month is before the first."),
        ("2026-11", "2029-11", "at most 24 months"),
        ("x", "2026-11", "Enter a month"),
    ],
)
def test_months_that_make_no_range_are_refused(
    visitor: Visitors, stored: Stored, first: str, last: str, message: str
):
    answer = visitor("market").post(NEW, form(stored, "YH-A", "Y001", first=first, last=last))
    assert answer.status_code == 422
    assert message in answer.text
    assert entries(stored, "Y001") == []


def test_another_department_and_another_companys_product_do_not_exist(
    visitor: Visitors, stored: Stored
):
    person = visitor("market")
    data = form(stored, "YH-B", "Y001", first=MONTH.key, last=MONTH.key)
    assert person.post(NEW, data).status_code == 404
    foreign = stored(select(func.max(Product.id)))[0][0]
    data = form(stored, "YH-A", first=MONTH.key, last=MONTH.key) | {"product": [foreign]}
    assert person.post(NEW, data).status_code == 404
    assert person.post(NEW, data | {"product": ["one"]}).status_code == 400


def test_ending_early_keeps_targets_and_says_so(visitor: Visitors, stored: Stored):
    person = visitor("market")
    key = stored(
        select(FocusProduct.id)
        .join(Product, Product.id == FocusProduct.product_id)
        .join(Department, Department.id == FocusProduct.department_id)
        .where(Product.code == "Y018", Department.code == "YH-A")
    )[0][0]
    said = person.said(
        person.post("/watched-products/action_post", {"action": "end", "rowid": key})
    )
    assert "1 products end with" in said
    assert "2 brand targets reach beyond that month" in said
    assert entries(stored, "Y018")[0][1] == MONTH
    again = person.post("/watched-products/action_post", {"action": "end", "rowid": key})
    assert "it cannot end with" in person.said(again)
    deleted = person.post(f"/watched-products/delete/{key}")
    assert "brand targets rely on" in person.said(deleted)


def test_who_reads_and_who_changes(visitor: Visitors, stored: Stored):
    foreign = stored(
        select(FocusProduct.id)
        .join(Department, Department.id == FocusProduct.department_id)
        .where(Department.code == "YH-B")
        .limit(1)
    )[0][0]
    customer = visitor("customer")
    assert "Y018" in customer.page(LIST)
    assert "Issue products" not in customer.page(LIST)
    assert customer.get(NEW).status_code == 403
    assert customer.get(f"/watched-products/show/{foreign}").status_code == 404
    brand = visitor("brand")
    assert "Y018" in brand.page(LIST)
    assert brand.post(f"/watched-products/delete/{foreign}").status_code == 403
    market = visitor("market")
    assert market.get(f"/watched-products/show/{foreign}").status_code == 404
    assert market.post(f"/watched-products/delete/{foreign}").status_code == 404
    assert "Issue products" in visitor("admin").page(LIST)
    assert visitor("linjiang.market").get(f"/watched-products/show/{foreign}").status_code == 404
