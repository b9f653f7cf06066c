"""Telephone numbers: who sees them where, the one way to see one, and when they go."""

import datetime as dt
import io
import logging
import re

import openpyxl
import pytest
from sqlalchemy import select, update

from app.jobs.job_context import JobContext
from app.kernel.db import db
from app.kernel.period import local_today, utc_now
from app.master.personal_retention import months_before, remove_old_personal_data
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    CustomerStatus,
    DailyVisit,
    PortalUser,
    Territory,
    VisitPlan,
)
from app.security.log_masks import MaskedRecord
from app.security.personal_data import masked_number, traced, without_numbers

NUMBER = "13876540917"
MASK, END = "138****0917", "40917"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("number", "mask", "trace"),
    [
        (NUMBER, MASK, "•••0917"),
        ("+86 13876540917", "+86****0917", "•••0917"),
        ("8765432", "****32", "•••"),
        ("110", "****", "•••"),
    ],
)
def test_masks_and_traces(number, mask, trace):
    assert masked_number(number) == mask
    assert traced("phone", number) == trace
    assert traced("phone", trace) == trace


@pytest.mark.pure
def test_a_traceback_tells_no_number():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    error = ValueError(f"Failing row contains ({NUMBER}, 330100123456).")
    fault = (ValueError, error, None)
    handler.emit(MaskedRecord("portal", logging.ERROR, __file__, 1, "failed", (), fault))
    assert "•••0917, 330100123456" in stream.getvalue()
    assert NUMBER not in stream.getvalue()
    assert without_numbers("201387654091712") == "201387654091712"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("day", "months", "before"),
    [("2026-11-24", 24, "2024-11-24"), ("2026-03-31", 1, "2026-02-28"), ("2026-01-05", 1, "2025-12-05")],
)  # fmt: skip
def test_so_many_months_before(day, months, before):
    assert months_before(dt.date.fromisoformat(day), months).isoformat() == before


@pytest.fixture
def customer(demo):
    """A customer of YH-A1 whom somebody visits today, with a number nobody else has."""
    with demo.app_context():
        key = db.session.scalar(
            select(VisitPlan.customer_id)
            .join(Customer, Customer.id == VisitPlan.customer_id)
            .join(Territory, Territory.id == Customer.territory_id)
            .where(Territory.code == "YH-A1", VisitPlan.date >= local_today())
            .order_by(VisitPlan.date)
        )
        row = db.session.get(Customer, key)
        row.phone, row.owner = NUMBER, "Guo Jing"
        db.session.commit()
        return key


def workbook_text(answer):
    assert answer.status_code == 200, answer.status_code
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return "\n".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)


def everywhere(person, stored, customer):
    """Each page and file that could tell the number: name → text."""
    code = stored(select(Customer.code).where(Customer.id == customer))
    day = stored(
        select(VisitPlan.date).where(
            VisitPlan.customer_id == customer, VisitPlan.date >= local_today()
        )
    )
    territory = stored(select(Customer.territory_id).where(Customer.id == customer))
    visit = stored(select(DailyVisit.id).where(DailyVisit.customer_id == customer)) or 0
    sheet = {"territory": territory, "day": day.isoformat(), "q_territory": territory}
    return {
        "list": person.page(f"/customers/list/?columns=name,phone&q_name={code}"),
        "show": person.page(f"/customers/show/{customer}"),
        "edit": person.page(f"/customers/edit/{customer}"),
        "file": person.page(f"/customer-file/{customer}"),
        "export": workbook_text(person.post(f"/customers/export?q_name={code}", {})),
        "day": person.page(f"/daily-visits/?day={day}&q_territory={territory}"),
        "record": person.page(f"/daily-visits/record/{customer}/{day}"),
        "paper": person.post("/day-sheets/print", sheet, follow_redirects=True).text,
        "visit": person.get(f"/visit-records/show/{visit}").text,
        "select": person.get("/direct-needs/select/customer?q=" + code).text,
    }


@pytest.mark.web
def test_whoever_lacks_the_grant_sees_masks_everywhere(person, stored, customer):
    told = everywhere(person("admin"), stored, customer)
    assert {name for name, text in told.items() if NUMBER in text} == set()
    masked = {name for name, text in told.items() if MASK in text}
    assert masked >= {"list", "show", "edit", "file", "export", "day", "record"}
    assert 'name="phone"' not in told["edit"]
    own = everywhere(person("customer"), stored, customer)
    assert {name for name, text in own.items() if NUMBER in text} >= {
        "list", "show", "edit", "file", "export", "day", "record",
    }  # fmt: skip
    assert NUMBER in person("market").page(f"/customers/show/{customer}")


@pytest.mark.web
def test_no_filter_tells_a_hidden_number(person, stored, customer):
    addresses = [
        f"/customers/list/?q_name={END}",
        f"/customers/list/?q_name={NUMBER[:7]}",
        f"/direct-needs/list/?q_name={END}",
        f"/service-plans/list/?q_name={END}",
        f"/strategy-items/list/?q_customer={END}",
        f"/operating-states/list/?q_customer={END}",
        f"/visits/list/?q_customer={END}",
        f"/search/panel?q={END}",
    ]
    code = stored(select(Customer.code).where(Customer.id == customer))
    for username, is_found in (("admin", False), ("customer", True)):
        visitor = person(username)
        pages = [visitor.get(address, follow_redirects=True) for address in addresses]
        assert {page.status_code for page in pages} == {200}
        found = [code in page.text for page in pages]
        assert set(found) == {is_found}, dict(zip(addresses, found, strict=True))


@pytest.mark.web
def test_a_forged_form_changes_no_hidden_number(person, stored, customer):
    answer = person("admin").edit(f"/customers/edit/{customer}", {"phone": "13000000000"})
    assert answer.status_code == 422
    assert stored(select(Customer.phone).where(Customer.id == customer)) == NUMBER


@pytest.mark.web
def test_showing_a_number_once_is_logged(person, stored, customer):
    admin, foreigner = person("admin"), person("brand")
    page = admin.page(f"/customers/show/{customer}")
    assert f'action="/customers/phone/{customer}"' in page
    assert admin.get(f"/customers/phone/{customer}").status_code == 405
    assert foreigner.post(f"/customers/phone/{customer}", {}).status_code in (302, 303, 403)
    answer = admin.post(f"/customers/phone/{customer}", {})
    assert NUMBER in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    entry = select(ChangeLog.user_name).where(
        ChangeLog.action == ChangeAction.SHOWN, ChangeLog.record_id == customer
    )
    assert stored(entry)
    again = admin.page(f"/customers/show/{customer}")
    assert NUMBER not in again
    assert "Shown" in again
    assert "/customers/phone/" not in person("customer").page(f"/customers/show/{customer}")


@pytest.mark.web
def test_exports_of_numbers_stand_in_the_change_log(person, stored, customer):
    manager = person("customer")
    workbook_text(manager.post(f"/customers/export?q_name={NUMBER}", {}))
    entry = select(ChangeLog.changes).where(ChangeLog.action == ChangeAction.EXPORTED)
    changes = stored(entry.order_by(ChangeLog.id.desc()))
    assert changes["in_full"][1] == ["Customer.owner", "Customer.phone"]
    assert changes["rows_written"][1] == 1
    assert "•••0917" in changes["filter_text"][1]
    before = stored(select(db.func.count()).select_from(entry.subquery()))
    workbook_text(manager.post(f"/customers/export?columns=name&export=shown&q_name={NUMBER}", {}))
    assert stored(select(db.func.count()).select_from(entry.subquery())) == before
    log = person("admin").page("/change-log/list/?q_action=EXPORTED")
    assert "Personal data in full" in log
    assert re.search(r"Shop owner、Phone", log)


@pytest.mark.web
def test_the_change_log_keeps_traces_only(person, stored, customer):
    changes = stored(
        select(ChangeLog.changes)
        .where(ChangeLog.entity == "Customer", ChangeLog.record_id == customer)
        .order_by(ChangeLog.id.desc())
    )
    assert changes["phone"][1] == "•••0917"
    assert changes["owner"][1] == "G•••"
    assert NUMBER not in person("admin").page("/change-log/list/")


@pytest.mark.sql
def test_old_personal_data_goes(demo):
    today, now = local_today(), utc_now()
    with demo.app_context():
        company = db.session.scalar(
            select(Customer.company_id).join(Territory).where(Territory.code == "YH-A1")
        )
        ids = list(
            db.session.scalars(
                select(Customer.id)
                .where(Customer.company_id == company, Customer.status == CustomerStatus.ACTIVE)
                .order_by(Customer.id)
                .limit(3)
            )
        )
        closings = (months_before(today, 24) - dt.timedelta(1), months_before(today, 24), None)
        for key, day in zip(ids, closings, strict=True):
            db.session.execute(
                update(Customer)
                .where(Customer.id == key)
                .values(
                    phone=NUMBER,
                    close_date=day,
                    open_date=dt.date(2015, 1, 1),
                    status=CustomerStatus.CANCELLED if day else CustomerStatus.ACTIVE,
                )
            )
        people = list(
            db.session.scalars(
                select(PortalUser.id)
                .where(PortalUser.company_id == company)
                .order_by(PortalUser.id)
                .limit(2)
            )
        )
        for key, is_active in zip(people, (False, True), strict=True):
            db.session.execute(
                update(PortalUser)
                .where(PortalUser.id == key)
                .values(
                    phone=NUMBER,
                    email=f"{key}@example.org",
                    active=is_active,
                    changed_on=now - dt.timedelta(days=900),
                )
            )
        db.session.commit()
        demo.config["PORTAL_PERSONAL_DATA_MONTHS"] = 24
        try:
            context = JobContext(demo, db.session(), company, today.isoformat(), now)
            outcome = remove_old_personal_data(context)
            assert outcome.rows >= 2
            db.session.commit()
            assert remove_old_personal_data(context).rows == 0
        finally:
            demo.config["PORTAL_PERSONAL_DATA_MONTHS"] = 0
        phones = dict(
            db.session.execute(
                select(Customer.id, Customer.phone).where(Customer.id.in_(ids))
            ).all()
        )
        assert [phones[key] for key in ids] == [None, NUMBER, NUMBER]
        rows = db.session.execute(
            select(PortalUser.phone, PortalUser.email, PortalUser.username)
            .where(PortalUser.id.in_(people))
            .order_by(PortalUser.id)
        ).all()
        assert rows[0][:2] == (None, f"{rows[0].username}@portal.invalid")
        assert rows[1][:2] == (NUMBER, f"{people[1]}@example.org")
        changes = db.session.scalar(
            select(ChangeLog.changes)
            .where(ChangeLog.entity == "Customer", ChangeLog.record_id == ids[0])
            .order_by(ChangeLog.id.desc())
        )
        assert changes["phone"] == ["•••", None]
