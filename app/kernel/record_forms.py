"""The form side of a `PlanningView`: add, edit and delete."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, redirect, request
from flask_appbuilder import expose, has_access
from flask_appbuilder.exceptions import FABException
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
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
from app.kernel.form_columns import FormColumns
from app.kernel.form_fields import FieldMaker
from app.kernel.list_widgets import PortalFormWidget, shown_value
from app.kernel.period import to_local
from app.kernel.record_pages import Page, RecordPages
from app.kernel.save_errors import SaveProblem, describe


class StaleRow(Exception):
    """The row changed between reading and writing within one request."""


class RecordForms(FormColumns, RecordPages):
    """Add, edit, show and delete. See `PlanningView` for what a view declares."""

    add_form: Any = None
    edit_form: Any = None
    search_form: Any = None
    add_widget = PortalFormWidget
    edit_widget = PortalFormWidget
    delete_row_message = _l("The record was deleted.")
    add_row_message = _l("The record was added.")
    edit_row_message = _l("The changes were saved.")

    # ------------------------------------------------------------------ add and edit

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Page:
        form = self._form_for_user(self.add_form(), "add")
        prefilled = self._prefilled()
        for name, row in prefilled.items():
            if name in form:
                form[name].data = row
                form[name].raw_data = None
                form[name].unknown = False
        if request.method == "POST" and self._valid(form, "add"):
            self.process_form(form, is_created=True)
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
            if column in self.form_columns("add"):
                rows[column] = self.related_choices(column).row(text) or abort(404)
        return rows

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Page:
        item = self.scoped_item(pk)
        form = self._form_for_user(self.edit_form(obj=item), "edit")
        form._id = self.datamodel.get_pk_value(item)
        if request.method == "GET":
            self.prefill_form(form, pk)
            return self._edit_page(form, item, pk, self._version_of(item))
        if self._is_stale(item):
            return self._conflict_page(form, item, pk)
        version = self._version_of(item)
        if self._valid(form, "edit"):
            self.process_form(form, is_created=False)
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

    def _valid(self, form: Any, role: str) -> bool:
        forged = [name for name in self.closed_fields(role) if name in request.form]
        is_valid = bool(form.validate())
        if forged:
            words = "、".join(str(self.label_columns[name]) for name in sorted(forged))
            form.form_errors.append(_("Your role may not change: %(fields)s.", fields=words))
        return is_valid and not forged

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
            if isinstance(error, OperationalError):
                raise  # busy or gone: not the fault of what was entered
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
        columns = self.form_columns(role)
        fieldsets = self._fieldsets_of(columns, role)
        widget = (self.add_widget if role == "add" else self.edit_widget)(
            form=form,
            include_cols=columns,
            exclude_cols=[name for name in hidden if name in form],
            fieldsets=fieldsets,
            cancel_url=self.get_redirect(),
            next_path=self.get_redirect(),
            **values,
        )
        failed = bool(form.errors or form.form_errors) or values.get("conflict") is not None
        status = 409 if values.get("conflict") is not None else 422 if failed else 200
        return self._answer(
            template,
            status,
            title=title,
            record_name=values.get("record_name"),
            widgets={role: widget},
        )

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
            base=base or snapshot(form, self.form_columns("edit")),
            pk=pk,
            record_name=str(item),
            facts=self._fixed_texts(item),
        )

    def _conflict_page(self, form: Any, item: Any, pk: str) -> Response:
        """The user's input, what is stored now, and a choice; nothing is lost."""
        form.validate()
        stored = self._form_for_user(self.edit_form(formdata=None, obj=item), "edit")
        base = read_snapshot(request.form.get(BASE_FIELD))
        conflict = compare(form, stored, self.form_columns("edit"), base, self._shown)
        self._name_author(conflict, item)
        return self._form_page(
            self.edit_template,
            self.edit_title,
            "edit",
            form,
            [],
            version=self._version_of(item),
            base=snapshot(stored, self.form_columns("edit")),
            pk=pk,
            conflict=conflict,
            record_name=str(item),
            facts=self._fixed_texts(item),
        )

    def _shown(self, name: str, value: Any) -> Any:
        return shown_value(self.formatters_columns.get(name), value)

    def _name_author(self, conflict: Conflict, item: Any) -> None:
        history = self.history_of(item)
        if history:
            conflict.by, conflict.at = history[0].user_name, history[0].at
        else:
            updated_at = getattr(item, "updated_at", None)
            conflict.at = updated_at and to_local(updated_at)

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
