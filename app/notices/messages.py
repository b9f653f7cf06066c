"""What is written in a message outside the portal. Called inside the recipient's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.routing import BuildError

from app.models import Notice
from app.notices.kinds import NOTICE_KINDS
from app.notices.words import filled

LONGEST_SUBJECT = 120
MOST_BYTES = 1800
"""A robot of WeCom takes texts of 2048 bytes, a Chinese character has three."""
LONGEST_LINE = 200
INBOX = "NoticeView.index"


@dataclass(frozen=True, slots=True)
class Message:
    """A subject of one line and a plain text."""

    subject: str
    body: str


def message(
    app: Flask, notices: Sequence[Notice], *, is_digest: bool = False, is_test: bool = False
) -> Message | None:
    """One message for all of them; None when there is nothing to say."""
    name = _("135 Working Method")
    if not notices:
        if not is_test:
            return None
        words = _("This is a test. Notices of the portal arrive here from now on.")
        return Message(f"{name} · {_('Test notice')}", _lines([words], link(app, INBOX)))
    if len(notices) == 1 and not is_digest:
        only = notices[0]
        title, text = _words(only)
        place = link(app, only.endpoint or INBOX, only.endpoint_values if only.endpoint else {})
        return Message(_cut(title, LONGEST_SUBJECT), _lines([f"{name} · {title}", text], place))
    number = len(notices)
    subject = (
        ngettext(
            "Daily digest: %(num)d unread notice", "Daily digest: %(num)d unread notices", number
        )
        if is_digest
        else ngettext("%(num)d new notice", "%(num)d new notices", number)
    )
    lines = [f"· {_cut(' – '.join(_words(notice)), LONGEST_LINE)}" for notice in notices]
    return Message(f"{name} · {subject}", _lines(lines, link(app, INBOX)))


def _words(notice: Notice) -> tuple[str, str]:
    row = NOTICE_KINDS[notice.kind]
    return (
        filled(row.title, notice.params, row.translated),
        filled(row.outside_text or row.text, notice.params, row.translated),
    )


def _lines(lines: Sequence[str], place: str) -> str:
    """As many lines as fit, and how many did not."""
    kept: list[str] = []
    size = len(place.encode())
    for line in lines:
        size += len(line.encode()) + 1
        if size > MOST_BYTES and kept:
            left = len(lines) - len(kept)
            kept.append(ngettext("and %(num)d more", "and %(num)d more", left))
            break
        kept.append(line)
    return "\n".join([*kept, *([place] if place else [])])


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def link(app: Flask, endpoint: str, values: Mapping[str, Any] | None = None) -> str:
    """The full address of a page; empty when the portal does not know its own address."""
    public = app.config["PORTAL_PUBLIC_URL"]
    if not public:
        return ""
    try:
        path = app.url_map.bind("portal").build(endpoint, dict(values or {}))
    except BuildError:  # of a release that had this page
        path = "/"
    return f"{public}{path}"
