"""The approval flow as a table: which record may go from which state to which, and who does it.

Data only. `app.workflow.flow` is the one place that runs it; views, API, jobs and tests ask here
what is possible. Clauses: §2.2 steps 7, 8, 12 (approval), 13 and 14 (submission).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import N_

SUBMIT, WITHDRAW, RETURN, APPROVE = "submit", "withdraw", "return", "approve"
SUBMIT_RESULT, WITHDRAW_RESULT = "submit_result", "withdraw_result"
RETURN_RESULT, APPROVE_RESULT = "return_result", "approve_result"

ACTION_LABELS: Mapping[str, str] = {
    SUBMIT: N_("Submit"),
    WITHDRAW: N_("Withdraw"),
    RETURN: N_("Return"),
    APPROVE: N_("Approve"),
    SUBMIT_RESULT: N_("Submit result"),
    WITHDRAW_RESULT: N_("Withdraw result"),
    RETURN_RESULT: N_("Return result"),
    APPROVE_RESULT: N_("Approve result"),
}

DONE_LABELS: Mapping[str, str] = {
    SUBMIT: N_("Submitted"),
    WITHDRAW: N_("Withdrawn"),
    RETURN: N_("Returned"),
    APPROVE: N_("Approved"),
    SUBMIT_RESULT: N_("Result submitted"),
    WITHDRAW_RESULT: N_("Result withdrawn"),
    RETURN_RESULT: N_("Result returned"),
    APPROVE_RESULT: N_("Result approved"),
}
"""The action as something that happened."""

UPDATE, DECIDE = "update", "approve"
"""Permissions on the record's entity that an action asks for."""

CONTENT, MARKS, COMMENT = "content", "marks", "comment"
"""Parts of a record that open and close on their own: what was planned or written, the marks of
step 12 with temporary tasks, a market manager's comment on a summary."""


@dataclass(frozen=True, slots=True)
class Transition:
    """`action` leads a record from `state` to `target`, for those who hold `permission`.

    `is_decision`: who submitted the record, or holds its territory as primary, may not take it.
    `guards` and `effects` are functions ``f(session, record)`` of the record's step module; they
    run inside the transaction of the transition, guards before it, effects after it.
    """

    record: str
    state: str
    action: str
    target: str
    permission: str
    needs_reason: bool = False
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()

    @property
    def is_decision(self) -> bool:
        return self.permission == DECIDE


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of record with a flow; `entity` is also the name its permissions are granted under.

    `step` owns guards and effects. `editable` says, by part, in which states its rows may be
    changed outside of a transition; a part that is not named is never open.
    """

    entity: str
    step: int
    label: str
    editable: Mapping[str, frozenset[str]]


RECORDS: Mapping[str, Record] = {
    record.entity: record
    for record in (
        Record(
            "ServicePlan", 7, N_("Service strategies"),
            {CONTENT: frozenset({"DRAFT"}), MARKS: frozenset({"APPROVED"})},
        ),
        Record("MonthPlan", 8, N_("Month plan"), {CONTENT: frozenset({"DRAFT"})}),
        Record(
            "WeekSummary", 13, N_("Week summary"),
            {CONTENT: frozenset({"DRAFT"}), COMMENT: frozenset({"SUBMITTED"})},
        ),
        Record(
            "MonthSummary", 14, N_("Month summary"),
            {CONTENT: frozenset({"DRAFT"}), COMMENT: frozenset({"SUBMITTED"})},
        ),
    )
}  # fmt: skip

TRANSITIONS: tuple[Transition, ...] = (
    # record, state, action, target, permission
    Transition(
        "ServicePlan", "DRAFT", SUBMIT, "SUBMITTED", UPDATE, guards=("require_submittable",)
    ),
    Transition(
        "ServicePlan", "SUBMITTED", WITHDRAW, "DRAFT", UPDATE, effects=("outdate_month_plan",)
    ),
    Transition(
        "ServicePlan", "SUBMITTED", RETURN, "DRAFT", DECIDE,
        needs_reason=True, effects=("outdate_month_plan",),
    ),
    Transition("ServicePlan", "SUBMITTED", APPROVE, "APPROVED", DECIDE),
    Transition(
        "ServicePlan", "APPROVED", SUBMIT_RESULT, "RESULT_SUBMITTED", UPDATE,
        guards=("require_result_complete",),
    ),
    Transition("ServicePlan", "RESULT_SUBMITTED", WITHDRAW_RESULT, "APPROVED", UPDATE),
    Transition(
        "ServicePlan", "RESULT_SUBMITTED", RETURN_RESULT, "APPROVED", DECIDE, needs_reason=True
    ),
    Transition("ServicePlan", "RESULT_SUBMITTED", APPROVE_RESULT, "RESULT_APPROVED", DECIDE),
    Transition("MonthPlan", "DRAFT", SUBMIT, "SUBMITTED", UPDATE, guards=("require_submittable",)),
    Transition("MonthPlan", "SUBMITTED", WITHDRAW, "DRAFT", UPDATE),
    Transition("MonthPlan", "SUBMITTED", RETURN, "DRAFT", DECIDE, needs_reason=True),
    Transition(
        "MonthPlan", "SUBMITTED", APPROVE, "APPROVED", DECIDE,
        guards=("require_current",), effects=("write_frequencies",),
    ),
    Transition(
        "WeekSummary", "DRAFT", SUBMIT, "SUBMITTED", UPDATE, guards=("require_submittable",)
    ),
    Transition("WeekSummary", "SUBMITTED", WITHDRAW, "DRAFT", UPDATE),
    Transition("WeekSummary", "SUBMITTED", RETURN, "DRAFT", DECIDE, needs_reason=True),
    Transition(
        "MonthSummary", "DRAFT", SUBMIT, "SUBMITTED", UPDATE, guards=("require_submittable",)
    ),
    Transition("MonthSummary", "SUBMITTED", WITHDRAW, "DRAFT", UPDATE),
    Transition("MonthSummary", "SUBMITTED", RETURN, "DRAFT", DECIDE, needs_reason=True),
)  # fmt: skip


def transition(record: str, state: str, action: str) -> Transition | None:
    """The row for an action in a state; None = the table does not allow it."""
    return next(
        (
            row
            for row in TRANSITIONS
            if (row.record, row.state, row.action) == (record, state, action)
        ),
        None,
    )


def possible(record: str, state: str) -> tuple[Transition, ...]:
    """What leads on from a state, in the order of the table."""
    return tuple(row for row in TRANSITIONS if (row.record, row.state) == (record, state))


def permission_of(record: str, action: str) -> str | None:
    """The permission an action asks for, whatever the state; None = the record has no such action."""
    return next(
        (row.permission for row in TRANSITIONS if (row.record, row.action) == (record, action)),
        None,
    )


def actions_of(record: str) -> tuple[str, ...]:
    """Every action of a kind of record, each once, in the order of the table."""
    return tuple(dict.fromkeys(row.action for row in TRANSITIONS if row.record == record))


def is_editable(record: str, state: str, part: str = CONTENT) -> bool:
    """Whether a person may change this part of the record in this state."""
    return state in RECORDS[record].editable.get(part, frozenset())
