"""One home for the words of columns and code lists.

A column's English label is written once, in the model: ``mapped_column(String(12),
**label("Customer code"))``. It becomes the column's comment in the database and, translated
lazily, the label in lists, forms, exports and import sheets. Code lists are `LabelledEnum`s:
the database stores the member's name, files may carry the official code or any known word.
"""

from __future__ import annotations

import enum
from typing import Any, Self


def label(msgid: str, *, help: str | None = None, unit: str | None = None) -> dict[str, Any]:
    """Keyword arguments for `mapped_column`: comment and info of a column.

    `help` is the msgid of the hint under the form field; `unit` is "fen", "cartons", "tenths"
    or another storage unit that formatters and importers convert from.
    """
    from flask_babel import lazy_gettext

    info: dict[str, Any] = {"label": lazy_gettext(msgid), "msgid": msgid}
    if help is not None:
        info["help"] = lazy_gettext(help)
    if unit is not None:
        info["unit"] = unit
    return {"comment": f"{msgid} ({unit})" if unit else msgid, "info": info}


class LabelledEnum(enum.Enum):
    """A code list. Member = (official code, English msgid, further words accepted in files)."""

    msgid: str
    aliases: tuple[str, ...]

    def __new__(cls, code: str, msgid: str, *aliases: str) -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.msgid = msgid
        member.aliases = aliases
        return member

    @property
    def label(self) -> Any:
        """The translated word, lazy."""
        from flask_babel import lazy_gettext

        return lazy_gettext(self.msgid)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The member meant by a cell: its name, code, English word or an alias; None if unknown."""
        return cls._words().get(_normal(text))

    @classmethod
    def choices(cls) -> list[tuple[str, Any]]:
        """(stored name, translated label) in the order of declaration."""
        return [(member.name, member.label) for member in cls]

    @classmethod
    def _words(cls) -> dict[str, Self]:
        words: dict[str, Self] = {}
        for member in cls:
            for word in (member.name, member.value, member.msgid, *member.aliases):
                words.setdefault(_normal(word), member)
        return words

    def __str__(self) -> str:
        return str(self.label)


def _normal(text: str) -> str:
    return "".join(text.split()).casefold()
