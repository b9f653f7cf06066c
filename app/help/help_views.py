"""The help of a page: beside it as a popover, or as a page of its own."""

from __future__ import annotations

from flask import abort, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from app.help.help_words import step_words
from app.help.pages import PAGE_HELP
from app.kernel.db import db
from app.menu import MENU, MENU_GROUPS
from app.portal_context import can, working_month
from app.workflow.steps import STEP_BY_NUMBER


class HelpView(BaseView):
    """Texts only; every role may read what the whole method asks for."""

    route_base = "/help"
    class_permission_name = "Home"
    default_view = "index"

    @expose("/")
    @has_access
    @permission_name("read")
    def index(self) -> str:
        """All pages of the person's menu with their explanation."""
        groups = []
        for group in MENU_GROUPS:
            rows = [
                row for row in MENU if row.group == group.key and can(row.permission, row.entity)
            ]
            if rows:
                groups.append((group, rows))
        page: str = self.render_template(
            "help/index.html",
            title=_("Help"),
            groups=groups,
            steps=STEP_BY_NUMBER,
            words=PAGE_HELP,
        )
        return page

    @expose("/<topic>")
    @has_access
    @permission_name("read")
    def topic(self, topic: str) -> str:
        """The help of the page whose endpoint is `topic`; with ``fragment`` for the popover."""
        row = next((row for row in MENU if row.endpoint == topic), None)
        if row is None:
            abort(404)
        month = working_month()
        page: str = self.render_template(
            "help/fragment.html" if "fragment" in request.args else "help/topic.html",
            title=_(row.label),
            row=row,
            month=month,
            entry=PAGE_HELP.get(topic),
            step=step_words(db.session(), row.step, month) if row.step else None,
            may_open=can(row.permission, row.entity),
            rows_by_step={other.step: other for other in MENU if other.step},
        )
        return page
