"""The base of every record view: FAB's `ModelView`, hardened and in the portal's look.

A view declares (everything optional except what is marked *):

    class CustomerView(PlanningView):
        datamodel = SQLAInterface(Customer)            # * FAB's interface of the model
        list_title = _l("Customers")                   # * lazy; also add_title, edit_title,
        entity_label = _l("customer")                  #   show_title (default "Add customer" …)
        hint = _l("…")                                 # sentence under the list's title
        empty_hint = _l("…")                           # next step when the list is empty
        list_columns = ["code", "name", "territory"]   # * relations load in one statement each;
                                                       #   dotted paths ("territory.department")
        card_columns = ["name", "grade"]               # what a phone's card shows
        order_columns = ["code", "name"]               # only these can be sorted by
        base_order = ("code", "asc")                   # default: the id
        eager_loads = ("territory.manager",)           # relations used by properties or formatters
        filter_bar = [Quick("name", "contains", also=("code",)), Quick("visit_mode", "enum"),
                      Quick("visit_mode", "is_missing", label=_l("Without visit mode")),
                      Quick("territory", "relation"), Quick("order_date", "date_range")]
        search_columns = ["name", "grade"]             # the rest goes under "More conditions"
        add_columns / edit_columns / show_columns, or …_fieldsets = [(title, {"fields": […]})]
        remote_selects = {"territory": ("code", "name")}   # searched by typing; others are listed
        number_words = {"weekday": WEEKDAYS}       # numbers shown and chosen as words
        tones = {"state": {"ACTIVE": "ok"}}            # pills: ok warn bad info mute gold
        extra_labels = {"score": _l("Score")}          # labels of properties and relations
        formatters_columns = {"score": percent}        # value → text or Markup
        export_columns = ["code", "name"]              # of the workbook; default: list_columns
        more_columns = ["phone"]                       # to be chosen besides; so are export_columns
        bulk_fields = ["visit_mode"]                   # offered in the bulk bar
        related_views = [VisitView]                    # tabs; hidden without read permission
        base_permissions = ["can_read", "can_export"]  # e.g. a read-only view
        has_history = True                             # tab "History" from the change log

Labels come from the column's `info["label"]`; a relation takes its foreign key's label. Units,
code lists, dates, months and truth values are formatted and edited by column type.

Hooks: `pre_add`, `pre_update`, `pre_delete` (raise `PlanningError(…, field=…)` to refuse),
`post_add`, `post_update`, `post_delete` (before the commit), `related_criteria(column)`,
`bulk_apply(items, values) -> BulkResult`, `list_buttons()`, `history_of(item)`,
`hidden_fields(role)` (form fields the present user may not fill in), `annotate(rows)` (values for
the rows of a page that no relation holds).

Permissions: `class_permission_name` is the entity's name and `METHOD_PERMISSIONS` maps methods to
read, create, update, delete and export; an action needs update unless the view's
`method_permission_name` says otherwise. An action gets the row (single) or the list of rows, all
in scope; it commits, flashes and returns a response or None (back to the list).

URLs: `q_…` filters (`app.kernel.list_filters`), `page_X`, `psize_X`, `_oc_X`, `_od_X`, `columns`
(`app.kernel.list_columns`), `view` and `in_view` (`app.saved_views.rules`), and `next`, the path to
return to after saving. All of them tolerate nonsense; ids that are none are a 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import has_request_context
from flask_appbuilder.const import PERMISSION_PREFIX
from flask_babel import lazy_gettext as _l

from app.kernel.list_pages import ListPages
from app.kernel.record_forms import RecordForms
from app.kernel.row_actions import RowActions

METHOD_PERMISSIONS: Mapping[str, str] = {
    "list": "read",
    "show": "read",
    "select": "read",
    "action": "read",
    "action_post": "read",
    "add": "create",
    "edit": "update",
    "bulk_edit": "update",
    "delete": "delete",
    "export": "export",
}
"""Method → permission of every record view. `action` and `action_post` check the action's own."""

ACTION_PERMISSION = "update"


class PlanningView(ListPages, RowActions, RecordForms):
    """List, filter, show, add, edit, delete, bulk change and export of one entity."""

    entity_label: Any = None
    class_permission_name: Any = None
    method_permission_name: Any = None
    label_columns: Any = None
    order_columns: Any = None
    add_title: Any = ""
    edit_title: Any = ""
    show_title: Any = ""
    extra_labels: ClassVar[Mapping[str, Any]] = {}
    has_history: bool = False
    exclude_route_methods: ClassVar[set[str]] = {"download"}

    def __init__(self, **options: Any) -> None:
        self.class_permission_name = self.class_permission_name or self.datamodel.obj.__name__
        permissions = dict(METHOD_PERMISSIONS)
        for name in dir(type(self)):
            if hasattr(getattr(type(self), name, None), "_action"):
                permissions[name] = ACTION_PERMISSION
        self.method_permission_name = {**permissions, **(self.method_permission_name or {})}
        super().__init__(**options)

    # ------------------------------------------------------------------ related tabs

    @property
    def _related_views(self) -> list[Any]:
        """The related views the present user may read; outside requests all of them."""
        views: list[Any] = self.__dict__.setdefault("_all_related_views", [])
        if not has_request_context():
            return views
        return [view for view in views if self._may_read(view)]

    @_related_views.setter
    def _related_views(self, views: list[Any]) -> None:
        self.__dict__["_all_related_views"] = views

    def get_init_inner_views(self) -> list[Any]:
        """The list FAB appends initialised related views to."""
        views: list[Any] = self.__dict__.setdefault("_all_related_views", [])
        return views

    def _may_read(self, view: Any) -> bool:
        permission = f"{PERMISSION_PREFIX}{view.get_method_permission('list')}"
        return permission in view.base_permissions and bool(
            self.appbuilder.sm.has_access(permission, view.class_permission_name)
        )

    # ------------------------------------------------------------------ words

    def _gen_labels_columns(self, list_columns: list[str]) -> None:
        """Fill `label_columns` from the model; the labels stay lazy, so languages can change."""
        for name in list_columns:
            if name not in self.label_columns:
                self.label_columns[name] = self._label_of(name)

    def _label_of(self, name: str) -> Any:
        if name in self.extra_labels:
            return self.extra_labels[name]
        mapper, label = self.datamodel.obj.__mapper__, None
        for part in name.split("."):
            if part in mapper.relationships:
                relation = mapper.relationships[part]
                keys = sorted(relation.local_columns, key=lambda column: column.primary_key)
                label = keys[0].info.get("label") if keys else None
                mapper = relation.mapper
            elif part in mapper.columns:
                label = mapper.columns[part].info.get("label")
        return label or self._prettify_column(name)

    def _init_titles(self) -> None:
        if self.entity_label is not None:
            entity = self.entity_label
            self.add_title = self.add_title or _l("Add %(entity)s", entity=entity)
            self.edit_title = self.edit_title or _l("Edit %(entity)s", entity=entity)
            self.show_title = self.show_title or _l("Details: %(entity)s", entity=entity)
        super()._init_titles()

    # ------------------------------------------------------------------ start-up and rendering

    def _init_properties(self) -> None:
        declared = self._declared_columns()
        self.label_columns = {**self.extra_labels, **(self.label_columns or {})}
        super()._init_properties()
        self._drop_undeclared(declared)
        for names in (self.show_columns, self.add_columns, self.edit_columns, self.search_columns):
            self._gen_labels_columns(names)
        self._prepare_columns()

    def _declared_columns(self) -> dict[str, bool]:
        return {
            "search_columns": bool(self.search_columns),
            "add_columns": bool(self.add_columns or self.add_fieldsets),
            "edit_columns": bool(self.edit_columns or self.edit_fieldsets),
        }

    def _drop_undeclared(self, declared: dict[str, bool]) -> None:
        """FAB offers every column where a view names none; here nothing is editable by default.

        Sorting is likewise left to mapped columns and declared dotted paths.
        """
        for name, is_declared in declared.items():
            if not is_declared:
                setattr(self, name, [])
        self.order_columns = [
            name
            for name in self.order_columns
            if name in self.datamodel.list_columns or "." in name
        ]

    def render_template(self, template: str, **values: Any) -> str:
        """FAB's rendering plus the view's own header."""
        values.setdefault("hint", self.hint)
        values.setdefault("view_name", type(self).__name__)
        return super().render_template(template, appbuilder=self.appbuilder, **values)
