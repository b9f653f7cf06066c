"""The users page: whom an administrator sees, what may be given, what is protected."""

import re
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.kernel.db import db
from app.models import ChangeLog, GrantOverride, PortalUser
from tests.security.test_login import NEW, change, is_in
from tests.security.visitor import Visitor
from tests.security.world import PASSWORD, found, signed_in

pytestmark = pytest.mark.web


def user_id(portal: Flask, username: str) -> int:
    with portal.app_context():
        return found(PortalUser, username=username).id


def company_id(portal: Flask, username: str) -> Any:
    with portal.app_context():
        return found(PortalUser, username=username).company_id


def person(portal: Flask, username: str) -> dict[str, Any]:
    with portal.app_context():
        user = found(PortalUser, username=username)
        return {
            "roles": sorted(role.name for role in user.roles),
            "active": user.active,
            "company": user.company_id,
            "last_name": user.last_name,
        }


def form(**values: Any) -> dict[str, Any]:
    return {
        "last_name": "Zhao",
        "first_name": "Min",
        "employee_no": "E77",
        "phone": "",
        "email": "",
        "roles": ["customer_manager"],
        "active": "y",
        **values,
    }


def new_form(**values: Any) -> dict[str, Any]:
    return form(**{"username": "Zhao.Min", "initial_password": NEW, **values})


def edit(visitor: Visitor, portal: Flask, who: str, **values: Any) -> int:
    answer = visitor.post(f"/users/edit/{user_id(portal, who)}", form(**values))
    return answer.status_code


# --- list -----------------------------------------------------------------------------------


def names_in(page: str) -> set[str]:
    known = ("admin_a", "market_a1", "customer_a1", "customer_a2", "brand_a", "admin_b",
             "market_b", "customer_b", "platform")  # fmt: skip
    return {name for name in known if re.search(rf"\b{name}\b", page)}


def test_administrators_see_their_company(portal: Flask):
    own = {"admin_a", "market_a1", "customer_a1", "customer_a2", "brand_a"}
    visitor = Visitor(portal, "admin_a")
    assert names_in(visitor.get("/users/list/").get_data(as_text=True)) == own
    everybody = names_in(Visitor(portal, "platform").get("/users/list/").get_data(as_text=True))
    assert len(everybody) == 9
    for url in ("show", "edit", "password"):
        for name in ("platform", "admin_b"):
            assert visitor.get(f"/users/{url}/{user_id(portal, name)}").status_code == 404


@pytest.mark.parametrize("name", ["market_a1", "customer_a1", "brand_a"])
def test_others_do_not_open_the_page(portal: Flask, name: str):
    visitor = Visitor(portal, name)
    assert visitor.get("/users/list/").status_code == 403
    assert visitor.post("/users/add", new_form()).status_code == 403


def test_filters_by_role_place_and_state(portal: Flask):
    change(portal, "customer_a2", active=False)
    visitor = Visitor(portal, "admin_a")
    with portal.app_context():
        role = found(Role, name="market_manager").id
        from app.models import Department, Territory

        department, territory = found(Department, code="Da1").id, found(Territory, code="Ta2").id
        elsewhere = found(Department, code="Db").id

    def listed(query: str) -> set[str]:
        page = visitor.get(f"/users/list/?{query}").get_data(as_text=True)
        return names_in(page.partition("<tbody>")[2].partition("</tbody>")[0])

    assert listed(f"q_roles={role}") == {"market_a1"}
    assert listed(f"q_department={department}") == {"market_a1", "customer_a1"}
    assert listed(f"q_territory={territory}") == {"customer_a2"}
    assert listed("q_active=0") == {"customer_a2"}
    assert listed("q_username=brand") == {"brand_a"}
    assert len(listed(f"q_department={elsewhere}")) == 5, "a foreign department filters nothing"
    assert len(listed("q_department=x")) == 5


# --- add and edit ---------------------------------------------------------------------------


def test_a_new_user_logs_in_and_changes_the_password(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    assert visitor.get("/users/add").status_code == 200
    answer = visitor.post("/users/add", new_form())
    assert answer.status_code in (302, 303), answer.get_data(as_text=True)
    assert person(portal, "zhao.min")["company"] == company_id(portal, "admin_a")
    newcomer = Visitor(portal, "zhao.min", NEW)
    assert newcomer.get("/").location == "/account/password"


@pytest.mark.parametrize(
    "values",
    [
        {"initial_password": "short"},
        {"initial_password": "zhao.min zhao.min 1"},
        {"roles": []},
        {"roles": ["root"]},
        {"username": "x y"},
        {"username": "CUSTOMER_A1"},
        {"email": "no address"},
    ],
)
def test_a_bad_new_user_is_refused(portal: Flask, values: dict[str, Any]):
    visitor = Visitor(portal, "admin_a")
    assert visitor.post("/users/add", new_form(**values)).status_code == 422
    with portal.app_context():
        assert db.session.scalar(select(PortalUser).filter_by(employee_no="E77")) is None


def test_a_company_administrator_cannot_reach_beyond_the_company(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    theirs = company_id(portal, "admin_b")
    before = {name: person(portal, name) for name in ("customer_a1", "admin_b", "platform")}
    for company in (theirs, ""):
        edit(visitor, portal, "customer_a1", company=company)
        visitor.post("/users/add", new_form(company=company))
    for name in ("admin_b", "platform"):
        assert edit(visitor, portal, name) == 404
        number = user_id(portal, name)
        password = {"new": NEW, "again": NEW}
        assert visitor.post(f"/users/password/{number}", password).status_code == 404
        assert visitor.post(f"/users/action/unlock/{number}").status_code == 404
        ticked = {"action": "unlock", "rowid": number}
        assert visitor.post("/users/action_post", ticked).status_code == 404
    assert person(portal, "admin_b") == before["admin_b"]
    assert person(portal, "platform") == before["platform"]
    assert person(portal, "customer_a1")["company"] == before["customer_a1"]["company"]
    with portal.app_context():
        for user in db.session.scalars(select(PortalUser).filter_by(username="zhao.min")):
            assert user.company_id == before["customer_a1"]["company"]


def test_extra_fields_change_nothing(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    forged = {
        "username": "taken",
        "password": "x",
        "session_epoch": "99",
        "must_change_password": "",
        "company_id": "2",
        "id": "1",
        "login_count": "7",
    }
    assert edit(visitor, portal, "customer_a1", **forged) in (302, 303)
    with portal.app_context():
        user = found(PortalUser, username="customer_a1")
        assert user.session_epoch == 1
        assert user.login_count is None
    assert Visitor(portal).log_in("customer_a1").status_code == 303


def test_users_are_not_deleted(portal: Flask):
    visitor = Visitor(portal, "platform")
    number = user_id(portal, "customer_a1")
    assert visitor.post(f"/users/delete/{number}").status_code == 404
    with signed_in(portal, "platform", "POST"):
        from app.security.accounts import AccountRefused

        db.session.delete(db.session.get(PortalUser, number))
        with pytest.raises(AccountRefused):
            db.session.flush()
        db.session.rollback()


def test_two_people_editing_one_user(portal: Flask):
    one, two = Visitor(portal, "admin_a"), Visitor(portal, "admin_a")
    url = f"/users/edit/{user_id(portal, 'customer_a1')}"

    def base(visitor: Visitor) -> str:
        import html

        page = visitor.get(url).get_data(as_text=True)
        match = re.search(r'name="_base" value="([^"]*)"', page)
        assert match
        return html.unescape(match[1])

    first, second = base(one), base(two)
    values = form(last_name="First", employee_no="E-customer_a1")
    assert one.post(url, {**values, "_base": first}).status_code in (302, 303)
    assert two.post(url, {**values, "last_name": "Second", "_base": second}).status_code == 409
    assert person(portal, "customer_a1")["last_name"] == "First"


# --- protection -----------------------------------------------------------------------------


def test_nobody_locks_themselves_out(portal: Flask):
    visitor = Visitor(portal, "admin_a")
    assert edit(visitor, portal, "admin_a", roles=["customer_manager"]) == 422
    assert edit(visitor, portal, "admin_a", roles=["administrator"], active="") == 422
    assert person(portal, "admin_a")["roles"] == ["administrator"]
    assert is_in(visitor)


def test_the_last_administrator_stays(portal: Flask):
    platform = Visitor(portal, "platform")
    company = company_id(portal, "admin_b")
    for values in ({"active": ""}, {"roles": ["brand_manager"]}, {"company": ""}):
        data = {"roles": ["administrator"], "company": company, **values}
        assert edit(platform, portal, "admin_b", **data) == 422, values
    data = {"roles": ["brand_manager", "administrator"], "company": company}
    assert edit(platform, portal, "customer_b", **data) in (302, 303)
    assert edit(
        platform, portal, "admin_b", roles=["administrator"], company=company, active=""
    ) in (
        302,
        303,
    )
    assert person(portal, "admin_b")["active"] is False


def test_users_with_duties_keep_their_company(portal: Flask):
    platform = Visitor(portal, "platform")
    other = company_id(portal, "admin_b")
    assert edit(platform, portal, "customer_a1", company=other) == 422
    assert edit(platform, portal, "brand_a", roles=["brand_manager"], company=other) in (302, 303)


def test_only_administrators_are_without_company(portal: Flask):
    platform = Visitor(portal, "platform")
    assert edit(platform, portal, "brand_a", roles=["brand_manager"], company="") == 422
    assert platform.post("/users/add", new_form(company="")).status_code == 422
    assert platform.post(
        "/users/add", new_form(roles=["administrator"], company="")
    ).status_code in (
        302,
        303,
    )


def test_who_is_no_administrator_makes_none(portal: Flask):
    """A market manager who was given the users page by the matrix."""
    from app.security.permissions import sync_roles

    with portal.app_context():
        for action in ("READ", "CREATE", "UPDATE"):
            db.session.add(
                GrantOverride(role="market_manager", entity="User", action=action, is_granted=True)
            )
        db.session.flush()
        sync_roles(db.session())
        db.session.commit()
    visitor = Visitor(portal, "market_a1")
    assert visitor.post("/users/add", new_form(roles=["administrator"])).status_code == 422
    assert visitor.post("/users/add", new_form(roles=["brand_manager"])).status_code == 422
    assert edit(visitor, portal, "market_a1", roles=["market_manager", "brand_manager"]) == 422
    assert edit(visitor, portal, "admin_a", roles=["administrator"]) == 404
    number = user_id(portal, "admin_a")
    assert visitor.post(f"/users/password/{number}", {"new": NEW, "again": NEW}).status_code in (
        404,
        422,
    )
    assert Visitor(portal).log_in("admin_a").status_code == 303


# --- sessions, passwords, locks -------------------------------------------------------------


@pytest.mark.parametrize(
    "values", [{"roles": ["customer_manager", "brand_manager"]}, {"active": ""}]
)
def test_changed_roles_and_deactivation_end_sessions(portal: Flask, values: dict[str, Any]):
    subject = Visitor(portal, "customer_a1")
    assert edit(Visitor(portal, "admin_a"), portal, "customer_a1", **values) in (302, 303)
    assert not is_in(subject)


def test_other_changes_keep_sessions(portal: Flask):
    subject = Visitor(portal, "customer_a1")
    assert edit(Visitor(portal, "admin_a"), portal, "customer_a1", phone="1380000") in (302, 303)
    assert is_in(subject)


def test_an_initial_password_ends_sessions_and_locks(portal: Flask):
    subject = Visitor(portal, "customer_a1")
    for _number in range(6):
        Visitor(portal).log_in("customer_a1", "wrong")
    url = f"/users/password/{user_id(portal, 'customer_a1')}"
    visitor = Visitor(portal, "admin_a")
    assert visitor.get(url).status_code == 200
    assert visitor.post(url, {"new": "short", "again": "short"}).status_code == 422
    assert visitor.post(url, {"new": NEW, "again": "other"}).status_code == 422
    assert visitor.post(url, {"new": NEW, "again": NEW}).status_code == 303
    assert not is_in(subject)
    assert Visitor(portal).log_in("customer_a1", PASSWORD).status_code == 401
    assert Visitor(portal, "customer_a1", NEW).get("/").location == "/account/password"


def test_unlock(portal: Flask):
    for _number in range(6):
        Visitor(portal).log_in("customer_a1", "wrong")
    assert Visitor(portal).log_in("customer_a1").status_code == 401
    url = f"/users/action/unlock/{user_id(portal, 'customer_a1')}"
    assert Visitor(portal, "admin_a").post(url).status_code in (302, 303)
    assert Visitor(portal).log_in("customer_a1").status_code == 303


def test_passwords_stay_out_of_the_change_log(portal: Flask):
    url = f"/users/password/{user_id(portal, 'customer_a1')}"
    assert Visitor(portal, "admin_a").post(url, {"new": NEW, "again": NEW}).status_code == 303
    with portal.app_context():
        rows = db.session.scalars(select(ChangeLog).filter_by(entity="User")).all()
        assert any("password" in row.changes for row in rows)
        assert all(NEW not in str(row.changes) and "pbkdf2" not in str(row.changes) for row in rows)


def test_the_users_page_exports(portal: Flask):
    answer = Visitor(portal, "admin_a").post("/users/export")
    assert answer.status_code == 200
    assert answer.data[:2] == b"PK"
