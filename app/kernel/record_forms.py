"""The form side of a `PlanningView`: add, edit, delete, and the related selects of its fields."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, abort, flash, jsonify, make_response, redirect, request, url_for
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.const import PERMISSION_PREFIX
from flask_appbuilder.exceptions import FABException
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.edit_conflict import (
    BASE_FIELD,
    VERSION_FIELD,
    Conflict,
    compare,
    read_snapshot,
    snapshot,
)
from app.kernel.errors import PlanningError
from app.kernel.form_fields import FieldMaker
from app.kernel.list_request import ascii_integer, safe_return_path
from app.kernel.list_widgets import PortalFormWidget, PortalShowWidget, shown_value
from app.kernel.related_choices import RelatedChoices
from app.kernel.save_errors import SaveProblem, describe

Page = Any
"""What FAB's routes return: a response or text."""


class StaleRow(Exception):
    """The row changed between reading and writing within one request."""


class RecordForms(ModelView):  # type: ignore[misc]
    """Add, edit, show and delete. See `PlanningView` for what a view declares."""

    add_widget = PortalFormWidget
    edit_widget = PortalFormWidget
    show_widget = PortalShowWidget
    remote_selects: ClassVar[dict[str, tuple[str, ...]]] = {}
    delete_row_message = _l("The record was deleted.")
    add_row_message = _l("The record was added.")
    edit_row_message = _l("The changes were saved.")

    # ------------------------------------------------------------------ rows

    def scoped_item(self, pk: Any) -> Any:
        """The row with this id within the user's scope; anything else is a 404."""
        keys = self.scoped_keys([str(pk)])
        item = self.datamodel.get(keys[0], self._base_filters)
        if item is None:
            abort(404)
        return item

    def scoped_keys(self, texts: list[str]) -> list[Any]:
        """Ids from the URL as values of the key column; text that cannot be an id is a 404."""
        keys: list[Any] = []
        for text in texts:
            if self.datamodel.is_pk_composite():
                key = self._deserialize_pk_if_composite(text)
                if not isinstance(key, list):
                    abort(404)
            elif self.datamodel.get_pk().type.python_type is int:
                key = ascii_integer(text)
                if key is None:
                    abort(404)
            else:
                key = text
            keys.append(key)
        return keys

    # ------------------------------------------------------------------ related selects

    def related_criteria(self, column: str) -> tuple[Any, ...]:
        """Further conditions on what a relation may point to, besides the row scope."""
        return ()

    def related_choices(self, column: str) -> RelatedChoices:
        """The rows the relation `column` may point to."""
        return RelatedChoices(
            self.datamodel.session,
            self.datamodel.get_related_model(column),
            self.remote_selects.get(column, ()),
            self.related_criteria(column),
        )

    def select_url(self, column: str) -> str:
        """Where a remote select of this view fetches its options."""
        return url_for(f"{type(self).__name__}.select", column=column)

    @expose("/select/<string:column>", methods=["GET"])
    @permission_name("read")
    def select(self, column: str) -> Response:
        """Options for a remote select: 20 per page, within the row scope."""
        allowed = any(
            self.appbuilder.sm.has_access(f"{PERMISSION_PREFIX}{name}", self.class_permission_name)
            for name in ("read", "create", "update")
        )
        if not allowed:
            abort(403)
        if column not in self.remote_selects:
            abort(404)
        page = ascii_integer(request.args.get("page")) or 1
        found = self.related_choices(column).search(request.args.get("q", ""), page)
        return jsonify(
            results=[{"id": key, "text": text} for key, text in found.options],
            pagination={"more": found.more},
        )

    # ------------------------------------------------------------------ where to go afterwards

    def get_redirect(self) -> str:
        """Back to where the form was opened (`next`), else to this view's list."""
        asked = safe_return_path(request.form.get("next") or request.args.get("next"))
        return asked or url_for(f"{type(self).__name__}.list")

    def update_redirect(self) -> None:
        """FAB's session history is not used: two tabs would mix their ways back."""

    def _answer(self, template: str, status: int = 200, **values: Any) -> Response:
        body = self.render_template(template, cancel_url=self.get_redirect(), **values)
        return make_response(body, status)

    # ------------------------------------------------------------------ show

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Page:
        item = self.scoped_item(pk)
        widgets = self._get_show_widget(pk, item)
        widgets = self._related_widgets(item, widgets)
        return self.render_template(
            self.show_template,
            pk=pk,
            title=self.show_title,
            record_name=str(item),
            widgets=widgets,
            related_views=self._related_views,
            history=self.history_of(item),
            history_labels=self.label_columns,
            cancel_url=self.get_redirect(),
        )

    def _get_show_widget(
        self,
        pk: Any,
        item: Any,
        widgets: dict[str, Any] | None = None,
        actions: Any = None,
        show_fieldsets: Any = None,
    ) -> dict[str, Any]:
        widgets = widgets or {}
        widgets["show"] = self.show_widget(
            pk=pk,
            label_columns=self.label_columns,
            include_columns=self.show_columns,
            value_columns=[self.column_value(item, name) for name in self.show_columns],
            formatters_columns=self.formatters_columns,
            actions=actions or self.actions,
            fieldsets=show_fieldsets or self.show_fieldsets,
            modelview_name=type(self).__name__,
        )
        return widgets

    def _related_widgets(self, item: Any, widgets: dict[str, Any]) -> dict[str, Any]:
        widgets["related_views"] = [
            self._get_related_view_widget(item, view) for view in self._related_views
        ]
        return widgets

    def history_of(self, item: Any) -> Any:
        """The change log of a record, newest first; None where the view keeps none."""
        if not self.has_history:
            return None
        from app.security.change_log import change_history

        return change_history(item)

    # ------------------------------------------------------------------ add and edit

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Page:
        form = self.add_form()
        prefilled = self._prefilled()
        for name, row in prefilled.items():
            if name in form:
                form[name].data = row
                form[name].raw_data = None
                form[name].unknown = False
        if request.method == "POST" and self._valid(form):
            self.process_form(form, True)
            item = self.datamodel.obj()
            problem = self._save(form, item, created=True)
            if problem is None:
                flash(str(self.add_row_message), "success")
                return self.post_add_redirect()
            self._attach(form, problem)
        fixed = [
            (self.label_columns[name], self.related_choices(name).text(row))
            for name, row in prefilled.items()
        ]
        return self._form_page(
            self.add_template, self.add_title, "add", form, list(prefilled), fixed=fixed
        )

    def _prefilled(self) -> dict[str, Any]:
        """Relations fixed by the page the form was opened from (``_flt_0_customer=12``)."""
        rows: dict[str, Any] = {}
        for key, text in request.args.items():
            column = key.removeprefix("_flt_0_")
            if column == key or not self.datamodel.is_relation_many_to_one(column):
                continue
            if column in self.add_columns:
                rows[column] = self.related_choices(column).row(text) or abort(404)
        return rows

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Page:
        item = self.scoped_item(pk)
        form = self.edit_form(obj=item)
        form._id = self.datamodel.get_pk_value(item)
        if request.method == "GET":
            self.prefill_form(form, pk)
            return self._edit_page(form, item, pk, self._version_of(item))
        if self._is_stale(item):
            return self._conflict_page(form, item, pk)
        version = self._version_of(item)
        if self._valid(form):
            self.process_form(form, False)
            try:
                problem = self._save(form, item, created=False)
            except StaleRow:
                return self._conflict_page(form, self.scoped_item(pk), pk)
            if problem is None:
                flash(str(self.edit_row_message), "success")
                return self.post_edit_redirect()
            self._attach(form, problem)
            item = self.scoped_item(pk)
        return self._edit_page(form, item, pk, version)

    def _valid(self, form: Any) -> bool:
        return bool(form.validate())

    def _save(self, form: Any, item: Any, *, created: bool) -> SaveProblem | None:
        """Write in one transaction with the hooks; a refusal rolls everything back.

        `post_add` and `post_update` run before the commit, so what they write shares its fate.
        """
        session = self.datamodel.session
        try:
            form.populate_obj(item)
            (self.pre_add if created else self.pre_update)(item)
            if created:
                session.add(item)
            session.flush()
            (self.post_add if created else self.post_update)(item)
            session.commit()
        except PlanningError as refusal:
            session.rollback()
            if refusal.status == 404:
                abort(404)
            return SaveProblem(refusal.message(), refusal.field)
        except FABException as refusal:
            session.rollback()
            return SaveProblem(str(refusal))
        except IntegrityError as error:
            session.rollback()
            return describe(error, self.datamodel.obj.__table__, self.label_columns)
        except StaleDataError as error:
            session.rollback()
            raise StaleRow from error
        except (StatementError, OverflowError) as error:
            session.rollback()
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            return SaveProblem(_("A value does not fit into its field. Please check the numbers."))
        return None

    def _attach(self, form: Any, problem: SaveProblem) -> None:
        """Put a refusal next to the field it is about, else on top of the form."""
        name = problem.field
        if name is not None and name not in form:
            name = next(
                (
                    field.name
                    for field in form
                    if self.datamodel.is_relation(field.name)
                    and self.datamodel.get_relation_fk(field.name).name == name
                ),
                None,
            )
        if name is not None:
            form[name].errors = [*form[name].errors, problem.message]
        else:
            form.form_errors.append(problem.message)

    def _form_page(
        self, template: str, title: Any, role: str, form: Any, hidden: list[str], **values: Any
    ) -> Response:
        columns = self.add_columns if role == "add" else self.edit_columns
        fieldsets = self.add_fieldsets if role == "add" else self.edit_fieldsets
        widget = (self.add_widget if role == "add" else self.edit_widget)(
            form=form,
            include_cols=columns,
            exclude_cols=[name for name in hidden if name in form],
            fieldsets=fieldsets,
            cancel_url=self.get_redirect(),
            next_path=self.get_redirect(),
            **values,
        )
        failed = bool(form.errors) or values.get("conflict") is not None
        status = 409 if values.get("conflict") is not None else 422 if failed else 200
        return self._answer(template, status, title=title, widgets={role: widget})

    # ------------------------------------------------------------------ optimistic locking

    def _version_of(self, item: Any) -> int | None:
        column = self.datamodel.obj.__mapper__.version_id_col
        return None if column is None else int(getattr(item, column.key))

    def _is_stale(self, item: Any) -> bool:
        version = self._version_of(item)
        return version is not None and request.form.get(VERSION_FIELD) != str(version)

    def _edit_page(self, form: Any, item: Any, pk: str, version: int | None) -> Response:
        base = request.form.get(BASE_FIELD) if request.method == "POST" else None
        return self._form_page(
            self.edit_template,
            self.edit_title,
            "edit",
            form,
            [],
            version=version,
            base=base or snapshot(form, self.edit_columns),
            pk=pk,
        )

    def _conflict_page(self, form: Any, item: Any, pk: str) -> Response:
        """The user's input, what is stored now, and a choice; nothing is lost."""
        form.validate()
        stored = self.edit_form(formdata=None, obj=item)
        base = read_snapshot(request.form.get(BASE_FIELD))
        conflict = compare(form, stored, self.edit_columns, base, self._shown)
        self._name_author(conflict, item)
        return self._form_page(
            self.edit_template,
            self.edit_title,
            "edit",
            form,
            [],
            version=self._version_of(item),
            base=snapshot(stored, self.edit_columns),
            pk=pk,
            conflict=conflict,
        )

    def _shown(self, name: str, value: Any) -> Any:
        return shown_value(self.formatters_columns.get(name), value)

    def _name_author(self, conflict: Conflict, item: Any) -> None:
        history = self.history_of(item)
        if history:
            conflict.by, conflict.at = history[0].user_name, history[0].at
        else:
            conflict.at = getattr(item, "updated_at", None)

    # ------------------------------------------------------------------ delete

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Page:
        item = self.scoped_item(pk)
        session = self.datamodel.session
        try:
            self.pre_delete(item)
            session.delete(item)
            session.flush()
            self.post_delete(item)
            session.commit()
        except PlanningError as refusal:
            session.rollback()
            flash(refusal.message(), "danger")
        except FABException as refusal:
            session.rollback()
            flash(str(refusal), "danger")
        except IntegrityError:
            session.rollback()
            flash(
                _("The record cannot be deleted: other records refer to it. Delete those first."),
                "danger",
            )
        except StaleDataError:
            session.rollback()
            flash(
                _("Somebody else changed this record meanwhile. Please look at it again."), "danger"
            )
        else:
            flash(str(self.delete_row_message), "success")
        return redirect(self.get_redirect(), 303)

    # ------------------------------------------------------------------ start-up

    def _init_forms(self) -> None:
        """Forms made of the portal's fields. FAB's search form is not needed by the filter bar."""
        maker = FieldMaker(self)
        self.search_form = self.search_form or maker.form([], {})
        self.add_form = self.add_form or maker.form(self.add_columns, self.add_form_extra_fields)
        self.edit_form = self.edit_form or maker.form(
            self.edit_columns, self.edit_form_extra_fields
        )
