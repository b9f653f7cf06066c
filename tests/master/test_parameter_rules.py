"""The table of parameters, reading typed values and the checks between them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.master.rules_parameters import (
    DEFAULTS,
    DEFINITIONS,
    GROUPS,
    ORDERED,
    PARAMETERS,
    UNITS,
    ParameterProblem,
    Parameters,
    build,
    check,
    differences,
    read_value,
)

pytestmark = pytest.mark.pure

CODES = st.sampled_from(sorted(DEFINITIONS))


def test_defaults_are_usable_and_complete():
    assert check(DEFAULTS) == []
    assert {field.name for field in dataclasses.fields(Parameters)} == {"number", *DEFAULTS}
    for row in PARAMETERS:
        assert row.group in GROUPS, row.code
        assert row.unit in UNITS, row.code
        assert row.clause.startswith("§"), row.code
        assert row.minimum <= row.default <= row.maximum, row.code
        assert len(row.code) <= 60


def test_groups_are_declared_together():
    """The page shows one card per run of a group, so a group may not come twice."""
    order = list(dict.fromkeys(row.group for row in PARAMETERS))
    runs = [
        row.group
        for n, row in enumerate(PARAMETERS)
        if n == 0 or PARAMETERS[n - 1].group != row.group
    ]
    assert runs == order


def test_figures_of_the_method():
    assert DEFAULTS["abnormal_shortfall_percent"] == 5
    assert (DEFAULTS["frequency_top_percent"], DEFAULTS["frequency_bottom_percent"]) == (20, 30)
    assert DEFAULTS["needs_cutoff_day"] == 25
    weights = [row.default for row in PARAMETERS if row.group == "weight"]
    assert weights == [20, 15, 15, 15, 10, 10, 10]


@given(CODES, st.integers(-(10**9), 10**9))
def test_a_value_is_taken_exactly_within_its_limits(code, value):
    row = DEFINITIONS[code]
    read = read_value(row, row.text(value))
    if row.minimum <= value <= row.maximum:
        assert read == value
    else:
        assert isinstance(read, ParameterProblem)
        assert read.code == code
        assert read.msgid % read.params


@given(CODES, st.text(max_size=12))
def test_any_text_is_a_value_or_a_problem(code, text):
    read = read_value(DEFINITIONS[code], text)
    assert isinstance(read, ParameterProblem) or DEFINITIONS[code].minimum <= read


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_field_takes_the_default(text):
    assert read_value(DEFINITIONS["needs_cutoff_day"], text) == 25


def test_money_is_typed_in_yuan():
    row = DEFINITIONS["price_first_fen"]
    assert read_value(row, "1,263.50") == 126_350
    assert row.text(15_800) == "158.00"
    assert isinstance(read_value(row, "1.234"), ParameterProblem)
    assert isinstance(read_value(DEFINITIONS["needs_cutoff_day"], "2.5"), ParameterProblem)


@pytest.mark.parametrize(("upper", "lower"), ORDERED)
def test_bands_must_be_in_order(upper, lower):
    values = {**DEFAULTS, upper: DEFAULTS[lower]}
    assert any(problem.code == upper for problem in check(values))


def test_all_weights_zero_is_refused_and_so_are_shares_above_100():
    zero = {row.code: 0 for row in PARAMETERS if row.group == "weight"}
    assert [problem.code for problem in check({**DEFAULTS, **zero})] == ["weight_volume"]
    problems = check({**DEFAULTS, "frequency_top_percent": 80})
    assert [problem.code for problem in problems] == ["frequency_bottom_percent"]
    assert "110" in problems[0].msgid % problems[0].params


def test_a_version_of_an_older_release_gets_the_defaults_of_what_it_lacks():
    parameters = build(3, {"needs_cutoff_day": 20, "gone_since": 1})
    assert (parameters.number, parameters.needs_cutoff_day) == (3, 20)
    assert parameters.visit_capacity_urban == 30


@given(st.dictionaries(CODES, st.integers(0, 100)))
def test_differences_name_what_changed_and_nothing_else(changed):
    found = differences(DEFAULTS, {**DEFAULTS, **changed})
    expected = {code for code, value in changed.items() if value != DEFAULTS[code]}
    assert {row.code for row, _old, _new in found} == expected
    assert all((old, new) == (DEFAULTS[row.code], changed[row.code]) for row, old, new in found)
