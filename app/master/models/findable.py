"""What a row with a name is found by; written wherever the name is written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.kernel.labels import label
from app.kernel.spelling import SEARCH_LENGTH, search_words


def _words_of_row(context: Any) -> str:
    """For inserts by a Core statement; a form sets the name, which sets the words."""
    return search_words(context.get_current_parameters()["name"])


class Findable:
    """`search_words` follows `name` through the session and through Core inserts.

    Loads in bulk and the importer pass both by; they write `search_words(name)` themselves.
    """

    search_words: Mapped[str] = mapped_column(
        String(SEARCH_LENGTH), default=_words_of_row, server_default="", **label("Search words")
    )

    @validates("name")
    def _spell(self, key: str, name: str) -> str:
        self.search_words = search_words(name)
        return name
