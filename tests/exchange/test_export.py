"""The Excel export: exactly the filtered rows, typed, and nothing that Excel would interpret."""

import datetime as dt
import tracemalloc
from io import BytesIO

import pytest
from flask_appbuilder.models.sqla.interface import SQLAInterface
from openpyxl import load_workbook
from sqlalchemy import select, update

import app.views
from app.exchange.export_columns import ExportColumn
from app.exchange.export_workbook import LONGEST_TEXT, ExportWorkbook, safe_text, sheet_name
from app.exchange.sent_file import file_names
from app.jobs.task_claims import claim_next
from app.jobs.task_run import run_claimed
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.list_filters import Quick
from app.models import Customer, ExportFile, PortalUser, Task, TaskState
from tests.exchange.records import logged_in, make_company, make_customers

pytestmark = pytest.mark.web

NASTY = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1",
    "http://example.org",
    "00123",
]


class ExportedCustomersView(PlanningView):
    datamodel = SQLAInterface(Customer)
    route_base = "/exported-customers"
    list_title = "客户/列表"
    list_columns = [
        "code", "name", "territory", "grade", "market_type", "open_date", "longitude", "created_at",
    ]  # fmt: skip
    filter_bar = [
        Quick("name", "contains"),
        Quick("market_type", "enum"),
        Quick("grade", "number_range"),
    ]
    base_order = ("code", "asc")
    base_permissions = ["can_read", "can_export"]


@pytest.fixture
def portal(app_factory, database_url, monkeypatch):
    monkeypatch.setattr(app.views, "VIEWS", (*app.views.VIEWS, ExportedCustomersView))
    return app_factory(database_url, WTF_CSRF_ENABLED=False)


@pytest.fixture
def company(portal):
    return make_company(portal)


def exported(client, query=""):
    answer = client.post(f"/exported-customers/export?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].isascii()
    return load_workbook(BytesIO(answer.data))


def facts(book):
    return {row[0].value: row[1].value for row in book.worksheets[-1].iter_rows()}


def work(portal):
    while True:
        with portal.app_context():
            claim = claim_next(db.engine)
        if claim is None:
            return
        run_claimed(portal, claim)


def test_cells_are_typed_and_headers_are_those_of_the_list(portal, company):
    make_customers(portal, company, 3, longitude=118.25)
    client = logged_in(portal, "administrator_a", "zh")
    book = exported(client)
    sheet = book.worksheets[0]
    assert sheet.title == "客户 列表"
    with portal.test_request_context():
        labels = [str(Customer.__table__.c[name].info["msgid"]) for name in ("code", "name")]
    assert len(labels) == 2
    first = [cell.value for cell in sheet[2]]
    assert first[:4] == ["C000001", "客户1", "Territory 2", 7]
    assert first[5].date() == dt.date(2020, 2, 29)
    assert sheet["F2"].number_format == "yyyy-mm-dd"
    assert first[6] == 118.25
    assert isinstance(first[7], dt.datetime)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:H4"
    about = facts(book)
    assert 3 in about.values()
    assert "Company A" in about.values()


@pytest.mark.parametrize("text", NASTY)
def test_no_text_becomes_a_formula_or_a_link(portal, company, text):
    make_customers(portal, company, 1, name=text)
    sheet = exported(logged_in(portal, "administrator_a")).worksheets[0]
    assert sheet["B2"].data_type == "s"
    assert sheet["B2"].value.strip("\r\n\t ") == text.strip("\r\n\t ")
    assert sheet["B2"].hyperlink is None


def test_the_filter_the_order_and_the_scope_of_the_list_decide(portal, company):
    make_customers(portal, company, 40)
    make_customers(portal, make_company(portal, "B"), 5)
    with portal.app_context(), db.engine.begin() as connection:
        table = Customer.__table__
        connection.execute(update(table).where(table.c.code < "C000011").values(grade=20))
    query = "q_grade_from=20&_oc_ExportedCustomersView=code&_od_ExportedCustomersView=desc"
    book = exported(logged_in(portal, "administrator_a"), query)
    codes = [row[0].value for row in book.worksheets[0].iter_rows(min_row=2)]
    assert codes == [f"C{number:06d}" for number in range(10, 0, -1)]
    assert any("20" in str(value) for value in facts(book).values())
    own = exported(logged_in(portal, "customer_manager_a"), query).worksheets[0]
    assert own.max_row == 6
    with portal.app_context():
        records = db.session.scalars(select(ExportFile).order_by(ExportFile.id)).all()
        assert [record.rows_written for record in records] == [10, 5]
        assert records[1].requested_name.startswith("customer_manager")
        assert "20" in records[0].filter_text


def test_an_unusable_condition_does_not_widen_the_export(portal, company):
    client = logged_in(portal, "administrator_a")
    answer = client.post("/exported-customers/export?q_grade_from=abc")
    assert answer.status_code == 303
    with portal.app_context():
        assert db.session.scalars(select(ExportFile)).all() == []


def test_who_may_not_export_gets_nothing(portal, company):
    client = logged_in(portal, "brand_manager_a")
    assert client.post("/exported-customers/export").status_code in (302, 403)
    assert client.get("/exported-customers/export").status_code == 405


@pytest.mark.sql
def test_a_large_export_runs_in_the_background_with_the_same_filter(portal, company):
    portal.config["PORTAL_EXPORT_INLINE_ROWS"] = 10
    make_customers(portal, company, 60)
    client = logged_in(portal, "customer_manager_a")
    for _double_click in range(2):
        answer = client.post("/exported-customers/export?q_name=客户")
        assert answer.status_code == 303
    assert "30" in client.get(answer.location).text
    work(portal)
    with portal.app_context():
        task = db.session.scalars(select(Task)).one()
        assert (task.state, task.error) == (TaskState.DONE, None)
        record = db.session.scalars(select(ExportFile)).one()
        assert (record.rows_expected, record.rows_written) == (30, 30)
        address = f"/exports/{record.id}/download"
    book = load_workbook(BytesIO(client.get(address).data))
    assert book.worksheets[0].max_row == 31
    status = client.get("/work/status").json
    assert status["unseen"] == 1
    assert address in status["bell"]
    assert client.post("/work/seen", json={}).json == {"unseen": 0}
    assert client.get("/work/status").json["unseen"] == 0
    assert address in client.get("/work/list/").text
    assert address in client.get("/exports/list/").text
    make_company(portal, "B")
    assert logged_in(portal, "administrator_a").get(address).status_code == 200
    assert logged_in(portal, "market_manager_a").get(address).status_code == 404
    assert logged_in(portal, "administrator_b").get(address).status_code == 404


def test_a_right_withdrawn_before_the_task_ran_counts(portal, company):
    portal.config["PORTAL_EXPORT_INLINE_ROWS"] = 0
    make_customers(portal, company, 5)
    client = logged_in(portal, "market_manager_a")
    client.post("/exported-customers/export")
    with portal.app_context():
        user = db.session.scalars(
            select(PortalUser).where(PortalUser.username == "market_manager_a")
        ).one()
        user.roles = []
        db.session.commit()
    work(portal)
    with portal.app_context():
        assert db.session.scalars(select(Task)).one().state is TaskState.FAILED
        assert db.session.scalars(select(ExportFile)).all() == []


def test_a_cancelled_task_and_foreign_tasks(portal, company):
    portal.config["PORTAL_EXPORT_INLINE_ROWS"] = 0
    make_customers(portal, company, 5)
    client = logged_in(portal, "customer_manager_a")
    client.post("/exported-customers/export")
    with portal.app_context():
        task_id = db.session.scalars(select(Task.id)).one()
    assert logged_in(portal, "market_manager_a").post(f"/work/{task_id}/cancel").status_code == 404
    assert client.get(f"/work/{task_id}/cancel").status_code == 405
    assert client.post(f"/work/{task_id}/cancel").status_code == 303
    assert client.post(f"/work/{task_id}/cancel").status_code == 303
    work(portal)
    with portal.app_context():
        assert db.session.get_one(Task, task_id).state is TaskState.CANCELLED


@pytest.mark.slow
def test_every_list_of_the_portal_exports_what_it_shows(app_factory, demo_url):
    portal = app_factory(demo_url, WTF_CSRF_ENABLED=False, PORTAL_EXPORT_INLINE_ROWS=2000)
    client = portal.test_client()
    person = {"username": "admin", "password": portal.config["PORTAL_DEMO_PASSWORD"]}
    assert client.post("/login/", data=person).status_code == 303
    exporting = [
        view
        for view in portal.appbuilder.baseviews
        if isinstance(view, PlanningView)
        and "can_export" in view.base_permissions
        and "export" not in view.exclude_route_methods
    ]
    opened = 0
    for view in exporting:
        answer = client.post(f"{view.route_base}/export")
        if answer.status_code == 303:
            continue  # the sales of fifteen months: in the background
        assert answer.status_code == 200, (type(view).__name__, answer.text)
        opened += 1
        sheet = load_workbook(BytesIO(answer.data), read_only=True).worksheets[0]
        with portal.app_context():
            record = db.session.scalars(select(ExportFile).order_by(ExportFile.id.desc())).first()
            assert record.rows_written == record.rows_expected == sheet.max_row - 1
    assert opened > 5


@pytest.mark.slow
def test_25_000_rows_take_little_memory(portal, company):
    make_customers(portal, company, 25_000)
    portal.config["PORTAL_EXPORT_INLINE_ROWS"] = 0
    client = logged_in(portal, "administrator_a")
    client.post("/exported-customers/export")
    tracemalloc.start()
    work(portal)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with portal.app_context():
        record = db.session.scalars(select(ExportFile)).one()
        assert (record.rows_expected, record.rows_written) == (25_000, 25_000)
    assert peak < 30 * 1024 * 1024


def columns(count=1):
    return [ExportColumn(f"c{n}", f"Column {n}", "text", lambda row: row) for n in range(count)]


def test_excels_limits_are_met_visibly(portal, tmp_path):
    with portal.test_request_context():
        book = ExportWorkbook(tmp_path / "x.xlsx", "T", columns(), most_rows=3)
        for text in ("x" * 40_000, "😀" * 20_000, "a\x00b\x0bc\ufffe", "ok", "end"):
            book.write_row([text])
        assert (book.rows_written, book.texts_cut) == (5, 2)
        book.close([("cut", 2)])
    sheets = load_workbook(tmp_path / "x.xlsx").worksheets
    assert [sheet.title for sheet in sheets[:2]] == ["T", "T 2"]
    assert [sheet.max_row for sheet in sheets[:2]] == [4, 3]
    assert sheets[0]["A2"].value.endswith("[✂]")
    assert sheets[0]["A4"].value == "abc"
    assert sheets[1]["A1"].value == "Column 0"
    assert sheets[1]["A3"].value == "end"


@pytest.mark.pure
def test_file_names_are_plain_in_the_header_and_chinese_beside():
    assert file_names("a b.xlsx") == {"filename": "a b.xlsx"}
    names = file_names("客户_20261124-0930.xlsx")
    assert names["filename"] == "export_20261124-0930.xlsx"
    assert names["filename*"] == "UTF-8''%E5%AE%A2%E6%88%B7_20261124-0930.xlsx"


@pytest.mark.pure
def test_safe_text_and_names():
    assert safe_text("短") == ("短", False)
    assert len(safe_text("x" * 40_000)[0]) == LONGEST_TEXT
    assert len(safe_text("😀" * 40_000)[0].encode("utf-16-le")) // 2 <= LONGEST_TEXT
    assert sheet_name("a/b[c]:*?" * 9, 12).endswith(" 12")
    assert len(sheet_name("很长" * 40)) == 31
    assert sheet_name("''") == "Data"
