"""§1.1: who sees which customers, who maintains what, and what happens beside the change."""

import datetime as dt

import pytest
from sqlalchemy import func, select, update

from app.kernel.errors import PlanningError
from app.kernel.period import local_today
from app.master.rules_customer import can_be_scheduled, check_move
from app.models import (
    ChangeLog,
    Customer,
    CustomerStatus,
    CustomerTerritory,
    FrequencySource,
    SalesLine,
    Territory,
    VisitFrequency,
    VisitMode,
)

pytestmark = pytest.mark.web

MAINTAINED = {
    "visit_mode": "PHONE",
    "visit_frequency": "WEEKLY",
    "visit_weekday": "3",
    "line": "Line 7",
    "neighbourhood": "Old town",
    "remark": "Ask for the son",
}


def in_territory(code: str, column=Customer.id):
    return (
        select(column)
        .join(Territory, Territory.id == Customer.territory_id)
        .where(Territory.code == code, Customer.status == CustomerStatus.ACTIVE)
        .order_by(Customer.code)
        .limit(1)
    )


@pytest.fixture
def own(stored):
    """A customer of the territory that the account "customer" holds."""
    return stored(in_territory("YH-A1"))


@pytest.fixture
def foreign(stored):
    """A customer of another customer manager in another department."""
    return stored(in_territory("YH-B1"))


def test_each_role_sees_its_own_customers(person, stored):
    def count(username):
        return person(username).page("/customers/list/?psize_CustomerView=1")

    everybody = stored(select(func.count(Customer.id)).where(Customer.company_id == 1))
    mine = stored(select(func.count(Customer.id)).join(Territory).where(Territory.code == "YH-A1"))
    assert f"of {everybody}" in count("admin")
    assert f"of {mine}" in count("customer")
    assert person("brand").get("/customers/list/").status_code == 403


@pytest.mark.parametrize("url", ["/customers/show/{}", "/customers/edit/{}"])
def test_a_foreign_customer_is_as_good_as_missing(person, own, foreign, url):
    holder = person("customer")
    assert holder.get(url.format(own)).status_code == 200
    assert holder.get(url.format(foreign)).status_code == 404
    assert holder.get(url.format(10**9)).status_code == 404
    assert holder.post(url.format(foreign), MAINTAINED).status_code in (404, 405)


def test_the_customer_manager_maintains_the_visits(person, own, stored, change):
    with change() as session:
        session.execute(
            update(Customer)
            .where(Customer.id == own)
            .values(visit_frequency="MONTHLY", frequency_source="SYSTEM")
        )
    holder = person("customer")
    assert holder.edit(f"/customers/edit/{own}", MAINTAINED).status_code == 302
    assert stored(select(Customer.visit_mode).where(Customer.id == own)) is VisitMode.PHONE
    assert stored(select(Customer.visit_weekday).where(Customer.id == own)) == 3
    source = stored(select(Customer.frequency_source).where(Customer.id == own))
    assert source is FrequencySource.MANUAL
    changes = stored(
        select(ChangeLog.changes).where(ChangeLog.record_id == own).order_by(ChangeLog.id.desc())
    )
    assert changes["visit_frequency"] == ["MONTHLY", "WEEKLY"]
    page = holder.page(f"/customers/show/{own}")
    assert "was “Once a month”, set to “Once a week”" in page
    assert "was “Once a month”" in holder.page(f"/customers/edit/{own}")


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", "Mine"), ("grade", "30"), ("code", "1"), ("status", "CANCELLED"), ("territory", "2"),
     ("open_date", "2020-01-01"), ("effective_date", "2020-01-01")],
)  # fmt: skip
def test_imported_fields_are_text_and_refused_when_posted(person, own, stored, name, value):
    for username in ("customer", "market"):
        holder = person(username)
        page = holder.page(f"/customers/edit/{own}")
        assert f'name="{name}"' not in page
        answer = holder.edit(f"/customers/edit/{own}", {**MAINTAINED, name: value})
        assert answer.status_code == 422
        assert "Your role may not change" in answer.text
    # Refused as a whole: the maintained fields of the same request were not written either.
    assert stored(select(Customer.remark).where(Customer.id == own)) != MAINTAINED["remark"]


@pytest.mark.parametrize("name", ["company_id", "version", "frequency_source", "batch_id", "id"])
def test_undeclared_columns_are_not_written(person, own, stored, name):
    column = getattr(Customer, name)
    before = stored(select(column).where(Customer.id == own))
    person("customer").edit(
        f"/customers/edit/{own}",
        {**MAINTAINED, "visit_frequency": "", name: "99", f"{name}_id": "99"},
    )
    if name == "version":
        before += 1
    after = stored(select(column).where(Customer.id == own))
    assert after == before or (name == "frequency_source" and after is None)


def test_the_visit_mode_is_required(person, own):
    answer = person("customer").edit(f"/customers/edit/{own}", {**MAINTAINED, "visit_mode": ""})
    assert answer.status_code == 422


@pytest.mark.parametrize("username", ["customer", "market"])
def test_only_administrators_create_and_delete(person, own, username):
    someone = person(username)
    assert someone.get("/customers/add").status_code == 403
    assert someone.post("/customers/add", {"code": "1"}).status_code == 403
    assert someone.post(f"/customers/delete/{own}", {}).status_code == 403


def test_a_customer_with_sales_is_not_deleted(person, own, stored):
    admin = person("admin")
    text = admin.messages(admin.post(f"/customers/delete/{own}", {}))
    assert "Licence cancelled" in text
    assert stored(select(Customer.id).where(Customer.id == own)) == own


NEW = {
    "code": "990000000001", "name": "Corner shop", "territory": "1", "market_type": "URBAN",
    "business_type": "GROCERY", "scale": "SMALL", "grade": "3", "terminal_type": "ORDINARY",
    "order_mode": "ONLINE", "settle_mode": "CASH", "status": "ACTIVE", "open_date": "2026-01-05",
}  # fmt: skip


def test_an_administrator_creates_moves_and_deletes_a_customer(person, stored):
    admin = person("admin")
    assert admin.post("/customers/add", NEW).status_code == 302
    key = stored(select(Customer.id).where(Customer.code == NEW["code"]))
    stands = select(func.count()).where(CustomerTerritory.customer_id == key)
    assert stored(stands) == 1
    moved = admin.edit(
        f"/customers/edit/{key}",
        {**NEW, "territory": "2", "effective_date": "2026-03-01"},
    )
    assert moved.status_code == 302, moved.text
    rows = select(CustomerTerritory.valid_to).where(CustomerTerritory.customer_id == key)
    assert stored(rows.order_by(CustomerTerritory.valid_from)) == dt.date(2026, 2, 28)
    assert stored(stands) == 2
    early = admin.edit(
        f"/customers/edit/{key}", {**NEW, "territory": "1", "effective_date": "2026-02-01"}
    )
    assert early.status_code == 422
    assert "2026-03-01" in early.text
    late = admin.edit(
        f"/customers/edit/{key}", {**NEW, "territory": "1", "effective_date": "2999-01-01"}
    )
    assert late.status_code == 422
    assert stored(stands) == 2
    assert admin.post(f"/customers/delete/{key}", {}).status_code == 303
    assert stored(select(Customer.id).where(Customer.id == key)) is None
    assert stored(stands) == 0


def test_a_move_does_not_reach_behind_credited_sales(person, stored):
    key = stored(select(SalesLine.customer_id).join(Customer).where(Customer.company_id == 1))
    row = stored(select(Customer).where(Customer.id == key))
    last = stored(select(func.max(SalesLine.order_date)).where(SalesLine.customer_id == key))
    form = {
        **{name: getattr(row, name).name for name in (
            "market_type", "business_type", "scale", "terminal_type", "order_mode", "settle_mode",
            "status")},
        "code": row.code, "name": row.name, "grade": row.grade, "visit_mode": "PHONE",
        "open_date": row.open_date.isoformat(), "territory": "2" if row.territory_id == 1 else "1",
    }  # fmt: skip
    answer = person("admin").edit(
        f"/customers/edit/{key}", {**form, "effective_date": last.isoformat()}
    )
    assert answer.status_code == 422
    assert last.isoformat() in answer.text


def test_bulk_change_of_all_filtered_rows(person, stored):
    holder = person("customer")
    missing = (
        select(func.count(Customer.id))
        .join(Territory)
        .where(Territory.code == "YH-A1", Customer.visit_mode.is_(None))
    )
    count = stored(missing)
    assert count
    assert f'<b class="count">{count}</b>' in holder.page("/customers/list/")
    answer = holder.post(
        "/customers/bulk_edit",
        {
            "bulk_field": "visit_mode",
            "bulk-visit_mode": "PHONE",
            "all_filtered": "1",
            "filter_query": "q_visit_mode_missing=1",
        },
    )
    assert f"Changed {count}" in holder.messages(answer)
    assert stored(missing) == 0
    elsewhere = select(func.count(Customer.id)).where(Customer.visit_mode.is_(None))
    assert stored(elsewhere) > 0


def test_bulk_change_of_the_frequency_notes_the_hand(person, own, stored):
    before = stored(select(Customer).where(Customer.id == own)).visit_frequency
    other = next(frequency for frequency in VisitFrequency if frequency is not before)
    person("customer").post(
        "/customers/bulk_edit",
        {"bulk_field": "visit_frequency", "bulk-visit_frequency": other.name, "rowid": own},
    )
    row = stored(select(Customer).where(Customer.id == own))
    assert row.visit_frequency is other
    assert row.frequency_source is FrequencySource.MANUAL


def test_bulk_change_of_a_foreign_or_undeclared_thing_is_refused(person, own, foreign):
    holder = person("customer")
    data = {"bulk_field": "line", "bulk-line": "9"}
    assert holder.post("/customers/bulk_edit", {**data, "rowid": foreign}).status_code == 404
    assert holder.post("/customers/bulk_edit", {**data, "rowid": [own, foreign]}).status_code == 404
    forged = {"bulk_field": "status", "bulk-status": "CANCELLED", "rowid": own}
    assert holder.post("/customers/bulk_edit", forged).status_code == 400
    assert person("brand").post("/customers/bulk_edit", {**data, "rowid": own}).status_code == 403


def test_the_sales_tab_holds_the_customers_own_rows(person, own, stored):
    page = person("customer").page(f"/customers/show/{own}")
    code = stored(select(Customer.code).where(Customer.id == own))
    assert 'id="CustomerMonthlySalesView"' in page
    assert code in page


class Shop:
    def __init__(self, status, mode):
        self.status, self.visit_mode = status, mode


@pytest.mark.pure
def test_what_keeps_a_customer_from_being_scheduled():
    assert can_be_scheduled(Shop(CustomerStatus.ACTIVE, VisitMode.PHONE)) is None
    assert "visit mode" in can_be_scheduled(Shop(CustomerStatus.ACTIVE, None))
    assert "business" in can_be_scheduled(Shop(CustomerStatus.SUSPENDED, VisitMode.PHONE))


@pytest.mark.pure
def test_days_a_move_may_have():
    today = local_today()
    check_move(today, None, today)
    check_move(today, today, today)
    for day, since in ((today + dt.timedelta(1), None), (today - dt.timedelta(1), today)):
        with pytest.raises(PlanningError):
            check_move(day, since, today)
