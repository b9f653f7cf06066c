"""The record views through the client: scope, filters, conflicts, refusals, bulk changes."""

import re
import threading
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from app.kernel.db import db
from app.master.models.customer import Customer, VisitMode
from app.organisation.models import Territory
from tests.kernel.conftest import SignIn
from tests.kernel.record_world import PER_TERRITORY, ShopView

pytestmark = pytest.mark.web


def customer(records: Flask, code: str) -> dict[str, Any]:
    """The stored values of a customer."""
    with records.app_context():
        item = db.session.scalars(select(Customer).where(Customer.code == code)).one()
        names = ("id", "name", "owner", "grade", "version", "visit_mode", "territory_id", "phone")
        return {name: getattr(item, name) for name in names}


def count_of(page: str) -> int:
    """How many records the list says it has (the page shows "1–25 of 60" in any language)."""
    foot = page[page.index('class="list-foot"') :]
    numbers = re.findall(r"\d+", foot[: foot.index("</span>")].split(">")[-1])
    return int(numbers[-1])


def edit_data(page: str) -> dict[str, str]:
    """What a browser would send back from an edit page without touching anything."""
    form = page[page.index('<form class="card record-form"') :]
    form = form[: form.index("</form>")]
    data = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)
    }
    for name, value in re.findall(r'<input[^>]*?value="([^"]*)"[^>]*?name="([^"]+)"', form):
        data.setdefault(value, unescape(name))
    for attributes, options in re.findall(r"<select ([^>]+)>(.*?)</select>", form, re.DOTALL):
        name = re.search(r'name="([^"]+)"', attributes)
        chosen = re.search(r'<option selected value="([^"]*)"|value="([^"]*)" selected', options)
        if name:
            data[name[1]] = (chosen[1] or chosen[2] or "") if chosen else ""
    return data


def page_of(client: FlaskClient, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, url
    return answer.get_data(as_text=True)


# --- lists ------------------------------------------------------------------------------------


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
        threading.Thread(target=look, args=pair) for pair in ((client, "1007"), (other, "2009"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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


# --- actions ----------------------------------------------------------------------------------


def test_actions_and_deletions_are_posts(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("ada")
    key = customer(records, "1000")["id"]
    for path in (f"action/greet/{key}", "action_post", f"delete/{key}", "bulk_edit", "export"):
        assert client.get(f"/shopview/{path}").status_code == 405, path
    assert client.post(f"/shopview/action/greet/{key}").status_code == 303
    assert client.post(f"/shopview/action/nothing/{key}").status_code == 404
    assert client.post("/shopview/action_post", data={"action": "greet"}).status_code == 400


def test_a_post_without_token_is_refused(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("ada")
    key = customer(records, "1000")["id"]
    records.config["WTF_CSRF_ENABLED"] = True
    assert client.post(f"/shopview/delete/{key}").status_code == 400
    assert customer(records, "1000")["id"] == key


def test_rows_of_others_are_not_there(records: Flask, sign_in: SignIn) -> None:
    client = sign_in("anna")
    own, foreign = customer(records, "1000")["id"], customer(records, "2000")
    key = foreign["id"]
    for path in (f"show/{key}", f"edit/{key}", "show/99999999", "show/abc", "edit/1e3", "show/-1"):
        assert client.get(f"/shopview/{path}").status_code == 404, path
    posts: list[tuple[str, dict[str, Any]]] = [
        (f"edit/{key}", {"name": "stolen", "_version": "1"}),
        (f"action/greet/{key}", {}),
        ("action_post", {"action": "greet", "rowid": [str(own), str(key)]}),
        ("action_post", {"action": "greet", "rowid": "abc"}),
        (
            "bulk_edit",
            {"bulk_field": "visit_mode", "bulk-visit_mode": "ONLINE", "rowid": [own, key]},
        ),
    ]
    for path, data in posts:
        assert client.post(f"/shopview/{path}", data=data).status_code == 404, path
    assert customer(records, "2000") == foreign
    assert customer(records, "1000")["visit_mode"] is VisitMode.PHONE


def test_all_filtered_rows_means_the_scope_of_the_person(records: Flask, sign_in: SignIn) -> None:
    answer = sign_in("anna").post(
        "/shopview/bulk_edit",
        data={
            "bulk_field": "visit_mode",
            "bulk-visit_mode": "ONLINE",
            "all_filtered": "1",
            "filter_query": "q_name=shop+1",
            "next": "/shopview/list/?q_name=shop+1",
        },
    )
    assert answer.location == "/shopview/list/?q_name=shop+1"
    with records.app_context():
        changed = db.session.scalars(
            select(Customer).where(Customer.visit_mode == VisitMode.ONLINE)
        ).all()
        names = {item.name for item in changed}
    assert names == {f"anna shop {n}" for n in (1, *range(10, 20))}


def test_bulk_change_counts_changed_unchanged_and_refused(records: Flask, sign_in: SignIn) -> None:
    with records.app_context():
        first, second, third = db.session.scalars(
            select(Customer).where(Customer.code.in_(["1000", "1001", "1002"])).order_by("code")
        )
        second.visit_mode = VisitMode.ONLINE
        third.name = "refused"
        keys = [first.id, second.id, third.id]
        db.session.commit()
    client = sign_in("anna")
    client.post(
        "/shopview/bulk_edit",
        data={"bulk_field": "visit_mode", "bulk-visit_mode": "ONLINE", "rowid": keys},
    )
    page = page_of(client, "/shopview/list/")
    alert = page[page.index('class="alert alert-warning"') :]
    text = unescape(alert[: alert.index("</div>")])
    assert re.findall(r"\d+", text.split("<ul>")[0].rsplit("</button>")[-1]) == ["1", "1", "1"]
    assert "1002 refused" in text
    assert customer(records, "1000")["visit_mode"] is VisitMode.ONLINE
    assert customer(records, "1002")["visit_mode"] is VisitMode.PHONE


# --- forms ------------------------------------------------------------------------------------


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


# --- related selects and tabs -------------------------------------------------------------------


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
