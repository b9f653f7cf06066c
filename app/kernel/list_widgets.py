"""Widgets that turn FAB's template arguments into plain data for the portal's templates.

Templates only loop and print; URLs, sort states, page numbers and permissions are decided here.
`install` registers the functions as Jinja globals: FAB renders widgets without Flask's context
processors, so a template reaches nothing else.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from flask import Flask, request, session
from flask_appbuilder.widgets import FormWidget, ListWidget, RenderTemplateWidget, ShowWidget
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.routing import BuildError

from app.kernel.formatters import MISSING, local_time, plain, yes_no
from app.kernel.list_request import PAGE_SIZES, here, url_with


class PortalListWidget(ListWidget):
    """A list; the template computes its model with `list_model`."""


class PortalShowWidget(ShowWidget):
    """The fields of one record."""


class PortalFormWidget(FormWidget):
    """An add or edit form."""


class FilterBarWidget(RenderTemplateWidget):
    """The visible filters above a list."""

    template = "portal/filter_bar.html"


@dataclass(frozen=True, slots=True)
class Header:
    """A column head: `sort` is "", "ascending" or "descending"; `url` is empty when unsortable."""

    column: str
    label: str
    url: str
    sort: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: `on_card` says whether phones show it, `is_title` whether as the card's title."""

    column: str
    label: str
    html: Any
    numeric: bool
    on_card: bool
    is_title: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One record with the addresses this user may open; None where refused."""

    pk: str
    title: str
    cells: list[Cell]
    show_url: str | None
    edit_url: str | None
    delete_url: str | None


def list_model(arguments: dict[str, Any]) -> dict[str, Any]:
    """Everything the list template prints, from a list widget's template arguments."""
    name = str(arguments["modelview_name"])
    view = _view(name)
    size = int(arguments.get("page_size") or 25)
    page = int(arguments.get("page") or 0)
    count = int(arguments.get("count") or 0)
    may = {method: _may(view, method) for method in ("show", "edit", "delete", "add")}
    headers = _headers(name, arguments)
    actions = _visible_actions(view, arguments.get("actions") or {}, multiple=True)
    bulk = arguments.get("bulk_form")
    return {
        "name": name,
        "headers": headers,
        "rows": _rows(name, arguments, headers, may),
        "count": count,
        "actions": actions,
        "bulk": bulk,
        "selectable": bool(actions or bulk),
        "action_url": _url(name, "action_post"),
        "bulk_url": _url(name, "bulk_edit"),
        "pages": _pages(name, page, size, count),
        "first": page * size + 1 if count else 0,
        "last": min(count, (page + 1) * size),
        "sizes": [
            (choice, url_with({f"psize_{name}": choice, f"page_{name}": None}), choice == size)
            for choice in PAGE_SIZES
        ],
        "return_to": here(),
        "query": request.query_string.decode("utf-8", "replace"),
        "filtered": any(key.startswith(("q_", "_flt_")) for key in request.args),
        "is_related": bool(arguments.get("is_related")),
        "clear_url": arguments.get("clear_url") or request.path,
        "add_url": _add_url(name, arguments) if may["add"] else None,
        "empty_hint": arguments.get("empty_hint"),
    }


def _headers(name: str, arguments: dict[str, Any]) -> list[Header]:
    ordered = request.args.get(f"_oc_{name}")
    direction = request.args.get(f"_od_{name}")
    sortable = arguments.get("order_columns") or []
    numeric = arguments.get("numeric_columns") or ()
    headers = []
    for column in arguments["include_columns"]:
        sort = ""
        if ordered == column and column in sortable:
            sort = "ascending" if direction == "asc" else "descending"
        changes = {
            f"_oc_{name}": column,
            f"_od_{name}": "desc" if sort == "ascending" else "asc",
            f"page_{name}": None,
        }
        headers.append(
            Header(
                column=column,
                label=str(arguments["label_columns"].get(column, column)),
                url=url_with(changes) if column in sortable else "",
                sort=sort,
                numeric=column in numeric,
            )
        )
    return headers


def _rows(
    name: str, arguments: dict[str, Any], headers: list[Header], may: dict[str, bool]
) -> list[Row]:
    formatters = arguments.get("formatters_columns") or {}
    cards = arguments.get("card_columns") or [header.column for header in headers]
    shown = [header.column for header in headers]
    title_column = next((name for name in cards if name in shown), shown[0])
    back = here()
    rows = []
    for pk, values in zip(arguments["pks"], arguments["value_columns"], strict=False):
        cells = [
            Cell(
                column=header.column,
                label=header.label,
                html=shown_value(formatters.get(header.column), values[header.column]),
                numeric=header.numeric,
                on_card=header.column in cards,
                is_title=header.column == title_column,
            )
            for header in headers
        ]
        title = next((str(cell.html) for cell in cells if cell.is_title), str(pk))
        rows.append(
            Row(
                pk=str(pk),
                title=title,
                cells=cells,
                show_url=_url(name, "show", pk=pk, next=back) if may["show"] else None,
                edit_url=_url(name, "edit", pk=pk, next=back) if may["edit"] else None,
                delete_url=_url(name, "delete", pk=pk, next=back) if may["delete"] else None,
            )
        )
    return rows


def shown_value(formatter: Any, value: Any) -> Any:
    """A formatted value; missing ones and bare truth values get words."""
    if formatter is not None:
        return formatter(value)
    return yes_no(value) if isinstance(value, bool) else plain(value)


def _pages(name: str, page: int, size: int, count: int) -> list[dict[str, Any]]:
    """Links to the first, last and nearby pages; a gap is an entry without number."""
    last = max(math.ceil(count / size) - 1, 0)
    if last == 0:
        return []
    near = sorted({0, *range(max(page - 2, 0), min(page + 2, last) + 1), last})
    entries: list[dict[str, Any]] = [_page_entry(name, "prev", page - 1, page, last)]
    previous = -1
    for index in near:
        if index - previous > 1:
            entries.append({"kind": "gap"})
        entries.append(_page_entry(name, "page", index, page, last))
        previous = index
    entries.append(_page_entry(name, "next", page + 1, page, last))
    return entries


def _page_entry(name: str, kind: str, index: int, page: int, last: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "number": index + 1,
        "current": index == page,
        "url": url_with({f"page_{name}": index}) if 0 <= index <= last else None,
    }


def _add_url(name: str, arguments: dict[str, Any]) -> str | None:
    """The add page; a related list passes its parent on."""
    filters = arguments.get("filters")
    prefill = {}
    for flt, value in filters.get_filters_values() if filters is not None else []:
        if flt.is_related_view:
            prefill[f"_flt_0_{flt.column_name}"] = value[0] if isinstance(value, tuple) else value
    return _url(name, "add", next=here(), **prefill)


def show_actions(name: str, actions: dict[str, Any], pk: Any) -> list[dict[str, Any]]:
    """The single-record actions this user may run, with their addresses."""
    view = _view(name)
    visible = _visible_actions(view, {k: a for k, a in actions.items() if a}, multiple=False)
    for entry in visible:
        entry["url"] = _url(name, "action", name=entry["name"], pk=pk)
    return visible


def record_urls(name: str, pk: Any) -> dict[str, str | None]:
    """The edit and delete addresses of one record, None where refused."""
    view = _view(name)
    back = request.args.get("next") or _url(name, "list") or "/"
    return {
        "edit": _url(name, "edit", pk=pk, next=here()) if _may(view, "edit") else None,
        "delete": _url(name, "delete", pk=pk, next=back) if _may(view, "delete") else None,
    }


def _visible_actions(view: Any, actions: dict[str, Any], *, multiple: bool) -> list[dict[str, Any]]:
    visible = []
    for action in actions.values():
        if not (action.multiple if multiple else action.single):
            continue
        permission = view.get_action_permission_name(action.name)
        if permission in view.base_permissions and _has_access(view, permission):
            visible.append(
                {
                    "name": action.name,
                    "text": _(str(action.text)),
                    "confirm": _(str(action.confirmation)) if action.confirmation else "",
                    "icon": action.icon or "fa-bolt",
                }
            )
    return visible


def _view(name: str) -> Any:
    from flask import current_app

    for view in current_app.appbuilder.baseviews:  # type: ignore[attr-defined]
        if type(view).__name__ == name:
            return view
    raise LookupError(name)


def _may(view: Any, method: str) -> bool:
    """Whether the route exists, is allowed by the view and granted to the user."""
    if not hasattr(view, method) or method in view.exclude_route_methods:
        return False
    permission = f"can_{view.get_method_permission(method)}"
    return permission in view.base_permissions and _has_access(view, permission)


def _has_access(view: Any, permission: str) -> bool:
    return bool(view.appbuilder.sm.has_access(permission, view.class_permission_name))


def _url(view_name: str, method: str, /, **values: Any) -> str | None:
    from flask import url_for

    try:
        return url_for(f"{view_name}.{method}", **values)
    except BuildError:
        return None


def view_may(name: str, method: str) -> bool:
    """For templates: whether this user may call a view's method."""
    return _may(_view(name), method)


def view_url(view_name: str, method: str, /, **values: Any) -> str | None:
    """For templates: a view's address, None when the route does not exist."""
    return _url(view_name, method, **values)


def json_text(value: Any) -> Markup:
    """A value as JSON for a script element: no markup can end the element."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def html_language() -> str:
    """The document language for `<html lang>`."""
    from flask_babel import get_locale

    locale = get_locale()
    return "zh-CN" if locale is None or locale.language == "zh" else locale.language


def current_locale() -> str:
    """The chosen locale code, "zh" or "en"."""
    from flask_babel import get_locale

    return str(session.get("locale") or getattr(get_locale(), "language", "zh"))


def install(app: Flask) -> None:
    """Make the functions above known to all templates (FAB widgets skip context processors)."""
    app.jinja_env.globals.update(
        portal_list_model=list_model,
        portal_show_actions=show_actions,
        portal_record_urls=record_urls,
        portal_view_may=view_may,
        portal_view_url=view_url,
        portal_shown=shown_value,
        portal_json=json_text,
        html_language=html_language,
        current_locale=current_locale,
        url_with=url_with,
        local_time=local_time,
        MISSING=MISSING,
    )
    app.context_processor(lambda: {"appbuilder": app.extensions["appbuilder"]})
