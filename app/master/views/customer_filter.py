"""The filter of the customer list by name in any spelling, code or phone."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query

from app.kernel.list_filters import MAX_TEXT, Active, Quick
from app.master.customer_search import in_list


class MentionsText(BaseFilter):
    """value: what was typed."""

    name = _l("Contains")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        return query.filter(in_list(value))


class CustomerQuick(Quick):
    """Finds what the search of the top bar finds."""

    def _read_contains(self, texts: list[str], view: Any) -> Active:
        text = texts[0][:MAX_TEXT]
        return self._active(view, MentionsText, text, text)
