"""Every address needs exactly one grant, every grant opens something, the document is current."""

import pytest
from flask import Flask

from app.exchange.sheets import SHEETS
from app.security.grant_matrix import FIXED, all_cells, read_cells
from app.security.permissions import GRANTS, Action, RoleName, permission_pairs
from app.security.permissions_document import permissions_document
from app.security.personal_data import PERSONAL
from app.security.route_access import BEFORE_NEW_PASSWORD, PUBLIC
from config import ROOT

pytestmark = pytest.mark.web


def endpoints(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules()}


def test_the_public_addresses_are_few(app: Flask):
    assert {
        "static",
        "appbuilder.static",
        "LoginView.login",
        "LoginView.code",
        "LanguageView.choose",
        "HealthView.health",
        "MetricsView.metrics",
        "ApiDocumentView.document",
    } == PUBLIC
    assert endpoints(app) >= PUBLIC | BEFORE_NEW_PASSWORD


def test_every_other_address_needs_one_grant_of_the_table(app: Flask):
    grants = app.extensions["route_grants"]
    known = set(permission_pairs())
    assert set(grants) == endpoints(app) - PUBLIC
    assert {endpoint for endpoint, grant in grants.items() if grant not in known} == set()


def used_pairs(app: Flask) -> set[tuple[str, str]]:
    """What pages, actions, imports and personal columns ask for."""
    used = {grant for grant in app.extensions["route_grants"].values() if grant}
    for view in app.appbuilder.baseviews:
        for name in getattr(view, "actions", None) or ():
            used.add((view.get_action_permission_name(name), view.class_permission_name))
    for sheet in SHEETS.values():
        for entity, letters in sheet.grants:
            used |= {(Action(letter).permission, entity) for letter in letters}
    columns = (column.seen_with for column in PERSONAL if column.seen_with)
    return used | {(f"can_{name}", entity) for name, entity in columns}


def test_every_grant_opens_something(app: Flask):
    unused = {pair for pair in permission_pairs() if pair not in used_pairs(app)}
    assert unused == set()


def test_nothing_asks_for_a_grant_that_does_not_exist(app: Flask):
    assert used_pairs(app) - set(permission_pairs()) == set()


def test_fabs_own_pages_are_gone(app: Flask):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    for gone in ("/roles/list/", "/groups/list/", "/permissionviews/list/", "/resetpassword/form",
                 "/api/v1/menu/", "/api/v1/security/login", "/back", "/lang/<string:locale>",
                 "/userinfoeditview/form", "/resetmypassword/form"):  # fmt: skip
        assert gone not in rules


def test_default_grants_make_sense():
    for row in GRANTS:
        for role in RoleName:
            granted = row.default(role)
            assert granted <= set(row.actions), (row.entity, role)
            assert not granted or Action.READ in granted, (row.entity, role)
    assert len({row.entity for row in GRANTS}) == len(GRANTS)
    keys = [cell.key for cell in all_cells()]
    assert len(set(keys)) == len(keys)
    assert read_cells(keys) == frozenset(all_cells())
    assert {entity for _role, entity in FIXED} <= {row.entity for row in GRANTS}


def test_the_document_is_current(app: Flask):
    written = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert written == permissions_document(app), "run: flask portal permissions-document"
