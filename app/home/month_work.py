"""What the steps of the month leave to do: for who works on territories, and for who decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.home.desk import Desk
from app.home.work import ToDo
from app.kernel.errors import N_
from app.kernel.formatters import iso_date, number
from app.kernel.list_widgets import view_url
from app.kernel.period import to_local
from app.portal_context import can, month_label
from app.workflow.approvals import SUBJECTS
from app.workflow.board import Board, Cell
from app.workflow.rules_board import StepState
from app.workflow.steps import Basis

DAYS_AHEAD = 7
"""Steps due later are on the board only."""

LEFT: Mapping[int, str] = {
    1: N_("%(count)s customers' questionnaires are not confirmed"),
    2: N_("%(count)s customers are not scored or generated"),
    3: N_("%(count)s watched products have no target"),
    4: N_("%(count)s targets have no target customers"),
    9: N_("%(count)s customers have no planned visit"),
    10: N_("%(count)s weeks are not arranged"),
    12: N_("%(count)s strategies are neither marked nor explained"),
    13: N_("%(count)s week summaries are not submitted"),
}
"""Step → what is left of it; steps with a single record say their state."""

TODAY_ICON, FOLLOW_UP_ICON = "fa-clipboard-check", "fa-flag"
DAYS_NAMED = 3


def step_work(desk: Desk) -> list[ToDo]:
    """Returned, overdue and soon due steps of the board; visits have their own lines."""
    board = desk.board
    if board is None:
        return []
    reasons = _reasons(desk)
    return [
        _step(desk, cell, reasons.get(cell.step.number, ""))
        for cell in board.sums.values()
        if cell.step.basis is not Basis.DAY and _is_called_for(board, cell)
    ]


def _is_called_for(board: Board, cell: Cell) -> bool:
    if not any(state.is_workable for state in cell.states):
        return False
    if cell.states.get(StepState.RETURNED) or cell.states.get(StepState.STALE):
        return True
    if cell.step.basis is Basis.WEEK and cell.done >= cell.total:
        return False
    return cell.due is not None and cell.due <= board.today + dt.timedelta(days=DAYS_AHEAD)


def _step(desk: Desk, cell: Cell, reason: str) -> ToDo:
    step, left = cell.step, max(cell.total - cell.done, 0)
    is_returned = bool(cell.states.get(StepState.RETURNED))
    if is_returned:
        text = _("%(step)s came back", step=_(step.name))
        why = _("Returned: %(reason)s", reason=reason) if reason else _("Look at the reason.")
    elif left and step.number in LEFT:
        text = _(LEFT[step.number], count=number(left))
        why = _step_words(desk, cell)
    else:
        text = f"{_(step.name)}: {_(cell.state.msgid)}"
        why = _step_words(desk, cell, is_named=True)
    return ToDo(
        1,
        text,
        why,
        url_for(cell.link.endpoint, **dict[str, Any](cell.link.values)),
        _("Revise") if is_returned else _("Begin") if cell.state is StepState.READY else _("Go on"),
        "fa-reply" if is_returned else cell.state.icon,
        cell.state.tone,
        cell.due,
        is_returned=is_returned,
        is_counted=False,
    )


def _step_words(desk: Desk, cell: Cell, *, is_named: bool = False) -> str:
    """Step, analysed or worked month, due day; `is_named`: the text above says the step's name."""
    about = desk.analysed if cell.step.basis is Basis.ANALYSED_MONTH else desk.month
    words = [_("Step %(number)s", number=cell.step.number)]
    if not is_named:
        words.append(_(cell.step.name))
    words.append(month_label(about))
    if cell.due is not None:
        words.append(_("due on %(day)s", day=iso_date(cell.due)))
    if cell.places > 1:
        words.append(
            _(
                "finished in %(done)s of %(total)s territories",
                done=cell.finished,
                total=cell.places,
            )
        )
    return " · ".join(words)


def _reasons(desk: Desk) -> dict[int, str]:
    """Step → why its records came back, the newest first."""
    rows = sorted(desk.of("returned"), key=lambda row: str(row.at or ""), reverse=True)
    found: dict[int, list[str]] = {}
    for row in rows:
        texts = found.setdefault(int(row.code), [])
        if row.text not in texts:
            texts.append(row.text)
    return {step: "; ".join(texts) for step, texts in found.items()}


def visit_work(desk: Desk) -> list[ToDo]:
    """Today's visits, and past ones nobody recorded."""
    found, today, late = [], desk.calendar.today, desk.calendar.left_open
    if today is not None and today.planned:
        found.append(
            ToDo(
                today.unrecorded,
                _(
                    "Visits of today: %(done)s of %(all)s recorded",
                    done=today.planned - today.unrecorded,
                    all=today.planned,
                ),
                _("Print the sheet before leaving; record every visit on the phone."),
                view_url("DailyVisitView", "index"),
                _("Visit"),
                TODAY_ICON,
                "info",
                desk.today,
                is_counted=False,
            )
        )
    if late:
        days = ", ".join(f"{cell.day:%m-%d}" for cell in late[-DAYS_NAMED:])
        found.append(
            ToDo(
                sum(cell.unrecorded for cell in late),
                _("Visits without a record"),
                _("%(days)s – say what became of them.", days=days)
                if len(late) <= DAYS_NAMED
                else _("%(days)s and earlier – say what became of them.", days=days),
                url_for("DailyVisitView.index", day=late[0].day.isoformat()),
                _("Record"),
                "fa-pen",
                "warn",
                late[0].day,
            )
        )
    return found


def follow_up_work(desk: Desk) -> list[ToDo]:
    counts = desk.first("follow_up")
    if counts is None:
        return []
    return [
        ToDo(
            counts.n2,
            _("Overdue follow-ups"),
            _("Anomalies and suggestions whose day has passed."),
            view_url("FollowUpView", "list", q_overdue="1"),
            _("Look"),
            FOLLOW_UP_ICON,
            "bad",
            desk.today - dt.timedelta(days=1) if counts.n2 else None,
            pill=_("overdue"),
        ),
        ToDo(
            max(counts.n1 - counts.n2, 0),
            _("Follow-ups you are responsible for"),
            _("Resolve them with an answer for the customer."),
            view_url("FollowUpView", "list", q_own="1", q_status=["OPEN", "IN_WORK"]),
            _("Look"),
            FOLLOW_UP_ICON,
        ),
        ToDo(
            counts.n3,
            _("Answers to tell"),
            _("Resolved follow-ups whose customer does not know the answer yet."),
            view_url("FollowUpView", "list", q_status=["RESOLVED"]),
            _("Tell"),
            FOLLOW_UP_ICON,
            "info",
        ),
    ]


def customer_work(desk: Desk) -> list[ToDo]:
    """What the customers' own data lack."""
    counts = desk.first("customer")
    if counts is None or not can("update", "Customer"):
        return []
    return [
        ToDo(
            counts.n2,
            _("Customers without visit mode"),
            _("They are left out of week arrangements and daily visit sheets."),
            view_url("CustomerView", "list", q_visit_mode_missing="1", q_status="ACTIVE"),
            _("Maintain"),
            "fa-person-walking-arrow-right",
            "bad",
        ),
        ToDo(
            counts.n3,
            _("Customers without visit line"),
            _("Week arrangements group the visits of a day by line."),
            view_url("CustomerView", "list", q_line_missing="1", q_status="ACTIVE"),
            _("Maintain"),
            "fa-route",
        ),
    ]


def approval_work(desk: Desk) -> list[ToDo]:
    """What waits for the person's decision, with the days the oldest has waited."""
    found = []
    for row in desk.of("waiting"):
        subject = SUBJECTS[row.code]
        days = (desk.today - to_local(row.at).date()).days if row.at else 0
        found.append(
            ToDo(
                row.n1,
                _("Waiting for you: %(what)s", what=_(subject.label)),
                ngettext(
                    "The oldest has waited for %(num)d day.",
                    "The oldest has waited for %(num)d days.",
                    days,
                ),
                view_url("ApprovalView", "index", subject=row.code),
                _("Decide") if subject.approve else _("Read"),
                "fa-stamp",
                "info",
                desk.today - dt.timedelta(days=days) if subject.approve and row.n1 else None,
            )
        )
    return found


def next_step(desk: Desk) -> Cell | None:
    """Where “Continue with step N” leads."""
    return desk.board.next_step if desk.board is not None else None


def overdue_steps(board: Board, names: Mapping[int, str]) -> list[tuple[str, Sequence[Cell]]]:
    """(territory, its overdue steps), the most overdue territory first."""
    by_place: dict[int, list[Cell]] = {}
    for cell in board.overdue:
        if cell.place is not None:
            by_place.setdefault(cell.place.id, []).append(cell)
    rows = sorted(by_place.items(), key=lambda item: (-len(item[1]), names[item[0]]))
    return [(names[place], cells) for place, cells in rows]
