"""The kinds of notices: words, look, and what holds until a person chooses otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import N_
from app.models import NoticeKind, Outside


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """`title` and `text` are msgids with the placeholders `values` of a notice fill.

    A value that is itself a msgid is translated when its placeholder stands in `translated`.
    `icon` is Font Awesome's, `tone` a colour of the theme. `outside_text` stands for a text that
    may quote what people wrote: that does not leave the portal.
    """

    title: str
    text: str
    icon: str
    tone: str
    outside: Outside = Outside.DAILY
    translated: frozenset[str] = frozenset()
    outside_text: str | None = None


_RECORD = frozenset({"record"})
_STEP = frozenset({"step"})
_LOOK = N_("The portal shows the reason.")

NOTICE_KINDS: Mapping[NoticeKind, NoticeWords] = {
    # record: msgid of the record's kind; territory; period: "2026-11"; who: a name
    NoticeKind.PLAN_SUBMITTED: NoticeWords(
        N_("%(record)s submitted: %(territory)s"),
        N_("%(who)s submitted it for %(period)s."),
        "fa-stamp", "info", Outside.AT_ONCE, _RECORD,
    ),
    # and reason: as it was written
    NoticeKind.RECORD_RETURNED: NoticeWords(
        N_("%(record)s returned: %(territory)s"),
        N_("%(who)s returned it for %(period)s: %(reason)s"),
        "fa-rotate-left", "warn", Outside.AT_ONCE, _RECORD,
        N_("%(who)s returned it for %(period)s. The portal shows the reason."),
    ),
    NoticeKind.RECORD_APPROVED: NoticeWords(
        N_("%(record)s approved: %(territory)s"),
        N_("%(who)s approved it for %(period)s."),
        "fa-circle-check", "ok", Outside.DAILY, _RECORD,
    ),
    # step: msgid of the step's name; period; day: the due day; count: territories or records open
    NoticeKind.STEP_DUE: NoticeWords(
        N_("Due tomorrow: %(step)s"),
        N_("%(period)s, due %(day)s; open: %(count)s."),
        "fa-hourglass-half", "warn", Outside.DAILY, _STEP,
    ),
    NoticeKind.STEP_OVERDUE: NoticeWords(
        N_("Overdue: %(step)s"),
        N_("%(period)s, was due %(day)s; open: %(count)s."),
        "fa-triangle-exclamation", "bad", Outside.DAILY, _STEP,
    ),
    # file; new, changed, rejected: numbers of rows
    NoticeKind.IMPORT_FINISHED: NoticeWords(
        N_("Import finished: %(file)s"),
        N_("%(new)s rows added, %(changed)s changed, %(rejected)s rejected."),
        "fa-file-import", "ok", Outside.NEVER,
    ),
    # title: what was asked for, as the person was shown it
    NoticeKind.CALCULATION_FINISHED: NoticeWords(
        N_("Finished: %(title)s"),
        N_("The result is ready."),
        "fa-calculator", "ok", Outside.NEVER,
    ),
    # title; error: a sentence (a msgid or already in the person's language)
    NoticeKind.WORK_FAILED: NoticeWords(
        N_("Failed: %(title)s"),
        N_("%(error)s"),
        "fa-circle-xmark", "bad", Outside.NEVER, frozenset({"error"}), _LOOK,
    ),
    # job: msgid of the job's description; error
    NoticeKind.JOB_FAILED: NoticeWords(
        N_("Scheduled job failed: %(job)s"),
        N_("%(error)s"),
        "fa-gears", "bad", Outside.AT_ONCE, frozenset({"job", "error"}), _LOOK,
    ),
    # file; error
    NoticeKind.FEED_FAILED: NoticeWords(
        N_("Nightly feed failed: %(file)s"),
        N_("%(error)s"),
        "fa-plug-circle-xmark", "bad", Outside.AT_ONCE, frozenset({"error"}), _LOOK,
    ),
}  # fmt: skip
