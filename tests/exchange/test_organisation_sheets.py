"""Territories with their departments, and users without passwords."""

import pytest
from sqlalchemy import select, update
from werkzeug.security import check_password_hash

from app.kernel.db import db
from app.models import ChangeLog, Company, Department, PortalUser, Territory, TerritoryAssignment
from tests.exchange.conftest import Importing, counts, messages

pytestmark = pytest.mark.sql

PLACE = ["片区代码", "片区名称", "市场部代码", "市场部名称"]
PERSON = ["用户名", "姓名", "工号", "手机", "邮箱", "角色", "片区", "市场部"]


def test_departments_are_created_on_request_only(checked: Importing, imported: Importing):
    rows = [
        PLACE,
        ["T1", "One", "D1", ""],
        ["T2", "Two", "D2", "Second"],
        ["T3", "Three", "D3", ""],
    ]
    refused = checked("territories", rows)
    assert [(row, field) for row, field, _text in messages(refused)] == [
        (3, "department"), (4, "department"),
    ]  # fmt: skip
    batch = imported("territories", rows, create_missing=True)
    assert counts(batch) == (1, 2, 0, 0)
    names = {d.code: d.name for d in db.session.scalars(select(Department))}
    assert names == {"D1": "Department 1", "D2": "Second", "D3": "D3"}
    places = {t.code: (t.name, t.department.code) for t in db.session.scalars(select(Territory))}
    assert places == {"T1": ("One", "D1"), "T2": ("Two", "D2"), "T3": ("Three", "D3")}
    assert counts(imported("territories", rows, create_missing=True)) == (0, 0, 3, 0)
    log = db.session.scalars(select(ChangeLog).where(ChangeLog.source == "import")).all()
    assert sorted((entry.entity, entry.action.name) for entry in log) == [
        ("Department", "CREATED"), ("Department", "CREATED"), ("Territory", "CHANGED"),
        ("Territory", "CHANGED"), ("Territory", "CREATED"),
    ]  # fmt: skip


def user(username: str) -> PortalUser:
    db.session.expire_all()
    return db.session.scalars(select(PortalUser).where(PortalUser.username == username)).one()


def test_users_come_without_a_usable_password(imported: Importing):
    rows = [
        PERSON,
        ["cm1", "张伟", "0042", "13800000000", "", "客户经理", "T1", ""],
        ["cm2", "Mary Ann Lee", "", "", "mary@example.org", "customer_manager", "T1", ""],
        ["mm1", "李娜", "", "", "", "市场经理", "", "D1"],
    ]
    assert counts(imported("users", rows)) == (3, 0, 0, 0)
    made = user("cm1")
    assert (made.display_name, made.employee_no, made.email) == (
        "张伟",
        "0042",
        "cm1@users.invalid",
    )
    assert (made.must_change_password, made.active) == (True, True)
    for password in ("", "!", "cm1"):
        assert not check_password_hash(made.password, password)
    assert [role.name for role in made.roles] == ["customer_manager"]
    held = db.session.scalars(select(TerritoryAssignment).order_by(TerritoryAssignment.user_id))
    assert [(row.user.username, row.kind.name) for row in held] == [
        ("cm1", "PRIMARY"), ("cm2", "SUBSTITUTE"),
    ]  # fmt: skip
    assert db.session.scalars(select(Department)).one().manager.username == "mm1"


def test_known_users_keep_password_role_and_territory(imported: Importing):
    rows = [PERSON, ["cm1", "张伟", "0042", "13800000138", "", "客户经理", "T1", ""]]
    imported("users", rows)
    db.session.execute(
        update(PortalUser).where(PortalUser.username == "cm1").values(password="secret-hash")
    )
    db.session.commit()
    rows[1] = ["cm1", "张伟强", "0042", "13800000139", "", "管理员", "T2", ""]
    assert counts(imported("users", rows)) == (0, 1, 0, 0)
    known = user("cm1")
    assert (known.password, known.phone, known.display_name) == (
        "secret-hash",
        "13800000139",
        "张伟强",
    )
    assert [role.name for role in known.roles] == ["customer_manager"]
    logged = db.session.scalars(
        select(ChangeLog).where(ChangeLog.entity == "User", ChangeLog.source == "import")
    ).all()
    assert logged[-1].changes == {"first_name": ["伟", "伟强"], "phone": ["•••0138", "•••0139"]}
    assert "password" not in logged[0].changes


def test_names_of_other_companies_are_taken(checked: Importing, imported: Importing):
    imported("users", [PERSON, ["cm1", "张伟", "", "", "a@example.org", "客户经理", "", ""]])
    other = Company(code="C2", name="Other")
    db.session.add(other)
    db.session.flush()
    db.session.execute(update(PortalUser).values(company_id=other.id))
    db.session.commit()
    batch = checked(
        "users",
        [
            PERSON,
            ["CM1", "李娜", "", "", "", "客户经理", "", ""],
            ["cm2", "李娜", "", "", "A@example.org", "客户经理", "", ""],
            ["cm3", "王芳", "", "", "b@example.org", "客户经理", "", ""],
            ["cm4", "王芳", "", "", "b@example.org", "boss", "", ""],
        ],
    )
    assert {(row, field) for row, field, _text in messages(batch)} == {
        (2, "username"), (3, "email"), (4, "email"), (5, "role"),
    }  # fmt: skip
