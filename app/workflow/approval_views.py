"""The approval desk of market managers: inbox and record side by side, clean ones together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.errors import N_, PlanningError, StaleVersion
from app.kernel.formatters import local_time
from app.kernel.list_request import ascii_integer
from app.kernel.list_widgets import view_url
from app.portal_context import month_label, working_month
from app.workflow import approvals, rules_policy
from app.workflow.approval_details import details_of
from app.workflow.approvals import SUBJECTS, Entry
from app.workflow.flow import OwnRecord, perform
from app.workflow.flow_bar import flow_of, person_of, record_title

REASONS_TOLD = 5
"""Refusals named one by one after approving several."""


LONGEST_COMMENT = 1000

RECORD_PAGES: Mapping[str, tuple[str, str]] = {
    "plan": ("ServicePlanView", "list"),
    "result": ("TaskMarkView", "list"),
    "month": ("MonthPlanView", "list"),
    "week": ("WeekSummaryView", "index"),
    "summary": ("MonthSummaryView", "index"),
}
"""Subject → view and method of the step's page of a territory."""


class NeedsLook(PlanningError):
    """Something changed between the list and its confirmation."""

    msgid = N_("%(record)s needs a look now.")
    status = 409


class CommentRefused(PlanningError):
    """An empty comment says nothing, a long one does not fit."""

    msgid = N_("Write a comment of at most %(most)d characters.")


class ApprovalView(BaseView):
    """What waits for approval in the person's row scope."""

    route_base = "/approvals"
    default_view = "index"
    class_permission_name = "Approval"
    method_permission_name = {
        "index": "read",
        "clean": "approve",
        "approve_clean": "approve",
        "comment": "approve",
    }

    @expose("/")
    @has_access
    def index(self) -> str:
        """The inbox; with ``record`` the entry beside it. The first one is shown without a choice."""
        only = request.args.get("subject", "")
        only = only if only in SUBJECTS else ""
        person = person_of(g.user)
        inbox = approvals.inbox(db.session(), person, only)
        key = request.args.get("record", "")
        chosen = self._chosen(person, inbox.entries, key)
        page: str = self.render_template(
            "workflow/approvals.html",
            title=_("Approvals"),
            inbox=inbox,
            only=only,
            subjects=approvals.decidable(person),
            is_chosen=bool(key),
            is_gone=bool(key) and (chosen is None or chosen.key != key),
            chosen=chosen,
            details=details_of(db.session(), chosen) if chosen else None,
            flow=self._flow(chosen, inbox.entries, only) if chosen else None,
            record_url=record_url(chosen) if chosen else None,
            **WORDS,
        )
        return page

    @staticmethod
    def _chosen(person: Any, entries: list[Entry], key: str) -> Entry | None:
        listed = next((each for each in entries if each.key == key), None)
        if listed is None and key:
            listed = approvals.entry(db.session(), person, key)
        return listed or (entries[0] if entries else None)

    @staticmethod
    def _flow(chosen: Entry, entries: list[Entry], only: str) -> Any:
        """The bar; after a decision the next entry is shown."""
        following = next(approvals.neighbours(entries, chosen.key), None)
        subject = only or None
        url = url_for("ApprovalView.index", subject=subject, record=following)
        return flow_of(db.session(), chosen.record, url)

    @expose("/clean", methods=["GET"])
    @has_access
    def clean(self) -> str:
        """The clean ones as a list to be confirmed."""
        only = request.args.get("subject", "")
        inbox = approvals.inbox(db.session(), person_of(g.user), only if only in SUBJECTS else "")
        page: str = self.render_template(
            "workflow/approvals_clean.html",
            title=_("Approve what needs no look"),
            entries=inbox.clean,
            only=only,
            **WORDS,
        )
        return page

    @expose("/clean", methods=["POST"])
    @has_access
    def approve_clean(self) -> Response:
        """Approve the ticked ones (``entry`` = key:version), each in a transaction of its own."""
        person = person_of(g.user)
        done, refused = 0, []
        for text in dict.fromkeys(request.form.getlist("entry")):
            key, _colon, version = text.partition(":")
            try:
                done += self._approve(person, key, ascii_integer(version))
                db.session.commit()
            except PlanningError as refusal:
                db.session.rollback()
                if refusal.status == 404:
                    abort(404)
                refused.append(refusal.message())
        if done:
            flash(
                ngettext("%(num)d record was approved.", "%(num)d records were approved.", done),
                "success",
            )
        for reason in dict.fromkeys(refused[:REASONS_TOLD]):
            flash(_("Not approved: %(reason)s", reason=reason), "danger")
        if not done and not refused:
            flash(_("Nothing was ticked."), "warning")
        return redirect(url_for("ApprovalView.index"), 303)

    @staticmethod
    def _approve(person: Any, key: str, version: int | None) -> int:
        """1 when approved, 0 when it was not waiting any more. Errors: those of `perform`."""
        found = approvals.entry(db.session(), person, key)
        if found is None or not found.subject.approve:
            return 0
        if found.is_own:
            raise OwnRecord
        if not found.is_clean:
            raise NeedsLook(record=record_title(found.record))
        outcome = perform(
            db.session(), found.record, found.subject.approve, person, version=version
        )
        return int(not outcome.is_repeated)

    @expose("/comment", methods=["POST"])
    @has_access
    def comment(self) -> Response:
        """Say a word on a submitted summary; with it the summary leaves the inbox."""
        session, person = db.session(), person_of(g.user)
        back = url_for("ApprovalView.index", subject=request.form.get("subject") or None)
        found = approvals.entry(session, person, request.form.get("record", ""))
        if found is None or found.subject.approve:
            flash(_("This summary does not wait any more."), "info")
            return redirect(back, 303)
        text = request.form.get("comment", "").strip()
        try:
            if found.record.version != ascii_integer(request.form.get("version")):
                raise StaleVersion
            if not text or len(text) > LONGEST_COMMENT:
                raise CommentRefused(most=LONGEST_COMMENT)
            found.record.comment = text
            session.commit()
        except PlanningError as refusal:
            session.rollback()
            flash(refusal.message(), "danger")
        else:
            flash(_("The comment was saved; the customer manager sees it."), "success")
        return redirect(back, 303)


def record_url(entry: Entry) -> str | None:
    """The step's page of the record. Plans are shown for the month of the top bar only."""
    view, method = RECORD_PAGES[entry.subject.name]
    place = {"q_territory": entry.record.territory_id}
    if entry.subject.name == "week":
        return view_url(view, method, start=entry.record.start_date.isoformat(), **place)
    if entry.subject.name == "summary":
        return view_url(view, method, month=entry.month.key, **place)
    return view_url(view, method, **place) if entry.month == working_month() else None


def check_words(check: rules_policy.Check) -> str:
    """A check in words."""
    good, bad = rules_policy.WORDS[check.code]
    return _(good if check.is_ok else bad, count=check.count, of=check.of)


def waiting_words(days: int) -> str:
    """How long something has been waiting."""
    if days <= 0:
        return _("since today")
    return ngettext("for %(num)d day", "for %(num)d days", days)


WORDS = {
    "check_words": check_words,
    "waiting_words": waiting_words,
    "month_label": month_label,
    "local_time": local_time,
}
"""What the templates of the desk call."""
