"""Companies, departments, territories and assignments: who may what, and which clash is named."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from app.kernel.period import local_today
from app.models import (
    AssignmentKind,
    Company,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)

pytestmark = pytest.mark.web

TODAY = local_today()
SOON = (TODAY + dt.timedelta(days=30)).isoformat()
LATER = (TODAY + dt.timedelta(days=40)).isoformat()


def territory(code):
    return select(Territory.id).where(Territory.code == code)


def user(name):
    return select(PortalUser.id).where(PortalUser.username == name)


@pytest.fixture
def form(stored):
    def values(code="YH-A1", name="customer3", kind="SUBSTITUTE", first=SOON, last=LATER):
        return {
            "territory": stored(territory(code)),
            "user": stored(user(name)),
            "kind": kind,
            "valid_from": first,
            "valid_to": last,
        }

    return values


def test_only_the_platform_opens_companies(person, stored):
    admin = person("admin")
    page = admin.page("/companies/list/")
    assert "of 1<" in page
    assert "/companies/add" not in page
    assert admin.get("/companies/add").status_code == 403
    assert admin.post("/companies/add", {"code": "X", "name": "X"}).status_code == 403
    assert admin.post("/companies/edit/1", {"name": "X"}).status_code == 403
    assert admin.get("/companies/show/2").status_code == 404
    platform = person("platform")
    data = {"code": "NEW", "name": "New company", "is_active": "y"}
    assert platform.post("/companies/add", data).status_code == 302
    assert stored(select(Company.name).where(Company.code == "NEW")) == "New company"
    assert person("market").get("/companies/list/").status_code == 403


def test_departments_take_market_managers_only(person, stored):
    admin = person("admin")
    data = {"code": "D9", "name": "Ninth", "manager": stored(user("customer"))}
    assert admin.post("/departments/add", data).status_code == 422
    elsewhere = {**data, "manager": stored(user("linjiang.market"))}
    assert admin.post("/departments/add", elsewhere).status_code == 422
    data["manager"] = stored(user("market2"))
    assert admin.post("/departments/add", data).status_code == 302
    row = stored(select(Department).where(Department.code == "D9"))
    assert row.company_id == 1
    assert admin.post(f"/departments/delete/{row.id}", {}).status_code == 303
    assert stored(select(Department.id).where(Department.code == "D9")) is None
    assert "territories. Move them first" in admin.messages(admin.post("/departments/delete/1", {}))


@pytest.mark.parametrize("username", ["market", "customer"])
def test_others_read_the_organisation(person, username):
    someone = person(username)
    for page in ("departments", "territories"):
        assert someone.get(f"/{page}/list/").status_code == 200
        assert someone.get(f"/{page}/add").status_code == 403
        assert someone.post(f"/{page}/edit/1", {"name": "x"}).status_code == 403
        assert someone.post(f"/{page}/delete/1", {}).status_code == 403


def test_a_territory_shows_its_holders_and_customers(person, stored):
    page = person("customer").page(f"/territories/show/{stored(territory('YH-A1'))}")
    name = stored(select(PortalUser.last_name).where(PortalUser.username == "customer"))
    assert name in page
    assert "Customers of the territory" in page
    other = stored(territory("YH-B1"))
    assert person("customer").get(f"/territories/show/{other}").status_code == 404
    admin = person("admin")
    text = admin.messages(admin.post(f"/territories/delete/{other}", {}))
    assert "customers. Move them first" in text


def test_one_primary_holder_at_a_time(person, form, stored):
    admin = person("admin")
    answer = admin.post("/territory-assignments/add", form(kind="PRIMARY"))
    assert answer.status_code == 422
    assert "is the primary holder" in answer.text
    holder = stored(select(PortalUser).where(PortalUser.username == "customer"))
    assert holder.display_name in answer.text
    running = stored(
        select(TerritoryAssignment.id).where(
            TerritoryAssignment.territory_id == stored(territory("YH-A1")),
            TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        )
    )
    ended = admin.edit(
        f"/territory-assignments/edit/{running}",
        {"kind": "PRIMARY", "valid_from": "2025-05-01", "valid_to": TODAY.isoformat()},
    )
    assert ended.status_code == 302, ended.text
    assert admin.post("/territory-assignments/add", form(kind="PRIMARY")).status_code == 302
    reopened = admin.edit(
        f"/territory-assignments/edit/{running}",
        {"kind": "PRIMARY", "valid_from": "2025-05-01", "valid_to": ""},
    )
    assert reopened.status_code == 422


def test_dates_and_doubles(person, form):
    admin = person("admin")
    backwards = admin.post("/territory-assignments/add", form(first=LATER, last=SOON))
    assert backwards.status_code == 422
    assert "before the first one" in backwards.text
    assert admin.post("/territory-assignments/add", form()).status_code == 302
    twice = admin.post("/territory-assignments/add", form(first=LATER, last=""))
    assert twice.status_code == 422
    assert "already holds this territory" in twice.text


def test_market_managers_appoint_substitutes_in_their_departments(person, form, stored):
    market = person("market")
    count = select(func.count(TerritoryAssignment.id))
    before = stored(count)
    refused = market.post(
        "/territory-assignments/add", form(kind="PRIMARY", first="2020-01-01", last="2020-02-01")
    )
    assert refused.status_code == 422
    assert "administrators assign the primary holder" in refused.text
    assert market.post("/territory-assignments/add", form(code="YH-B1")).status_code == 422
    assert stored(count) == before
    assert market.post("/territory-assignments/add", form()).status_code == 302
    assert stored(count) == before + 1
    primary = stored(
        select(TerritoryAssignment.id).where(
            TerritoryAssignment.territory_id == stored(territory("YH-A1")),
            TerritoryAssignment.kind == AssignmentKind.PRIMARY,
        )
    )
    data = {"kind": "SUBSTITUTE", "valid_from": "2025-05-01", "valid_to": ""}
    assert market.edit(f"/territory-assignments/edit/{primary}", data).status_code == 422
    other = stored(
        select(TerritoryAssignment.id).where(
            TerritoryAssignment.territory_id == stored(territory("YH-B1"))
        )
    )
    assert market.get(f"/territory-assignments/edit/{other}").status_code == 404
    assert market.post(f"/territory-assignments/delete/{primary}", {}).status_code == 403


def test_an_assignment_takes_customer_managers_of_the_company(person, form):
    admin = person("admin")
    for name in ("market2", "linjiang.customer", "brand"):
        assert admin.post("/territory-assignments/add", form(name=name)).status_code == 422


def test_a_new_assignment_opens_the_rows_at_once(person, form):
    assert "1 territory" in person("customer3").page("/")
    person("admin").post("/territory-assignments/add", form(first=TODAY.isoformat()))
    assert "2 territories" in person("customer3").page("/")


def test_what_has_begun_is_ended_not_deleted(person, form, stored):
    admin = person("admin")
    assert admin.post("/territory-assignments/add", form()).status_code == 302
    newest = stored(select(func.max(TerritoryAssignment.id)))
    assert admin.post(f"/territory-assignments/delete/{newest}", {}).status_code == 303
    assert stored(select(func.max(TerritoryAssignment.id))) != newest
    oldest = stored(select(func.min(TerritoryAssignment.id)))
    text = admin.messages(admin.post(f"/territory-assignments/delete/{oldest}", {}))
    assert "enter its last day" in text
