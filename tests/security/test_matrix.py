"""The page "Roles and permissions": who may change it, what it changes, what it keeps."""

import io
import re

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import PermissionView, Role
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.kernel.db import db
from app.models import ChangeLog, Company, GrantOverride, PortalUser
from app.security.grant_matrix import FIXED, all_cells, default_cells
from app.security.permissions import GRANTS, RoleName
from tests.security.visitor import Visitor
from tests.security.world import found

pytestmark = pytest.mark.web

DEFAULT = {cell.key for cell in default_cells()}
PRODUCTS_FOR_CUSTOMER_MANAGERS = "customer_manager:Product:u"


def mark_of(page: str) -> str:
    match = re.search(r'name="mark" value="(\w+)"', page)
    assert match, page[-3000:]
    return match[1]


def turn(visitor: Visitor, keys: set[str], reason: str = "asked by the company") -> int:
    preview = visitor.post("/permissions/preview", {"cell": sorted(keys)})
    if preview.status_code != 200:
        return preview.status_code
    data = {"cell": sorted(keys), "mark": mark_of(preview.text), "reason": reason}
    return visitor.post("/permissions/save", data).status_code


def held(portal: Flask, role: str) -> set[tuple[str, str]]:
    with portal.app_context():
        row = found(Role, name=role)
        return {(pair.permission.name, pair.view_menu.name) for pair in row.permissions}


def test_a_toggle_changes_the_role_at_once_and_is_logged(portal: Flask):
    manager = Visitor(portal, "customer_a1")
    assert manager.get("/products/list/").status_code == 200
    platform = Visitor(portal, "platform")
    keys = DEFAULT - {"customer_manager:Product:r"}
    preview = platform.post("/permissions/preview", {"cell": sorted(keys)})
    assert preview.status_code == 200
    assert held(portal, "customer_manager") >= {("can_read", "Product")}, "a preview writes nothing"
    assert turn(platform, keys) == 303
    assert manager.get("/products/list/").status_code == 403, "without a new login"
    assert ("can_read", "Product") not in held(portal, "customer_manager")
    with portal.app_context():
        override = db.session.scalars(select(GrantOverride)).one()
        assert (override.role, override.entity, override.action) == (
            "customer_manager",
            "Product",
            "READ",
        )
        row = db.session.scalars(select(ChangeLog).filter_by(entity="GrantOverride")).one()
        assert row.reason == "asked by the company"
    page = platform.get("/permissions/").text
    assert page.count("is-different") == 2, "the toggle and the legend"
    assert turn(platform, DEFAULT) == 303
    with portal.app_context():
        assert db.session.scalars(select(GrantOverride)).all() == []
    assert manager.get("/products/list/").status_code == 200


def test_reset(portal: Flask):
    platform = Visitor(portal, "platform")
    assert turn(platform, DEFAULT | {PRODUCTS_FOR_CUSTOMER_MANAGERS}) == 303
    preview = platform.post("/permissions/preview", {"reset": "1"})
    assert preview.status_code == 200
    cells = re.findall(r'name="cell" value="([^"]+)"', preview.text)
    assert set(cells) == DEFAULT


def test_a_reason_is_needed(portal: Flask):
    platform = Visitor(portal, "platform")
    keys = DEFAULT | {PRODUCTS_FOR_CUSTOMER_MANAGERS}
    for reason in ("", "   ", "x"):
        assert turn(platform, keys, reason) == 422
    with portal.app_context():
        assert db.session.scalars(select(GrantOverride)).all() == []


def test_fixed_rows_cannot_be_taken_away(portal: Flask):
    platform = Visitor(portal, "platform")
    without = {cell.key for cell in default_cells() if (cell.role, cell.entity) not in FIXED}
    assert turn(platform, without) == 303, "nothing would change"
    assert turn(platform, set()) == 303, "all that can be taken away"
    assert {("can_update", "Grant"), ("can_update", "User")} <= held(portal, "administrator")
    for role in RoleName:
        assert ("can_update", "OwnAccount") in held(portal, role.value)
    assert platform.get("/permissions/").status_code == 200
    assert turn(platform, DEFAULT) == 303


def test_doing_needs_seeing(portal: Flask):
    platform = Visitor(portal, "platform")
    keys = DEFAULT | {"brand_manager:Customer:u"}
    assert platform.post("/permissions/preview", {"cell": sorted(keys)}).status_code == 303
    assert turn(platform, keys | {"brand_manager:Customer:r"}) == 303


def test_what_is_no_toggle_is_refused(portal: Flask):
    platform = Visitor(portal, "platform")
    for key in ("root:Customer:r", "brand_manager:Nothing:r", "administrator:Home:d", "x", ""):
        assert platform.post("/permissions/preview", {"cell": [*DEFAULT, key]}).status_code == 303
        data = {"cell": [*DEFAULT, key], "mark": "0" * 16, "reason": "because"}
        assert platform.post("/permissions/save", data).status_code == 303
    with portal.app_context():
        assert db.session.scalars(select(GrantOverride)).all() == []


def test_two_administrators_at_once(portal: Flask):
    one, two = Visitor(portal, "platform"), Visitor(portal, "platform")
    stale = mark_of(
        two.post("/permissions/preview", {"cell": [*DEFAULT, PRODUCTS_FOR_CUSTOMER_MANAGERS]}).text
    )
    assert turn(one, DEFAULT - {"customer_manager:Product:r"}) == 303
    data = {"cell": [*DEFAULT, PRODUCTS_FOR_CUSTOMER_MANAGERS], "mark": stale, "reason": "because"}
    assert two.post("/permissions/save", data).status_code == 303
    assert ("can_update", "Product") not in held(portal, "customer_manager")


def test_company_administrators_read_it_only(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    page = visitor.get("/permissions/").text
    assert "preview" not in page.split('class="save-bar"')[-1] or 'class="save-bar"' not in page
    keys = DEFAULT | {PRODUCTS_FOR_CUSTOMER_MANAGERS}
    assert visitor.post("/permissions/preview", {"cell": sorted(keys)}).status_code == 403
    data = {"cell": sorted(keys), "mark": "x", "reason": "because"}
    assert visitor.post("/permissions/save", data).status_code == 403
    for name in ("market_a1", "customer_a1", "brand_a"):
        assert Visitor(portal, name).get("/permissions/").status_code == 403


def test_in_a_portal_of_one_company_its_administrators_change_it(app, app_factory, database_url):
    """The fixture's portal has no company yet; it gets one."""
    from werkzeug.security import generate_password_hash

    with app.app_context():
        company = Company(code="only", name="Only company")
        db.session.add(company)
        db.session.flush()
        db.session.add(
            PortalUser(
                username="boss",
                first_name="B",
                last_name="B",
                email="b@example.org",
                password=generate_password_hash("Green-teapot-42-lamps", "pbkdf2:sha256:1000"),
                active=True,
                must_change_password=False,
                company_id=company.id,
                roles=[found(Role, name="administrator")],
            )
        )
        db.session.commit()
    assert turn(Visitor(app, "boss"), DEFAULT | {PRODUCTS_FOR_CUSTOMER_MANAGERS}) == 303
    assert ("can_update", "Product") in held(app, "customer_manager")


def test_the_workbook_holds_every_entity(portal: Flask):
    answer = Visitor(portal, "admin_a").post("/permissions/export")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    rows = book.get_sheet_by_index(0).to_python()
    assert len(rows) == len(GRANTS) + 1
    assert len(rows[0]) == 5


def test_roles_hold_exactly_the_grants(portal: Flask):
    """No permission is left over, none is missing, and a second sync changes nothing."""
    from app.security.permissions import sync_roles

    def pairs() -> set[tuple[int, int]]:
        return {
            (role.id, pair.id)
            for role in db.session.scalars(select(Role))
            for pair in role.permissions
        }

    with portal.app_context():
        before = pairs()
        held_now = {pair.id for pair in found(Role, name="brand_manager").permissions}
        stray = db.session.scalars(
            select(PermissionView).where(PermissionView.id.not_in(held_now))
        ).first()
        role = found(Role, name="brand_manager")
        role.permissions.append(stray)
        db.session.commit()
        sync_roles(db.session())
        db.session.commit()
        db.session.expire_all()
        assert pairs() == before
    assert len(before) == sum(cell.is_default for cell in all_cells())
