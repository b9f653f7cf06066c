"""How names are spelled for the search, and which part of a name a question means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.spelling import EDGE, SEARCH_LENGTH, asked_words, marked, normal, search_words

pytestmark = pytest.mark.pure

NAMES = st.text(
    st.one_of(st.sampled_from("惠民便利店重庆银行长乐曾〇ＡＢ１ab-12 |%_'<>&"), st.characters()),
    max_size=100,
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("惠民便利店", "|惠民便利店|hmbld|huiminbianlidian|"),
        ("银行小卖部", "|银行小卖部|yhxmb|yinhangxiaomaibu|"),
        ("绿茶ABC-12店", "|绿茶abc-12店|lcabc12d|lvchaabc12dian|"),
        ("Ａ１ 超市", "|a1超市|a1cs|a1chaoshi|"),
        ("7-Eleven", "|7-eleven|7eleven|"),
        ("", "||"),
        (None, "||"),
    ],
)
def test_spellings_of_a_name(name: str | None, words: str):
    assert search_words(name) == words


def test_a_character_with_several_readings_has_the_one_of_its_word():
    assert "|cqcs|" in search_words("重庆超市")
    assert "|zlby|" in search_words("重量白银")


def test_a_surname_is_found_by_both_of_its_readings():
    words = search_words("曾记食杂店")
    assert "|cjszd|" in words
    assert "|zjszd|" in words
    assert "|zengjishizadian|" in words


@given(NAMES)
def test_words_are_short_and_begin_with_the_name_in_normal_form(name: str):
    words = search_words(name)
    assert len(words) <= SEARCH_LENGTH
    assert words == words.replace("\0", "")
    assert words.startswith((EDGE + normal(name))[:SEARCH_LENGTH])
    assert not any(character.isspace() for character in words)


@given(NAMES, st.data())
def test_every_part_of_a_name_is_in_its_words_and_marked(name: str, data: st.DataObject):
    if len(normal(name)) > SEARCH_LENGTH - 2:
        return  # ligatures of twenty letters each
    start = data.draw(st.integers(0, len(name)))
    part = name[start : data.draw(st.integers(start, len(name)))]
    word = normal(part)
    assert word in search_words(name)
    parts = marked(name, [word])
    assert "".join(text for text, _is_meant in parts) == name
    assert any(is_meant for _text, is_meant in parts) == bool(word)


@given(NAMES)
def test_normal_form_is_final(text: str):
    assert normal(normal(text)) == normal(text)


@pytest.mark.parametrize(
    ("word", "meant"),
    [("民便", ["民便"]), ("bl", ["便利"]), ("bianl", ["便利"]), ("dian", ["店"]), ("zz", [])],
)
def test_what_a_word_means_in_a_name(word: str, meant: list[str]):
    assert [text for text, is_meant in marked("惠民便利店", [word]) if is_meant] == meant


def test_a_question_has_few_words_in_normal_form():
    assert asked_words("  ＨＭ  hm 惠民\0 | ") == ("hm", "惠民")
    assert len(asked_words("a b c d e f g")) == 5
    assert asked_words("x" * 10_000) == ("x" * 100,)
