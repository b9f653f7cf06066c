"""Something to do: how urgent, why it matters, where it is done. The most urgent comes first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

SHOWN = 7
"""Further work is folded."""


@dataclass(frozen=True, slots=True)
class ToDo:
    """`count` of rows it is about, 0 = nothing to do. `due`: the last day in time, None = no date.

    `is_returned`: somebody gave it back, which goes first. `pill` replaces the words of the due day.
    """

    count: int
    text: str
    why: str
    url: str | None
    link: str
    icon: str
    tone: str = "warn"
    due: dt.date | None = None
    is_returned: bool = False
    pill: str = ""
    is_counted: bool = True
    """Whether the number is shown beside the text."""


@dataclass(frozen=True, slots=True)
class Work:
    """A to-do with its urgency in words; `level`: late, today, soon, returned, or none."""

    entry: ToDo
    words: str
    level: str


_LEVEL_TONES = {"returned": "bad", "late": "bad", "today": "warn", "soon": "mute", "": "mute"}


def in_order(entries: Iterable[ToDo], today: dt.date) -> list[Work]:
    """What there is to do: returned, overdue longest, then by due day; undated work last."""
    found = [entry for entry in entries if entry.count]
    found.sort(key=lambda entry: (not entry.is_returned, entry.due or dt.date.max))
    return [Work(entry, *urgency(entry, today)) for entry in found]


def urgency(entry: ToDo, today: dt.date) -> tuple[str, str]:
    """(words, level): “3 days overdue”, “today”, “in 4 days”."""
    if entry.is_returned:
        return entry.pill or _("Returned"), "returned"
    if entry.due is None:
        return entry.pill, ""
    days = (entry.due - today).days
    if days < 0:
        return ngettext("%(num)d day overdue", "%(num)d days overdue", -days), "late"
    if days == 0:
        return entry.pill or _("today"), "today"
    if days == 1:
        return _("tomorrow"), "soon"
    return ngettext("in %(num)d day", "in %(num)d days", days), "soon"


def tone_of(level: str) -> str:
    """The pill's tone."""
    return _LEVEL_TONES[level]


def due_today(work: Iterable[Work]) -> int:
    """How much is due today."""
    return sum(each.level == "today" for each in work)
