"""Saving, changing and opening saved views. The menu itself is part of every list."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import abort, flash, redirect, request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.errors import OutOfScope, PlanningError
from app.kernel.list_pages import filters_from_query
from app.kernel.list_request import ascii_integer, safe_return_path
from app.kernel.list_widgets import view_may, view_url
from app.kernel.page_change import carry_out
from app.models import SavedView
from app.saved_views import saved_views
from app.saved_views.rules import ASKED, WITHIN, Arguments, kept_arguments


def list_url(list_name: str, arguments: Arguments = ()) -> str:
    """The address of a list the person may read; anything else is a 404."""
    try:
        url = view_url(list_name, "list") if view_may(list_name, "list") else None
    except LookupError:
        url = None
    if url is None:
        abort(404)
    return f"{url}?{urlencode(arguments)}" if arguments else url


def posted_arguments(list_name: str) -> Arguments:
    """What the posted address of the list holds, as far as a view keeps it."""
    query = filters_from_query(request.form.get("query", ""))
    return kept_arguments(query.items(multi=True), list_name)


class SavedViewPages(BaseView):
    """One form per change; all lead back to the list."""

    route_base = "/saved-views"
    class_permission_name = "SavedView"
    default_view = "open"
    method_permission_name = {
        "open": "read",
        "add": "update",
        "rename": "update",
        "keep": "update",
        "share": "update",
        "start_with": "update",
        "delete": "update",
    }
    base_permissions = ["can_read", "can_update"]

    @expose("/open/<pk>")
    @has_access
    def open(self, pk: str) -> Response:
        """The list with the view: the address to give to a colleague."""
        try:
            view = saved_views.readable(db.session(), ascii_integer(pk) or 0)
        except OutOfScope:
            abort(404)
        return redirect(list_url(view.list_name, ((ASKED, str(view.id)),)))

    @expose("/add", methods=["POST"])
    @has_access
    def add(self) -> Response:
        """Save the present list under a name."""
        list_name = request.form.get("list", "")
        list_url(list_name)
        arguments = posted_arguments(list_name)
        try:
            view = saved_views.add_view(
                db.session(),
                list_name,
                request.form.get("name", ""),
                arguments,
                is_shared=request.form.get("is_shared") == "1",
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            flash(refusal.message(), "danger")
            return redirect(safe_return_path(request.form.get("next")) or list_url(list_name), 303)
        flash(_("The view “%(name)s” was saved.", name=view.name), "success")
        return redirect(list_url(list_name, (*arguments, (WITHIN, str(view.id)))), 303)

    @expose("/<pk>/keep", methods=["POST"])
    @has_access
    def keep(self, pk: str) -> Response:
        """Save the present filters, order and columns in the view."""

        def act(view: SavedView) -> str:
            view.query = [list(pair) for pair in posted_arguments(view.list_name)]
            return _("The view “%(name)s” was saved.", name=view.name)

        return self._change(pk, act)

    @expose("/<pk>/rename", methods=["POST"])
    @has_access
    def rename(self, pk: str) -> Response:
        """Another name."""

        def act(view: SavedView) -> str:
            saved_views.rename(db.session(), view, request.form.get("name", ""))
            return _("The view is now called “%(name)s”.", name=view.name)

        return self._change(pk, act)

    @expose("/<pk>/share", methods=["POST"])
    @has_access
    def share(self, pk: str) -> Response:
        """Share with the company, or no longer."""

        def act(view: SavedView) -> str:
            view.is_shared = request.form.get("is_shared") == "1"
            if view.is_shared:
                return _(
                    "Everybody of the company who may read this list now finds “%(name)s”.",
                    name=view.name,
                )
            return _("“%(name)s” is yours alone again.", name=view.name)

        return self._change(pk, act)

    @expose("/<pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        """Remove the view; it is nobody's default any more."""

        def act(view: SavedView) -> str:
            db.session.delete(view)
            return _("The view “%(name)s” was deleted.", name=view.name)

        return self._change(pk, act)

    @expose("/<pk>/start-with", methods=["POST"])
    @has_access
    def start_with(self, pk: str) -> Response:
        """Let the list open with the view, or no longer; a shared one will do as well."""

        def act() -> str:
            view = saved_views.readable(db.session(), ascii_integer(pk) or 0)
            is_default = request.form.get("is_default") == "1"
            saved_views.set_default(db.session(), view, is_default=is_default)
            if is_default:
                return _("The list now opens with “%(name)s”.", name=view.name)
            return _("The list opens without a view again.")

        return carry_out(act, self._back())

    def _change(self, pk: str, act: Callable[[SavedView], str]) -> Response:
        def on_view() -> str:
            version = ascii_integer(request.form.get("version"))
            view = saved_views.changeable(db.session(), ascii_integer(pk) or 0, version)
            list_url(view.list_name)
            return act(view)

        return carry_out(on_view, self._back())

    def _back(self) -> str:
        return safe_return_path(request.form.get("next")) or "/"
