"""The menu points at pages that exist and at grants that open them."""

import pytest
from flask import Flask

from app.menu import MENU, MENU_GROUPS
from app.security.permissions import permission_pairs
from app.views import VIEWS

pytestmark = pytest.mark.web


def test_menu_rows_lead_to_pages(app: Flask):
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    assert [row.endpoint for row in MENU if row.endpoint not in rules] == []
    assert [row.endpoint for row in MENU if rules[row.endpoint].arguments] == []


def test_menu_rows_need_what_their_page_needs(app: Flask):
    grants = app.extensions["route_grants"]
    wrong = [
        row.endpoint
        for row in MENU
        if grants[row.endpoint] != (f"can_{row.permission}", row.entity)
    ]
    assert wrong == []
    assert {(f"can_{row.permission}", row.entity) for row in MENU} <= set(permission_pairs())


def test_menu_rows_stand_in_groups_and_once():
    groups = {group.key for group in MENU_GROUPS}
    assert {row.group for row in MENU} <= groups
    assert len({row.endpoint for row in MENU}) == len(MENU)
    assert len(set(VIEWS)) == len(VIEWS)


def test_every_list_is_in_the_menu_or_a_tab(app: Flask):
    """A page nobody can find is a page nobody checks."""
    in_menu = {row.endpoint.split(".")[0] for row in MENU}
    tabs = {
        type(tab).__name__
        for view in app.appbuilder.baseviews
        for tab in getattr(view, "_related_views", None) or ()
    }
    lists = {
        rule.endpoint.split(".")[0]
        for rule in app.url_map.iter_rules()
        if rule.endpoint.endswith(".list")
    }
    assert lists - in_menu - tabs - LINKED == set()


LINKED = {"CalendarDayView", "StrategyItemView", "VisitRecordView"}
"""Lists that another page links to."""
