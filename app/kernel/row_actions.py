"""Actions on rows of a `PlanningView`: POST only, every row checked against the user's scope.

A list posts either the ticked ids (``rowid``) or ``all_filtered=1`` with ``filter_query``, the
query string of the list it was sent from; then all rows that match those filters are meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flask import abort, flash, redirect, request
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.const import PERMISSION_PREFIX
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Query
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.errors import PlanningError
from app.kernel.form_fields import FieldMaker
from app.kernel.list_pages import filters_from_query
from app.kernel.save_errors import describe

ACTION_ROW_LIMIT = 5000
"""Rows handed to one action as objects; more are refused with the advice to filter."""
BULK_BATCH = 500
REASONS_SHOWN = 10
BULK_PREFIX = "bulk"


@dataclass(slots=True)
class BulkResult:
    """The outcome of a bulk change; `refused` holds (record, reason)."""

    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: BulkResult) -> None:
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.refused += other.refused


class RowActions(ModelView):
    """Actions and bulk changes. See `PlanningView` for what a view declares."""

    bulk_fields: ClassVar[list[str]] = []
    bulk_form: Any = None

    # ------------------------------------------------------------------ which rows

    def _selection(self) -> Query[Any]:
        """The rows the posted form means, in scope; a missing or foreign id is a 404."""
        if request.form.get("all_filtered") == "1":
            args = filters_from_query(request.form.get("filter_query", ""))
            filters, _active, problems = self.read_filters(args)
            if problems:
                abort(400)
            return self.scoped_query(filters)
        filters = self._filters
        filters.clear_filters()
        texts = list(dict.fromkeys(request.form.getlist("rowid")))
        if not texts or len(texts) > ACTION_ROW_LIMIT:
            abort(400)
        keys = self.scoped_keys(texts)
        query = self.scoped_query(filters).filter(self.datamodel.get_pk().in_(keys))
        if self.count(query) != len(set(keys)):
            abort(404)
        return query

    def selected_items(self) -> list[Any]:
        """The chosen rows as objects, in base order."""
        query = self.ordered(self._selection(), "", "").limit(ACTION_ROW_LIMIT + 1)
        items = query.all()
        if len(items) > ACTION_ROW_LIMIT:
            raise PlanningError(
                "More than %(limit)d records are selected. Narrow the filter and repeat the action.",
                limit=ACTION_ROW_LIMIT,
            )
        return list(items)

    # ------------------------------------------------------------------ actions

    def _granted_action(self, name: str) -> Any:
        action = self.actions.get(name)
        if action is None:
            abort(404)
        permission = self.get_action_permission_name(name)
        if permission not in self.base_permissions or not self.appbuilder.sm.has_access(
            permission, self.class_permission_name
        ):
            abort(403)
        return action

    @expose("/action/<string:name>/<pk>", methods=["POST"])
    @permission_name("read")
    def action(self, name: str, pk: str) -> Any:
        """Run an action on one record."""
        action = self._granted_action(name)
        if not action.single:
            abort(404)
        return self._run(action, self.scoped_item(pk))

    @expose("/action_post", methods=["POST"])
    @permission_name("read")
    def action_post(self) -> Any:
        """Run an action on the ticked rows or on all filtered ones."""
        action = self._granted_action(request.form.get("action", ""))
        if not action.multiple:
            abort(404)
        try:
            items = self.selected_items()
        except PlanningError as refusal:
            flash(refusal.message(), "danger")
            return redirect(self.get_redirect(), 303)
        if not items:
            flash(_("No record matches any more; nothing was changed."), "warning")
            return redirect(self.get_redirect(), 303)
        return self._run(action, items)

    def _run(self, action: Any, subject: Any) -> Any:
        session = self.datamodel.session
        try:
            return action.func(subject) or redirect(self.get_redirect(), 303)
        except PlanningError as refusal:
            session.rollback()
            if refusal.status == 404:
                abort(404)
            flash(refusal.message(), "danger")
        except IntegrityError as error:
            session.rollback()
            flash(
                describe(error, self.datamodel.obj.__table__, self.label_columns).message, "danger"
            )
        except StaleDataError:
            session.rollback()
            flash(
                _("Somebody else changed a record meanwhile. Please repeat the action."), "danger"
            )
        return redirect(self.get_redirect(), 303)

    # ------------------------------------------------------------------ bulk change

    def bulk_form_for_user(self) -> Any:
        """The form of the bulk dialog, or None when the user may not change rows."""
        permission = f"{PERMISSION_PREFIX}{self.get_method_permission('bulk_edit')}"
        allowed = (
            bool(self.bulk_fields)
            and permission in self.base_permissions
            and self.appbuilder.sm.has_access(permission, self.class_permission_name)
        )
        return self.bulk_form(formdata=None, prefix=BULK_PREFIX) if allowed else None

    @expose("/bulk_edit", methods=["POST"])
    @has_access
    def bulk_edit(self) -> Any:
        """Give one field the same value in all chosen rows."""
        name = request.form.get("bulk_field", "")
        if name not in self.bulk_fields:
            abort(400)
        form = self.bulk_form(prefix=BULK_PREFIX)
        entry = form[name]
        if not entry.validate(form):
            words = "; ".join(str(error) for error in entry.errors)
            flash(f"{entry.label.text}: {words}", "danger")
            return redirect(self.get_redirect(), 303)
        query = self._selection()
        result = BulkResult()
        for keys in self._batches(query):
            items = query.session.query(self.datamodel.obj).filter(
                self.datamodel.get_pk().in_(keys)
            )
            result.add(self.bulk_apply(items.all(), {name: entry.data}))
        self.datamodel.session.commit()
        self._report(result)
        return redirect(self.get_redirect(), 303)

    def _batches(self, query: Query[Any]) -> Iterator[list[Any]]:
        """The ids of `query` in lots; taken before any change, so that no row is met twice."""
        key = self.datamodel.get_pk()
        keys = [row[0] for row in query.order_by(None).order_by(key).with_entities(key)]
        for start in range(0, len(keys), BULK_BATCH):
            yield keys[start : start + BULK_BATCH]

    def bulk_apply(self, items: list[Any], values: dict[str, Any]) -> BulkResult:
        """Set `values` on `items`; override to refuse rows or to change more.

        Runs `pre_update` per changed row. A lot that fails as a whole is repeated row by row, so
        one refused row does not stop the others.
        """
        session = self.datamodel.session
        try:
            with session.begin_nested():
                result = self._set_values(items, values)
                session.flush()
        except (PlanningError, IntegrityError, StaleDataError) as refusal:
            if len(items) == 1:
                return BulkResult(refused=[(str(items[0]), self._reason(refusal))])
        else:
            return result
        result = BulkResult()
        for item in items:
            result.add(self.bulk_apply([item], values))
        return result

    def _set_values(self, items: list[Any], values: dict[str, Any]) -> BulkResult:
        result = BulkResult()
        for item in items:
            if all(getattr(item, name) == value for name, value in values.items()):
                result.unchanged += 1
                continue
            for name, value in values.items():
                setattr(item, name, value)
            self.pre_update(item)
            result.changed += 1
        return result

    def _reason(self, refusal: Exception) -> str:
        if isinstance(refusal, PlanningError):
            return refusal.message()
        if isinstance(refusal, IntegrityError):
            return describe(refusal, self.datamodel.obj.__table__, self.label_columns).message
        return _("Somebody else changed the record meanwhile.")

    def _report(self, result: BulkResult) -> None:
        text = _(
            "Changed %(changed)d, unchanged %(unchanged)d, refused %(refused)d.",
            changed=result.changed,
            unchanged=result.unchanged,
            refused=len(result.refused),
        )
        if not result.refused:
            flash(text, "success")
            return
        reasons = Markup("").join(
            Markup("<li>{}: {}</li>").format(record, reason)
            for record, reason in result.refused[:REASONS_SHOWN]
        )
        rest = len(result.refused) - REASONS_SHOWN
        if rest > 0:
            reasons += Markup("<li>{}</li>").format(_("and %(rest)d more", rest=rest))
        flash(Markup("{}<ul>{}</ul>").format(text, reasons), "warning")

    # ------------------------------------------------------------------ start-up

    def _init_forms(self) -> None:
        super()._init_forms()
        self.bulk_form = FieldMaker(self).form(list(self.bulk_fields), {})
