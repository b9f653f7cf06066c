"""Work calendar, parameters and catalogues through the browser's eyes: roles, refusals, scope."""

import re

import pytest
from sqlalchemy import func, select

from app.kernel.db import db
from app.master.calendar import known_years
from app.master.rules_parameters import DEFAULTS, PARAMETERS
from app.models import (
    AbilityItem,
    CalendarDay,
    Company,
    NeedOption,
    ParameterVersion,
    ProblemReason,
    ServiceStrategy,
)
from tests.master.portal_client import signed_in_client

pytestmark = pytest.mark.web

TEXTS = {row.code: row.text(row.default) for row in PARAMETERS}
CATALOGUES = ("/strategies", "/needs", "/ability-items", "/problem-reasons", "/return-reasons")


@pytest.fixture
def portal(app_factory, demo_url):
    return app_factory(demo_url, WTF_CSRF_ENABLED=False, PROPAGATE_UNEXPECTED_ERRORS=True)


def company_id(app, code="YUNHE"):
    with app.app_context():
        return db.session.scalars(select(Company.id).where(Company.code == code)).one()


def in_database(app, statement):
    with app.app_context():
        return db.session.execute(statement).all()


# --- calendar -------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?year=2026", "?year=abc", "?year=-1", "?year=99999999999"])
def test_the_year_page_tolerates_nonsense(portal, query):
    page = signed_in_client(portal, "customer").get(f"/calendar/{query}")
    assert page.status_code == 200
    assert page.text.count("small-month") == 12


def test_a_year_not_announced_says_so(portal):
    client = signed_in_client(portal, "admin")
    assert (
        'class="alert alert-warning"' in client.get(f"/calendar/?year={known_years()[-1] + 1}").text
    )
    assert 'class="alert alert-warning"' not in client.get("/calendar/?year=2026").text


def test_a_day_is_changed_with_a_reason_and_taken_back(portal):
    client = signed_in_client(portal, "admin")
    day = "/calendar/day/2026-11-25"
    assert client.get(day).status_code == 200
    refused = client.post(day, data={"is_workday": "0", "name": " "})
    assert refused.status_code == 422
    saved = client.post(day, data={"is_workday": "0", "name": "<b>snow</b>"})
    assert saved.status_code == 303
    assert saved.headers["Location"].endswith("#m11")
    page = client.get("/calendar/?year=2026").text
    assert "&lt;b&gt;snow" in page
    assert "<b>snow" not in page
    assert client.post(day, data={"restore": "1"}).status_code == 303
    assert "snow" not in client.get("/calendar/?year=2026").text


@pytest.mark.parametrize("text", ["2026-13-01", "x", "1999-01-01", "2101-01-01"])
def test_a_day_that_is_none_is_a_404(portal, text):
    assert signed_in_client(portal, "admin").get(f"/calendar/day/{text}").status_code == 404


def test_only_administrators_change_the_calendar(portal):
    for name in ("market", "customer", "brand"):
        client = signed_in_client(portal, name)
        assert client.get("/calendar/").status_code == 200
        client.post("/calendar/day/2026-11-25", data={"is_workday": "0", "name": "x"})
        client.post("/calendar/reload", data={"year": "2026"})
    days = select(func.count()).where(CalendarDay.name == "x")
    assert in_database(portal, days) == [(0,)]


def test_a_company_administrator_cannot_change_another_companys_day(portal):
    foreign = company_id(portal, "LINJIANG")
    client = signed_in_client(portal, "admin")
    data = {"is_workday": "0", "name": "x", "company": foreign}
    assert client.post("/calendar/day/2026-11-25", data=data).status_code == 404
    assert client.get(f"/calendar/?company={foreign}").status_code == 404
    assert client.get("/calendar/?company=abc").status_code == 404
    assert in_database(portal, select(func.count()).where(CalendarDay.name == "x")) == [(0,)]


def test_the_platform_administrator_chooses_the_company(portal):
    client = signed_in_client(portal, "platform")
    other = company_id(portal, "LINJIANG")
    assert client.get(f"/calendar/?company={other}").status_code == 200
    data = {"is_workday": "0", "name": "x", "company": other}
    assert client.post("/calendar/day/2026-11-25", data=data).status_code == 303
    changed = select(CalendarDay.company_id).where(CalendarDay.name == "x")
    assert in_database(portal, changed) == [(other,)]


def test_reload_of_an_unknown_year_is_refused_in_words(portal):
    client = signed_in_client(portal, "admin")
    for year in ("3000", "abc", ""):
        assert client.post("/calendar/reload", data={"year": year}).status_code == 303


# --- parameters -----------------------------------------------------------------------------


def save(client, note="why", number=1, **changes):
    return client.post(
        "/parameters/save", data={**TEXTS, "number": number, "note": note, **changes}
    )


def newest(app, company="YUNHE"):
    statement = select(func.max(ParameterVersion.number)).where(
        ParameterVersion.company_id == company_id(app, company)
    )
    return in_database(app, statement)[0][0]


def test_a_new_version_is_saved_with_its_reason(portal):
    client = signed_in_client(portal, "admin")
    assert save(client, "earlier <i>cut-off</i>", needs_cutoff_day="20").status_code == 303
    assert newest(portal) == 2
    history = client.get("/parameters/history").text
    assert "earlier &lt;i&gt;cut-off" in history
    assert "<i>cut-off" not in history
    assert "earlier" in client.get("/parameters/").text


def test_every_problem_is_shown_at_its_field_and_nothing_typed_is_lost(portal):
    client = signed_in_client(portal, "admin")
    answer = save(client, needs_cutoff_day="31", visit_capacity_urban="many", note="half typed")
    assert answer.status_code == 422
    assert answer.text.count('class="field-error"') == 2
    assert 'value="many"' in answer.text
    assert 'value="half typed"' in answer.text
    assert save(client, note="").status_code == 422
    assert newest(portal) == 1


def test_the_second_of_two_editors_gets_a_conflict(portal):
    client = signed_in_client(portal, "admin")
    assert save(client, needs_cutoff_day="20").status_code == 303
    late = save(client, visit_capacity_urban="33")
    assert late.status_code == 409
    assert newest(portal) == 2
    assert 'name="number" value="2"' in late.text
    assert 'value="20"' in late.text, "the other's change is filled in"
    assert 'value="33"' in late.text, "the own change is kept"


def test_all_to_default(portal):
    client = signed_in_client(portal, "admin")
    save(client, needs_cutoff_day="20")
    answer = save(client, "back", number=2, reset="1", needs_cutoff_day="9")
    assert answer.status_code == 303
    assert newest(portal) == 3
    assert 'value="25"' in client.get("/parameters/edit").text


def test_only_administrators_change_parameters_and_only_their_own(portal):
    for name in ("market", "customer", "brand"):
        client = signed_in_client(portal, name)
        assert client.get("/parameters/").status_code == 200
        save(client, needs_cutoff_day="20")
    foreign = company_id(portal, "LINJIANG")
    admin = signed_in_client(portal, "admin")
    assert save(admin, needs_cutoff_day="20", company=foreign).status_code == 404
    assert newest(portal) == newest(portal, "LINJIANG") == 1


def test_missing_fields_mean_the_defaults_and_garbage_is_refused(portal):
    client = signed_in_client(portal, "admin")
    answer = client.post("/parameters/save", data={"number": "x", "note": "n"})
    assert answer.status_code == 409
    assert newest(portal) == 1
    assert DEFAULTS


# --- catalogues -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", CATALOGUES)
def test_lists_show_own_entries_and_only_administrators_add(portal, path):
    assert signed_in_client(portal, "admin").get(f"{path}/add").status_code == 200
    for name in ("market", "customer"):
        client = signed_in_client(portal, name)
        assert client.get(f"{path}/list/").status_code == 200
        assert client.get(f"{path}/add").status_code in (302, 303, 403)


def form_of(client, path):
    """The values of an edit form as the browser would post them unchanged."""
    page = client.get(path).text
    data = {}
    for tag in re.findall(r"<(?:input|textarea)[^>]*>", page):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            data.setdefault(name[1], []).append(value[1] if value else "")
    return data


def test_the_strategies_of_a_need_are_ticked_and_foreign_ones_refused(portal):
    client = signed_in_client(portal, "admin")
    own, foreign = company_id(portal), company_id(portal, "LINJIANG")
    need = in_database(
        portal,
        select(NeedOption.id).where(NeedOption.company_id == own, NeedOption.code == "D02"),
    )[0][0]
    strategy = select(ServiceStrategy.id).where(ServiceStrategy.code == "S05")
    mine = in_database(portal, strategy.where(ServiceStrategy.company_id == own))[0][0]
    theirs = in_database(portal, strategy.where(ServiceStrategy.company_id == foreign))[0][0]
    data = form_of(client, f"/needs/edit/{need}")
    refused = client.post(f"/needs/edit/{need}", data={**data, "strategies": [str(theirs)]})
    assert refused.status_code == 422
    saved = client.post(f"/needs/edit/{need}", data={**data, "strategies": [str(mine)]})
    assert saved.status_code in (302, 303), saved.text
    with portal.app_context():
        stored = db.session.get(NeedOption, need)
        assert [each.code for each in stored.strategies] == ["S05"]


def test_a_foreign_entry_is_a_404(portal):
    client = signed_in_client(portal, "admin")
    foreign = company_id(portal, "LINJIANG")
    reason = in_database(
        portal, select(ProblemReason.id).where(ProblemReason.company_id == foreign)
    )[0][0]
    for path in (f"/problem-reasons/edit/{reason}", f"/problem-reasons/show/{reason}"):
        assert client.get(path).status_code == 404
    assert client.post(f"/problem-reasons/delete/{reason}").status_code == 404


def test_weights_that_do_not_add_up_are_pointed_out(portal):
    client = signed_in_client(portal, "admin")
    item = in_database(
        portal, select(AbilityItem.id).where(AbilityItem.company_id == company_id(portal))
    )[0][0]
    data = form_of(client, f"/ability-items/edit/{item}")
    too_much = client.post(f"/ability-items/edit/{item}", data={**data, "weight": "101"})
    assert too_much.status_code == 422
    saved = client.post(
        f"/ability-items/edit/{item}", data={**data, "weight": "40"}, follow_redirects=True
    )
    assert "alert-warning" in saved.text


def test_english_pages_show_english_names(portal):
    client = signed_in_client(portal, "admin")
    assert "Trace" not in client.get("/strategies/list/").text
    with client.session_transaction() as session:
        session["locale"] = "en"
    page = client.get("/strategies/list/?q_name=S20").text
    assert "Follow up stock-outs" in page
    assert "Spring Festival" in client.get("/calendar/?year=2026").text
