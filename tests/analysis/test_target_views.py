"""Brand targets and their customer lists as each role: grid, refusals, lock, list, history."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.models import BrandTarget, Customer, Product, TargetListRevision
from tests.analysis.demo_visitors import MONTH, DemoVisitor

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
NEW = "/brand-targets/new"
FREE = MONTH.shift(2)
"""The last month of the demo's running targets."""


def product_id(stored: Stored, code: str) -> int:
    return stored(
        select(BrandTarget.product_id)
        .join(Product, Product.id == BrandTarget.product_id)
        .where(Product.code == code)
        .limit(1)
    )[0][0]


def target_id(stored: Stored, place: int, code: str, first: Any) -> int:
    return stored(
        select(BrandTarget.id)
        .join(Product, Product.id == BrandTarget.product_id)
        .where(
            BrandTarget.territory_id == place,
            Product.code == code,
            BrandTarget.from_month == first,
        )
    )[0][0]


def months(first: Any, last: Any) -> dict[str, str]:
    return {"from_month": first.key, "to_month": last.key}


@pytest.fixture
def own(territory: Callable[[str], int]) -> int:
    return territory("YH-A1")


def test_the_grid_shows_last_months_actual_beside_each_field(visitor: Visitors, own: int):
    page = visitor("customer").page(NEW)
    assert f"beside it: {MONTH.previous.key}" in page
    assert page.count('class="target-cell"') == 8 * 4
    assert "Copy from the last range" in page
    copied = visitor("customer").page(f"{NEW}?copy=1")
    assert "nothing is saved yet" in copied


def test_targets_are_removed_entered_and_changed(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key = target_id(stored, own, "Y018", MONTH)
    assert "was removed" in person.said(person.post(f"/brand-targets/remove/{key}"))
    product = product_id(stored, "Y018")
    data = {
        **months(MONTH, FREE),
        f"t-{product}-LISTING": "92.5",
        f"t-{product}-STOCKOUT": "3%",
    }
    assert "Targets of 1 products were saved" in person.said(person.post(NEW, data))
    key = target_id(stored, own, "Y018", MONTH)
    row = stored(
        select(
            BrandTarget.listing_target, BrandTarget.active_target, BrandTarget.stockout_target
        ).where(BrandTarget.id == key)
    )
    assert row == [(9250, None, 300)]
    changed = person.post(
        f"/brand-targets/change/{key}", {**months(MONTH, MONTH), f"t-{product}-ACTIVE": "101"}
    )
    assert changed.status_code == 303
    assert stored(
        select(BrandTarget.listing_target, BrandTarget.active_target, BrandTarget.to_month).where(
            BrandTarget.id == key
        )
    ) == [(None, 10100, MONTH)]


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"LISTING": "101"}, "LISTING", "outside the possible values"),
        ({"ACTIVE": "201"}, "ACTIVE", "outside the possible values"),
        ({"LISTING": "9o"}, "LISTING", "is not a number with at most two decimals"),
        ({"LISTING": "90.125"}, "LISTING", "is not a number with at most two decimals"),
        ({}, None, "Enter at least one target."),
    ],
)
def test_what_cannot_be_saved_says_where_and_why(
    visitor: Visitors, stored: Stored, own: int, values: Any, field: str | None, message: str
):
    product = product_id(stored, "Y018")
    key = target_id(stored, own, "Y018", MONTH)
    data = {f"t-{product}-{rate}": text for rate, text in values.items()}
    answer = visitor("customer").post(
        f"/brand-targets/change/{key}", {**months(MONTH, FREE), **data}
    )
    assert answer.status_code == 422
    assert message in answer.text
    if field:
        assert f'id="e-t-{product}-{field}"' in answer.text


def test_overlapping_and_unwatched_months_are_refused_with_a_remedy(
    visitor: Visitors, stored: Stored, own: int
):
    product, other = product_id(stored, "Y018"), product_id(stored, "Y020")
    data = {f"t-{product}-LISTING": "90", f"t-{other}-LISTING": "80"}
    answer = visitor("customer").post(NEW, {**months(FREE, FREE.next), **data})
    assert answer.status_code == 422
    assert f"Not a watched product in {FREE.next.key}" in answer.text
    assert "ask the market manager" in answer.text
    assert "has a target in some of these months already" in answer.text


def test_a_target_used_in_a_completed_analysis_is_locked(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    person, place = visitor("customer2"), territory("YH-A2")
    key = target_id(stored, place, "Y018", MONTH.shift(-4))
    page = person.page(f"/brand-targets/show/{key}")
    assert "Locked: the completed brand analysis of" in page
    assert f"/brand-targets/change/{key}" not in page
    assert "can no longer be changed" in person.said(person.post(f"/brand-targets/remove/{key}"))
    product = product_id(stored, "Y018")
    forged = person.post(
        f"/brand-targets/change/{key}",
        {**months(MONTH.shift(-4), MONTH.previous), f"t-{product}-LISTING": "1"},
    )
    assert forged.status_code == 422
    assert "can no longer be changed" in forged.text
    outside = stored(
        select(Customer.id).where(Customer.territory_id == place, Customer.grade < 8).limit(1)
    )[0][0]
    answer = person.post(f"/target-customers/{key}", {"mode": "add", "customer": outside})
    assert "uses this list; it can no longer be changed" in person.said(answer)


def test_foreign_targets_do_not_exist(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    key = target_id(stored, territory("YH-B1"), "Y018", MONTH)
    for name in ("customer", "market", "linjiang.customer"):
        person = visitor(name)
        assert person.get(f"/brand-targets/show/{key}").status_code == 404
        assert person.get(f"/target-customers/{key}").status_code == 404
    person = visitor("customer")
    assert person.post(f"/brand-targets/remove/{key}").status_code == 404
    assert person.post(f"/target-customers/{key}", {"mode": "replace"}).status_code == 404
    forged = {"q_territory": territory("YH-B1"), **months(FREE, FREE)}
    assert person.post(NEW, forged).status_code == 404
    assert person.get("/target-customers/99999999999999999999").status_code == 404


def test_managers_read_and_do_not_change(visitor: Visitors, stored: Stored, own: int):
    key = target_id(stored, own, "Y018", MONTH)
    market = visitor("market")
    page = market.page(f"/brand-targets/show/{key}")
    assert "/brand-targets/change/" not in page
    assert market.get(NEW).status_code == 403
    assert market.post(f"/brand-targets/remove/{key}").status_code == 403
    assert market.post(f"/target-customers/{key}", {"mode": "replace"}).status_code == 403
    assert visitor("brand").get("/brand-targets/list/").status_code == 403
    assert market.post("/brand-targets/export").status_code == 200


def test_a_list_is_filtered_saved_changed_and_remembered(
    visitor: Visitors, stored: Stored, own: int
):
    person = visitor("customer")
    key = target_id(stored, own, "Y030", MONTH)
    empty = person.page(f"/target-customers/{key}")
    assert "The list is empty: the listing rate of this product cannot be judged." in empty
    url = f"/target-customers/{key}?preview=1&scales=LARGE&grade_from=5&nonsense=1&lines="
    page = person.page(url)
    wanted = stored(
        select(Customer.id).where(
            Customer.territory_id == own,
            Customer.scale == "LARGE",
            Customer.grade >= 5,
            Customer.status == "ACTIVE",
        )
    )
    keys = [row[0] for row in wanted]
    assert f"{len(keys)} customers match" in page
    said = person.said(person.post(url, {"mode": "replace", "customer": keys}))
    assert f"The list has {len(keys)} customers now." in said
    person.post(url, {"mode": "remove", "customer": keys[:2]})
    history = stored(
        select(TargetListRevision.added, TargetListRevision.removed, TargetListRevision.customers)
        .where(TargetListRevision.target_id == key)
        .order_by(TargetListRevision.revision)
    )
    assert history == [(len(keys), 0, len(keys)), (0, 2, len(keys) - 2)]
    assert "History of the list" in person.page(f"/target-customers/{key}")
    book = person.post(f"/target-customers/{key}/export")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0)
    assert len(sheet.to_python()) == len(keys) - 2 + 1


def test_a_foreign_customer_cannot_be_listed(
    visitor: Visitors, stored: Stored, own: int, territory: Callable[[str], int]
):
    person = visitor("customer")
    key = target_id(stored, own, "Y030", MONTH)
    foreign = stored(
        select(Customer.id).where(Customer.territory_id == territory("YH-B1")).limit(1)
    )[0][0]
    url = f"/target-customers/{key}"
    assert person.post(url, {"mode": "add", "customer": foreign}).status_code == 404
    assert person.post(url, {"mode": "other"}).status_code == 400
    assert person.post(url, {"mode": "add", "customer": "x"}).status_code == 400
    assert stored(select(BrandTarget.list_revision).where(BrandTarget.id == key)) == [(0,)]


def test_without_a_token_nothing_changes(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key = target_id(stored, own, "Y018", MONTH)
    assert person.client.post(f"/brand-targets/remove/{key}").status_code == 400
    assert person.client.get(f"/brand-targets/remove/{key}").status_code == 405
    assert stored(select(BrandTarget.id).where(BrandTarget.id == key)) == [(key,)]
