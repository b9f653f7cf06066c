"""The home page 我的月度, the month's readiness, and the frame's choice of the month."""

from __future__ import annotations

import contextlib

from flask import abort, g, redirect, request, session
from flask_appbuilder import BaseView, IndexView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.utils.base import get_safe_redirect
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.home.cards import cards
from app.home.desk import statement_scope
from app.home.readiness import readiness
from app.home.work import SHOWN, due_today, tone_of
from app.kernel.db import db
from app.kernel.list_widgets import view_url
from app.kernel.period import Month, WorkWeek, local_today, work_weeks
from app.portal_context import month_label, scope_label, working_month
from app.security.identity import has_role
from app.security.permissions import RoleName


class HomeView(IndexView):
    """The page people land on: what the month wants from them."""

    class_permission_name = "Home"
    index_template = "portal/home.html"

    @expose("/")
    @has_access
    @permission_name("read")
    def index(self) -> str:
        month, today = working_month(), local_today()
        page: str = self.render_template(
            self.index_template,
            title=_("My month"),
            cards=cards(db.session(), month, today),
            month=month,
            month_words=month_label(month),
            analysed_words=month_label(month.previous),
            week_number=week_number(month),
            today=today,
            scope_words=scope_label(),
            shown_work=SHOWN,
            due_today=due_today,
            tone_of=tone_of,
            imports_url=view_url("ImportView", "list"),
            import_url=view_url("ImportView", "new"),
            tasks_url=view_url("TaskView", "list"),
            runs_url=view_url("ScheduledWorkView", "list"),
        )
        return page


def week_number(month: Month) -> int:
    """Which work week of the month today is in; 0 in another month."""
    week = WorkWeek.of(local_today())
    return work_weeks(month).index(week) + 1 if week.month == month else 0


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


class ReadinessView(BaseView):
    """What is missing before the month begins, for those who mend it or wait for it."""

    route_base = "/readiness"
    class_permission_name = "Readiness"
    default_view = "index"

    @expose("/")
    @has_access
    @permission_name("read")
    def index(self) -> str:
        scope, month = statement_scope(g.row_scope), working_month()
        if scope is None and not has_role(RoleName.ADMINISTRATOR):
            abort(404)
        page: str = self.render_template(
            "home/readiness.html",
            title=_("Readiness of the month"),
            month_words=month_label(month),
            analysed_words=month_label(month.previous),
            scope_words=scope_label(),
            readiness=None
            if scope is None
            else readiness(db.session(), scope, month, local_today()),
        )
        return page
