"""Filters by words, and which columns are exported."""

from io import BytesIO

import pytest
from flask import Flask
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from app.kernel.period import local_today
from tests.security.visitor import Visitor

pytestmark = pytest.mark.web


def test_weekdays_of_customers_are_chosen_from_a_list(portal: Flask):
    person = Visitor(portal, "admin_a")
    page = person.get("/customers/list/?q_visit_weekday=1&q_visit_weekday=3").text
    assert page.count('name="q_visit_weekday"') >= 5
    assert 'name="q_visit_weekday_from"' not in page
    assert "alert-warning" not in page
    assert 'value="3" checked' in page
    assert "alert-warning" in person.get("/customers/list/?q_visit_weekday=9").text
    assert "alert-warning" in person.get("/customers/list/?q_visit_weekday_from=1").text


def test_a_new_assignment_starts_today(portal: Flask):
    page = Visitor(portal, "admin_a").get("/territory-assignments/add").text
    assert f'value="{local_today().isoformat()}"' in page


def headers(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    book = load_workbook(BytesIO(answer.data), read_only=True)
    return [cell.value for cell in next(book.worksheets[0].iter_rows())]


def test_the_shown_columns_are_exported_on_request(portal: Flask):
    person = Visitor(portal, "admin_a")
    address = "/customers/export?columns=phone,owner,no_such"
    every = headers(person.post(address))
    shown = headers(person.post(f"{address}&export=shown"))
    assert len(every) > 20
    assert len(shown) == 3, "the column that leads to the record, and the two asked for"
    assert set(shown) < set(every)
    page = person.get("/customers/list/?columns=phone,owner").text
    assert "columns=phone,owner&amp;export=shown" in page
