"""Texts are kept whole or refused, never cut."""

import pytest

from app.kernel.texts import TooLong, kept_text

pytestmark = pytest.mark.pure


def test_line_ends_and_edges_are_put_right():
    assert kept_text("  one\r\ntwo\x00 ", "focus", 20) == "one\ntwo"
    assert kept_text(" \r\n ", "focus", 20) is None


def test_a_text_of_the_greatest_length_is_kept_and_one_more_is_refused():
    assert kept_text("x" * 20, "focus", 20) == "x" * 20
    with pytest.raises(TooLong) as refusal:
        kept_text("x" * 21, "focus", 20)
    assert refusal.value.field == "focus"
