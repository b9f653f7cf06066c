"""One primary holder per territory at a time."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisation.rules import Period, conflicting_primary, day_before

pytestmark = pytest.mark.pure

START = dt.date(2026, 1, 1)
OFFSETS = st.integers(0, 60)


@st.composite
def periods(draw):
    first = draw(OFFSETS)
    last = draw(st.none() | st.integers(first, 61))
    return Period(_day(first), None if last is None else _day(last))


def _day(offset):
    return START + dt.timedelta(days=offset)


def days(period):
    """The days of a period within the examined span, an open end reaching beyond it."""
    return {offset for offset in range(70) if period.contains(_day(offset))}


@given(periods(), periods())
def test_overlap_means_a_common_day(one, other):
    assert one.overlaps(other) is bool(days(one) & days(other))
    assert one.overlaps(other) is other.overlaps(one)


@given(periods(), st.lists(periods(), max_size=8))
def test_a_conflict_is_found_exactly_when_there_is_one(wanted, others):
    found = conflicting_primary(wanted, others)
    colliding = [other for other in others if days(other) & days(wanted)]
    if not colliding:
        assert found is None
    else:
        assert found.first == min(other.first for other in colliding)


@given(periods(), periods())
def test_a_handover_leaves_no_gap_and_no_common_day(wanted, running):
    cut = day_before(wanted, running)
    if cut is None:
        assert wanted.first <= running.first
        return
    assert cut.is_valid
    assert not cut.overlaps(wanted)
    assert cut.last + dt.timedelta(days=1) == wanted.first


def test_a_period_that_ends_before_it_starts_is_not_valid():
    assert not Period(_day(5), _day(4)).is_valid
    assert Period(_day(5), _day(5)).is_valid
    assert Period(_day(5)).is_valid
