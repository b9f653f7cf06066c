"""The list side of a `PlanningView`: filters per request, safe paging, constant statement count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask import has_request_context, redirect, request
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.filters import Filters
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, asc, desc, func
from sqlalchemy.orm import Query, aliased, joinedload, selectinload
from werkzeug.datastructures import MultiDict

from app.kernel.formatters import formatter_for, is_numeric, toned, worded
from app.kernel.list_bar import ListBar
from app.kernel.list_columns import mapped_column
from app.kernel.list_filters import Active, Quick, read_filters
from app.kernel.list_request import ListRequest, read_list_request
from app.kernel.list_widgets import PortalListWidget
from app.kernel.sql import count_if

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


class ListPages(ListBar):
    """Lists and what they ask the database. See `PlanningView` for what a view declares."""

    _filters = RequestFilters()

    list_widget = PortalListWidget
    page_size = 25
    card_columns: ClassVar[list[str]] = []
    tones: ClassVar[dict[str, dict[str, str]]] = {}
    eager_loads: ClassVar[tuple[str, ...]] = ()
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
            ("words", name in self.number_words),
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
        owned = {name for quick in self.all_quicks() for name in quick.parameters}
        if any(
            key.startswith("_flt_") or (key.startswith("q_") and key not in owned and args[key])
            for key in args
        ):
            problems.append(
                _(
                    "A condition of an old link or view was ignored: the list no longer has it. "
                    "Please set it again."
                )
            )
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
        if "." in order_column:
            query = self._ordered_by_related(query, order_column, order_direction)
        else:
            query = self.datamodel.apply_order_by(
                query, order_column, order_direction, aliases_mapping={}, add_pk=False
            )
        keys = [key for key in self._key_attributes() if key.key != order_column]
        return query.order_by(*(desc(k) if order_direction == "desc" else asc(k) for k in keys))

    def _ordered_by_related(self, query: Query[Any], path: str, direction: str) -> Query[Any]:
        """By a column behind relations, joined under a name of their own.

        FAB takes a table that only a condition of the query reads for one it could order by.
        """
        *relations, name = path.split(".")
        entity: Any = self.datamodel.obj
        for relation in relations:
            attribute = getattr(entity, relation)
            entity = aliased(attribute.property.mapper.class_)
            query = query.outerjoin(attribute.of_type(entity))
        column = getattr(entity, name)
        return query.order_by(desc(column) if direction == "desc" else asc(column))

    def _key_attributes(self) -> list[Any]:
        """The mapped attributes of the primary key, in its order."""
        mapper = self.datamodel.obj.__mapper__
        names = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        return [getattr(self.datamodel.obj, name) for name in names]

    def count(self, query: Query[Any]) -> int:
        """How many rows `query` has."""
        key = self._key_attributes()[0]
        return int(query.order_by(None).with_entities(func.count(key)).scalar() or 0)

    def counts(self, query: Query[Any], conditions: Sequence[ColumnElement[bool]]) -> list[int]:
        """How many rows `query` has, and how many of them meet each condition; one statement."""
        key = self._key_attributes()[0]
        meeting = map(count_if, conditions)
        row = query.order_by(None).with_entities(func.count(key), *meeting).one()
        return [int(number) for number in row]

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
        return self.shown_value(path, value() if callable(value) else value)

    def shown_value(self, path: str, value: Any) -> Any:
        """Personal data as the present person may see it."""
        from app.security.personal_data import shown

        return shown(self.datamodel.obj, path, value)

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
        columns: Sequence[str] = (),
        **options: Any,
    ) -> dict[str, Any]:
        widgets = widgets or {}
        columns = columns or self.list_columns
        size = page_size or self.page_size
        query = self.scoped_query(filters)
        count = self.count(query)
        last_page = max((count - 1) // size, 0)
        page = min(page or 0, last_page)
        rows = self._with_relations(
            self.ordered(query, order_column, order_direction).offset(page * size).limit(size),
            columns,
        ).all()
        self.annotate(rows)
        widgets["list"] = self.list_widget(
            label_columns=self.label_columns,
            include_columns=columns,
            value_columns=[{c: self.column_value(row, c) for c in columns} for row in rows],
            order_columns=self.order_columns,
            formatters_columns=self.formatters_columns,
            numeric_columns=self.numeric_columns,
            # Whoever chose the columns means them on a phone as well.
            card_columns=columns if columns != self.list_columns else self.card_columns,
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
        way = self.way_to_list()
        if way is not None:
            return redirect(way)
        filters, active, problems = self.read_filters(request.args)
        asked = self.list_request(request.args)
        columns, unknown = self.read_columns(request.args)
        widgets = self._get_list_widget(
            filters=filters,
            order_column=asked.order_column,
            order_direction=asked.order_direction,
            page=asked.page,
            page_size=asked.page_size,
            columns=columns,
            clear_url=self.plain_url(),
        )
        widgets["search"] = self._filter_bar_widget(active)
        return self.render_template(
            self.list_template,
            title=self.list_title,
            widgets=widgets,
            filter_problems=[*problems, *unknown],
            tools=self.list_tools(columns),
            export_url=self._export_url(),
            list_buttons=self.list_buttons(),
        )

    def list_buttons(self) -> Sequence[dict[str, Any]]:
        """Further header buttons of the list: dicts of url, text, icon."""
        return []

    # ------------------------------------------------------------------ start-up

    def _prepare_columns(self) -> None:
        """Formatters, alignment and order that follow from the columns."""
        self.formatters_columns = dict(self.formatters_columns or {})
        columns = dict(self.datamodel.list_columns)
        offered = (*self.list_columns, *self.more_columns, *self.export_columns)
        self._gen_labels_columns(offered)
        for name in offered:
            column = mapped_column(self.datamodel.obj, name) if "." in name else None
            if column is not None:
                columns[name] = column
                self.formatters_columns.setdefault(name, formatter_for(column))
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
