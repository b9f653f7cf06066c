"""客户档案 — the entries of a customer's timeline in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.execution import customer_file as file
from app.kernel.errors import N_
from app.kernel.formatters import MISSING, tenths
from app.kernel.labels import LabelledEnum
from app.kernel.period import Month, to_local
from app.master.views.catalogues import shown_name
from app.models import Customer, ItemMark, QuestionnaireStatus, VisitOutcome, VisitStatus
from app.plan.rules.strategies import details_of
from app.portal_context import can, month_label


class EntryKind(LabelledEnum):
    """Kinds of entries in the order of the filter."""

    NEED = ("需求", N_("Direct needs"))
    STATE = ("状态", N_("Operating states"))
    STRATEGY = ("策略", N_("Service strategies"))
    PLAN = ("频率", N_("Key customer and frequency"))
    VISIT = ("拜访", N_("Visits"))
    FOLLOW_UP = ("督办", N_("Suggestions and follow-ups"))
    CHANGE = ("变更", N_("Changes of data"))
    MOVE = ("异动", N_("Territories"))


ICONS: Mapping[EntryKind, str] = {
    EntryKind.NEED: "fa-comment-dots",
    EntryKind.STATE: "fa-gauge",
    EntryKind.STRATEGY: "fa-list-check",
    EntryKind.PLAN: "fa-calendar-days",
    EntryKind.VISIT: "fa-shoe-prints",
    EntryKind.FOLLOW_UP: "fa-flag",
    EntryKind.CHANGE: "fa-pen-to-square",
    EntryKind.MOVE: "fa-right-left",
}

VISIT_TONES = {
    VisitStatus.PLANNED: "info",
    VisitStatus.DONE: "ok",
    VisitStatus.MISSED: "bad",
    VisitStatus.CANCELLED: "mute",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """`is_month`: about the month as a whole, so its first day is not shown as a date."""

    date: dt.date
    kind: EntryKind
    title: str
    lines: list[str] = field(default_factory=list)
    word: str = ""
    tone: str = ""
    url: str = ""
    is_month: bool = False

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


def entries_of(
    session: Session, customer: Customer, kind: EntryKind | None
) -> tuple[list[Entry], bool]:
    """(the entries of a kind or of all, newest first; whether older ones exist)."""
    found: list[Entry] = []
    is_cut = False
    for each, make in SOURCES.items():
        if kind is None or kind is each:
            made = list(make(session, customer))
            is_cut = is_cut or len(made) >= file.MOST_OF_A_KIND
            found += made
    order = list(EntryKind)
    found.sort(key=lambda entry: (-entry.date.toordinal(), order.index(entry.kind)))
    return found, is_cut


def by_month(entries: list[Entry]) -> list[tuple[str, list[Entry]]]:
    """(month in words, its entries), in the entries' order."""
    groups: list[tuple[str, list[Entry]]] = []
    for entry in entries:
        words = month_label(Month.of(entry.date))
        if not groups or groups[-1][0] != words:
            groups.append((words, []))
        groups[-1][1].append(entry)
    return groups


def _link(entity: str, endpoint: str, **values: Any) -> str:
    return url_for(endpoint, **values) if can("read", entity) else ""


def _needs(session: Session, customer: Customer) -> Iterator[Entry]:
    for form in file.needs(session, customer):
        is_confirmed = form.status is QuestionnaireStatus.CONFIRMED
        answers = sorted(form.answers, key=lambda answer: answer.need.sort)
        yield Entry(
            form.month.first_day,
            EntryKind.NEED,
            _("Direct needs of %(month)s", month=month_label(form.month)),
            [
                shown_name(answer.need) + (f": {answer.details}" if answer.details else "")
                for answer in answers
            ]
            or [_("No need")],
            str(form.status.label),
            "ok" if is_confirmed else "mute",
            _link("Questionnaire", "NeedsView.show", pk=form.id),
            is_month=True,
        )


def _states(session: Session, customer: Customer) -> Iterator[Entry]:
    for state in file.states(session, customer):
        bands = [
            f"{word} {band.label} {tenths(score)}"
            for word, band, score in (
                (_("Effect"), state.effect_band, state.effect_score),
                (_("Ability"), state.ability_band, state.ability_score),
            )
            if band is not None
        ]
        name = shown_name(state.operating_state) if state.operating_state else ""
        yield Entry(
            state.month.first_day,
            EntryKind.STATE,
            _("Operating state of %(month)s", month=month_label(state.month)),
            [" · ".join(bands)] if bands else [],
            name or str(state.status.label),
            "bad" if state.is_problem else ("info" if name else "mute"),
            _link("CustomerState", "StateView.show", pk=state.id),
            is_month=True,
        )


def _strategies(session: Session, customer: Customer) -> Iterator[Entry]:
    for item in file.strategies(session, customer):
        name = shown_name(item.strategy)
        details = details_of(item.content, item.strategy.name)
        lines = [details] if details else []
        if item.undone_reason is not None:
            note = f": {item.undone_note}" if item.undone_note else ""
            lines.append(f"{_('Not done')} – {item.undone_reason.label}{note}")
        mark = {ItemMark.DONE: "★ ", ItemMark.TEMPORARY: "● "}.get(item.mark, "")
        yield Entry(
            item.done_on or item.month.first_day,
            EntryKind.STRATEGY,
            f"{item.strategy.code} {name}",
            [_("Plan of %(month)s", month=month_label(item.month)), *lines],
            f"{mark}{item.mark.label}",
            "mute" if item.mark is ItemMark.OPEN else "ok",
            _link("ServicePlan", "StrategyItemView.show", pk=item.id),
            is_month=item.done_on is None,
        )


def _plans(session: Session, customer: Customer) -> Iterator[Entry]:
    for planned in file.planned_months(session, customer):
        row = planned.frequency
        lines = []
        if row.frequency is not row.generated:
            lines.append(_("Proposed: %(frequency)s", frequency=row.generated.label))
        lines += [
            note
            for note in (row.note, planned.key.note if planned.key is not None else None)
            if note
        ]
        yield Entry(
            planned.month.first_day,
            EntryKind.PLAN,
            _("Visits of %(month)s: %(frequency)s", month=month_label(planned.month),
              frequency=row.frequency.label),
            lines,
            _("Key customer") if row.is_key else "",
            "warn",
            _link("MonthPlan", "MonthPlanView.customer", pk=planned.plan_id, customer=customer.id),
            is_month=True,
        )  # fmt: skip


def _visits(session: Session, customer: Customer) -> Iterator[Entry]:
    for visit in file.visits(session, customer):
        record, plan = visit.record, visit.plan
        if record is not None and record.outcome is not None:
            is_made = record.outcome is VisitOutcome.VISITED
            word, tone = str(record.outcome.label), "ok" if is_made else "bad"
        elif plan is not None:
            word, tone = str(plan.status.label), VISIT_TONES[plan.status]
        else:
            word, tone = _("Not recorded"), "mute"
        yield Entry(
            visit.date,
            EntryKind.VISIT,
            _visit_title(visit),
            _visit_lines(visit),
            word,
            tone,
            _link("DailyVisit", "VisitRecordView.show", pk=record.id) if record else "",
        )


def _visit_title(visit: file.Visit) -> str:
    record = visit.record
    title = _("Visit") if visit.plan is not None else _("Visit without a plan")
    parts = [title]
    if record is not None and record.mode is not None:
        parts.append(str(record.mode.label))
    if record is not None and record.minutes is not None:
        parts.append(_("%(minutes)s minutes", minutes=record.minutes))
    return " · ".join(parts)


def _visit_lines(visit: file.Visit) -> list[str]:
    record, plan = visit.record, visit.plan
    lines = []
    if plan is not None and plan.moved_from is not None:
        lines.append(_("Moved from %(day)s", day=plan.moved_from.isoformat()))
    if plan is not None and plan.note:
        lines.append(plan.note)
    if record is None:
        return lines
    if record.unvisited_reason is not None:
        lines.append(str(record.unvisited_reason.label))
    if record.moved_to is not None:
        lines.append(_("New date %(day)s", day=record.moved_to.isoformat()))
    for label, text in (
        (_("Market anomalies"), record.market_issue),
        (_("Customer suggestions"), record.opinion),
        (_("Effect and impressions"), record.effect),
    ):
        if text:
            lines.append(f"{label}: {text}")
    return lines


FOLLOW_UP_TONES = {"OPEN": "warn", "IN_WORK": "info", "RESOLVED": "gold", "ANSWERED": "ok"}


def _follow_ups(session: Session, customer: Customer) -> Iterator[Entry]:
    for row, day in file.follow_ups(session, customer):
        lines = [row.text]
        if row.answer:
            lines.append(f"{_('Answer')}: {row.answer}")
        if row.due_date is not None and row.answered_on is None:
            lines.append(_("Due on %(day)s", day=row.due_date.isoformat()))
        if row.answered_on is not None:
            lines.append(_("Answered to the customer on %(day)s", day=row.answered_on.isoformat()))
        yield Entry(
            day or to_local(row.created_at).date(),
            EntryKind.FOLLOW_UP,
            str(row.kind.label),
            lines,
            str(row.status.label),
            FOLLOW_UP_TONES[row.status.name],
            _link("FollowUp", "FollowUpView.show", pk=row.id),
        )


def _changes(_session: Session, customer: Customer) -> Iterator[Entry]:
    for change in file.changes(customer):
        yield Entry(
            change.at.date(),
            EntryKind.CHANGE,
            f"{change.action.label} · {change.user_name} · {change.source}",
            [
                *(
                    f"{label}: {old or MISSING} → {new or MISSING}"
                    for label, (old, new) in change.changes.items()
                ),
                *([change.reason] if change.reason else []),
            ],
        )


def _moves(session: Session, customer: Customer) -> Iterator[Entry]:
    for stay, name in file.stays(session, customer):
        is_first = stay.valid_from <= customer.open_date
        yield Entry(
            stay.valid_from,
            EntryKind.MOVE,
            _("Opened in %(territory)s", territory=name)
            if is_first
            else _("Moved to %(territory)s", territory=name),
            [_("until %(day)s", day=stay.valid_to.isoformat())] if stay.valid_to else [],
        )


SOURCES: Mapping[EntryKind, Callable[[Session, Customer], Iterator[Entry]]] = {
    EntryKind.NEED: _needs,
    EntryKind.STATE: _states,
    EntryKind.STRATEGY: _strategies,
    EntryKind.PLAN: _plans,
    EntryKind.VISIT: _visits,
    EntryKind.FOLLOW_UP: _follow_ups,
    EntryKind.CHANGE: _changes,
    EntryKind.MOVE: _moves,
}
