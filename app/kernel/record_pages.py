"""One record of a `PlanningView`: finding it in scope, showing it, and its related selects."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, abort, jsonify, make_response, request, url_for
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.const import PERMISSION_PREFIX
from flask_appbuilder.security.decorators import permission_name

from app.kernel.history_words import history_labels, worded_history
from app.kernel.list_filters import RelationIs
from app.kernel.list_request import ascii_integer, safe_return_path
from app.kernel.list_widgets import PortalShowWidget
from app.kernel.related_choices import RelatedChoices

Page = Any
"""What FAB's routes return: a response or text."""


class RecordPages(ModelView):
    """Record lookup and show page. See `PlanningView` for what a view declares."""

    show_widget = PortalShowWidget
    remote_selects: ClassVar[dict[str, tuple[str, ...]]] = {}

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
        return self.show_page(pk, self.scoped_item(pk))

    def show_page(self, pk: str, item: Any, **values: Any) -> str:
        """The page of a record; `values` are further ones of the view's own template."""
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
            history_labels=history_labels(self),
            cancel_url=self.get_redirect(),
            **values,
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

    def _get_related_view_widget(self, item: Any, related_view: Any, **options: Any) -> Any:
        """The rows of `related_view` that belong to `item`; FAB's filter would load `item` anew."""
        filters = related_view.datamodel.get_filters()
        link = related_view.datamodel.get_related_fk(self.datamodel.obj)
        key = self.datamodel.get_pk_value(item)
        filters.add_filter_related_view(link, RelationIs, (key, str(item)))
        return related_view._get_view_widget(filters=filters, **options)

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

        return worded_history(self, change_history(item))
