"""The home page and the frame's own endpoints."""

from __future__ import annotations

import contextlib

from flask import redirect, request, session
from flask_appbuilder import BaseView, IndexView, expose
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.utils.base import get_safe_redirect
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.kernel.period import Month


class HomeView(IndexView):
    """The page people land on."""

    class_permission_name = "Home"
    index_template = "portal/home.html"

    @expose("/")
    def index(self) -> Response | str:
        if not current_user.is_authenticated:
            return redirect(self.appbuilder.get_url_for_login)
        self.update_redirect()
        page: str = self.render_template(self.index_template, title=_("Home page"))
        return page


class PortalView(BaseView):
    """Choices that concern the frame: the month worked on."""

    route_base = "/portal"
    class_permission_name = "Home"
    method_permission_name = {"set_month": "read"}

    @expose("/month", methods=["POST"])
    @has_access
    def set_month(self) -> Response:
        """Remember the month; an unreadable one keeps the present choice."""
        with contextlib.suppress(ValueError):
            session["month"] = Month.parse(request.form.get("month", "")).key
        return redirect(get_safe_redirect(request.form.get("next", "/")))
