"""The form field of a many-to-one relation: looked up through the row scope, listed or searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import Field, validators
from wtforms.widgets import html_params

from app.kernel.related_choices import RelatedChoices

SEARCHABLE_FROM = 12
"""A plain select with more options than this gets a search box."""


class RemoteSelect:
    """A select with only the current option; the script fetches the others from `endpoint`."""

    def __call__(self, field: RelationField, **attributes: Any) -> Markup:
        attributes.setdefault("id", field.id)
        attributes.setdefault("class", "form-control")
        attributes["data-remote-select"] = url_for(field.endpoint, column=field.column)
        options = [Markup('<option value="">—</option>')]
        current = field.current_option()
        if current is not None:
            options.append(
                Markup('<option value="{}" selected>{}</option>').format(current[0], current[1])
            )
        return Markup("<select {}>{}</select>").format(
            Markup(html_params(name=field.name, **attributes)), Markup("").join(options)
        )


class PlainRelationSelect:
    """A select listing a small relation."""

    def __call__(self, field: RelationField, **attributes: Any) -> Markup:
        attributes.setdefault("id", field.id)
        attributes.setdefault("class", "form-control")
        choices = field.choices().small()
        current = field.current_option()
        if current is not None and current not in choices:
            choices.insert(0, current)
        if len(choices) > SEARCHABLE_FROM:
            attributes["data-searchable"] = True
        chosen = current[0] if current else None
        options = [Markup('<option value="">—</option>')]
        options += [
            Markup('<option value="{}"{}>{}</option>').format(
                key, Markup(" selected") if key == chosen else "", word
            )
            for key, word in choices
        ]
        return Markup("<select {}>{}</select>").format(
            Markup(html_params(name=field.name, **attributes)), Markup("").join(options)
        )


class RelationField(Field):
    """A many-to-one relation; the data is the related row, found through the row scope."""

    def __init__(
        self,
        *args: Any,
        choices: Callable[[], RelatedChoices],
        column: str,
        endpoint: str,
        allow_blank: bool,
        remote: bool,
        **options: Any,
    ) -> None:
        super().__init__(
            *args, widget=RemoteSelect() if remote else PlainRelationSelect(), **options
        )
        self.choices = choices
        self.column = column
        self.endpoint = endpoint
        self.allow_blank = allow_blank
        self.unknown = False

    def current_option(self) -> tuple[int, str] | None:
        """(id, text) of the present value."""
        return None if self.data is None else (self.data.id, self.choices().text(self.data))

    def _value(self) -> str:
        return "" if self.data is None else str(self.data.id)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = self.choices().row(text) if text else None
        self.unknown = bool(text) and self.data is None

    def pre_validate(self, form: Any) -> None:
        if self.unknown:
            raise validators.StopValidation(
                _("This record does not exist or is not in your area. Please choose another one.")
            )
        if self.data is None and not self.allow_blank:
            raise validators.StopValidation(_("Please choose a value."))
