"""The pages of step 1 as each role: answers, grid, confirming, roles, foreign rows, history."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.models import (
    ChangeLog,
    Customer,
    CustomerStatus,
    NeedOption,
    OrderMode,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor, alerts

pytestmark = [pytest.mark.web, pytest.mark.usefixtures("early")]

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
LIST, DATA, SAVE = "/direct-needs/list/", "/direct-needs-entry/data", "/direct-needs-entry/save"
OPEN, CONFIRMED = QuestionnaireStatus.OPEN, QuestionnaireStatus.CONFIRMED


@pytest.fixture
def need(stored: Stored) -> Callable[[str], int]:
    """Code → id of the first company's need."""
    return lambda code: stored(
        select(NeedOption.id).where(NeedOption.code == code).order_by(NeedOption.company_id)
    )[0][0]


@pytest.fixture
def unanswered(stored: Stored, territory: Callable[[str], int]) -> Callable[[OrderMode], int]:
    """A valid customer of the first territory without answers this month."""

    def find(mode: OrderMode) -> int:
        answered = select(Questionnaire.customer_id).where(Questionnaire.month == MONTH)
        return stored(
            select(Customer.id).where(
                Customer.territory_id == territory("YH-A1"),
                Customer.status == CustomerStatus.ACTIVE,
                Customer.order_mode == mode,
                Customer.id.not_in(answered),
            )
        )[0][0]

    return find


def form_of(stored: Stored, customer: int) -> Any:
    return stored(
        select(
            Questionnaire.id, Questionnaire.version, Questionnaire.status, Questionnaire.source
        ).where(Questionnaire.customer_id == customer, Questionnaire.month == MONTH)
    )


def forms(stored: Stored, status: QuestionnaireStatus, place: int) -> list[tuple[int, int]]:
    """(customer, version) of the territory's forms with this status."""
    return stored(
        select(Questionnaire.customer_id, Questionnaire.version)
        .where(
            Questionnaire.month == MONTH,
            Questionnaire.territory_id == place,
            Questionnaire.status == status,
        )
        .order_by(Questionnaire.customer_id)
    )


def test_the_page_says_how_far_the_month_is(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    place = territory("YH-A1")
    page = visitor("customer").page(LIST)
    valid = stored(
        select(func.count()).where(
            Customer.territory_id == place, Customer.status == CustomerStatus.ACTIVE
        )
    )[0][0]
    confirmed, waiting = forms(stored, CONFIRMED, place), forms(stored, OPEN, place)
    assert f"{len(confirmed)}/{valid} confirmed" in page
    assert f"The unconfirmed answers of {len(waiting)} customers yield no strategies" in page
    assert f"until {MONTH.previous.key}-25" in page
    listed = visitor("customer").page(LIST + "?q_answers=OPEN&psize_NeedsView=200")
    assert listed.count("data-check-row") == len(waiting)


def test_filters_by_source_need_and_mode_meet_the_data(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    wanted = stored(
        select(func.count(func.distinct(Questionnaire.id)))
        .join(QuestionnaireAnswer, QuestionnaireAnswer.questionnaire_id == Questionnaire.id)
        .join(NeedOption, NeedOption.id == QuestionnaireAnswer.need_option_id)
        .where(
            Questionnaire.month == MONTH,
            Questionnaire.territory_id == territory("YH-A1"),
            Questionnaire.source == QuestionnaireSource.PLATFORM,
            NeedOption.code == "D01",
        )
    )[0][0]
    page = visitor("customer").page(
        LIST + "?q_source=PLATFORM&q_need=D01&q_order_mode=ONLINE&psize_NeedsView=200"
    )
    assert wanted > 3
    assert page.count("data-check-row") == wanted
    odd = visitor("customer").page(LIST + "?q_answers=NONSENSE&q_need=%00&q_source=X")
    assert odd.count("was ignored") >= 2


def test_answers_by_hand(
    visitor: Visitors, stored: Stored, need: Callable[[str], int], unanswered: Callable[..., int]
):
    person = visitor("customer")
    phone, online = unanswered(OrderMode.PHONE), unanswered(OrderMode.ONLINE)
    url = f"/direct-needs/save/{phone}"
    assert person.post(url, {"version": "0"}).status_code == 422
    both = person.post(url, {"version": "0", "need": [need("D01"), need("D16")]})
    assert "excludes every other answer" in alerts(both.text)
    assert form_of(stored, phone) == []
    answer = person.post(
        url,
        {"version": "0", "need": [need("D01"), need("D05")], f"details_{need('D01')}": " 缺货 "},
    )
    assert "the answers are saved" in person.said(answer)
    assert form_of(stored, phone)[0][2:] == (OPEN, QuestionnaireSource.MANUAL)
    assert "缺货" in person.page(f"/direct-needs/show/{phone}")

    assert "entered later" in person.page(f"/direct-needs/show/{online}")
    person.post(f"/direct-needs/save/{online}", {"version": "0", "need": [need("D16")]})
    assert form_of(stored, online)[0][2:] == (OPEN, QuestionnaireSource.LATE)


def test_a_stale_page_loses_to_the_stored_answers(
    visitor: Visitors, stored: Stored, need: Callable[[str], int], territory: Callable[[str], int]
):
    person = visitor("customer")
    customer, version = forms(stored, OPEN, territory("YH-A1"))[0]
    url = f"/direct-needs/save/{customer}"
    first = person.post(url, {"version": version, "need": [need("D05")]})
    assert first.status_code == 303
    late = person.post(url, {"version": version, "need": [need("D07")]})
    assert late.status_code == 409
    assert "Theirs: D05" in alerts(late.text)
    assert f'name="version" value="{version + 1}"' in late.text, "saving again is possible"
    for bad in ("", "x", "-1", "99"):
        assert person.post(url, {"version": bad, "need": [need("D07")]}).status_code == 409
    assert person.post(url, {"version": version + 1, "need": ["x"]}).status_code == 400
    assert person.post(url, {"version": version + 1, "need": ["987654"]}).status_code == 422


def test_confirming_many_and_taking_it_back(
    visitor: Visitors, stored: Stored, need: Callable[[str], int], territory: Callable[[str], int]
):
    person, place = visitor("customer"), territory("YH-A1")
    waiting, before = forms(stored, OPEN, place), forms(stored, CONFIRMED, place)
    chosen = [str(customer) for customer, _version in waiting[:3]]
    post = "/direct-needs/action_post"
    assert "3 confirmed." in person.said(person.post(post, {"action": "confirm", "rowid": chosen}))
    again = person.said(person.post(post, {"action": "confirm", "rowid": chosen}))
    assert "3 were so already" in again
    locked = person.post(
        f"/direct-needs/save/{chosen[0]}",
        {"version": waiting[0][1] + 1, "need": [need("D05")]},
    )
    assert locked.status_code == 409
    assert "Take the confirmation back first" in alerts(locked.text)

    everything = {"action": "confirm", "all_filtered": "1", "filter_query": ""}
    said = person.said(person.post(post, everything))
    assert f"{len(waiting) - 3} confirmed." in said
    assert "customers have no answers yet" in said
    assert forms(stored, OPEN, place) == []
    assert "yield no strategies" not in person.page(LIST)
    back = person.post(post, {"action": "unconfirm", "rowid": chosen})
    assert "3 confirmations withdrawn" in person.said(back)
    assert len(forms(stored, CONFIRMED, place)) == len(before) + len(waiting) - 3
    history = stored(
        select(ChangeLog.changes).where(
            ChangeLog.entity == "Questionnaire",
            ChangeLog.record_id == form_of(stored, int(chosen[0]))[0][0],
        )
    )
    assert [row[0]["status"] for row in history] == [["OPEN", "CONFIRMED"], ["CONFIRMED", "OPEN"]]


TICK, UNTICK = {"value": True, "was": False}, {"value": False, "was": True}


def typed(text: str) -> dict[str, str]:
    return {"value": text, "was": ""}


def test_the_grid_takes_each_row_or_says_why_not(
    visitor: Visitors, stored: Stored, need: Callable[[str], int], unanswered: Callable[..., int]
):
    person = visitor("customer")
    rows = person.rows(DATA)
    assert {row["mode"] for row in rows} == {"Telephone ordering", "Manual ordering"}
    everybody = person.rows(DATA + "?customers=all")
    assert len(everybody) > len(rows)
    phone, online = unanswered(OrderMode.PHONE), unanswered(OrderMode.ONLINE)
    d01, d05, d16 = (f"n{need(code)}" for code in ("D01", "D05", "D16"))
    locked = next(row for row in everybody if row["locked"] and not row[d16])
    answer = person.send(
        SAVE,
        {
            "rows": [
                {"id": phone, "cells": {d01: TICK, "details": typed("软云")}},
                {"id": online, "version": 5, "cells": {d05: TICK}},
                {"id": locked["id"], "version": locked["version"], "cells": {d05: TICK}},
            ]
        },
    )
    assert answer.status_code == 200
    first, second, third = answer.get_json()["rows"]
    assert set(first["accepted"]) == {d01, "details"}
    assert first["data"]["details"] == "软云"
    assert first["data"]["version"] == 1
    assert "meanwhile" in second["refused"][d05]["message"]
    assert "confirmed" in third["refused"][d05]["message"]
    only_details = {"rows": [{"id": online, "cells": {"details": typed("x")}}]}
    told = person.send(SAVE, only_details).get_json()["rows"][0]
    assert "Tick at least one need" in told["refused"]["details"]["message"]
    clash = {"rows": [{"id": phone, "version": 1, "cells": {d16: TICK}}]}
    told = person.send(SAVE, clash).get_json()["rows"][0]
    assert "excludes every other answer" in told["refused"][d16]["message"]
    swap = {"rows": [{"id": phone, "version": 1, "cells": {d16: TICK, d01: UNTICK}}]}
    told = person.send(SAVE, swap).get_json()["rows"][0]
    assert told["refused"] == {}
    assert told["data"][d16] is True
    assert told["data"]["version"] == 2


def test_foreign_customers_do_not_exist(
    visitor: Visitors, stored: Stored, need: Callable[[str], int], territory: Callable[[str], int]
):
    person, place = visitor("customer"), territory("YH-B1")
    theirs = forms(stored, CONFIRMED, place)[0][0]
    d05 = f"n{need('D05')}"
    before = stored(select(Questionnaire.id, Questionnaire.version))
    for customer in (theirs, 987654):
        assert person.get(f"/direct-needs/show/{customer}").status_code == 404
        save = person.post(f"/direct-needs/save/{customer}", {"version": 0, "need": need("D05")})
        assert save.status_code == 404
        body = {"rows": [{"id": customer, "cells": {d05: TICK}}]}
        assert person.send(SAVE, body).status_code == 404
        for action in ("confirm", "unconfirm"):
            post = {"action": action, "rowid": str(customer)}
            assert person.post("/direct-needs/action_post", post).status_code == 404
            assert person.post(f"/direct-needs/action/{action}/{customer}").status_code == 404
    assert person.get(f"{DATA}?q_territory={place}").status_code == 404
    assert person.send(SAVE, {"rows": [{"id": 1, "cells": {"status": TICK}}]}).status_code == 400
    assert person.send(SAVE, {"rows": []}, token="x").status_code == 400
    assert stored(select(Questionnaire.id, Questionnaire.version)) == before


def test_who_sees_and_who_changes(
    visitor: Visitors, stored: Stored, need: Callable[[str], int], territory: Callable[[str], int]
):
    customer, version = forms(stored, OPEN, territory("YH-A1"))[0]
    for name in ("market", "admin"):
        person = visitor(name)
        assert "By territory" in person.page(LIST)
        assert "disabled" in person.page(f"/direct-needs/show/{customer}")
        post = {"action": "confirm", "rowid": str(customer)}
        assert person.post("/direct-needs/action_post", post).status_code == 403
        save = {"version": version, "need": need("D05")}
        assert person.post(f"/direct-needs/save/{customer}", save).status_code == 403
        assert person.send(SAVE, {"rows": []}).status_code == 403
    brand = visitor("brand")
    for url in (LIST, DATA, "/direct-needs-entry/", f"/direct-needs/show/{customer}"):
        assert brand.get(url).status_code == 403
    assert forms(stored, OPEN, territory("YH-A1"))[0] == (customer, version)


def test_the_export_holds_the_filtered_customers(visitor: Visitors, stored: Stored):
    person = visitor("customer")
    answer = person.post("/direct-needs/export?q_answers=NO_NEED")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    head, *rows = sheet.to_python()
    needs = head.index("Needs")
    assert rows
    assert all(row[needs].startswith("D16") for row in rows)


def test_the_month_of_the_top_bar_decides(visitor: Visitors):
    person = visitor("customer")
    person.post("/portal/month", {"month": MONTH.previous.key, "next": "/"})
    page = person.page(LIST)
    assert "117/117 confirmed" in page
    assert f"until {MONTH.shift(-2).key}-25" in page


def test_what_a_submitted_service_plan_was_made_from_stays_confirmed(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    person = visitor("customer3")  # whose service plan is approved in the demo
    before = forms(stored, CONFIRMED, territory("YH-B1"))
    log = stored(select(func.count(ChangeLog.id)))
    post = {"action": "unconfirm", "rowid": str(before[0][0])}
    said = person.said(person.post("/direct-needs/action_post", post))
    assert "0 confirmations withdrawn" in said
    assert "1 stay confirmed" in said
    assert forms(stored, CONFIRMED, territory("YH-B1")) == before
    assert stored(select(func.count(ChangeLog.id))) == log
