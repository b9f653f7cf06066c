"""The addresses of the approval flow: one view per kind of record, one POST per action.

``/flow/<kind>/<id>/<action>`` takes `version` (as the person saw it), `reason`, `reason_id`,
`seen` and `next`. The views are made from the table of transitions, so every action has exactly
the grant the table asks for: the record's entity, and update or approve.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import abort, flash, g, make_response, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import models
from app.kernel.db import db
from app.kernel.errors import InvalidTransition, PlanningError, StaleVersion
from app.kernel.formatters import enum_word, local_time
from app.kernel.list_request import ascii_integer, safe_return_path
from app.security.change_log import changes_since
from app.workflow.flow import events_of, last_event, perform, record_of
from app.workflow.flow_bar import done_label, flow_of, parse_seen, person_of, record_title
from app.workflow.machine import RECORDS, actions_of, permission_of
from app.workflow.write_lock import FLOW_COLUMNS, rows_of

MOST_CHANGES = 50


class FlowView(BaseView):
    """The actions on one kind of record. Its methods are made by `flow_view`."""

    kind: str
    datamodel: Any

    def _take(self, pk: str, action: str) -> Response:
        """One action in one transaction; then back to where the person came from."""
        session = db.session()
        record = record_of(self.kind, session, ascii_integer(pk))
        try:
            outcome = perform(
                session,
                record,
                action,
                person_of(g.user),
                version=ascii_integer(request.form.get("version")),
                reason=request.form.get("reason", ""),
                reason_id=ascii_integer(request.form.get("reason_id")),
            )
            session.commit()
        except StaleVersion:
            session.rollback()
            return self._changed_page(int(pk))
        except PlanningError as refusal:
            session.rollback()
            if refusal.status == 404:
                abort(404)
            flash(self._refusal_words(refusal, int(pk)), "danger")
            return redirect(_back(), 303)
        title, event = record_title(record), outcome.event
        if outcome.is_repeated:
            words = _(
                "%(record)s – %(name)s had already done this at %(time)s: %(done)s.",
                record=title,
                name=event.user_name,
                time=local_time(event.at),
                done=done_label(action),
            )
            flash(words, "info")
        else:
            flash(
                _("%(record)s – %(done)s.", record=title, done=done_label(action)),
                "success",
            )
        return redirect(_back(), 303)

    def _refusal_words(self, refusal: PlanningError, record_id: int) -> str:
        """The refusal; when the record moved on meanwhile, also who moved it."""
        record = record_of(self.kind, db.session(), record_id)
        last = last_event(db.session(), record)
        if type(refusal) is not InvalidTransition or last is None:
            return f"{record_title(record)} – {refusal.message()}"
        return _(
            "%(record)s – this is no longer possible: the state is “%(state)s” (%(done)s by "
            "%(name)s at %(time)s).",
            record=record_title(record),
            state=enum_word(record.status),
            done=done_label(last.action),
            name=last.user_name,
            time=local_time(last.at),
        )

    def _changed_page(self, record_id: int) -> Response:
        """What changed since the person looked, and the actions again."""
        session = db.session()
        record = record_of(self.kind, session, record_id)
        flow = flow_of(session, record, _back())
        seen = parse_seen(request.form.get("seen"))
        version = ascii_integer(request.form.get("version")) or 0
        events = [event for event in events_of(session, record) if event.record_version >= version]
        page = self.render_template(
            "workflow/changed.html",
            title=record_title(record),
            flow=flow,
            events=flow.steps[len(flow.steps) - len(events) :],
            changes=changes_since(
                rows_of(session, record), seen, MOST_CHANGES, without=FLOW_COLUMNS
            ),
            reason=request.form.get("reason", ""),
            cancel_url=_back(),
        )
        return make_response(page, 409)


def _back() -> str:
    return safe_return_path(request.form.get("next")) or url_for("HomeView.index")


def _action_method(action: str) -> Callable[..., Response]:
    def take(self: FlowView, pk: str) -> Response:
        return self._take(pk, action)

    take.__name__ = action
    take.__doc__ = f"Take the action “{action}” on the record."
    method: Callable[..., Response] = expose(f"/<pk>/{action}", methods=["POST"])(has_access(take))
    return method


def flow_view(kind: str) -> type[FlowView]:
    """The view of a kind of record, with a method per action."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
    permissions = {action: permission_of(kind, action) for action in actions_of(kind)}
    return type(
        f"{kind}FlowView",
        (FlowView,),
        {
            "__doc__": f"The approval flow of {kind}.",
            "kind": kind,
            "datamodel": SQLAInterface(getattr(models, kind)),
            "route_base": f"/flow/{words}",
            "class_permission_name": kind,
            "method_permission_name": permissions,
            **{action: _action_method(action) for action in permissions},
        },
    )


FLOW_VIEWS: tuple[type[FlowView], ...] = tuple(flow_view(kind) for kind in RECORDS)
