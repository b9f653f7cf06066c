"""How a name is spoken and written by people who search: plain, by initials, by full pinyin.

Everything is compared in normal form: full-width characters as half-width ones, small letters,
no blanks. Readings come from pypinyin, its phrases included, so that a character with several
readings gets the one it has in its word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

SEARCH_LENGTH = 400
"""Characters kept of a row's search words; the plain name comes first and always fits."""
EDGE = "|"
"""Stands before, between and after the spellings: what follows it is the beginning of one."""
MOST_ASKED = 100
MOST_WORDS = 5
HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def normal(text: str) -> str:
    """The form in which names and questions are compared."""
    return "".join(map(_normal_character, text))


def asked_words(text: str) -> tuple[str, ...]:
    """The words of a question in normal form, at most five, each once."""
    words = (normal(word) for word in text[:MOST_ASKED].replace("\0", "").split())
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_WORDS]


def search_words(name: str | None) -> str:
    """What a row with this name is found by: ``|name|initials|pinyin|``, at most 400 characters.

    A name that begins with a character of two initials – often a surname – has two spellings more.
    """
    plain, *spoken = _spellings(name or "")
    texts = ["".join(pieces) for pieces in (plain, *spoken)]
    found = EDGE + EDGE.join(dict.fromkeys(text for text in texts if text)) + EDGE
    return found[:SEARCH_LENGTH]


def marked(name: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """The name in parts, those that a word of the question (in normal form) means marked."""
    hit = [False] * len(name)
    spellings = _spellings(name)
    for word in words:
        for pieces in spellings:
            span = _span(pieces, word)
            if span is not None:
                hit[span[0] : span[1]] = [True] * (span[1] - span[0])
                break
    parts: list[tuple[str, bool]] = []
    for character, is_hit in zip(name, hit, strict=True):
        if parts and parts[-1][1] is is_hit:
            parts[-1] = (parts[-1][0] + character, is_hit)
        else:
            parts.append((character, is_hit))
    return parts


def _span(pieces: Sequence[str], word: str) -> tuple[int, int] | None:
    """The characters (from, to) of the name whose pieces hold the word."""
    start = "".join(pieces).find(word) if word else -1
    if start < 0:
        return None
    inside, position = [], 0
    for index, piece in enumerate(pieces):
        if piece and position < start + len(word) and position + len(piece) > start:
            inside.append(index)
        position += len(piece)
    return inside[0], inside[-1] + 1


def _spellings(name: str) -> list[list[str]]:
    """Plain, initials, pinyin, and the last two with the other reading of the first character.

    Each has one piece per character of the name; a character that is not spoken has an empty one.
    """
    plain = [_normal_character(character) for character in name]
    spoken = [piece if piece.isalnum() else "" for piece in plain]
    initials = list(spoken)
    for start, word in _words(name):
        for offset, syllable in enumerate(_syllables(word), start=start):
            spoken[offset], initials[offset] = syllable, syllable[:1]
    found = [plain, initials, spoken]
    other = _other_reading(name[0], initials[0]) if initials and HAN.match(name) else ""
    if other:
        found += [[other[0], *initials[1:]], [other, *spoken[1:]]]
    return found


def _words(name: str) -> Iterator[tuple[int, str]]:
    """(position, word) of the Chinese words of a name."""
    for run in HAN.finditer(name):
        position = run.start()
        for word in _segmenter()(run.group()):
            yield position, word
            position += len(word)


@cache
def _normal_character(character: str) -> str:
    text = unicodedata.normalize("NFKC", character).casefold()
    return "".join(text.replace(EDGE, " ").replace("\0", " ").split())


# pypinyin takes 0.2 s and 56 MB to import: only processes that write or look for names pay.
@cache
def _segmenter() -> Callable[[str], Iterator[str]]:
    from pypinyin.contrib.mmseg import seg

    cut: Callable[[str], Iterator[str]] = seg.cut
    return cut


@lru_cache(maxsize=50_000)
def _syllables(word: str) -> tuple[str, ...]:
    """One syllable per character, without tone, ü written v; "" for a character without one."""
    from pypinyin import lazy_pinyin

    found = lazy_pinyin(word, errors="ignore")
    return tuple(found) if len(found) == len(word) else tuple(map(_syllable, word))


def _syllable(character: str) -> str:
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(character, errors="ignore")[:1])


@lru_cache(maxsize=10_000)
def _other_reading(character: str, initial: str) -> str:
    """The more usual of the character's other readings if it has another initial, else ""."""
    from pypinyin import Style, pinyin

    readings = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    two = readings[0][:2] if readings else []
    return next((reading for reading in two if reading[:1] != initial), "")
