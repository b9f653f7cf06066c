"""Numbers that stand for words are filtered as a list of words."""

import pytest
from flask import Flask

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
