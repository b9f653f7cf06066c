"""§2.2 step 14: the factual draft states what the figures say and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.improvement.rules import MonthFacts, draft, percent_text

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((1, 3), "33.3%"),
        ((2, 3), "66.7%"),
        ((1, 2000), "0.1%"),  # 0.05 % rounds half up
        ((1, 2001), "0.0%"),
        ((5, 5), "100.0%"),
        ((0, 7), "0.0%"),
        ((0, 0), "—"),
        ((None, 5), "—"),
        ((5, None), "—"),
    ],
)
def test_percent(pair: tuple[int | None, int | None], expected: str):
    assert percent_text(*pair) == expected


def test_without_data_nothing_is_drafted():
    assert set(map(tuple, draft(MonthFacts({})).values())) == {()}


def params(facts: MonthFacts, field: str) -> list[dict]:
    return [dict(sentence.params) for sentence in draft(facts)[field]]


def test_visits_are_told_as_a_whole_and_by_frequency():
    facts = MonthFacts(
        {"VISITS_ALL": (45, 50), "VISITS_WEEKLY": (30, 32), "VISITS_MONTHLY": (0, 0)}
    )
    assert params(facts, "visit_text") == [
        {"done": 45, "planned": 50, "percent": "90.0%"},
        {"done": 30, "planned": 32, "percent": "93.8%"},
    ]
    assert params(facts, "shortcomings") == [{"count": 5}]


def test_all_visits_made_is_no_shortcoming():
    assert draft(MonthFacts({"VISITS_ALL": (50, 50)}))["shortcomings"] == []


def test_plan_and_temporary_tasks():
    facts = MonthFacts(
        {"KEY_CUSTOMERS_KEPT": (8, 10), "TASKS_DONE": (90, 120), "TEMPORARY_TASKS": (3, None)}
    )
    assert params(facts, "plan_text") == [
        {"done": 8, "planned": 10, "percent": "80.0%"},
        {"done": 90, "planned": 120, "percent": "75.0%"},
        {"count": 3},
    ]


def test_names_are_listed_once_and_in_order():
    facts = MonthFacts({}, abnormal=["a", "b"], met=["c"], undone=[("closed", 4), ("other", 1)])
    assert params(facts, "analysis_text") == [{"names": "a, b"}]
    assert params(facts, "experience") == [{"names": "c"}]
    assert params(facts, "shortcomings") == [{"names": "a, b"}, {"names": "closed 4, other 1"}]


@given(
    st.dictionaries(
        st.sampled_from(
            ["VISITS_ALL", "VISITS_WEEKLY", "TASKS_DONE", "JUDGEMENTS_KEPT", "KEY_CUSTOMERS_KEPT"]
        ),
        st.tuples(st.none() | st.integers(0, 99), st.none() | st.integers(0, 99)),
    )
)
def test_every_sentence_can_be_composed(figures: dict):
    for sentences in draft(MonthFacts(figures)).values():
        for sentence in sentences:
            assert "%(" not in sentence.msgid % dict(sentence.params)
