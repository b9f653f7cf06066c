"""Which fields of a form the present user may fill in."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import ModelView


class FormColumns(ModelView):
    """Forms that differ by person. See `PlanningView` for what a view declares."""

    def hidden_fields(self, role: str) -> frozenset[str]:
        """Form columns the present user may not fill in; `role` is "add" or "edit".

        An edit form shows them as text; a request that sends one all the same is refused.
        """
        return frozenset()

    def closed_fields(self, role: str) -> frozenset[str]:
        """Hidden fields, and those whose present value the person sees only masked."""
        hidden = self.hidden_fields(role)
        if role == "add":
            return hidden
        from app.security.personal_data import is_masked

        masked = (name for name in self.edit_columns if is_masked(self.datamodel.obj, name))
        return hidden.union(masked)

    def form_columns(self, role: str) -> list[str]:
        """The form columns of the present user."""
        hidden = self.closed_fields(role)
        columns = self.add_columns if role == "add" else self.edit_columns
        return [name for name in columns if name not in hidden]

    def _form_for_user(self, form: Any, role: str) -> Any:
        for name in self.closed_fields(role):
            if name in form:
                del form[name]
        return form

    def _fixed_texts(self, item: Any) -> list[tuple[Any, Any]]:
        """What the hidden fields of an edit form hold: (label, shown value)."""
        hidden = self.closed_fields("edit")
        return [
            (self.label_columns[name], self._shown(name, self.column_value(item, name)))
            for name in self.edit_columns
            if name in hidden and name in item.__mapper__.attrs
        ]

    def _fieldsets_of(self, columns: list[str], role: str) -> Any:
        """The declared sections, with the present user's columns only."""
        declared = self.add_fieldsets if role == "add" else self.edit_fieldsets
        sections = [
            (title, {**part, "fields": [name for name in part["fields"] if name in columns]})
            for title, part in declared or ()
        ]
        return [section for section in sections if section[1]["fields"]] or None
