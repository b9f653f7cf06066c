"""Filters of work lists by what hangs on a row: problems, needs, states of an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.kernel.base_view import PlanningView
from app.kernel.list_filters import Active, Quick


@dataclass(frozen=True)
class ChoiceQuick(Quick):
    """Ticks for keys that are no column of the model; `choices` gives (key, word) pairs.

    `filter_class` gets the tuple of chosen keys.
    """

    choices: Callable[[], list[tuple[str, Any]]] = list

    def _read_enum(self, texts: list[str], view: Any) -> Active:
        words = {key: str(word) for key, word in self.choices()}
        unknown = [text for text in texts if text not in words]
        if unknown or self.filter_class is None:
            raise self._bad(view, unknown[0] if unknown else "")
        chosen = tuple(dict.fromkeys(texts))
        text = "、".join(words[key] for key in chosen)
        return self._active(view, self.filter_class, chosen, text)


@dataclass(frozen=True)
class TextQuick(Quick):
    """A search box over columns of a related row; `filter_class` gets the text."""

    def _read_contains(self, texts: list[str], view: Any) -> Active:
        assert self.filter_class is not None
        text = texts[0][:100]
        return self._active(view, self.filter_class, text, text)


class WorkListView(PlanningView):
    """A list with `ChoiceQuick`s and its own page layout around the table."""

    def _input(self, quick: Quick, primary: bool) -> dict[str, Any]:
        if not isinstance(quick, ChoiceQuick):
            return super()._input(quick, primary)
        entry = super()._input(Quick(quick.column, "contains"), primary)
        return {
            **entry,
            "kind": "enum",
            "label": quick.label_in(self),
            "choices": quick.choices(),
        }
