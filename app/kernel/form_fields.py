"""Form fields for the portal's column types, and the converter that picks them.

Differences to the stock converter: code lists show their translated words; money is typed in
yuan and kept in fen; truth values may be false; relations are looked up through the row scope;
texts are trimmed and an empty one becomes NULL where the column allows it; integers are checked
against the column's range. Whether a value is unique is left to the database
(`app.kernel.save_errors` names the field), so a value taken in a foreign scope is refused too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from flask_appbuilder.forms import DynamicForm
from flask_babel import gettext as _
from markupsafe import Markup, escape
from sqlalchemy import BigInteger, Boolean, Date, Enum, Integer, Numeric, SmallInteger, Text
from sqlalchemy.schema import Column
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    validators,
)
from wtforms.widgets import CheckboxInput, DateInput, Select, TextArea, TextInput

from app.kernel.columns import MonthType
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month
from app.kernel.quantity import scaled_integer
from app.kernel.relation_field import RelationField


def _classed(widget: type[Any], **fixed: Any) -> Any:
    """A widget class whose element is a `form-control`."""

    class Classed(widget):
        def __call__(self, field: Field, **attributes: Any) -> Markup:
            attributes.setdefault("class", "form-control")
            return super().__call__(field, **{**fixed, **attributes})

    return Classed()


class ScaledField(Field):
    """A decimal typed by people and kept as an integer of 10^-places units (yuan → fen)."""

    widget = _classed(TextInput, inputmode="decimal", autocomplete="off")

    def __init__(self, *args: Any, places: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.places = places

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        if self.data is None:
            return ""
        return f"{Decimal(self.data).scaleb(-self.places):.{self.places}f}"

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip().replace(",", "") if valuelist else ""
        if not text:
            self.data = None
            return
        try:
            self.data = scaled_integer(text, self.places)
        except ValueError:
            self.data = None
            raise ValueError(
                _("Please enter a number with at most %(places)d decimals.", places=self.places)
            ) from None


class MonthField(Field):
    """A calendar month, typed or picked as 2026-11."""

    widget = _classed(TextInput, type="month", placeholder="2026-11", autocomplete="off")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.key if isinstance(self.data, Month) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        try:
            self.data = Month.parse(text) if text else None
        except ValueError:
            self.data = None
            raise ValueError(_("Please enter a month such as 2026-11.")) from None


class CodeListField(SelectField):
    """A code list; the choices carry the translated words, the data is the member."""

    widget = _classed(Select)

    def __init__(self, *args: Any, members: type[Any], allow_blank: bool, **options: Any) -> None:
        self.members = members
        self.allow_blank = allow_blank
        super().__init__(*args, choices=self._choices, coerce=self._coerce, **options)

    def _choices(self) -> list[tuple[str, Any]]:
        choices = [(member.name, getattr(member, "label", member.name)) for member in self.members]
        return [("", "—"), *choices]

    def _coerce(self, value: Any) -> Any:
        if value in (None, ""):
            return None
        if isinstance(value, self.members):
            return value
        try:
            return self.members[str(value)]
        except KeyError:
            raise ValueError(value) from None

    def iter_choices(self) -> Iterator[tuple[Any, Any, bool, dict[str, Any]]]:
        for name, word in self._choices():
            yield name, word, (self.data.name if self.data is not None else "") == name, {}

    def pre_validate(self, form: Any) -> None:
        if self.data is None and not self.allow_blank:
            raise validators.StopValidation(_("Please choose a value."))

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            self.data = self._coerce(valuelist[0]) if valuelist else None
        except ValueError:
            raise ValueError(_("Please choose one of the offered values.")) from None


class NumberWordField(CodeListField):
    """A number chosen by its word, such as a weekday; `words` maps number to lazy text."""

    def __init__(
        self, *args: Any, words: Mapping[int, Any], allow_blank: bool, **options: Any
    ) -> None:
        self.words = words
        super().__init__(*args, members=object, allow_blank=allow_blank, **options)

    def _choices(self) -> list[tuple[str, Any]]:
        return [("", "—"), *((str(number), word) for number, word in self.words.items())]

    def _coerce(self, value: Any) -> int | None:
        if value in (None, ""):
            return None
        number = ascii_integer(str(value))
        if number not in self.words:
            raise ValueError(value)
        return number

    def iter_choices(self) -> Iterator[tuple[Any, Any, bool, dict[str, Any]]]:
        chosen = "" if self.data is None else str(self.data)
        for name, word in self._choices():
            yield name, word, chosen == name, {}


class YesNoField(CodeListField):
    """A truth value that may also be unknown."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, members=object, allow_blank=True, **options)

    def _choices(self) -> list[tuple[str, Any]]:
        return [("", "—"), ("1", _("Yes")), ("0", _("No"))]

    def _coerce(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        if isinstance(value, bool):
            return value
        if value not in ("0", "1"):
            raise ValueError(value)
        return bool(value == "1")

    def iter_choices(self) -> Iterator[tuple[Any, Any, bool, dict[str, Any]]]:
        chosen = {None: "", True: "1", False: "0"}[self.data]
        for name, word in self._choices():
            yield name, word, chosen == name, {}


def _trimmed(value: Any) -> Any:
    return value.replace("\x00", "").strip() if isinstance(value, str) else value


def _empty_to_none(value: Any) -> Any:
    return value or None


INTEGER_RANGES: tuple[tuple[type[Any], int], ...] = (
    (BigInteger, 2**63 - 1),
    (SmallInteger, 2**15 - 1),
    (Integer, 2**31 - 1),
)


class FieldMaker:
    """Turns the columns of one view's model into form fields."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.datamodel = view.datamodel

    def form(self, columns: list[str], extra: dict[str, Any]) -> type[DynamicForm]:
        """A form class with one field per column; `extra` fields win."""
        fields = {name: extra[name] if name in extra else self.field(name) for name in columns}
        return type("RecordForm", (DynamicForm,), fields)

    def field(self, name: str) -> Any:
        """The unbound field of one column or relation."""
        own = list(self.view.validators_columns.get(name, []))
        options: dict[str, Any] = {"label": self.view.label_columns[name]}
        if self.datamodel.is_relation(name):
            return self._relation(name, own, options)
        column = self.datamodel.list_columns[name]
        options["description"] = self.view.description_columns.get(
            name, column.info.get("help", "")
        )
        default = column.default
        if default is not None and default.is_scalar:
            options["default"] = default.arg
        return self._column(column, own, options)

    def _relation(self, name: str, own: list[Any], options: dict[str, Any]) -> Any:
        key = self.datamodel.get_relation_fk(name)
        options["description"] = self.view.description_columns.get(name, key.info.get("help", ""))
        if not key.nullable:
            own = [validators.DataRequired(), *own]
        view = self.view
        return RelationField(
            validators=own,
            choices=lambda: view.related_choices(name),
            column=name,
            endpoint=f"{type(view).__name__}.select",
            allow_blank=key.nullable,
            remote=name in view.remote_selects,
            **options,
        )

    def _column(self, column: Column[Any], own: list[Any], options: dict[str, Any]) -> Any:
        kind = column.type
        if isinstance(kind, Boolean):
            if column.nullable:
                return YesNoField(validators=own, **options)
            return BooleanField(validators=own, widget=CheckboxInput(), **options)
        presence = [validators.Optional()] if column.nullable else [validators.InputRequired()]
        checks = [*presence, *own]
        if isinstance(kind, Enum) and kind.enum_class is not None:
            return CodeListField(
                validators=own if column.nullable else [validators.InputRequired(), *own],
                members=kind.enum_class,
                allow_blank=bool(column.nullable),
                **options,
            )
        if column.name in self.view.number_words:
            return NumberWordField(
                validators=own if column.nullable else [validators.InputRequired(), *own],
                words=self.view.number_words[column.name],
                allow_blank=bool(column.nullable),
                **options,
            )
        if isinstance(kind, MonthType):
            return MonthField(validators=checks, **options)
        unit = {"fen": 2, "tenths": 1}.get(str(column.info.get("unit", "")))
        if unit is not None:
            return ScaledField(validators=checks, places=unit, **options)
        if isinstance(kind, Date):
            return DateField(validators=checks, widget=_classed(DateInput), **options)
        if isinstance(kind, Integer):
            return self._integer(kind, checks, options)
        if isinstance(kind, Numeric):
            return DecimalField(
                validators=checks,
                widget=_classed(TextInput, inputmode="decimal", autocomplete="off"),
                **options,
            )
        return self._text(column, checks, options)

    def _integer(self, kind: Any, checks: list[Any], options: dict[str, Any]) -> Any:
        most = next(limit for kinds, limit in INTEGER_RANGES if isinstance(kind, kinds))
        return IntegerField(
            validators=[*checks, validators.NumberRange(min=-most, max=most)],
            widget=_classed(TextInput, inputmode="numeric", autocomplete="off"),
            **options,
        )

    def _text(self, column: Column[Any], checks: list[Any], options: dict[str, Any]) -> Any:
        filters = [_trimmed, _empty_to_none] if column.nullable else [_trimmed]
        length = getattr(column.type, "length", None)
        if not column.nullable:
            # InputRequired looks at what was sent; a lone blank is sent and trimmed to nothing.
            checks = [validators.DataRequired(), *checks]
        if length:
            checks = [*checks, validators.Length(max=length)]
        if isinstance(column.type, Text) or (length or 0) > 255:
            return TextAreaField(
                validators=checks, filters=filters, widget=_classed(TextArea, rows=3), **options
            )
        return StringField(
            validators=checks,
            filters=filters,
            widget=_classed(TextInput, autocomplete="off"),
            **options,
        )


def raw_text(field: Field) -> str:
    """The value as the browser would send it back; the base of an edit comparison."""
    if isinstance(field, BooleanField):
        return "y" if field.data else ""
    if isinstance(field, YesNoField):
        return {None: "", True: "1", False: "0"}[field.data]
    if isinstance(field, NumberWordField):
        return "" if field.data is None else str(field.data)
    if isinstance(field, CodeListField):
        return "" if field.data is None else str(field.data.name)
    if hasattr(field, "_value"):
        return str(field._value()).replace("\r\n", "\n").strip()
    return "" if field.data is None else str(escape(field.data))
