"""§2.2 step 12 — the cells of the list of tasks."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from app.kernel.formatters import MISSING, pill
from app.models import ItemMark, StrategyItem

SIGNS = {ItemMark.OPEN: "☆", ItemMark.DONE: "★", ItemMark.TEMPORARY: "●"}
FORM_ID = "mark-form"


def mark_words(item: StrategyItem) -> str:
    """The sign and its word: never the sign alone."""
    return f"{SIGNS[item.mark]} {item.mark.label}"


def mark_cell(item: StrategyItem, *, is_button: bool) -> Markup:
    """★ as a button of the page's form; ● and closed plans as text."""
    if not is_button or item.mark is ItemMark.TEMPORARY:
        return Markup('<span class="mark mark-{}">{}</span>').format(
            item.mark.name.lower(), mark_words(item)
        )
    done = item.mark is ItemMark.DONE
    return Markup(
        '<button class="mark mark-{} mark-button" form="{}" formaction="{}" aria-pressed="{}" '
        'data-mark title="{}">{}</button>'
    ).format(
        item.mark.name.lower(),
        FORM_ID,
        url_for("TaskMarkView.toggle", pk=item.id),
        "true" if done else "false",
        _("Take ★ back") if done else _("Mark ★ done today"),
        mark_words(item),
    )


def reason_cell(item: StrategyItem) -> Any:
    if item.undone_reason is None:
        return MISSING
    words = pill(item.undone_reason.label, "warn")
    if not item.undone_note:
        return words
    return Markup('{} <span class="muted">{}</span>').format(words, item.undone_note)
