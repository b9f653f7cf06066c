"""What a person typed into the search field, in the form in which it is compared."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.spelling import MOST_ASKED, asked_words

LEAST_LETTERS = 2
"""A single letter or digit is in nearly every row; a single Chinese character is not."""


@dataclass(frozen=True, slots=True)
class Question:
    """`text` as typed, without blanks around it; `words` in normal form, all of them must fit."""

    text: str
    words: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.words

    @property
    def is_too_short(self) -> bool:
        """Whether rows are not worth looking through for it; pages are."""
        return all(word.isascii() and len(word) < LEAST_LETTERS for word in self.words)


def question(text: str) -> Question:
    """The question meant by a text of any length and content."""
    text = text.replace("\0", "")[:MOST_ASKED].strip()
    return Question(text, asked_words(text))
