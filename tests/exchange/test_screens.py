"""The import wizard through the test client: what each role can do, and what mistakes cost."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from app.jobs.task_claims import claim_next
from app.jobs.task_run import run_claimed
from app.kernel.db import db
from app.models import BatchState, Customer, ImportBatch, ImportMapping, Task, TaskState
from tests.exchange.records import logged_in, make_company

pytestmark = pytest.mark.web

HEADERS = [
    "客户编码", "客户名称", "片区", "市场类型", "经营业态", "经营规模", "档位", "订货方式", "结算方式",
    "终端类型", "开业日期",
]  # fmt: skip

BY_HAND = {
    "from-code": "column:客户编码",
    "from-name": "column:客户名称",
    "from-territory": "column:片区",
}
"""What the person chooses whatever the portal guessed."""


def customer_row(number: int, **changes: object) -> list[object]:
    values: dict[str, object] = {
        "客户编码": f"41011{number:04d}",
        "客户名称": f"永和便利店{number}",
        "片区": "T1",
        "市场类型": "城镇",
        "经营业态": "便利店",
        "经营规模": "大",
        "档位": 12,
        "订货方式": "网上",
        "结算方式": "电子结算",
        "终端类型": "普通",
        "开业日期": "2021-03-01",
        **changes,
    }
    return list(values.values())


def workbook(rows: list[list[object]], headers: list[str] = HEADERS) -> bytes:
    book = Workbook()
    for row in [headers, *rows]:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.fixture
def portal(app_factory, database_url):
    return app_factory(database_url, WTF_CSRF_ENABLED=False)


@pytest.fixture
def company(portal):
    return make_company(portal)


def upload(client, content: bytes, sheet: str = "customers", name: str = "客户.xlsx"):
    return client.post(
        "/imports/new",
        data={"sheet": sheet, "file": (BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def work(portal) -> None:
    while True:
        with portal.app_context():
            claim = claim_next(db.engine)
        if claim is None:
            return
        run_claimed(portal, claim)


def batch_of(portal) -> ImportBatch:
    with portal.app_context():
        batch = db.session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc())).first()
        db.session.expunge(batch)
        return batch


def form_of(page: str) -> dict[str, str]:
    """What a browser would send for the mapping form as it was rendered."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.values: dict[str, str] = {}
            self.select = ""

        def handle_starttag(self, tag, attributes):
            given = dict(attributes)
            if tag == "select":
                self.select = given.get("name", "")
                self.values.setdefault(self.select, "")
            elif tag == "option" and "selected" in given and self.select:
                self.values[self.select] = given.get("value", "")
            elif tag == "input" and given.get("name", "").startswith(("constant-", "default-")):
                self.values[given["name"]] = given.get("value") or ""

    reader = Reader()
    reader.feed(page)
    return reader.values


def checked(portal, client, content: bytes) -> ImportBatch:
    """Upload, choose the columns and let the check run."""
    answer = upload(client, content)
    assert answer.status_code == 303, answer.text
    batch = batch_of(portal)
    page = client.get(f"/imports/{batch.id}/columns")
    assert page.status_code == 200
    form = {**form_of(page.text), **BY_HAND}
    answer = client.post(f"/imports/{batch.id}/columns", data=form)
    assert answer.status_code == 303, answer.text
    assert "progressbar" in client.get(answer.location).text
    work(portal)
    return batch_of(portal)


def count(portal) -> int:
    with portal.app_context():
        return db.session.scalar(select(func.count(Customer.id)))


@pytest.mark.sql
def test_a_file_goes_all_the_way(portal, company):
    client = logged_in(portal, "administrator_a")
    batch = checked(portal, client, workbook([customer_row(n) for n in range(1, 4)]))
    assert (batch.state, batch.rows_new, batch.message) == (BatchState.CHECKED, 3, None)
    page = client.get(f"/imports/{batch.id}/difference").text
    assert "Import 3 new rows" in page
    assert "永和便利店2" in page
    assert count(portal) == 0
    for _double_click in range(2):
        assert client.post(f"/imports/{batch.id}/commit").status_code == 303
    with portal.app_context():
        assert len(db.session.scalars(select(Task)).all()) == 2
    work(portal)
    assert count(portal) == 3
    assert batch_of(portal).state is BatchState.COMMITTED
    result = client.get(f"/imports/{batch.id}/result").text
    address = html.unescape(re.search(r'btn-primary" href="([^"]+)"', result)[1])
    assert f"q_batch_id_from={batch.id}" in address
    assert "永和便利店3" in client.get(address).text
    client.post(f"/imports/{batch.id}/commit")
    work(portal)
    assert count(portal) == 3


def test_the_same_file_again_is_recognised_and_changes_are_shown(portal, company):
    client = logged_in(portal, "administrator_a")
    content = workbook([customer_row(n) for n in range(1, 4)])
    batch = checked(portal, client, content)
    client.post(f"/imports/{batch.id}/commit")
    work(portal)
    again = checked(portal, client, content)
    page = client.get(f"/imports/{again.id}/difference").text
    assert "This very file was imported" in page
    assert "nothing to import" in page
    assert f"/imports/{again.id}/commit" in page
    changed = checked(
        portal, client, workbook([customer_row(1, 客户名称="新名字"), customer_row(9)])
    )
    page = client.get(f"/imports/{changed.id}/difference?tab=CHANGED").text
    assert "Import 1 new and 1 changed rows" in page
    assert "<del>永和便利店1</del>" in page
    assert "<ins>新名字</ins>" in page


def test_an_upload_sent_twice_is_one_batch(portal, company):
    client = logged_in(portal, "administrator_a")
    content = workbook([customer_row(1)])
    first, second = upload(client, content), upload(client, content)
    assert first.location == second.location


def test_rejected_rows_are_explained_and_do_not_slip_through(portal, company):
    client = logged_in(portal, "administrator_a")
    rows = [customer_row(1), customer_row(2, 档位=99), customer_row(3, 片区="nowhere")]
    batch = checked(portal, client, workbook(rows))
    assert batch.rows_rejected == 2
    page = client.get(f"/imports/{batch.id}/difference?tab=REJECTED").text
    assert "2 rows cannot be imported" in page
    assert "nowhere" in page
    client.post(f"/imports/{batch.id}/commit")
    work(portal)
    assert count(portal) == 0
    errors = client.get(f"/imports/{batch.id}/errors")
    book = load_workbook(BytesIO(errors.data))
    assert book.worksheets[0].max_row >= 3
    client.post(f"/imports/{batch.id}/commit", data={"allow_rejected": "1"})
    work(portal)
    assert count(portal) == 1


def test_going_back_keeps_the_choices_and_they_are_remembered(portal, company):
    client = logged_in(portal, "administrator_a")
    headers = [*HEADERS[:1], "店名", *HEADERS[2:]]
    upload(client, workbook([customer_row(1)], headers))
    batch = batch_of(portal)
    address = f"/imports/{batch.id}/columns"
    form = {**form_of(client.get(address).text), **BY_HAND}
    form.update({"from-name": "column:店名", "remember_as": "测试来源", "on_repeat": "last"})
    form.update({"from-remark": "constant", "constant-remark": "from the file"})
    assert client.post(address, data=form).status_code == 303
    work(portal)
    kept = form_of(client.get(address).text)
    assert kept["from-name"] == "column:店名"
    assert kept["constant-remark"] == "from the file"
    assert kept["on_repeat"] == "last"
    with portal.app_context():
        assert db.session.scalars(select(ImportMapping.name)).all() == ["测试来源"]
    upload(client, workbook([customer_row(2)], headers))
    page = client.get(f"/imports/{batch_of(portal).id}/columns").text
    assert form_of(page)["from-name"] == "column:店名"
    assert "测试来源" in page


def test_a_mapping_that_cannot_be_used_says_where(portal, company):
    client = logged_in(portal, "administrator_a")
    upload(client, workbook([customer_row(1)]))
    address = f"/imports/{batch_of(portal).id}/columns"
    form = {**form_of(client.get(address).text), **BY_HAND}
    for bad in ({"from-code": ""}, {"from-grade": "constant", "constant-grade": "abc"}):
        answer = client.post(address, data={**form, **bad})
        assert answer.status_code == 422
        assert "is-invalid" in answer.text
        assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.csv"),
        (b"PK\x03\x04 broken", "broken.xlsx"),
        (b"\x89PNG\r\n", "picture.png"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100, "protected.xlsx"),
    ],
)
def test_files_that_are_none_are_refused_with_a_reason(portal, company, content, name):
    client = logged_in(portal, "administrator_a")
    answer = upload(client, content, name=name)
    assert answer.status_code == 422
    assert "alert-danger" in answer.text
    assert client.post("/imports/new", data={"sheet": "customers"}).status_code == 422
    assert client.post("/imports/new", data={"sheet": "nothing"}).status_code == 422


def test_the_brand_manager_sees_product_sheets_only(portal, company):
    administrator = logged_in(portal, "administrator_a")
    upload(administrator, workbook([customer_row(1)]))
    foreign = batch_of(portal).id
    client = logged_in(portal, "brand_manager_a")
    page = client.get("/imports/new").text
    assert 'value="products"' in page
    assert 'value="customers"' not in page
    assert client.get("/imports/template/products").status_code == 200
    assert client.get("/imports/template/customers").status_code == 404
    assert upload(client, workbook([customer_row(1)])).status_code == 422
    for address in ("show/{}", "{}/columns", "{}/difference", "{}/result", "{}/errors"):
        assert client.get("/imports/" + address.format(foreign)).status_code == 404
    for address in ("{}/columns", "{}/commit", "{}/discard"):
        assert client.post("/imports/" + address.format(foreign)).status_code == 404
    assert "客户.xlsx" not in client.get("/imports/list/").text
    assert "客户.xlsx" in administrator.get("/imports/list/?q_sheet=customers").text
    assert "客户.xlsx" not in administrator.get("/imports/list/?q_sheet=products").text


@pytest.mark.parametrize("role", ["customer_manager_a", "market_manager_a"])
def test_others_do_not_import(portal, company, role):
    client = logged_in(portal, role)
    assert client.get("/imports/new").status_code in (302, 303, 403)
    assert upload(client, workbook([customer_row(1)])).status_code in (302, 303, 403)
    with portal.app_context():
        assert db.session.scalars(select(ImportBatch)).all() == []


def test_another_company_does_not_see_the_batch(portal, company):
    make_company(portal, "B")
    upload(logged_in(portal, "administrator_a"), workbook([customer_row(1)]))
    batch = batch_of(portal)
    other = logged_in(portal, "administrator_b")
    assert other.get(f"/imports/show/{batch.id}").status_code == 404
    assert other.post(f"/imports/{batch.id}/discard").status_code == 404


def test_a_cancelled_check_can_be_repeated(portal, company):
    client = logged_in(portal, "administrator_a")
    upload(client, workbook([customer_row(1)]))
    batch = batch_of(portal)
    address = f"/imports/{batch.id}/columns"
    form = {**form_of(client.get(address).text), **BY_HAND}
    client.post(address, data=form)
    with portal.app_context():
        task_id = db.session.scalars(select(Task.id)).one()
    client.post(f"/work/{task_id}/cancel")
    work(portal)
    page = client.get(client.get(f"/imports/show/{batch.id}").location).text
    assert "cancelled" in page
    client.post(address, data=form)
    work(portal)
    with portal.app_context():
        states = db.session.scalars(select(Task.state).order_by(Task.id)).all()
    assert states == [TaskState.CANCELLED, TaskState.DONE]
    assert batch_of(portal).state is BatchState.CHECKED


def test_a_discarded_import_is_over(portal, company):
    client = logged_in(portal, "administrator_a")
    batch = checked(portal, client, workbook([customer_row(1)]))
    assert client.get(f"/imports/{batch.id}/discard").status_code == 405
    assert client.post(f"/imports/{batch.id}/discard").status_code == 303
    assert client.post(f"/imports/{batch.id}/commit").status_code == 303
    work(portal)
    assert count(portal) == 0
    assert "discarded" in client.get(f"/imports/{batch.id}/result").text


@pytest.mark.parametrize(
    "path", ["abc/difference", "show/x", "-1/columns", "999999/result", "0/errors"]
)
def test_ids_that_are_none_are_not_found(portal, company, path):
    assert logged_in(portal, "administrator_a").get(f"/imports/{path}").status_code == 404


def test_odd_arguments_never_fail(portal, company):
    client = logged_in(portal, "administrator_a", "zh")
    batch = checked(portal, client, workbook([customer_row(1)]))
    for query in ("tab=NONSENSE", "page=-4", "page=abc", "tab=NEW&page=99999999999999999999"):
        assert client.get(f"/imports/{batch.id}/difference?{query}").status_code == 200
    for query in ("worksheet=none", "mapping=none", "mapping=%00"):
        assert client.get(f"/imports/{batch.id}/columns?{query}").status_code == 200
    for path in (
        "/imports/list/?q_sheet=nonsense",
        "/work/list/?q_state=x",
        "/work/status?ids=a,,-1",
    ):
        assert client.get(path).status_code == 200
