"""The list side of a `PlanningView`: filters per request, safe paging, constant statement count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask import has_request_context, request
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.const import PERMISSION_PREFIX
from flask_appbuilder.models.filters import Filters
from flask_babel import gettext as _
from sqlalchemy import asc, desc, func
from sqlalchemy.orm import Query, joinedload, selectinload
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.kernel.formatters import formatter_for, is_numeric, toned, worded
from app.kernel.list_filters import Active, Quick, read_filters
from app.kernel.list_request import ListRequest, read_list_request, url_with
from app.kernel.list_widgets import FilterBarWidget, PortalListWidget

RELATED_PAGE_SIZE = 10


class RequestFilters:
    """`view._filters`, but one object per request instead of one per process.

    FAB keeps the user's filters in the view instance, which threads share: one user's search then
    filters another user's list.
    """

    def __get__(self, view: Any, owner: type[Any] | None = None) -> Any:
        if view is None:
            return self
        template = view.__dict__.get("_filter_template")
        if template is None or not has_request_context():
            return template
        kept = request.environ.setdefault("portal.filters", {})
        if id(view) not in kept:
            fresh = template.copy()
            fresh.search_columns = template.search_columns
            fresh._search_filters = template._search_filters
            fresh._all_filters = template._all_filters
            fresh.clear_filters()
            kept[id(view)] = fresh
        return kept[id(view)]

    def __set__(self, view: Any, filters: Filters) -> None:
        view.__dict__["_filter_template"] = filters


class ListPages(ModelView):
    """Lists, their filter bar and their export. See `PlanningView` for what a view declares."""

    _filters = RequestFilters()

    list_widget = PortalListWidget
    page_size = 25
    filter_bar: ClassVar[list[Quick]] = []
    card_columns: ClassVar[list[str]] = []
    tones: ClassVar[dict[str, dict[str, str]]] = {}
    number_words: ClassVar[dict[str, Mapping[Any, Any]]] = {}
    eager_loads: ClassVar[tuple[str, ...]] = ()
    export_columns: ClassVar[list[str]] = []
    empty_hint: Any = None
    hint: Any = None

    numeric_columns: frozenset[str] = frozenset()
    formatters_columns: Any = None
    base_order: Any = None

    # ------------------------------------------------------------------ reading the request

    def all_quicks(self) -> list[Quick]:
        """The inputs of the bar, then one for every further search column."""
        shown = {quick.column for quick in self.filter_bar}
        further = [
            quick
            for name in self.search_columns
            if name not in shown and (quick := self._default_quick(name)) is not None
        ]
        return [*self.filter_bar, *further]

    def _default_quick(self, name: str) -> Quick | None:
        data = self.datamodel
        if data.is_relation(name):
            return Quick(name, "relation") if data.is_relation_many_to_one(name) else None
        column = data.list_columns.get(name)
        if column is None:
            return None
        kinds = (
            ("enum", data.is_enum(name)),
            ("boolean", data.is_boolean(name)),
            ("month", type(column.type).__name__ == "MonthType"),
            ("number_range", is_numeric(column)),
            ("date_range", data.is_date(name)),
            ("contains", data.is_string(name)),
        )
        return next((Quick(name, kind) for kind, fits in kinds if fits), None)

    def read_filters(self, args: MultiDict[str, str]) -> tuple[Filters, list[Active], list[str]]:
        """The filters of a URL: (FAB filters, what is active, messages about ignored ones)."""
        filters = self._filters
        filters.clear_filters()
        active, problems = read_filters(self.all_quicks(), args, self)
        for entry in active:
            filters.add_filter(entry.column, entry.filter_class, entry.value)
        if any(key.startswith("_flt_") for key in args):
            problems.append(_("A condition of an old link was ignored. Please set it again."))
        return filters, active, problems

    def list_request(self, args: MultiDict[str, str]) -> ListRequest:
        """Page, size and order, checked."""
        return read_list_request(args, type(self).__name__, self.order_columns, self.page_size)

    # ------------------------------------------------------------------ querying

    def scoped_query(self, filters: Filters) -> Query[Any]:
        """The rows this user may see that match `filters`, unordered."""
        query = self.datamodel.session.query(self.datamodel.obj)
        for source in (self._base_filters, filters):
            query = self.datamodel.apply_filters(query, source)
        return query

    def ordered(self, query: Query[Any], order_column: str, order_direction: str) -> Query[Any]:
        """`query` in a stable order: the asked one, the base order; the key breaks ties."""
        if not order_column:
            order_column, order_direction = self.base_order
        query = self.datamodel.apply_order_by(
            query, order_column, order_direction, aliases_mapping={}, add_pk=False
        )
        keys = [key for key in self._key_attributes() if key.key != order_column]
        return query.order_by(*(desc(k) if order_direction == "desc" else asc(k) for k in keys))

    def _key_attributes(self) -> list[Any]:
        """The mapped attributes of the primary key, in its order."""
        mapper = self.datamodel.obj.__mapper__
        names = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        return [getattr(self.datamodel.obj, name) for name in names]

    def count(self, query: Query[Any]) -> int:
        """How many rows `query` has."""
        key = self._key_attributes()[0]
        return int(query.order_by(None).with_entities(func.count(key)).scalar() or 0)

    def annotate(self, rows: list[Any]) -> None:
        """Attach values to the rows of a page that no relation holds, in set-based statements."""

    def _with_relations(
        self, query: Query[Any], columns: Sequence[str] | None = None
    ) -> Query[Any]:
        """Load the relations that `columns` show in one statement each, never one per row."""
        for path in dict.fromkeys((*(columns or self.list_columns), *self.eager_loads)):
            model, option = self.datamodel.obj, None
            for name in path.split("."):
                relation = model.__mapper__.relationships.get(name)
                if relation is None:
                    break
                attribute = getattr(model, name)
                # A key of two columns: "(a, b) IN (…)" would read the whole table on SQLite.
                # A collection is never joined: it would multiply the rows read in lots.
                is_joined = len(relation.local_remote_pairs) > 1 and not relation.uselist
                load = "joinedload" if is_joined else "selectinload"
                start = joinedload if load == "joinedload" else selectinload
                option = start(attribute) if option is None else getattr(option, load)(attribute)
                model = relation.mapper.class_
            if option is not None:
                query = query.options(option)
        return query

    def column_value(self, item: Any, path: str) -> Any:
        """The value under a column name, method name or dotted path; None where a link is empty."""
        value = item
        for name in path.split("."):
            if value is None:
                return None
            value = getattr(value, name)
        return value() if callable(value) else value

    # ------------------------------------------------------------------ pages

    def _get_list_widget(
        self,
        filters: Filters,
        actions: Any = None,
        order_column: str = "",
        order_direction: str = "",
        page: int | None = None,
        page_size: int | None = None,
        widgets: dict[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        widgets = widgets or {}
        size = page_size or self.page_size
        query = self.scoped_query(filters)
        count = self.count(query)
        last_page = max((count - 1) // size, 0)
        page = min(page or 0, last_page)
        rows = self._with_relations(
            self.ordered(query, order_column, order_direction).offset(page * size).limit(size)
        ).all()
        self.annotate(rows)
        columns = self.list_columns
        widgets["list"] = self.list_widget(
            label_columns=self.label_columns,
            include_columns=columns,
            value_columns=[{c: self.column_value(row, c) for c in columns} for row in rows],
            order_columns=self.order_columns,
            formatters_columns=self.formatters_columns,
            numeric_columns=self.numeric_columns,
            card_columns=self.card_columns,
            page=page,
            page_size=size,
            count=count,
            pks=[self._serialize_pk_if_composite(pk) for pk in self.datamodel.get_keys(rows)],
            actions=actions or self.actions,
            filters=filters,
            modelview_name=type(self).__name__,
            appbuilder=self.appbuilder,
            bulk_form=None if options.get("is_related") else self.bulk_form_for_user(),
            empty_hint=self.empty_hint,
            **options,
        )
        return widgets

    def _get_view_widget(self, **options: Any) -> Any:
        """This list as a tab of another record: own arguments, checked like those of the page."""
        asked = read_list_request(
            request.args, type(self).__name__, self.order_columns, RELATED_PAGE_SIZE
        )
        return self._get_list_widget(
            filters=options["filters"],
            order_column=asked.order_column,
            order_direction=asked.order_direction,
            page=asked.page,
            page_size=asked.page_size,
            is_related=True,
        ).get("list")

    @expose("/list/")
    @has_access
    def list(self) -> Any:
        filters, active, problems = self.read_filters(request.args)
        asked = self.list_request(request.args)
        widgets = self._get_list_widget(
            filters=filters,
            order_column=asked.order_column,
            order_direction=asked.order_direction,
            page=asked.page,
            page_size=asked.page_size,
        )
        widgets["search"] = self._filter_bar_widget(active)
        return self.render_template(
            self.list_template,
            title=self.list_title,
            widgets=widgets,
            filter_problems=problems,
            export_url=self._export_url(),
            list_buttons=self.list_buttons(),
        )

    def list_buttons(self) -> Sequence[dict[str, Any]]:
        """Further header buttons of the list: dicts of url, text, icon."""
        return []

    def _filter_bar_widget(self, active: Sequence[Active]) -> FilterBarWidget:
        shown = len(self.filter_bar)
        inputs = [
            self._input(quick, number < shown and not quick.more)
            for number, quick in enumerate(self.all_quicks())
        ]
        owned = {name for entry in inputs for name in entry["names"]}
        name = type(self).__name__
        return FilterBarWidget(
            inputs=inputs,
            chips=[
                {
                    "label": entry.label,
                    "text": entry.text,
                    "url": url_with(
                        dict.fromkeys(entry.parameters),
                        drop=(f"page_{name}",),
                    ),
                }
                for entry in active
            ],
            kept=[
                (key, value)
                for key, value in request.args.items(multi=True)
                if key not in owned and key in (f"psize_{name}", f"_oc_{name}", f"_od_{name}")
            ],
            action=request.path,
            clear_url=request.path,
            more_open=any(entry["filled"] for entry in inputs if not entry["primary"]),
        )

    def _input(self, quick: Quick, primary: bool) -> dict[str, Any]:
        """What the template needs to draw one input."""
        values = request.args.getlist(quick.parameters[0])
        entry: dict[str, Any] = {
            "kind": quick.kind,
            "names": quick.parameters,
            "label": quick.label_in(self),
            "given": values,
            "ends": [request.args.get(parameter, "") for parameter in quick.parameters],
            "filled": any(request.args.get(parameter) for parameter in quick.parameters),
            "primary": primary,
            "choices": [],
            "select_url": None,
            "count": self._matches(quick) if quick.shows_count else None,
        }
        if quick.kind == "enum":
            members = self.datamodel.list_columns[quick.column].type.enum_class
            entry["choices"] = [(m.name, getattr(m, "label", m.name)) for m in members]
        if quick.kind == "relation":
            choices = self.related_choices(quick.column)
            if quick.column in self.remote_selects:
                entry["select_url"] = self.select_url(quick.column)
                current = choices.get(values[0]) if values else None
                entry["choices"] = [current] if current else []
            else:
                entry["choices"] = choices.small()
        return entry

    def _matches(self, quick: Quick) -> int:
        """How many rows in scope a switch of the bar would show by itself."""
        active = quick.read(MultiDict({quick.parameters[0]: "1"}), self)
        assert active is not None
        flt = active.filter_class(active.column, self.datamodel)
        return self.count(flt.apply(self.scoped_query(self._filters.copy()), active.value))

    # ------------------------------------------------------------------ export

    def _export_url(self) -> str | None:
        permission = f"{PERMISSION_PREFIX}{self.get_method_permission('export')}"
        allowed = permission in self.base_permissions and self.appbuilder.sm.has_access(
            permission, self.class_permission_name
        )
        if not allowed:
            return None
        query = request.query_string.decode("utf-8", "replace")
        path = request.path.removesuffix("/list/") + "/export"
        return f"{path}?{query}" if query else path

    @expose("/export", methods=["POST"])
    @has_access
    def export(self) -> Response:
        """The filtered list as a workbook; the filters come in the URL, as on the list page."""
        from app.exchange.export import export_list

        filters, _active, _problems = self.read_filters(request.args)
        asked = self.list_request(request.args)
        order = (asked.order_column, asked.order_direction)
        return export_list(self, filters, order if order[0] else self.base_order)

    # ------------------------------------------------------------------ start-up

    def _prepare_columns(self) -> None:
        """Formatters, alignment and order that follow from the columns."""
        self.formatters_columns = dict(self.formatters_columns or {})
        columns = self.datamodel.list_columns
        for name, column in columns.items():
            if name in self.tones:
                self.formatters_columns.setdefault(name, toned(self.tones[name]))
            if name in self.number_words:
                self.formatters_columns.setdefault(name, worded(self.number_words[name]))
            self.formatters_columns.setdefault(name, formatter_for(column))
        self.numeric_columns = self.numeric_columns | {
            name
            for name, column in columns.items()
            if is_numeric(column) and name not in self.number_words
        }
        if not self.base_order:
            self.base_order = (self.datamodel.get_pk_name(), "asc")


def filters_from_query(text: str) -> MultiDict[str, str]:
    """The arguments of a query string posted with a bulk change."""
    return MultiDict(parse_qsl(text[:8000], keep_blank_values=True))
