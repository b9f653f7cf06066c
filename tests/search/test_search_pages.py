"""The search as each role sees it, and what names full of markup do to it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Customer, Product, Territory
from tests.master.conftest import Person, change, demo, person, stored

__all__ = ["change", "demo", "person", "stored"]

pytestmark = pytest.mark.web

OPTION = re.compile(r'role="option"[^>]*href="([^"]+)"')


def links(who: Person, text: str) -> list[str]:
    answer = who.get("/search/panel", query_string={"q": text})
    assert answer.status_code == 200
    return OPTION.findall(answer.text)


def test_each_role_finds_what_it_may_read(person: Callable[[str], Person], stored: Any):
    foreign = stored(
        select(Customer.code).join(Territory, Territory.id == Customer.territory_id).where(
            Territory.code == "YH-B1"
        ).limit(1)
    )  # fmt: skip
    its_file = f"/customer-file/{stored(select(Customer.id).where(Customer.code == foreign))}"
    product = stored(select(Product.code).where(Product.company_id == 1).limit(1))
    admin, market = person("admin"), person("market")
    assert links(admin, foreign) == [its_file]
    assert links(person("customer"), foreign) == []
    assert links(person("brand"), foreign) == []
    # `market` heads the department of A1 and A2 only.
    assert links(market, foreign) == []
    assert any(url.startswith("/products/show/") for url in links(person("brand"), product))
    assert not any("/customer" in url for url in links(person("brand"), "1"))
    assert links(person("linjiang.customer"), product) != links(admin, product)
    assert any(url.startswith("/users/show/") for url in links(admin, "customer"))
    assert not any(url.startswith("/users/") for url in links(market, "customer"))
    assert any(url.startswith("/territories/show/") for url in links(admin, "YH-B"))


def test_pages_by_name_initials_and_step(person: Callable[[str], Person]):
    who = person("customer")
    assert links(who, "8") == ["/month-plans/"]
    assert links(who, "step 8") == ["/month-plans/"]
    assert "/month-plans/" in links(who, "month pl")
    assert links(who, "14")[0] == "/month-summaries/"
    assert "find-pages" not in who.page("/search/panel?q=15")
    assert not any(url.startswith("/users") for url in links(who, "Users"))
    assert links(who, "m") == []
    with who.client.session_transaction() as session:
        session["locale"] = "zh"
    assert links(who, "第8步") == ["/month-plans/"]
    assert "/month-plans/" in links(who, "ygzjh")


def test_the_end_of_a_phone_is_shown_where_it_was_meant(person: Callable[[str], Person], stored):
    mine = select(Customer.id).join(Territory, Territory.id == Customer.territory_id)
    key = stored(mine.where(Territory.code == "YH-A1").limit(1))
    phone = stored(select(Customer.phone).where(Customer.id == key))
    panel = person("customer").page(f"/search/panel?q={phone[-6:]}")
    assert f"/customer-file/{key}" in panel
    assert f"{phone[:-6]}<mark>{phone[-6:]}</mark>" in panel
    assert phone not in person("customer").page("/search/panel?q=hm")


def test_markup_in_names_and_questions_is_text(person: Callable[[str], Person], stored, change):
    key = stored(select(Customer.id).where(Customer.company_id == 1).limit(1))
    with change() as session:
        session.get(Customer, key).name = '<img src=x onerror="alert(1)">店&'
    admin = person("admin")
    for url in ("/search/panel", "/search/"):
        for text in (
            "img src",
            "店&",
            "<script>alert(1)</script>",
            '"><i id=q>',
            "%",
            "\0",
            "x" * 5000,
        ):
            answer = admin.get(url, query_string={"q": text})
            assert answer.status_code in (200, 302), (url, text)
            assert "<img" not in answer.text
            assert "<script>alert" not in answer.text
            assert '"><i id=q>' not in answer.text


def test_the_page_works_without_script(person: Callable[[str], Person], stored):
    admin = person("admin")
    code = stored(select(Customer.code).where(Customer.company_id == 1).limit(1))
    only = admin.get(f"/search/?q={code}")
    assert only.status_code == 302
    assert "/customer-file/" in only.headers["Location"]
    page = admin.page("/search/?q=hm")
    assert "/customer-file/" in page
    assert admin.page("/search/").count("/customer-file/") == 0
    assert "Nothing was found" in admin.page("/search/?q=zzqqzz")
    listed = admin.page("/customers/list/?q_name=hm")
    assert "惠民" in listed
    assert admin.client.post("/search/", data={"q": "hm"}).status_code in (400, 405)
    anonymous = demo_visitor(admin)
    assert anonymous.get("/search/panel?q=hm").status_code in (302, 303, 401)


def demo_visitor(who: Person) -> Any:
    """Somebody who is not logged in."""
    return who.client.application.test_client()
