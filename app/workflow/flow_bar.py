"""What a page shows of a record's approval flow; `templates/workflow/flow.html` prints it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, has_request_context, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.formatters import enum_word, local_time, pill
from app.kernel.list_request import here
from app.kernel.period import utc_now
from app.master.views.catalogues import shown_name
from app.models import FlowEvent, PortalUser, ReturnReason
from app.security.access import access_of
from app.workflow import machine
from app.workflow.flow import Person, available, events_of

STATE_TONES: Mapping[str, str] = {
    "DRAFT": "mute",
    "SUBMITTED": "info",
    "APPROVED": "ok",
    "RESULT_SUBMITTED": "info",
    "RESULT_APPROVED": "gold",
}
"""State → tone, for the lists of records with a flow (`tones = {"status": STATE_TONES}`)."""

PERMISSION_PREFIX = "can_"

ICONS: Mapping[str, str] = {
    machine.SUBMIT: "fa-paper-plane",
    machine.SUBMIT_RESULT: "fa-paper-plane",
    machine.WITHDRAW: "fa-rotate-left",
    machine.WITHDRAW_RESULT: "fa-rotate-left",
    machine.RETURN: "fa-reply",
    machine.RETURN_RESULT: "fa-reply",
    machine.APPROVE: "fa-check",
    machine.APPROVE_RESULT: "fa-check",
}
QUESTIONS: Mapping[str, Any] = {
    machine.WITHDRAW: _l("Take the record back to change it? It has to be submitted again."),
    machine.WITHDRAW_RESULT: _l("Take the result back to change it? It has to be submitted again."),
}


@dataclass(frozen=True, slots=True)
class FlowAction:
    """A button: `needs_reason` opens the dialog, `question` is asked before."""

    name: str
    label: str
    url: str
    icon: str
    style: str
    needs_reason: bool
    question: str


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A line of the timeline; `at` in Asia/Shanghai."""

    action: str
    label: str
    icon: str
    person: str
    at: str
    reason: str
    is_return: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """`returned` is why the record last came back, while it is a draft again for that reason.

    `seen` is the moment of this look, for the page that tells what changed since.
    """

    kind: str
    record_id: int
    version: int
    title: str
    state: str
    state_pill: Markup
    actions: list[FlowAction]
    steps: list[FlowStep]
    returned: FlowStep | None
    reasons: list[tuple[int, str]]
    seen: str
    next: str


def person_of(user: PortalUser) -> Person:
    """A user with the permissions the roles give."""
    pairs = access_of(user)[1]
    return Person(
        user.id, frozenset((name.removeprefix(PERMISSION_PREFIX), entity) for name, entity in pairs)
    )


def record_title(record: Any) -> str:
    """“Month plan · North lanes 2026-11”."""
    return f"{_(machine.RECORDS[type(record).__name__].label)} · {record!r}"


def flow_of(session: Session, record: Any, next_path: str | None = None) -> Flow:
    """State, actions of the person present, timeline. `next_path`: where to go after an action."""
    kind, state = type(record).__name__, record.status.name
    rows = available(session, record, person_of(g.user))
    events = events_of(session, record)
    reasons = reason_names(session, record.company_id)
    steps = [_step(event, reasons) for event in events]
    last = steps[-1] if steps else None
    is_sent_back = state == "DRAFT" and last is not None and last.is_return
    is_result_back = state == "APPROVED" and last is not None and last.is_return
    return Flow(
        kind=kind,
        record_id=record.id,
        version=record.version,
        title=record_title(record),
        state=state,
        state_pill=(
            pill(_("Returned"), "warn")
            if is_sent_back
            else pill(enum_word(record.status), STATE_TONES[state])
        ),
        actions=[_action(kind, record.id, row) for row in rows],
        steps=steps,
        returned=last if is_sent_back or is_result_back else None,
        reasons=offered_reasons(session, record.company_id)
        if any(row.needs_reason for row in rows)
        else [],
        seen=utc_now().isoformat(),
        next=next_path or (here() if has_request_context() else "/"),
    )


def _action(kind: str, record_id: int, row: machine.Transition) -> FlowAction:
    style = "btn-primary"
    if row.needs_reason:
        style = "btn-danger-quiet"
    elif row.action in QUESTIONS:
        style = "btn-default"
    return FlowAction(
        name=row.action,
        label=_(machine.ACTION_LABELS[row.action]),
        url=action_url(kind, record_id, row.action),
        icon=ICONS[row.action],
        style=style,
        needs_reason=row.needs_reason,
        question=str(QUESTIONS.get(row.action, "")),
    )


def action_url(kind: str, record_id: int, action: str) -> str:
    """Where an action is posted to."""
    return url_for(f"{kind}FlowView.{action}", pk=record_id)


def _step(event: FlowEvent, reasons: Mapping[int, str]) -> FlowStep:
    listed = reasons.get(event.reason_id, "") if event.reason_id is not None else ""
    return FlowStep(
        action=event.action,
        label=done_label(event.action),
        icon=ICONS[event.action],
        person=event.user_name or _("System"),
        at=local_time(event.at),
        reason="; ".join(part for part in (listed, event.reason or "") if part),
        is_return=event.action in (machine.RETURN, machine.RETURN_RESULT),
    )


def done_label(action: str) -> str:
    """The action as something that happened, in words."""
    return _(machine.DONE_LABELS[action])


def _reasons(session: Session, company_id: int) -> list[ReturnReason]:
    return list(
        session.scalars(
            select(ReturnReason)
            .where(ReturnReason.company_id == company_id)
            .order_by(ReturnReason.sort, ReturnReason.code)
        )
    )


def reason_names(session: Session, company_id: int) -> dict[int, str]:
    """Every reason of the company, those out of use included: id → name."""
    return {row.id: shown_name(row) for row in _reasons(session, company_id)}


def offered_reasons(session: Session, company_id: int) -> list[tuple[int, str]]:
    """The reasons a dialog offers."""
    return [(row.id, shown_name(row)) for row in _reasons(session, company_id) if row.is_active]


def parse_seen(text: str | None) -> dt.datetime | None:
    """`Flow.seen` as it came back; None when it is missing or no time."""
    try:
        moment = dt.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None
