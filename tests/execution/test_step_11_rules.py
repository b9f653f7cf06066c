"""The pure rules of step 11: gates, what an outcome requires, drafts, short days, follow-ups."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.execution.rules import (
    FOLLOW_UP_MOVES,
    LONGEST_VISIT,
    DayMinutes,
    DraftFate,
    RecordGate,
    SheetChange,
    StoredVisit,
    VisitWords,
    draft_fate,
    faults,
    follow_up_fault,
    is_overdue,
    marks_are_open,
    raises_question,
    record_gate,
    sheet_changes,
)
from app.models import FollowUpStatus, ServicePlanStatus, UnvisitedReason, VisitOutcome

TODAY = dt.date(2026, 11, 25)
TOMORROW = TODAY + dt.timedelta(days=1)
NINE = dt.time(9)


@given(
    st.sampled_from([None, *(state.name for state in ServicePlanStatus)]),
    st.booleans(),
    st.integers(-3, 3),
)
def test_a_visit_can_be_recorded_exactly_when_no_gate_is_closed(state, has_mode, offset):
    day = TODAY + dt.timedelta(days=offset)
    gate = record_gate(plan_state=state, has_visit_mode=has_mode, day=day, today=TODAY)
    possible = state in ("APPROVED", "RESULT_SUBMITTED") and has_mode and day <= TODAY
    assert (gate is None) == possible
    if state == "RESULT_APPROVED":
        assert gate is RecordGate.RESULT_APPROVED


def test_stars_only_between_plan_and_result():
    open_in = [state.name for state in ServicePlanStatus if marks_are_open(state.name)]
    assert open_in == ["APPROVED"]
    assert not marks_are_open(None)


def words(**changes) -> VisitWords:
    return VisitWords(**{"day": TODAY, "outcome": "VISITED", "started": NINE, **changes})


def missed(**changes) -> VisitWords:
    return words(**{"outcome": "NOT_VISITED", "started": None, "reason": "ABSENT", **changes})


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        (words(), set()),
        (words(minutes=0), set()),
        (words(minutes=LONGEST_VISIT), set()),
        (words(minutes=LONGEST_VISIT + 1), {"minutes"}),
        (words(minutes=-1), {"minutes"}),
        (words(started=None), {"started"}),
        (words(outcome=None), {"outcome"}),
        (missed(), set()),
        (missed(reason=None), {"reason"}),
        (missed(reason="OTHER"), {"effect"}),
        (missed(reason="OTHER", effect=" \n"), {"effect"}),
        (missed(reason="OTHER", effect="flooded street"), set()),
        (missed(moved_to=TOMORROW), set()),
        (missed(moved_to=TODAY), {"moved_to"}),
        (missed(moved_to=TODAY + dt.timedelta(days=92)), set()),
        (missed(moved_to=TODAY + dt.timedelta(days=93)), {"moved_to"}),
        (missed(day=TODAY - dt.timedelta(days=3), moved_to=TODAY), set()),
        (
            missed(day=TODAY - dt.timedelta(days=3), moved_to=TODAY - dt.timedelta(days=1)),
            {"moved_to"},
        ),
        (words(opinion="x" * 1000), set()),
        (words(opinion="x" * 1001, market_issue="y" * 1001), {"opinion", "market_issue"}),
    ],
)
def test_what_an_outcome_requires(entry, fields):
    assert set(faults(entry, TODAY)) == fields


def test_the_rules_know_the_names_of_the_code_lists():
    assert {"VISITED", "NOT_VISITED"} == set(VisitOutcome.__members__)
    assert "OTHER" in UnvisitedReason.__members__
    assert set(FOLLOW_UP_MOVES) == set(FollowUpStatus.__members__)


KEYS = st.sampled_from([None, "a", "b"])
STORED = st.one_of(st.none(), st.builds(StoredVisit, st.integers(1, 3), KEYS, st.booleans()))


@given(STORED, KEYS, st.integers(0, 3))
def test_the_fate_of_a_draft(stored, key, version):
    fate = draft_fate(stored, key, version)
    if stored is None:
        assert fate is DraftFate.CREATE
    elif key is not None and stored.client_key == key:
        assert fate is DraftFate.REPEATED
    else:
        free = stored.version == version or not stored.is_recorded
        assert fate is (DraftFate.UPDATE if free else DraftFate.CONFLICT)


@given(st.text("abc", min_size=1, max_size=4), st.integers(0, 5), st.booleans())
def test_sending_twice_is_sending_once(key, version, exists):
    """After the first arrival the record carries the key, whatever version the phone still holds."""
    stored = StoredVisit(version, "other", is_recorded=True) if exists else None
    first = draft_fate(stored, key, version)
    assert first in (DraftFate.CREATE, DraftFate.UPDATE)
    after = StoredVisit((stored.version if stored else 0) + 1, key, is_recorded=True)
    assert draft_fate(after, key, version) is DraftFate.REPEATED


@pytest.mark.parametrize(
    ("day", "is_question"),
    [
        (DayMinutes(0, 0, 0), False),
        (DayMinutes(3, 59, 0), True),
        (DayMinutes(3, 60, 0), False),
        (DayMinutes(3, 20, 1), False),
        (DayMinutes(1, 0, 0), True),
    ],
)
def test_a_short_day_raises_a_question(day, is_question):
    assert raises_question(day, 60) is is_question


def test_no_minimum_no_question():
    assert not raises_question(DayMinutes(2, 0, 0), 0)


def test_follow_ups_move_along_their_states():
    assert follow_up_fault("OPEN", "IN_WORK", None) is None
    assert follow_up_fault("OPEN", "RESOLVED", "new hours") is None
    assert follow_up_fault("OPEN", "RESOLVED", " ") is not None
    assert follow_up_fault("OPEN", "ANSWERED", "new hours") is not None
    assert follow_up_fault("RESOLVED", "ANSWERED", "new hours") is None
    assert follow_up_fault("ANSWERED", "IN_WORK", None) is None
    assert follow_up_fault("ANSWERED", "OPEN", "x") is not None


def test_a_follow_up_is_late_from_the_day_after():
    assert not is_overdue("OPEN", TODAY, TODAY)
    assert is_overdue("IN_WORK", TODAY, TOMORROW)
    assert not is_overdue("RESOLVED", TODAY, TOMORROW)
    assert not is_overdue("OPEN", None, TOMORROW)


LINES = st.dictionaries(
    st.integers(1, 8),
    st.tuples(st.integers(1, 9), st.frozensets(st.sampled_from("xyz"), max_size=2)),
    max_size=6,
)


@given(LINES, LINES)
def test_the_changes_lead_from_one_sheet_to_the_other(old, new):
    changes = sheet_changes(old, new)
    added = {key for key, change in changes.items() if change is SheetChange.ADDED}
    removed = {key for key, change in changes.items() if change is SheetChange.REMOVED}
    assert (old.keys() - removed) | added == new.keys()
    for key in old.keys() & new.keys():
        assert (changes.get(key) is SheetChange.CONTENT) == (old[key][1] != new[key][1])
    assert sheet_changes(new, new) == {}


def test_who_drops_out_does_not_move_those_behind():
    old = {1: (1, frozenset()), 2: (2, frozenset()), 3: (3, frozenset())}
    assert sheet_changes(old, {2: (1, frozenset()), 3: (2, frozenset())}) == {
        1: SheetChange.REMOVED
    }
    swapped = {1: (2, frozenset()), 2: (1, frozenset()), 3: (3, frozenset())}
    assert sheet_changes(old, swapped) == {1: SheetChange.MOVED, 2: SheetChange.MOVED}
