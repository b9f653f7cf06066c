"""The change log: who changed what, when, by which way, from which value to which."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.kernel.base_view import PlanningView
from app.kernel.formatters import MISSING
from app.kernel.list_filters import Quick
from app.models import ChangeLog
from app.security.chain_state import chain_state
from app.security.change_words import (
    FURTHER_ENTITIES,
    SOURCES,
    ChangeWords,
    entities,
    entity_label,
    record_words,
    source_word,
)
from app.security.quick_inputs import ChoiceQuick, GivenChoices


def change_list(changes: list[tuple[str, str, str]]) -> Markup:
    """Label: old → new, one per line; a first value without the arrow; escaped."""
    items = Markup("").join(
        Markup("<li><b>{}</b> {}<ins>{}</ins></li>").format(
            label,
            Markup('<del>{}</del> <i aria-hidden="true">→</i> ').format(old) if old else "",
            new or MISSING,
        )
        for label, old, new in changes
        if old or new
    )
    return Markup('<ul class="change-list">{}</ul>').format(items) if changes else Markup("")


class ChangeLogView(GivenChoices, PlanningView):
    """Read-only; the rows are written by the session itself."""

    datamodel = SQLAInterface(ChangeLog)
    route_base = "/change-log"
    list_title = _l("Change log")
    hint = _l("Written with every change, in the same transaction. Nobody can edit it.")
    empty_hint = _l("Changes of master data, users and permissions appear here.")
    list_template = "security/change_log.html"
    list_columns = ["at", "user_name", "action", "entity", "record", "words", "source"]
    card_columns = ["at", "user_name", "action", "entity", "record", "words"]
    export_columns = [
        "at", "user_name", "source", "action", "entity", "record", "record_id", "words_text",
        "reason", "sequence", "previous_hash", "hash",
    ]  # fmt: skip
    order_columns = ["at", "user_name", "entity"]
    base_order = ("id", "desc")
    filter_bar = [
        Quick("at", "date_range"),
        Quick("user_name", "contains"),
        ChoiceQuick(
            "entity",
            "relation",
            choices=lambda: [
                (name, entity_label(name)) for name in (*entities(), *FURTHER_ENTITIES)
            ],
        ),
        Quick("record_label", "contains"),
        Quick("action", "enum"),
        ChoiceQuick("source", "relation", choices=lambda: list(SOURCES.items())),
    ]
    search_columns = ["record_id"]
    extra_labels = {"record": _l("Record"), "words": _l("Changes"), "words_text": _l("Changes")}
    formatters_columns = {"words": change_list, "entity": entity_label, "source": source_word}
    tones = {
        "action": {
            "CREATED": "ok", "CHANGED": "info", "DELETED": "bad", "SHOWN": "warn",
            "EXPORTED": "warn",
        }
    }  # fmt: skip
    base_permissions = ["can_read", "can_export"]
    exclude_route_methods = {
        "download", "show", "add", "edit", "delete", "bulk_edit", "select", "action", "action_post",
    }  # fmt: skip

    def render_template(self, template: str, **values: Any) -> str:
        return super().render_template(template, **values, chain=chain_state())

    def annotate(self, rows: list[ChangeLog]) -> None:
        """The changes in words, the reason first."""
        words = ChangeWords((row.entity, row.changes) for row in rows)
        for row in rows:
            changes = words.of(row.entity, row.changes)
            row.words_text = "\n".join(f"{label}: {old} → {new}" for label, old, new in changes)
            if row.reason:
                changes = [(str(_l("Reason")), "", row.reason), *changes]
            row.words = changes
            row.record = record_words(row.entity, row.record_label)
