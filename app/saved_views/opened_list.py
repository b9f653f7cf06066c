"""The saved views of the list that is being opened: where they lead, and their menu.

Asked for once a request and list; a list page costs one statement more for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import current_app, flash, g, request, url_for
from flask_babel import gettext as _

from app.kernel.db import db
from app.kernel.list_request import ascii_integer, here, url_with
from app.saved_views.rules import ASKED, WITHIN, kept_arguments, opened
from app.saved_views.saved_views import OfferedView, offered_views
from app.security.permissions import Action

ENTITY = "SavedView"


def _may(action: Action) -> bool:
    manager = current_app.appbuilder.sm  # type: ignore[attr-defined]
    return bool(manager.has_access(action.permission, ENTITY))


def _offered(list_name: str) -> list[OfferedView]:
    known: dict[str, list[OfferedView]] = g.setdefault("saved_views", {})
    if list_name not in known:
        known[list_name] = offered_views(db.session(), list_name) if _may(Action.READ) else []
    return known[list_name]


def way_to(list_name: str) -> str | None:
    """The address with all that a view holds; None when the present one says everything itself.

    A view that is gone, somebody else's or of another list gives a message and the list without
    it. Without any argument the person's default opens.
    """
    offered = _offered(list_name)
    asked = request.args.get(ASKED)
    if asked is not None:
        view = next((view for view in offered if view.id == ascii_integer(asked)), None)
        if view is None:
            flash(
                _(
                    "This saved view does not exist any more, or is not shared with you. "
                    "The list is shown without it."
                ),
                "warning",
            )
            return url_with({ASKED: None, WITHIN: 0})
    elif request.args:
        return None
    else:
        view = next((view for view in offered if view.is_default), None)
        if view is None:
            return None
    arguments = opened(view.arguments, request.args.items(multi=True), list_name, view.id)
    return f"{request.path}?{urlencode(arguments)}"


def plain_arguments(list_name: str) -> Mapping[str, str]:
    """Keeps a person's default from opening where the address means no view at all."""
    has_default = any(view.is_default for view in _offered(list_name))
    return {WITHIN: "0"} if has_default and WITHIN not in request.args else {}


def view_menu(list_name: str, plain_url: str) -> dict[str, Any] | None:
    """The menu of views beside the filter bar; None for people who may not use views."""
    if not _may(Action.READ):
        return None
    offered = _offered(list_name)
    current = next(
        (view for view in offered if view.id == ascii_integer(request.args.get(WITHIN))), None
    )
    arguments = kept_arguments(request.args.items(multi=True), list_name)
    return {
        "list_name": list_name,
        "own": [_entry(view, current) for view in offered if not view.owner],
        "shared": [_entry(view, current) for view in offered if view.owner],
        "current": current,
        "is_changed": current is not None and current.arguments != arguments,
        "plain_url": plain_url,
        "query": request.query_string.decode("utf-8", "replace"),
        "next": here(),
        "may_save": _may(Action.UPDATE),
    }


def _entry(view: OfferedView, current: OfferedView | None) -> dict[str, Any]:
    return {
        "view": view,
        "url": f"{request.path}?{urlencode({ASKED: view.id})}",
        "is_current": view is current,
        "link": url_for("SavedViewPages.open", pk=view.id),
    }
