"""What needs a look, at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow import rules_policy as policy
from app.workflow.rules_policy import MonthFacts, StrategyFacts, SummaryFacts

pytestmark = pytest.mark.pure

COUNT = st.integers(0, 500)


def month(**changed: int) -> MonthFacts:
    facts = {
        "customers": 100, "key_customers": 40, "added": 0, "removed": 0, "removed_problems": 0,
        "overridden": 0, "unexplained": 0, "needed": 220, "room": 220, "short_weeks": 0,
        "key_limit": 40,
    }  # fmt: skip
    return MonthFacts(**{**facts, **changed})


def broken(checks: tuple[policy.Check, ...]) -> list[str]:
    return [check.code for check in checks if not check.is_ok]


def test_a_plan_at_its_limits_is_clean():
    assert broken(policy.month_checks(month())) == []
    assert policy.is_clean(policy.month_checks(month()))
    assert broken(policy.plan_checks(StrategyFacts(has_target=True))) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"key_customers": 41}, "key_share"),
        ({"customers": 99}, "key_share"),
        ({"needed": 221}, "capacity"),
        ({"short_weeks": 1}, "weeks"),
        ({"removed_problems": 1, "removed": 1}, "problems_kept"),
        ({"overridden": 3, "unexplained": 1}, "explained"),
        ({"is_outdated": True}, "generated"),
        ({"stale": 1}, "states_current"),
        ({"draft_analyses": 2}, "analyses"),
    ],
)
def test_one_step_over_a_limit_needs_a_look(changed: dict[str, int], code: str):
    assert broken(policy.month_checks(month(**changed))) == [code]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (StrategyFacts(has_target=False), "target"),
        (StrategyFacts(has_target=True, removed=1, removed_needs=1), "needs_kept"),
        (StrategyFacts(has_target=True, unconfirmed=1), "confirmed"),
        (StrategyFacts(has_target=True, stale=1), "states_current"),
    ],
)
def test_what_a_service_plan_is_looked_at_for(facts: StrategyFacts, code: str):
    assert broken(policy.plan_checks(facts)) == [code]


def test_changes_by_hand_alone_need_no_look():
    facts = StrategyFacts(has_target=True, added=3, edited=2, removed=1)
    assert facts.changed == 6
    assert policy.is_clean(policy.plan_checks(facts))
    assert policy.is_clean(policy.month_checks(month(added=2, removed=2, overridden=5)))


def test_direct_needs_not_done_show_in_the_result():
    assert broken(policy.result_checks(StrategyFacts(has_target=True, undone=4))) == []
    checks = policy.result_checks(StrategyFacts(has_target=True, needs=9, undone_needs=2))
    assert [(check.count, check.of) for check in checks] == [(2, 9)]
    assert broken(policy.summary_checks(SummaryFacts(overridden=1))) == ["judgements"]


@given(customers=COUNT, keys=COUNT, limit=st.integers(1, 100))
def test_the_share_is_compared_exactly(customers: int, keys: int, limit: int):
    keys = min(keys, customers)
    facts = month(customers=customers, key_customers=keys, key_limit=limit)
    is_over = "key_share" in broken(policy.month_checks(facts))
    assert is_over == (100 * keys > limit * customers)
    if is_over:
        assert facts.key_percent > limit


def test_every_check_has_words_with_its_placeholders():
    codes = {
        check.code
        for checks in (
            policy.plan_checks(StrategyFacts(has_target=True)),
            policy.result_checks(StrategyFacts(has_target=True)),
            policy.month_checks(month()),
            policy.summary_checks(SummaryFacts()),
        )
        for check in checks
    }
    assert codes == set(policy.WORDS)
    for good, bad in policy.WORDS.values():
        assert good % {"count": 1, "of": 2}
        assert bad % {"count": 1, "of": 2}
