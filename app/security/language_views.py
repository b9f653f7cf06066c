"""The choice of language; possible before login, and therefore a page of its own."""

from __future__ import annotations

from flask import current_app, redirect, request, session
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.kernel.list_request import safe_return_path


class LanguageView(BaseView):
    """Remembers the language in the session. A POST like every change."""

    route_base = "/language"
    default_view = "choose"

    @expose("/", methods=["POST"])
    def choose(self) -> Response:
        """An unknown language keeps the present one."""
        language = request.form.get("language", "")
        if language in current_app.config["LANGUAGES"]:
            session["locale"] = language
        return redirect(safe_return_path(request.form.get("next")) or "/", 303)
