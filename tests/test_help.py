"""Help on every page: each row of the menu has its words, each step what it wants and feeds."""

import pytest

from app.help.pages import PAGE_HELP
from app.menu import MENU
from app.workflow.step_help import STEP_HELP
from app.workflow.steps import STEPS
from tests.master.conftest import change, demo, person, stored

__all__ = ["change", "demo", "person", "stored"]


@pytest.mark.pure
def test_every_row_of_the_menu_is_explained_once():
    assert set(STEP_HELP) == {step.number for step in STEPS}
    without_step = {row.endpoint for row in MENU if row.step is None}
    assert without_step == set(PAGE_HELP)


@pytest.mark.web
def test_the_help_of_a_step_says_who_when_and_what_it_feeds(person):
    customer = person("customer")
    page = customer.page("/service-plans/list/?work_month=2026-11")
    assert 'href="/help/ServicePlanView.list"' in page
    fragment = customer.page("/help/ServicePlanView.list?fragment=1")
    assert "<html" not in fragment
    for words in ("Customer manager", "Market manager", "2026-1", "§2.2-7", "Daily visits"):
        assert words in fragment
    assert 'href="/help/DailyVisitView.index"' in fragment
    assert "To the page" in customer.page("/help/ServicePlanView.list")
    assert "§1.1" in customer.page("/help/CustomerView.list")
    assert customer.get("/help/NoView.list").status_code == 404


@pytest.mark.web
def test_the_index_lists_the_persons_own_pages(person):
    brand = person("brand").page("/help/")
    assert "/help/NewProductView.list" in brand
    assert "/help/ServicePlanView.list" not in brand
