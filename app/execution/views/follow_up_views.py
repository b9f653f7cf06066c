"""督办 — follow-ups of anomalies and suggestions: list, working on one, answering."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect
from flask_appbuilder.actions import action
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect
from sqlalchemy.orm import Query
from werkzeug.wrappers import Response

from app.analysis.views.choice_filters import TextQuick, WorkListView
from app.execution import follow_ups
from app.execution.rules import is_overdue
from app.execution.views.visit_list import CustomerContains
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.formatters import MISSING, pill
from app.kernel.list_filters import Quick
from app.kernel.period import local_today
from app.models import FollowUp, FollowUpStatus

REFUSALS_SHOWN = 5


class Own(BaseFilter):
    """Follow-ups the person is responsible for."""

    name = _l("Mine")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(FollowUp.owner_id == g.user.id)


class Overdue(BaseFilter):
    """Unfinished after their day."""

    name = _l("Overdue")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(
            FollowUp.status.in_(follow_ups.WORKING), FollowUp.due_date < local_today()
        )


def due_cell(follow_up: FollowUp | None) -> Any:
    """The day; late ones are marked."""
    if follow_up is None or follow_up.due_date is None:
        return MISSING
    text = follow_up.due_date.isoformat()
    if is_overdue(follow_up.status.name, follow_up.due_date, local_today()):
        return pill(_("%(day)s overdue", day=text), "bad")
    return text


class FollowUpView(WorkListView):
    """待办→处理中→已办结→已答复客户."""

    datamodel = SQLAInterface(FollowUp)
    route_base = "/follow-ups"
    list_title = _l("Follow-ups")
    entity_label = _l("follow-up")
    hint = _l(
        "Anomalies and suggestions from visits, with somebody responsible and a day. What is "
        "resolved is told to the customer at the next visit."
    )
    list_template = "execution/visit_list.html"
    empty_hint = _l("They come from what is written down at visits.")
    list_columns = ["customer", "kind", "text", "status", "owner", "due", "territory"]
    show_columns = [
        "customer", "territory", "kind", "text", "status", "owner", "due_date", "answer",
        "resolved_at", "answered_on", "created_at", "updated_at",
    ]  # fmt: skip
    export_columns = [
        "territory", "customer.code", "customer.name", "kind", "text", "status", "owner",
        "due_date", "answer", "resolved_at", "answered_on", "created_at",
    ]  # fmt: skip
    add_columns = ["customer", "kind", "text", "owner", "due_date"]
    edit_columns = ["owner", "due_date", "status", "answer"]
    card_columns = ["customer", "text", "status", "owner", "due"]
    order_columns = ["due_date", "status"]
    base_order = ("due_date", "asc")
    remote_selects = {"customer": ("code", "name")}
    filter_bar = [
        TextQuick("customer", "contains", _l("Name or code"), filter_class=CustomerContains),
        Quick("status", "enum"),
        Quick("own", "flag", _l("Mine"), filter_class=Own, shows_count=True),
        Quick("overdue", "flag", _l("Overdue"), filter_class=Overdue, shows_count=True),
        Quick("kind", "enum"),
        Quick("territory", "relation", label=_l("Territory")),
        Quick("due_date", "date_range", more=True),
    ]
    extra_labels = {
        "customer": _l("Customer"),
        "customer.name": _l("Customer"),
        "customer.code": _l("Customer code"),
        "territory": _l("Territory"),
        "owner": _l("Responsible"),
        "due": _l("Due on"),
    }
    tones = {
        "status": {"OPEN": "warn", "IN_WORK": "info", "RESOLVED": "gold", "ANSWERED": "ok"},
        "kind": {"ANOMALY": "bad", "SUGGESTION": "info"},
    }
    formatters_columns = {"due": due_cell}
    has_history = True
    base_permissions = ["can_read", "can_create", "can_update", "can_export"]
    exclude_route_methods = {"download", "delete", "bulk_edit"}

    def column_value(self, item: Any, path: str) -> Any:
        return item if path == "due" else super().column_value(item, path)

    def pre_add(self, item: FollowUp) -> None:
        owner_id = None if item.owner is None else item.owner.id
        follow_ups.begin(db.session(), item, item.customer, owner_id)

    def pre_update(self, item: FollowUp) -> None:
        history: Any = inspect(item).attrs.status.history
        before = history.deleted[0] if history.deleted else item.status
        follow_ups.change_state(item, before)

    @action("take", _l("Take into work"), _l("Begin to work on the selected ones?"), icon="fa-play")
    def take(self, items: Any) -> Response:
        """待办→处理中."""
        return self._move(items, FollowUpStatus.IN_WORK)

    @action(
        "told",
        _l("Answered to the customer"),
        _l("Does the customer know the answers of the selected ones?"),
        icon="fa-comment-dots",
    )
    def told(self, items: Any) -> Response:
        """已办结→已答复."""
        return self._move(items, FollowUpStatus.ANSWERED)

    def _move(self, items: Any, status: FollowUpStatus) -> Response:
        chosen = items if isinstance(items, list) else [items]
        changed, refused = 0, []
        for item in chosen:
            before = item.status
            if before is status:
                continue
            item.status = status
            try:
                follow_ups.change_state(item, before)
                changed += 1
            except PlanningError as refusal:
                item.status = before
                refused.append(f"{item}: {refusal.message()}")
        db.session.commit()
        flash(_("%(count)d changed.", count=changed), "success" if changed else "warning")
        for text in refused[:REFUSALS_SHOWN]:
            flash(text, "warning")
        return redirect(self.get_redirect(), 303)
