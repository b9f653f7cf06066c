"""The rules of step 7: merging, difference, carry-over – with their edges drawn at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plan.rules.strategies import (
    LONGEST_CONTENT,
    WORDS_TAKEN,
    Change,
    Proposal,
    Reason,
    StoredItem,
    after,
    change_of,
    content_of,
    is_left_over,
    is_unexplained,
    merged,
)

pytestmark = pytest.mark.pure

NAMES = {1: "One", 2: "Two"}
SOURCES = ("NEED", "STATE", "ABILITY", "PROBLEM")

reasons = st.builds(
    Reason,
    customer_id=st.integers(1, 3),
    strategy_id=st.integers(1, 3),
    source=st.sampled_from(SOURCES),
    code=st.sampled_from(("D01", "D02", "X")),
    details=st.none() | st.sampled_from(("", "words", "w" * 600)),
)
contents = st.sampled_from(("a", "b", "c"))
proposals = st.none() | st.builds(
    Proposal, source=st.sampled_from(("DIRECT", "POTENTIAL")), content=contents, reasons=st.just(())
)
items = st.none() | st.builds(
    StoredItem,
    content=contents,
    source=st.sampled_from(("DIRECT", "POTENTIAL", "CARRIED", "MANUAL", "TEMPORARY")),
    generated_content=st.none() | contents,
    is_touched=st.booleans(),
    is_removed=st.booleans(),
    is_carried=st.booleans(),
    mark=st.sampled_from(("OPEN", "DONE", "TEMPORARY")),
)


@given(st.lists(reasons))
def test_merging_keeps_every_reason_once_and_one_item_per_strategy(given_reasons):
    found = merged(given_reasons, NAMES)
    assert set(found) == {row.key for row in given_reasons if row.strategy_id in NAMES}
    for key, proposal in found.items():
        own = [row for row in given_reasons if row.key == key]
        assert {(row.source, row.code) for row in proposal.reasons} == {
            (row.source, row.code) for row in own
        }
        assert len(proposal.reasons) == len({(row.source, row.code) for row in own})
        is_direct = any(row.source == "NEED" for row in own)
        assert proposal.source == ("DIRECT" if is_direct else "POTENTIAL")
        assert 0 < len(proposal.content) <= LONGEST_CONTENT
        assert proposal.content.startswith(NAMES[key[1]])


def test_the_content_is_the_name_and_the_customers_own_words():
    needs = [Reason(1, 1, "NEED", f"D{n}", f"said {n}") for n in range(9, 0, -1)]
    assert content_of("Name", needs[:2]) == "Name: said 8; said 9"
    assert content_of("Name", needs).count("said") == WORDS_TAKEN
    assert content_of("Name", [Reason(1, 1, "STATE", "Z1", "not said")]) == "Name"
    assert content_of("Name", [Reason(1, 1, "NEED", "D1", "")]) == "Name"


@given(items, proposals)
def test_applying_twice_is_applying_once(stored, proposal):
    once = after(stored, proposal)
    assert after(once, proposal) == once
    assert change_of(once, proposal) not in {Change.ADDED, Change.UPDATED, Change.DROPPED}


@given(items, proposals)
def test_what_a_person_did_is_never_lost(stored, proposal):
    if stored is None:
        return
    later = after(stored, proposal)
    if stored.is_automatic:
        assert (later is None) == (proposal is None)
        return
    assert later is not None
    assert (later.content, later.is_removed, later.mark) == (
        stored.content,
        stored.is_removed,
        stored.mark,
    )
    assert later.is_touched >= stored.is_touched
    if stored.is_settled:
        assert later == stored


@given(items, proposals)
def test_the_difference_says_what_happens(stored, proposal):
    later, change = after(stored, proposal), change_of(stored, proposal)
    happened = {
        Change.ADDED: stored is None and later is not None,
        Change.DROPPED: stored is not None and later is None,
        Change.UPDATED: stored is not None and later is not None and later != stored,
    }
    if change in happened:
        assert happened[change]
    elif stored is not None:
        assert later is not None
        assert later.content == stored.content
    if change is Change.TOMBSTONE:
        assert stored.is_removed
        assert later.is_removed


AUTOMATIC = StoredItem("a", "POTENTIAL", "a")


@pytest.mark.parametrize(
    ("stored", "proposal", "change"),
    [
        (None, None, Change.UNCHANGED),
        (None, Proposal("DIRECT", "a", ()), Change.ADDED),
        (AUTOMATIC, None, Change.DROPPED),
        (AUTOMATIC, Proposal("POTENTIAL", "a", ()), Change.UNCHANGED),
        (AUTOMATIC, Proposal("DIRECT", "a", ()), Change.UPDATED),
        (AUTOMATIC, Proposal("POTENTIAL", "b", ()), Change.UPDATED),
        (StoredItem("x", "DIRECT", "a", is_touched=True), None, Change.KEPT),
        (StoredItem("x", "MANUAL"), Proposal("DIRECT", "a", ()), Change.KEPT),
        (StoredItem("a", "MANUAL"), Proposal("DIRECT", "a", ()), Change.UNCHANGED),
        (StoredItem("a", "DIRECT", "a", is_removed=True), None, Change.UNCHANGED),
        (
            StoredItem("a", "DIRECT", "a", is_removed=True),
            Proposal("DIRECT", "b", ()),
            Change.TOMBSTONE,
        ),
        (StoredItem("a", "DIRECT", "a", mark="DONE"), None, Change.KEPT),
    ],
)
def test_the_table_of_the_difference(stored, proposal, change):
    assert change_of(stored, proposal) is change


def test_who_is_offered_for_carrying_over_and_who_must_be_explained():
    assert is_left_over(StoredItem("a", "MANUAL"))
    assert not is_left_over(StoredItem("a", "DIRECT", mark="DONE"))
    assert not is_left_over(StoredItem("a", "DIRECT", is_removed=True))
    assert not is_left_over(StoredItem("a", "TEMPORARY", mark="TEMPORARY"))
    assert is_unexplained(StoredItem("a", "DIRECT"), None)
    assert not is_unexplained(StoredItem("a", "DIRECT"), "CLOSED")
    assert not is_unexplained(StoredItem("a", "TEMPORARY"), None)
