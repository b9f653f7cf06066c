"""A notice in words of the present language, and the page it leads to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.kernel.period import to_local
from app.models import Notice, NoticeKind
from app.notices.kinds import NOTICE_KINDS


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice as pages and messages print it; `at` is local time."""

    id: int
    kind: NoticeKind
    title: str
    text: str
    icon: str
    tone: str
    at: dt.datetime
    is_read: bool
    has_page: bool


def shown(notice: Notice) -> ShownNotice:
    """The words about one notice."""
    row = NOTICE_KINDS[notice.kind]
    return ShownNotice(
        id=notice.id,
        kind=notice.kind,
        title=filled(row.title, notice.params, row.translated),
        text=filled(row.text, notice.params, row.translated),
        icon=row.icon,
        tone=row.tone,
        at=to_local(notice.created_at),
        is_read=notice.read_at is not None,
        has_page=notice.endpoint is not None,
    )


def filled(msgid: str, params: Mapping[str, Any], translated: frozenset[str]) -> str:
    """A sentence with its values; a value that is missing is an ellipsis, never an error."""
    values = _Values(
        (name, _(value) if name in translated and value else value)
        for name, value in params.items()
    )
    return _(msgid) % values


class _Values(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "…"
