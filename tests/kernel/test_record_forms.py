"""Forms, related selects and tabs of the record views through the client."""

import datetime as dt
import re

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.kernel.db import db
from app.kernel.period import to_local, utc_now
from app.master.models.customer import Customer
from app.organisation.models import Territory
from tests.kernel.conftest import SignIn
from tests.kernel.record_pages import customer, edit_data, page_of

pytestmark = pytest.mark.web


def test_a_saved_form_returns_to_the_filtered_list(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("anna")
    key = customer(records, "1000")["id"]
    back = "/shopview/list/?q_name=shop&page_ShopView=1"
    page = client.get(f"/shopview/edit/{key}", query_string={"next": back}).get_data(as_text=True)
    answer = client.post(f"/shopview/edit/{key}", data={**edit_data(page), "owner": "Zoe"})
    assert answer.status_code == 302
    assert answer.location == back
    assert customer(records, "1000")["owner"] == "Zoe"
    hostile = {**edit_data(page_of(client, f"/shopview/edit/{key}")), "next": "//evil.example/x"}
    assert client.post(f"/shopview/edit/{key}", data=hostile).location == "/shopview/list/"


def test_a_stale_form_shows_the_difference_and_keeps_the_input(
    records: Flask, sign_in: SignIn
) -> None:
    client = sign_in("anna")
    before = customer(records, "1000")
    url = f"/shopview/edit/{before['id']}"
    mine = {**edit_data(page_of(client, url)), "owner": "Mine"}
    with records.app_context():
        item = db.session.get(Customer, before["id"])
        item.owner, item.phone = "Theirs", "555"
        db.session.commit()

    answer = client.post(url, data=mine)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    conflict = page[page.index('class="conflict"') : page.index("</section>")]
    assert "Mine" in conflict
    assert "Theirs" in conflict
    shown = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", conflict)
    assert shown, "the page says when the other saved"
    since = to_local(utc_now()).replace(tzinfo=None) - dt.datetime.fromisoformat(shown[0])
    assert abs(since) < dt.timedelta(minutes=10), "in local time"
    kept = edit_data(page)
    assert kept["owner"] == "Mine"
    assert kept["phone"] == "555", "a field the person did not touch takes the stored value"
    assert customer(records, "1000")["owner"] == "Theirs"

    assert client.post(url, data=kept).status_code == 302
    after = customer(records, "1000")
    assert (after["owner"], after["phone"]) == ("Mine", "555")
    assert after["version"] == before["version"] + 2


def test_a_form_without_version_is_stale(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("anna")
    url = f"/shopview/edit/{customer(records, '1000')['id']}"
    data = {**edit_data(page_of(client, url)), "owner": "Blind"}
    del data["_version"]
    assert client.post(url, data=data).status_code == 409
    assert customer(records, "1000")["owner"] is None


def test_a_duplicate_names_its_field_and_keeps_the_input(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("ada")
    url = f"/shopview/edit/{customer(records, '1000')['id']}"
    data = {**edit_data(page_of(client, url)), "code": "1001", "owner": "Kept"}
    answer = client.post(url, data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="error-code"' in page
    assert 'aria-invalid="true"' in page
    assert edit_data(page)["owner"] == "Kept"
    assert edit_data(page)["code"] == "1001"
    assert "UNIQUE" not in page
    assert customer(records, "1000")["owner"] is None


def test_a_refusal_of_the_view_stands_at_its_field(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("anna")
    url = f"/shopview/edit/{customer(records, '1000')['id']}"
    answer = client.post(url, data={**edit_data(page_of(client, url)), "name": "refused"})
    assert answer.status_code == 422
    assert 'id="error-name"' in answer.get_data(as_text=True)
    assert customer(records, "1000")["name"] == "anna shop 0"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grade", "x"),
        ("grade", "99999999999999999999"),
        ("grade", "31"),
        ("visit_mode", "NOT_A_MODE"),
        ("territory", "abc"),
        ("territory", ""),
        ("name", "x" * 101),
        ("name", "\x00 "),
    ],
)
def test_a_bad_value_is_refused_at_its_field(
    records: Flask, sign_in: SignIn, field: str, value: str
) -> None:
    client = sign_in("ada")
    url = f"/shopview/edit/{customer(records, '1000')['id']}"
    answer = client.post(url, data={**edit_data(page_of(client, url)), field: value})
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.get_data(as_text=True)


def test_a_relation_cannot_leave_the_scope(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("anna")
    own, foreign = customer(records, "1000"), customer(records, "2000")
    url = f"/shopview/edit/{own['id']}"
    data = {**edit_data(page_of(client, url)), "territory": str(foreign["territory_id"])}
    answer = client.post(url, data=data)
    assert answer.status_code == 422
    assert "Lanes of ben" not in answer.get_data(as_text=True)
    assert customer(records, "1000")["territory_id"] == own["territory_id"]


def test_markup_in_a_value_is_shown_as_text(records: Flask, sign_in: SignIn) -> None:
    with records.app_context():
        db.session.execute(
            update(Customer).where(Customer.code == "1000").values(name="<b>x</b>", owner="<i>")
        )
        key = db.session.scalar(select(Customer.id).where(Customer.code == "1000"))
        db.session.commit()
    client = sign_in("ada")
    for path in ("list/", f"show/{key}", f"edit/{key}"):
        page = page_of(client, f"/shopview/{path}")
        assert "<b>x" not in page
        assert "<i>" not in page


def test_a_remote_select_offers_rows_in_scope(records: Flask, sign_in: SignIn) -> None:
    with records.app_context():
        territory = db.session.scalars(select(Territory).where(Territory.code == "T1")).one()
        for number in range(100, 130):
            db.session.add(
                Territory(
                    company_id=territory.company_id,
                    department_id=territory.department_id,
                    code=f"T{number}",
                    name="Further lanes",
                )
            )
        db.session.commit()
    answer = sign_in("ada").get("/shopview/select/territory?q=lanes").get_json()
    assert len(answer["results"]) == 20
    assert answer["pagination"]["more"] is True
    rest = sign_in("ada").get("/shopview/select/territory?q=lanes&page=2").get_json()
    assert len(rest["results"]) == 12
    assert rest["pagination"]["more"] is False
    own = sign_in("anna").get("/shopview/select/territory?q=").get_json()
    assert [entry["text"] for entry in own["results"]] == ["T1 Lanes of anna"]
    assert sign_in("ada").get("/shopview/select/company").status_code == 404
    assert sign_in("ada").get("/shopview/select/territory?page=x&q=%25").get_json()["results"] == []


def test_a_tab_needs_the_right_to_read_it(records: Flask, sign_in: SignIn) -> None:
    from app.security.models import GrantOverride
    from app.security.permissions import RoleName, sync_roles

    with records.app_context():
        key = db.session.scalar(select(Territory.id).where(Territory.code == "T1"))
    url = f"/districtview/show/{key}"
    assert 'id="HoldingView"' in page_of(sign_in("anna"), url)
    with records.app_context():
        db.session.add(
            GrantOverride(
                role=RoleName.CUSTOMER_MANAGER.value,
                entity="TerritoryAssignment",
                action="READ",
                is_granted=False,
            )
        )
        db.session.flush()
        sync_roles(db.session)
        db.session.commit()
    page = page_of(sign_in("anna"), url)
    assert 'id="HoldingView"' not in page
    assert "Holdings" not in page
    assert 'id="HoldingView"' in page_of(sign_in("ada"), url)
