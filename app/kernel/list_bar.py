"""What stands above the rows of a list: filter bar, choice of columns, saved views, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import request
from flask_appbuilder import ModelView, expose, has_access
from flask_appbuilder.const import PERMISSION_PREFIX
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.kernel.list_columns import ARGUMENT, chosen_columns
from app.kernel.list_filters import Active, Quick
from app.kernel.list_request import url_with
from app.kernel.list_widgets import FilterBarWidget

EXPORTS = "export"
"""Argument of the export's address; with the value SHOWN only the shown columns are written."""
SHOWN = "shown"


class ListBar(ModelView):
    """The tools of a list. See `PlanningView` for what a view declares."""

    filter_bar: ClassVar[list[Quick]] = []
    export_columns: ClassVar[list[str]] = []
    more_columns: ClassVar[list[str]] = []
    number_words: ClassVar[dict[str, Mapping[Any, Any]]] = {}

    # ------------------------------------------------------------------ columns

    def offered_columns(self) -> list[str]:
        """What the choice of columns offers: no two with the same label, the view's own first."""
        names = list(self.list_columns)
        labels = {self.column_label(name) for name in names}
        for name in (*self.more_columns, *self.export_columns):
            if name not in names and self.column_label(name) not in labels:
                names.append(name)
                labels.add(self.column_label(name))
        return names

    def column_label(self, name: str) -> str:
        """The label of a column in the reader's language."""
        return str(self.label_columns.get(name) or self._label_of(name))

    def read_columns(self, args: MultiDict[str, str]) -> tuple[list[str], list[str]]:
        """The columns an address asks for, and messages about names that are none."""
        texts = args.getlist(ARGUMENT)
        if not texts:
            return list(self.list_columns), []
        columns, unknown = chosen_columns(texts, self.offered_columns(), list(self.list_columns))
        return columns, [
            _("The column “%(name)s” was ignored: the list does not have it.", name=name[:40])
            for name in unknown
        ]

    def columns_to_export(self, args: MultiDict[str, str]) -> list[str]:
        """All columns of the workbook, or those the address shows when it asks for them."""
        if args.get(EXPORTS) == SHOWN:
            return self.read_columns(args)[0]
        return list(self.export_columns or (*self.list_columns, *self.more_columns))

    def _column_choice(self, shown: list[str]) -> dict[str, Any]:
        """The choice of columns: shown ones in their order, then the others."""
        name = type(self).__name__
        rest = [column for column in self.offered_columns() if column not in shown]
        return {
            "entries": [
                {
                    "name": column,
                    "label": self.column_label(column),
                    "is_shown": column in shown,
                    "stays": column == self.list_columns[0],
                }
                for column in (*shown, *rest)
            ],
            "kept": [
                (key, value)
                for key, value in request.args.items(multi=True)
                if key not in (ARGUMENT, f"page_{name}")
            ],
            "action": request.path,
            "is_chosen": ARGUMENT in request.args,
            "default_url": url_with({ARGUMENT: None}),
        }

    # ------------------------------------------------------------------ saved views

    def way_to_list(self) -> str | None:
        """Where a saved view leads, when the address asks for one or the person has a default."""
        from app.saved_views.opened_list import way_to

        return way_to(type(self).__name__)

    def plain_arguments(self) -> Mapping[str, str]:
        """What an address must say to mean no saved view; empty for people without a default."""
        from app.saved_views.opened_list import plain_arguments

        return plain_arguments(type(self).__name__)

    def plain_url(self) -> str:
        """This list without filters, whatever view opens by default."""
        return url_with(self.plain_arguments(), drop=tuple(request.args))

    def list_tools(self, shown: list[str]) -> dict[str, Any]:
        """What the template draws beside the filter bar."""
        from app.saved_views.opened_list import view_menu

        return {
            "columns": self._column_choice(shown),
            "views": view_menu(type(self).__name__, self.plain_url()),
        }

    # ------------------------------------------------------------------ filter bar

    def _filter_bar_widget(self, active: Sequence[Active]) -> FilterBarWidget:
        shown = len(self.filter_bar)
        inputs = [
            self._input(quick, number < shown and not quick.more)
            for number, quick in enumerate(self.all_quicks())
        ]
        owned = {name for entry in inputs for name in entry["names"]}
        dropped = {*owned, f"page_{type(self).__name__}"}
        plain = self.plain_arguments()
        return FilterBarWidget(
            inputs=inputs,
            chips=[
                {
                    "label": entry.label,
                    "text": entry.text,
                    "url": url_with(
                        {**dict.fromkeys(entry.parameters), **plain},
                        drop=(f"page_{type(self).__name__}",),
                    ),
                }
                for entry in active
            ],
            kept=[
                (key, value)
                for key, value in (*request.args.items(multi=True), *plain.items())
                if key not in dropped and not key.startswith(("q_", "_flt_"))
            ],
            action=request.path,
            clear_url=self.plain_url(),
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
        if quick.kind == "words":
            words = self.number_words[quick.column]
            entry["kind"] = "enum"
            entry["choices"] = [(str(key), str(word)) for key, word in words.items()]
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
