"""Inputs of the filter bar that no column type describes: given choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_appbuilder.models.filters import BaseFilter
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query
from werkzeug.datastructures import MultiDict

from app.kernel.list_filters import Active, Quick
from app.kernel.list_pages import ListPages

Choices = Sequence[tuple[Any, Any]]
"""(value, word) pairs."""


class IsText(BaseFilter):
    """value: a text the column must equal."""

    name = _l("Equal to")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        return query.filter(getattr(self.model, self.column_name) == value)


@dataclass(frozen=True)
class ChoiceQuick(Quick):
    """A select with given choices; kind "relation". `filter_class` gets (value, word) or a text."""

    choices: Callable[[], Choices] = tuple

    def read(self, args: MultiDict[str, str], view: Any) -> Active | None:
        text = args.get(self.parameters[0], "").strip()
        if not text:
            return None
        word = {str(value): word for value, word in self.choices()}.get(text)
        if word is None:
            raise self._bad(view, text)
        if self.filter_class is None:
            return self._active(view, IsText, text, str(word))
        return self._active(view, self.filter_class, (int(text), str(word)), str(word))


class GivenChoices(ListPages):
    """A list page whose bar may hold `ChoiceQuick`s."""

    def _input(self, quick: Quick, primary: bool) -> dict[str, Any]:
        if not isinstance(quick, ChoiceQuick):
            return super()._input(quick, primary)
        given = request.args.getlist(quick.parameters[0])
        return {
            "kind": quick.kind,
            "names": quick.parameters,
            "label": quick.label_in(self),
            "given": given,
            "ends": given,
            "filled": bool(given and given[0]),
            "primary": primary,
            "choices": list(quick.choices()),
            "select_url": None,
            "count": None,
        }
