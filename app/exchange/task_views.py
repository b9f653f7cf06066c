"""The page "Background work" and what the bell in the top bar asks for."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app.exchange.task_notices import bell, outcome_html, own_tasks
from app.jobs.queue import OPEN_STATES, is_runner_missing, request_cancel
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_filters import Quick
from app.kernel.list_request import ascii_integer, safe_return_path
from app.kernel.period import utc_now
from app.models import Task
from app.notices.inbox import tasks_seen

MOST_WATCHED = 200


class TaskView(PlanningView):
    """Everybody's own tasks; administrators see those of the company."""

    datamodel = SQLAInterface(Task)
    route_base = "/work"
    list_title = _l("Background work")
    hint = _l(
        "Long work goes on here while you do something else. You may leave the page; the bell "
        "tells you when it has ended."
    )
    empty_hint = _l("Large exports, checks of files and imports appear here.")
    list_template = "exchange/task_list.html"
    list_columns = ["title", "state", "outcome", "requested_name", "requested_at"]
    card_columns = ["title", "state", "outcome", "requested_at"]
    order_columns = ["title", "state", "requested_at"]
    base_order = ("id", "desc")
    extra_labels = {"outcome": _l("Progress and result")}
    filter_bar = [
        Quick("title", "contains"),
        Quick("state", "enum"),
        Quick("requested_at", "date_range"),
    ]
    tones = {
        "state": {
            "QUEUED": "mute",
            "RUNNING": "info",
            "DONE": "ok",
            "FAILED": "bad",
            "CANCELLED": "mute",
        }
    }
    formatters_columns = {"outcome": lambda task: Markup(outcome_html(task))}
    base_permissions = ["can_read", "can_update"]
    method_permission_name = {
        "status": "read",
        "seen": "update",
        "cancel": "update",
    }
    exclude_route_methods = {
        "download", "show", "add", "edit", "delete", "bulk_edit", "select", "export",
        "action", "action_post",
    }  # fmt: skip

    def column_value(self, item: Any, path: str) -> Any:
        """The outcome is made of the whole task."""
        return item if path == "outcome" else super().column_value(item, path)

    def render_template(self, template: str, **values: Any) -> str:
        """Tell when nobody works on waiting tasks."""
        return super().render_template(template, runner_missing=is_runner_missing(), **values)

    @expose("/status")
    @has_access
    def status(self) -> Response:
        """The bell and the rows named in `ids`, as ready-made HTML; asked for every few seconds."""
        ids = [
            ascii_integer(text) for text in request.args.get("ids", "").split(",")[:MOST_WATCHED]
        ]
        wanted = [number for number in ids if number is not None]
        rows = db.session.scalars(select(Task).where(Task.id.in_(wanted))) if wanted else ()
        watched = list(rows)
        shown = bell()
        return jsonify(
            bell=render_template("exchange/task_bell_content.html", bell=shown),
            running=shown["running"],
            progress=shown["progress"],
            unseen=shown["unseen"],
            unread=shown["unread"],
            runner_missing=is_runner_missing(),
            rows={str(task.id): outcome_html(task) for task in watched},
            open=[task.id for task in watched if task.state in OPEN_STATES],
        )

    @expose("/seen", methods=["POST"])
    @has_access
    def seen(self) -> Response | AnyResponse:
        """The person has read the notices of ended tasks: of all, or of the one named `task`."""
        body = request.get_json(silent=True) or {}
        only = body.get("task") if isinstance(body, dict) else None
        moment, seen = utc_now(), []
        for task in own_tasks():
            is_meant = only is None or str(task.id) == str(only)
            if task.state not in OPEN_STATES and task.seen_at is None and is_meant:
                task.seen_at = moment
                seen.append(task.id)
        tasks_seen(db.session(), g.user.id, seen)
        db.session.commit()
        if request.is_json:
            return jsonify(unseen=bell()["unseen"])
        return redirect(url_for("TaskView.list"), 303)

    @expose("/<pk>/cancel", methods=["POST"])
    @has_access
    def cancel(self, pk: str) -> AnyResponse:
        """Stop a task. Its own transaction is undone, so nothing is half done."""
        task = self.scoped_item(pk)
        try:
            request_cancel(task)
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            flash(refusal.message(), "warning")
        else:
            flash(_("“%(title)s” is being stopped.", title=task.title), "info")
        back = safe_return_path(request.form.get("next")) or url_for("TaskView.list")
        return redirect(back, 303)
