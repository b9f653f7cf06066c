"""What a view keeps of an address and how it becomes one again; which columns a list shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import PlanningError
from app.kernel.list_columns import chosen_columns
from app.saved_views.rules import (
    LONGEST_NAME,
    kept_arguments,
    opened,
    stored_arguments,
    view_name,
)

pytestmark = pytest.mark.pure

NAMES = st.sampled_from(
    ["q_name", "q_mode", "_oc_V", "_od_V", "psize_V", "columns", "page_V", "_oc_W", "next", "view"]
)
ARGUMENTS = st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=20)


def test_filters_order_size_and_columns_are_kept_the_page_is_not():
    given_ = [
        ("page_V", "4"), ("columns", "b,a"), ("_od_V", "desc"), ("q_mode", "PHONE"),
        ("_oc_V", "name"), ("q_mode", "ONLINE"), ("q_empty", " "), ("next", "/x"),
        ("_oc_Other", "name"), ("psize_V", "50"), ("view", "3"), ("q_age_from", "1"),
    ]  # fmt: skip
    assert kept_arguments(given_, "V") == (
        ("q_age_from", "1"), ("q_mode", "PHONE"), ("q_mode", "ONLINE"), ("_oc_V", "name"),
        ("_od_V", "desc"), ("psize_V", "50"), ("columns", "b,a"),
    )  # fmt: skip


@given(ARGUMENTS)
def test_keeping_twice_changes_nothing(arguments: list[tuple[str, str]]):
    once = kept_arguments(arguments, "V")
    assert kept_arguments(once, "V") == once
    assert stored_arguments([list(pair) for pair in once]) == once


@given(ARGUMENTS)
def test_an_opened_view_is_the_view_again(arguments: list[tuple[str, str]]):
    kept = kept_arguments(arguments, "V")
    address = opened(kept, [("view", "7")], "V", 7)
    assert address[-1] == ("in_view", "7")
    assert kept_arguments(address, "V") == kept


def test_what_the_address_says_itself_wins():
    kept = (("q_mode", "PHONE"), ("q_name", "a"), ("_oc_V", "name"), ("_od_V", "desc"))
    assert opened(kept, [("view", "7"), ("q_mode", "ONLINE"), ("_oc_V", "code")], "V", 7) == (
        ("q_name", "a"), ("q_mode", "ONLINE"), ("_oc_V", "code"), ("in_view", "7"),
    )  # fmt: skip


@pytest.mark.parametrize("value", [None, {}, "x", [1], [["a"]], [["a", 1]], [["a", "b", "c"]]])
def test_damaged_arguments_are_left_out(value: object):
    assert stored_arguments(value) == ()


def test_names_are_tidied_and_limited():
    assert view_name("  two \n words\x00 ") == "two words"
    for text in ("", " \t", "x" * (LONGEST_NAME + 1)):
        with pytest.raises(PlanningError):
            view_name(text)


@pytest.mark.parametrize(
    ("texts", "columns", "unknown"),
    [
        (["c,b"], ["a", "c", "b"], []),
        (["c", "a", "b"], ["c", "a", "b"], []),
        (["a,a,x", "more"], ["a", "more"], ["x"]),
        (["x,<b>"], ["a", "b", "c"], ["x", "<b>"]),
        (["", ","], ["a", "b", "c"], []),
    ],
)
def test_columns_of_the_address(texts: list[str], columns: list[str], unknown: list[str]):
    found = chosen_columns(texts, ["a", "b", "c", "more"], ["a", "b", "c"])
    assert found == (columns, unknown)
