"""Versions of the parameters: saving, refusing, racing, reading an older one, the history."""

import pytest
from sqlalchemy import select

from app.kernel.db import db
from app.kernel.errors import PlanningError, StaleVersion
from app.master.parameters import (
    ParametersRefused,
    UnknownVersion,
    current_parameters,
    ensure_first_version,
    parameters_in,
    save_parameters,
    version_history,
)
from app.master.rules_parameters import DEFAULTS, Parameters
from app.models import Company, ParameterValue

pytestmark = pytest.mark.sql

CHANGED = {**DEFAULTS, "needs_cutoff_day": 20}


@pytest.fixture
def company_id(app):
    with app.app_context():
        company = Company(code="T1", name="Test")
        other = Company(code="T2", name="Other")
        db.session.add_all([company, other])
        db.session.commit()
        ensure_first_version(db.session(), company.id)
        ensure_first_version(db.session(), other.id)
        db.session.commit()
        yield company.id
        db.session.rollback()


def test_the_first_version_holds_the_defaults_and_is_made_once(company_id):
    assert current_parameters(db.session(), company_id) == Parameters(number=1)
    assert not ensure_first_version(db.session(), company_id)


def test_before_set_up_the_defaults_apply_as_version_0(company_id):
    assert current_parameters(db.session(), 10**6) == Parameters(number=0)


def test_saving_makes_the_next_version_and_keeps_the_old(company_id):
    assert save_parameters(db.session(), company_id, 1, CHANGED, " earlier cut-off ") == 2
    assert current_parameters(db.session(), company_id).needs_cutoff_day == 20
    assert parameters_in(db.session(), company_id, 1).needs_cutoff_day == 25
    newest, first = version_history(db.session(), company_id)
    assert (newest.number, newest.note, first.note) == (2, "earlier cut-off", "")
    assert [(row.code, old, new) for row, old, new in newest.changes] == [
        ("needs_cutoff_day", 25, 20)
    ]
    assert first.changes == []


def test_another_company_keeps_its_own(company_id):
    save_parameters(db.session(), company_id, 1, CHANGED, "why")
    other = db.session.scalars(select(Company.id).where(Company.code == "T2")).one()
    assert current_parameters(db.session(), other) == Parameters(number=1)


@pytest.mark.parametrize("note", ["", "  ", "x" * 201])
def test_a_reason_is_needed(company_id, note):
    with pytest.raises(PlanningError) as refusal:
        save_parameters(db.session(), company_id, 1, CHANGED, note)
    assert refusal.value.field == "note"


def test_nothing_changed_is_not_a_version(company_id):
    with pytest.raises(PlanningError, match="Nothing was changed"):
        save_parameters(db.session(), company_id, 1, DEFAULTS, "why")


def test_what_breaks_a_rule_is_refused_by_field(company_id):
    with pytest.raises(ParametersRefused) as refusal:
        save_parameters(db.session(), company_id, 1, {**DEFAULTS, "band_effect_fair": 90}, "why")
    assert [problem.code for problem in refusal.value.problems] == ["band_effect_good"]


def test_the_second_of_two_editors_is_told(company_id):
    save_parameters(db.session(), company_id, 1, CHANGED, "first")
    with pytest.raises(StaleVersion):
        save_parameters(db.session(), company_id, 1, {**DEFAULTS, "needs_cutoff_day": 21}, "second")


def test_a_version_of_an_older_release_reads_with_todays_defaults(company_id):
    row = db.session.scalars(
        select(ParameterValue).where(ParameterValue.code == "needs_cutoff_day")
    ).first()
    db.session.delete(row)
    db.session.flush()
    assert current_parameters(db.session(), company_id).needs_cutoff_day == 25


def test_an_unknown_version_is_a_404(company_id):
    with pytest.raises(UnknownVersion) as refusal:
        parameters_in(db.session(), company_id, 9)
    assert refusal.value.status == 404
