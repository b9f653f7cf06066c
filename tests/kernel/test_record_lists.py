"""Lists of the record views through the client: filters, paging, scope."""

import re
import threading
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.kernel.db import db
from tests.kernel.conftest import SignIn
from tests.kernel.record_pages import count_of, customer, page_of
from tests.kernel.record_world import PER_TERRITORY, ShopView

pytestmark = pytest.mark.web


def test_two_people_filtering_at_once_do_not_meet(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_read = threading.Barrier(2)
    read = ShopView.read_filters

    def read_and_wait(view: ShopView, args: Any) -> Any:
        found = read(view, args)
        both_have_read.wait(timeout=20)
        return found

    monkeypatch.setattr(ShopView, "read_filters", read_and_wait)
    client, other = sign_in("ada"), sign_in("ada")
    pages: dict[str, str] = {}

    def look(who: FlaskClient, text: str) -> None:
        pages[text] = who.get(f"/shopview/list/?q_name={text}").get_data(as_text=True)

    threads = [
        threading.Thread(target=look, args=pair, daemon=True)
        for pair in ((client, "1007"), (other, "2009"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert "anna shop 7" in pages["1007"]
    assert "ben shop 9" not in pages["1007"]
    assert "ben shop 9" in pages["2009"]
    assert "anna shop 7" not in pages["2009"]


@pytest.mark.parametrize(
    "query",
    [
        "page_ShopView=abc",
        "page_ShopView=-4",
        "page_ShopView=99999999999999999999",
        "psize_ShopView=0",
        "psize_ShopView=100000",
        "_oc_ShopView=territory.department.code&_od_ShopView=asc",
        "_oc_ShopView=nothing&_od_ShopView=sideways",
        "q_visit_mode=NOT_A_MODE",
        "q_territory=99999999999999999999999",
        "q_territory=x",
        "q_visit_mode_missing=7",
        "q_open_date_from=yesterday",
        "q_grade_from=9999999999999999999999999",
        "q_name=%00%25_%27",
        "_flt_0_territory=1",
        "_flt_99_name=x&_flt_x=1",
        "page_%5B=1",
    ],
)
def test_nonsense_in_the_address_shows_a_clean_list(sign_in: SignIn, query: str) -> None:
    assert "Shops" in page_of(sign_in("ada"), f"/shopview/list/?{query}")


def test_an_unusable_filter_is_reported(sign_in: SignIn) -> None:
    page = page_of(sign_in("ada"), "/shopview/list/?q_visit_mode=NOT_A_MODE")
    assert "NOT_A_MODE" in page
    assert 'role="alert"' in page
    assert count_of(page) == 2 * PER_TERRITORY


def test_a_foreign_relation_cannot_be_named_by_a_filter(records: Flask, sign_in: SignIn) -> None:
    foreign = customer(records, "2000")["territory_id"]
    page = page_of(sign_in("anna"), f"/shopview/list/?q_territory={foreign}")
    assert "Lanes of ben" not in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 60),
        ("q_name=ANNA", 30),
        ("q_name=1003", 1),
        ("q_name=%25", 0),
        ("q_visit_mode=PHONE", 60),
        ("q_visit_mode=PHONE&q_visit_mode=ONLINE", 60),
        ("q_visit_mode=ONLINE", 0),
        ("q_visit_mode_missing=1", 0),
        ("q_grade_from=1&q_grade_to=2", 4),
        ("q_open_date_from=2020-01-02", 0),
        ("q_open_date_to=2020-01-01", 60),
    ],
)
def test_filters_find_what_they_say(sign_in: SignIn, query: str, count: int) -> None:
    page = page_of(sign_in("ada"), f"/shopview/list/?{query}")
    if count:
        assert count_of(page) == count
    else:
        assert 'class="list-foot"' not in page


def test_a_longer_page_costs_no_more_statements(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("ada")
    page_of(client, "/shopview/list/")
    statements: list[str] = []
    with records.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    counts = []
    for size in (2, 50):
        statements.clear()
        page_of(client, f"/shopview/list/?psize_ShopView={size}")
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_pages_keep_repeated_filters_and_order(sign_in: SignIn) -> None:
    page = page_of(
        sign_in("ada"),
        "/shopview/list/?q_visit_mode=PHONE&q_visit_mode=ONLINE&_oc_ShopView=name&_od_ShopView=desc",
    )
    following = next(
        unescape(link) for link in re.findall(r'href="([^"]+)"', page) if "page_ShopView=1" in link
    )
    assert following.count("q_visit_mode=") == 2
    assert "_oc_ShopView=name" in following
