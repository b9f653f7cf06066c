"""Inputs of the filter bar that no column type describes: given choices, and days of a time."""

from __future__ import annotations

import datetime as dt
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
from app.kernel.period import COMPANY_ZONE

Choices = Sequence[tuple[Any, Any]]
"""(value, word) pairs."""


class IsText(BaseFilter):
    """value: a text the column must equal."""

    name = _l("Equal to")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        return query.filter(getattr(self.model, self.column_name) == value)


class OnDays(BaseFilter):
    """value: (first, last local day or None) of a time stored in UTC."""

    name = _l("Between")

    def apply(self, query: Query[Any], value: tuple[dt.date | None, dt.date | None]) -> Query[Any]:
        column = getattr(self.model, self.column_name)
        first, last = value
        if first is not None:
            query = query.filter(column >= start_of(first))
        if last is not None:
            query = query.filter(column < start_of(last + dt.timedelta(days=1)))
        return query


def start_of(day: dt.date) -> dt.datetime:
    """The moment, in UTC, at which a local day begins."""
    midnight = dt.datetime.combine(day, dt.time(), COMPANY_ZONE)
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class DayQuick(Quick):
    """A range of local days over a timestamp; kind "date_range"."""

    def read(self, args: MultiDict[str, str], view: Any) -> Active | None:
        active = super().read(args, view)
        if active is None:
            return None
        return Active(
            active.column, OnDays, active.value, active.label, active.text, active.parameters
        )


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
