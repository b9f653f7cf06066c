"""The month plan as each role: adjusting, submitting, approval with write-back, return without."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from app.kernel.db import db
from app.models import (
    ChangeLog,
    Customer,
    MonthPlan,
    PlannedFrequency,
    RowOrigin,
)
from tests.analysis.demo_visitors import DemoVisitor
from tests.plan.submitted_plan import (
    HOLDER,
    MANAGER,
    PAGE,
    Stored,
    Visitors,
    frequencies,
    keys,
    version,
)

pytestmark = pytest.mark.web

# --- reading ----------------------------------------------------------------------------------


def test_managers_see_territories_and_their_plans_read_only(
    visitor: Visitors, plan: int, place: int
):
    for name in (MANAGER, "admin"):
        person = visitor(name)
        page = person.page(PAGE)
        assert f"q_territory={place}" in page
        assert "Visits needed" in page
        assert 'action="/month-plans/create"' not in page
        assert person.page(f"{PAGE}?state=SUBMITTED").count("row-link") == 1
        sheet = person.page(f"{PAGE}?q_territory={place}")
        assert "All visits fit" in sheet or "capacity-problems" in sheet
        assert "How this is calculated" in sheet
        assert 'data-flow="approve"' in sheet
        assert f"/month-plans/save/{plan}" not in sheet
        assert "change-keys" not in person.page(f"/month-plans/key-customers?q_territory={place}")
        refused = person.post(f"/month-plans/change-keys/{plan}", {"change": "remove"})
        assert refused.status_code == 403


@pytest.mark.parametrize("name", ["customer", "customer2", "market"])
def test_another_s_plan_does_not_exist(visitor: Visitors, plan: int, place: int, name: str):
    person = visitor(name)
    for url in (f"difference/{plan}", f"customer/{plan}/1"):
        assert person.get(f"/month-plans/{url}").status_code == 404
    assert person.post(f"/month-plans/export?q_territory={place}").status_code == 404
    if name == "market":
        return
    for url in (f"generate/{plan}", f"save/{plan}", f"change-keys/{plan}", f"override/{plan}"):
        answer = person.post(f"/month-plans/{url}", {"version": "1", "change": "add"})
        assert answer.status_code == 404, url


def test_the_brand_manager_has_no_access(visitor: Visitors, plan: int):
    person = visitor("brand")
    for url in (PAGE, "/month-plans/key-customers", f"/month-plans/difference/{plan}"):
        assert person.get(url).status_code == 403


def test_the_gate_leads_to_step_7(visitor: Visitors, territory: Callable[[str], int]):
    person, place = visitor("customer2"), territory("YH-A2")
    page = person.page(f"{PAGE}?q_territory={place}")
    assert "opens when the service strategies" in page
    assert "/service-plans/" in page
    answer = person.post("/month-plans/create", {"q_territory": place})
    assert "have to be submitted first" in person.said(answer)


def test_the_lists_answer_why(visitor: Visitors, stored: Stored, plan: int, place: int):
    person = visitor(HOLDER)
    for name in ("WEEKLY", "SEMIMONTHLY", "MONTHLY"):
        page = person.page(f"/month-plans/frequencies?frequency={name}")
        assert f"/month-plans/customer/{plan}/" in page
    table = PlannedFrequency
    for condition, words in (
        (table.is_key, "Key customers are visited once a week."),
        (table.rank == 1, "Rank 1 of "),
    ):
        customer = stored(select(table.customer_id).where(table.plan_id == plan, condition))[0][0]
        page = person.page(f"/month-plans/customer/{plan}/{customer}")
        assert words in page
        assert "Parameter version" in page
    assert person.get(f"/month-plans/customer/{plan}/999999").status_code == 404
    assert person.get(f"/month-plans/customer/{plan}/x").status_code == 404
    assert person.get("/month-plans/frequencies?frequency=x&page=x").status_code == 200


def test_the_workbook_holds_all_three_lists(visitor: Visitors, stored: Stored, plan: int):
    def rows(name: str) -> list[list[Any]]:
        answer = visitor(name).post("/month-plans/export")
        assert answer.status_code == 200
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
        return book.get_sheet_by_index(0).to_python()

    lists = rows(HOLDER)[1:]
    assert len(lists) == len(frequencies(stored, plan))
    assert {row[0] for row in lists} == {"Once a week", "Twice a month", "Once a month"}
    overview = rows(MANAGER)
    assert overview[0][0] == "Territory"
    assert len(overview) == 3


# --- adjusting --------------------------------------------------------------------------------


def test_what_was_submitted_is_read_only(visitor: Visitors, stored: Stored, plan: int):
    person = visitor(HOLDER)
    before = keys(stored, plan)
    form = {"version": version(stored, plan), "customer": next(iter(before))}
    for url in ("change-keys", "override", "generate"):
        answer = person.post(f"/month-plans/{url}/{plan}", {**form, "change": "remove"})
        assert "was submitted and cannot be changed" in person.said(answer)
    saved = person.post(f"/month-plans/save/{plan}", {**form, "focus": "x"})
    assert saved.status_code == 409
    assert keys(stored, plan) == before


def test_key_customers_are_removed_restored_and_added(
    draft: DemoVisitor, stored: Stored, plan: int
):
    before = keys(stored, plan)
    key = next(c for c, state in before.items() if state == (RowOrigin.AUTOMATIC, False))
    other = next(c for c in frequencies(stored, plan) if c not in before)
    url = f"/month-plans/change-keys/{plan}"

    def change(name: str, customer: int, **more: str) -> str:
        form = {"version": version(stored, plan), "change": name, "only": customer, **more}
        return draft.said(draft.post(url, form))

    assert "1 key customer was removed" in change("remove", key, note="settled")
    assert keys(stored, plan)[key] == (RowOrigin.AUTOMATIC, True)
    row = stored(
        select(PlannedFrequency.is_key, PlannedFrequency.rank).where(
            PlannedFrequency.plan_id == plan, PlannedFrequency.customer_id == key
        )
    )[0]
    assert row[0] is False
    assert row[1] > 0, "ranked like the others at once"
    assert "settled" in draft.page("/month-plans/key-customers")
    assert "1 key customer was added" in change("restore", key)
    assert keys(stored, plan)[key] == (RowOrigin.AUTOMATIC, False)
    assert "1 key customer was added" in change("add", other, note="new owner")
    assert keys(stored, plan)[other] == (RowOrigin.MANUAL, False)
    assert "1 key customer was removed" in change("remove", other)
    assert other not in keys(stored, plan), "nothing would bring it back"
    logged = stored(
        select(ChangeLog.changes)
        .where(ChangeLog.entity == "MonthPlan", ChangeLog.record_id == plan)
        .order_by(ChangeLog.id.desc())
    )
    assert "key_customers" in logged[0][0]


def test_a_search_offers_customers_of_the_territory(
    draft: DemoVisitor, stored: Stored, plan: int, place: int
):
    known = keys(stored, plan)
    name, code = stored(
        select(Customer.name, Customer.code).where(
            Customer.territory_id == place,
            Customer.id.in_(frequencies(stored, plan)),
            Customer.id.not_in(known),
        )
    )[0]
    page = draft.page(f"/month-plans/key-customers?find={code}")
    assert name in page.split('class="key-found"')[1]
    nothing = draft.page("/month-plans/key-customers?find=%25%25nobody")
    assert "No customer of the territory matches" in nothing


@pytest.mark.parametrize(
    ("url", "form", "words"),
    [
        ("change-keys", {"change": "add"}, "Choose at least one customer."),
        ("override", {"frequency": "WEEKLY"}, "Say why the frequency differs"),
        ("override", {"frequency": "WEEKLY", "note": "x" * 201}, "At most 200 characters."),
    ],
)
def test_refusals_say_what_is_missing(
    draft: DemoVisitor, stored: Stored, plan: int, url: str, form: dict[str, str], words: str
):
    given = {"version": version(stored, plan), **form}
    if url == "override":
        given["customer"] = next(iter(frequencies(stored, plan)))
    assert words in draft.said(draft.post(f"/month-plans/{url}/{plan}", given))


def test_impossible_forms_are_bad_requests(
    draft: DemoVisitor, stored: Stored, plan: int, territory: Callable[[str], int]
):
    shown = {"version": version(stored, plan)}
    for url, form, status in (
        ("change-keys", {"change": "eat", "customer": "1"}, 400),
        ("change-keys", {"change": "add", "customer": "x"}, 400),
        ("override", {"customer": "1", "frequency": "DAILY"}, 400),
        ("override", {"frequency": "WEEKLY"}, 400),
    ):
        answer = draft.post(f"/month-plans/{url}/{plan}", {**shown, **form})
        assert answer.status_code == status, form
    elsewhere = stored(select(Customer.id).where(Customer.territory_id == territory("YH-A1")))
    form = {**shown, "change": "add", "customer": elsewhere[0][0]}
    assert draft.post(f"/month-plans/change-keys/{plan}", form).status_code == 404


def test_an_older_page_is_refused(draft: DemoVisitor, stored: Stored, plan: int):
    old = version(stored, plan)
    texts = {"last_problems": "p", "focus": "f", "visit_notes": "v"}
    saved = draft.post(f"/month-plans/save/{plan}", {"version": old, **texts})
    assert "Saved." in draft.said(saved)
    again = draft.post(f"/month-plans/save/{plan}", {"version": old, **texts, "focus": "lost?"})
    assert again.status_code == 409
    assert "lost?" in again.text, "what was typed stays on the page"
    assert "Somebody else changed" in again.text


def test_a_frequency_by_hand_outlives_a_generation(
    draft: DemoVisitor, stored: Stored, plan: int, demo: Flask
):
    table = PlannedFrequency
    customer = stored(
        select(table.customer_id).where(
            table.plan_id == plan, table.rank == 1, table.origin == RowOrigin.AUTOMATIC
        )
    )[0][0]
    form = {"customer": customer, "frequency": "MONTHLY", "note": "far away", "list": "WEEKLY"}
    url = f"/month-plans/override/{plan}"
    answer = draft.post(url, {"version": version(stored, plan), **form})
    assert answer.headers["Location"].endswith("frequency=WEEKLY")
    assert "Saved." in draft.said(answer)
    with demo.app_context():
        db.session.connection().execute(
            update(MonthPlan.__table__).where(MonthPlan.id == plan).values(is_outdated=True)
        )
        db.session.commit()
    assert "has to be generated again" in draft.page(PAGE)
    assert "Nothing would change." in draft.page(f"/month-plans/difference/{plan}")
    generate = f"/month-plans/generate/{plan}"
    done = draft.said(draft.post(generate, {"version": version(stored, plan)}))
    assert "generated again" in done
    assert frequencies(stored, plan)[customer].name == "MONTHLY"
    unchanged = version(stored, plan)
    again = draft.said(draft.post(generate, {"version": unchanged}))
    assert "Nothing has changed" in again
    assert version(stored, plan) == unchanged
    reset = {"customer": customer, "frequency": "", "version": unchanged}
    assert "follows the rule again" in draft.said(draft.post(url, reset))
    assert frequencies(stored, plan)[customer].name == "WEEKLY"


# --- approval ---------------------------------------------------------------------------------
