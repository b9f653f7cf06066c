"""The filters of a list: FAB `BaseFilter`s that never fail, and `Quick`, one input of the bar.

The bar's values live in the URL under stable names — ``q_name=…``, ``q_visit_mode=PHONE``
(repeatable), ``q_visit_mode_missing=1``, ``q_order_date_from=…`` — so that other pages can link to
a filtered list. A value that makes no sense is left out and reported, never an error.

A FAB filter is re-created from its class, so it has no state: everything is in its value, and the
value is never a list (FAB would apply each element by itself).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, DateTime, false, or_, true
from sqlalchemy.orm import Query
from werkzeug.datastructures import MultiDict

from app.kernel.list_request import ascii_integer
from app.kernel.period import Month, start_of
from app.kernel.quantity import scaled_integer

MAX_TEXT = 100


def like_pattern(text: str) -> str:
    r"""`text` anywhere, its own wildcards taken literally (escape character ``\\``)."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


class _ColumnFilter(BaseFilter):
    """A filter on one mapped attribute of the view's model."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(self.condition(getattr(self.model, self.column_name), value))

    def condition(self, column: Any, value: Any) -> ColumnElement[bool]:
        raise NotImplementedError


class TextContains(_ColumnFilter):
    """value: (text, column names to search)."""

    name = _l("Contains")

    def condition(self, column: Any, value: tuple[str, tuple[str, ...]]) -> ColumnElement[bool]:
        from app.security.personal_data import searchable

        text, names = value
        pattern = like_pattern(text)
        columns = searchable(*(getattr(self.model, name) for name in names))
        return or_(false(), *(each.ilike(pattern, escape="\\") for each in columns))


class EqualTo(_ColumnFilter):
    """value: a value of the column's type, or a truth value."""

    name = _l("Equal to")

    def condition(self, column: Any, value: Any) -> ColumnElement[bool]:
        return column.is_(value) if isinstance(value, bool) else column == value


class EnumIn(_ColumnFilter):
    """value: a tuple of code list members or numbers."""

    name = _l("One of")

    def condition(self, column: Any, value: tuple[Any, ...]) -> ColumnElement[bool]:
        return column.in_(value)


class IsMissing(_ColumnFilter):
    """value: True for rows without a value, False for rows with one."""

    name = _l("Not filled in")

    def condition(self, column: Any, value: bool) -> ColumnElement[bool]:
        relation = self.model.__mapper__.relationships.get(self.column_name)
        if relation is not None:
            present = column.any() if relation.uselist else column.has()
            return ~present if value else present
        return column.is_(None) if value else column.is_not(None)


class RelationIs(_ColumnFilter):
    """value: (related id, its text); on the foreign key column, without loading the row.

    Also for many-to-many relations, which have no such column.
    """

    name = _l("Relation")

    def apply(self, query: Query[Any], value: tuple[int, str]) -> Query[Any]:
        relation = self.model.__mapper__.relationships[self.column_name]
        if relation.secondary is not None:
            attribute = getattr(self.model, self.column_name)
            leads_to = attribute.any if relation.uselist else attribute.has
            return query.filter(leads_to(relation.mapper.class_.id == value[0]))
        # Keys of large tables are (company_id, id): the pair that leads to the id decides.
        key = next(local for local, remote in relation.local_remote_pairs if remote.name == "id")
        return query.filter(key == value[0])


class Between(_ColumnFilter):
    """value: (least or None, most or None), both included; local days for a timestamp."""

    name = _l("Between")

    def condition(self, column: Any, value: tuple[Any, Any]) -> ColumnElement[bool]:
        least, most = value
        if isinstance(column.type, DateTime):
            first = column >= start_of(least) if least else true()
            return first & (column < start_of(most + dt.timedelta(days=1)) if most else true())
        if least is None:
            return column <= most
        if most is None:
            return column >= least
        return column.between(least, most)


@dataclass(frozen=True, slots=True)
class Active:
    """A filter taken from the URL: what to apply and what the chip says."""

    column: str
    filter_class: type[BaseFilter]
    value: Any
    label: str
    text: str
    parameters: tuple[str, ...]


class BadValue(ValueError):
    """A filter value that is ignored; the message says which and why."""


UNIT_PLACES: Mapping[str, int] = {"fen": 2, "tenths": 1}


@dataclass(frozen=True)
class Quick:
    """One input of the filter bar.

    kind: contains | equals | enum | words (numbers that stand for words, `number_words`)
    | is_missing | boolean | relation | date_range | number_range | month | flag (a switch that applies `filter_class` with the value True). `label` defaults to
    the column's label; `also` names further columns that "contains" searches; `shows_count` puts
    the number of matching rows beside a switch; `more` puts the input under "More conditions".
    """

    column: str
    kind: str
    label: Any = None
    also: tuple[str, ...] = ()
    filter_class: type[BaseFilter] | None = None
    shows_count: bool = False
    more: bool = False

    SUFFIXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "is_missing": ("_missing",),
        "date_range": ("_from", "_to"),
        "number_range": ("_from", "_to"),
    }

    @property
    def parameters(self) -> tuple[str, ...]:
        """The URL arguments this input owns."""
        return tuple(f"q_{self.column}{suffix}" for suffix in self.SUFFIXES.get(self.kind, ("",)))

    def label_in(self, view: Any) -> str:
        """The input's label, translated."""
        return str(self.label or view.label_columns.get(self.column, self.column))

    def read(self, args: MultiDict[str, str], view: Any) -> Active | None:
        """The filter the URL asks for; None when empty. Errors: `BadValue`."""
        texts = [text.strip().replace("\x00", "") for text in args.getlist(self.parameters[0])]
        if len(self.parameters) == 2:
            return self._read_range(args, view)
        texts = [text for text in texts if text]
        if not texts:
            return None
        reader = getattr(self, f"_read_{self.kind}")
        active: Active | None = reader(texts, view)
        return active

    def _active(self, view: Any, filter_class: type[BaseFilter], value: Any, text: str) -> Active:
        return Active(self.column, filter_class, value, self.label_in(view), text, self.parameters)

    def _bad(self, view: Any, text: str) -> BadValue:
        return BadValue(
            _(
                "The condition “%(label)s: %(value)s” was ignored: the value is not usable.",
                label=self.label_in(view),
                value=text[:40],
            )
        )

    def _read_contains(self, texts: list[str], view: Any) -> Active:
        text = texts[0][:MAX_TEXT]
        return self._active(view, TextContains, (text, (self.column, *self.also)), text)

    def _read_equals(self, texts: list[str], view: Any) -> Active:
        column = view.datamodel.list_columns[self.column]
        value: Any = texts[0][:MAX_TEXT]
        if column.type.python_type is int:
            value = ascii_integer(value)
            if value is None:
                raise self._bad(view, texts[0])
        return self._active(view, EqualTo, value, texts[0])

    def _read_enum(self, texts: list[str], view: Any) -> Active:
        members = view.datamodel.list_columns[self.column].type.enum_class.__members__
        unknown = [text for text in texts if text not in members]
        if unknown:
            raise self._bad(view, unknown[0])
        chosen = tuple(members[text] for text in dict.fromkeys(texts))
        words = "、".join(str(getattr(member, "label", member.name)) for member in chosen)
        return self._active(view, EnumIn, chosen, words)

    def _read_words(self, texts: list[str], view: Any) -> Active:
        words = {str(key): (key, str(word)) for key, word in view.number_words[self.column].items()}
        unknown = [text for text in texts if text not in words]
        if unknown:
            raise self._bad(view, unknown[0])
        chosen = [words[text] for text in dict.fromkeys(texts)]
        text = "、".join(word for _key, word in chosen)
        return self._active(view, EnumIn, tuple(key for key, _word in chosen), text)

    def _read_is_missing(self, texts: list[str], view: Any) -> Active:
        if texts[0] not in ("0", "1"):
            raise self._bad(view, texts[0])
        missing = texts[0] == "1"
        return self._active(view, IsMissing, missing, _("Yes") if missing else _("No"))

    def _read_flag(self, texts: list[str], view: Any) -> Active:
        if texts[0] != "1" or self.filter_class is None:
            raise self._bad(view, texts[0])
        return self._active(view, self.filter_class, value=True, text=_("Yes"))

    def _read_boolean(self, texts: list[str], view: Any) -> Active:
        if texts[0] not in ("0", "1"):
            raise self._bad(view, texts[0])
        return self._active(
            view, EqualTo, texts[0] == "1", _("Yes") if texts[0] == "1" else _("No")
        )

    def _read_relation(self, texts: list[str], view: Any) -> Active:
        related = view.related_choices(self.column).get(texts[0])
        if related is None:
            raise self._bad(view, texts[0])
        key, word = related
        return self._active(view, RelationIs, (key, word), word)

    def _read_month(self, texts: list[str], view: Any) -> Active:
        try:
            month = Month.parse(texts[0])
        except ValueError:
            raise self._bad(view, texts[0]) from None
        return self._active(view, EqualTo, month, month.key)

    def _read_range(self, args: MultiDict[str, str], view: Any) -> Active | None:
        ends: list[Any] = []
        for parameter in self.parameters:
            text = args.get(parameter, "").strip()
            try:
                ends.append(self._parse_end(text, view) if text else None)
            except (ValueError, OverflowError):
                raise self._bad(view, text) from None
        if ends == [None, None]:
            return None
        texts = [args.get(parameter, "").strip() for parameter in self.parameters]
        if None not in ends and ends[0] > ends[1]:
            raise self._bad(view, " – ".join(texts))
        return self._active(view, Between, tuple(ends), f"{texts[0] or '…'} – {texts[1] or '…'}")

    def _parse_end(self, text: str, view: Any) -> Any:
        if self.kind == "date_range":
            return dt.date.fromisoformat(text)
        unit = str(view.datamodel.list_columns[self.column].info.get("unit", ""))
        return scaled_integer(text.replace(",", ""), UNIT_PLACES.get(unit, 0))


def read_filters(
    quicks: Iterable[Quick], args: MultiDict[str, str], view: Any
) -> tuple[list[Active], list[str]]:
    """The usable filters of the URL and the messages about the others."""
    active: list[Active] = []
    problems: list[str] = []
    for quick in quicks:
        try:
            found = quick.read(args, view)
        except BadValue as problem:
            problems.append(str(problem))
        else:
            if found is not None:
                active.append(found)
    return active, problems
