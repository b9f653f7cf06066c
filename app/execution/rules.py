"""§2.2 step 11 as pure rules: when a visit may be recorded, what its outcome requires, drafts that
arrive twice or too late, days that raise a question, and what may happen to a follow-up.

States and outcomes are the names of the code lists; minutes are whole minutes.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.kernel.errors import N_

VISITED, NOT_VISITED = "VISITED", "NOT_VISITED"
LONGEST_VISIT = 600
LONGEST_TEXT = 1000
FURTHEST_MOVE = 92
"""Days after the visit within which a new date may lie."""


class RecordGate(enum.Enum):
    """Why a visit cannot be recorded or changed. The value is the English msgid."""

    NO_PLAN = N_("The month has no service plan yet (step 7).")
    PLAN_NOT_APPROVED = N_("The month's service plan is not approved yet (step 7).")
    RESULT_APPROVED = N_("The result of the month is approved; its visits are final.")
    NO_VISIT_MODE = N_("The customer has no visit mode yet: set it in the customer information.")
    FUTURE = N_("A visit is recorded on its day or later.")


def record_gate(
    *, plan_state: str | None, has_visit_mode: bool, day: dt.date, today: dt.date
) -> RecordGate | None:
    """What stands against recording a visit of `day`; `plan_state` is that of the day's month."""
    if plan_state is None:
        return RecordGate.NO_PLAN
    if plan_state in ("DRAFT", "SUBMITTED"):
        return RecordGate.PLAN_NOT_APPROVED
    if plan_state == "RESULT_APPROVED":
        return RecordGate.RESULT_APPROVED
    if day > today:
        return RecordGate.FUTURE
    if not has_visit_mode:
        return RecordGate.NO_VISIT_MODE
    return None


def marks_are_open(plan_state: str | None) -> bool:
    """Whether ★ can be set: only between the approval of the plan and the result."""
    return plan_state == "APPROVED"


@dataclass(frozen=True, slots=True)
class VisitWords:
    """What somebody entered about a visit. `started`: local time of arrival."""

    day: dt.date
    outcome: str | None
    started: dt.time | None = None
    minutes: int | None = None
    reason: str | None = None
    market_issue: str = ""
    opinion: str = ""
    effect: str = ""
    moved_to: dt.date | None = None


def faults(words: VisitWords, today: dt.date) -> dict[str, str]:
    """Field → msgid of what is missing or contradicts the outcome; empty = it can be saved."""
    found: dict[str, str] = {}
    if words.outcome == VISITED:
        if words.started is None:
            found["started"] = N_("Say when you arrived.")
        if words.minutes is not None and not 0 <= words.minutes <= LONGEST_VISIT:
            found["minutes"] = N_("Enter whole minutes from 0 to 600.")
    elif words.outcome == NOT_VISITED:
        if words.reason is None:
            found["reason"] = N_("Choose why the customer was not visited.")
        elif words.reason == "OTHER" and not words.effect.strip():
            found["effect"] = N_("Write down the other reason.")
        latest = words.day + dt.timedelta(days=FURTHEST_MOVE)
        if words.moved_to is not None and not (
            words.day < words.moved_to <= latest and words.moved_to >= today
        ):
            found["moved_to"] = N_("The new date is from today on, at most three months later.")
    else:
        found["outcome"] = N_("Choose whether the customer was visited.")
    for name in ("market_issue", "opinion", "effect"):
        if len(getattr(words, name)) > LONGEST_TEXT:
            found[name] = N_("At most 1000 characters.")
    return found


class DraftFate(enum.Enum):
    """What becomes of a draft that arrives."""

    CREATE = "create"
    UPDATE = "update"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """The record of the same customer and day: version, key of the draft it came from."""

    version: int
    client_key: str | None
    is_recorded: bool


def draft_fate(stored: StoredVisit | None, client_key: str | None, version: int) -> DraftFate:
    """`version` is the record's the person saw, 0 for none.

    A draft that was sent twice changes nothing the second time, also when its first answer was
    lost. One that was begun before somebody else recorded the visit is a conflict.
    """
    if stored is None:
        return DraftFate.CREATE
    if client_key is not None and stored.client_key == client_key:
        return DraftFate.REPEATED
    if stored.version == version or not stored.is_recorded:
        return DraftFate.UPDATE
    return DraftFate.CONFLICT


@dataclass(frozen=True, slots=True)
class DayMinutes:
    """Visits made on a day and their minutes; `missing`: visits without minutes."""

    visited: int
    minutes: int
    missing: int


def raises_question(day: DayMinutes, least: int) -> bool:
    """Whether a day's visits were so short that a market manager should ask.

    A day without visits, or with visits whose minutes nobody wrote down, cannot be judged.
    """
    return day.visited > 0 and day.missing == 0 and day.minutes < least


FOLLOW_UP_MOVES: Mapping[str, frozenset[str]] = {
    "OPEN": frozenset({"IN_WORK", "RESOLVED"}),
    "IN_WORK": frozenset({"OPEN", "RESOLVED"}),
    "RESOLVED": frozenset({"IN_WORK", "ANSWERED"}),
    "ANSWERED": frozenset({"IN_WORK"}),
}
FOLLOW_UP_DAYS = 7


def follow_up_fault(old: str, new: str, answer: str | None) -> str | None:
    """The msgid against a change of a follow-up's state; None = it may happen."""
    if new != old and new not in FOLLOW_UP_MOVES[old]:
        return N_("This action is not possible in the record's present state.")
    if new in ("RESOLVED", "ANSWERED") and not (answer or "").strip():
        return N_("Write the answer the customer will be told.")
    return None


def is_overdue(state: str, due: dt.date | None, today: dt.date) -> bool:
    """Whether work on a follow-up should have been finished before today."""
    return state in ("OPEN", "IN_WORK") and due is not None and due < today


SheetLine = tuple[int, frozenset[str]]
"""Place in the route and the visit content of a customer."""


class SheetChange(enum.Enum):
    """How a customer's line differs from the earlier print. The value is the English msgid."""

    ADDED = N_("new on the sheet")
    REMOVED = N_("no longer on the sheet")
    CONTENT = N_("visit content changed")
    MOVED = N_("place in the route changed")


def sheet_changes(
    old: Mapping[int, SheetLine], new: Mapping[int, SheetLine]
) -> dict[int, SheetChange]:
    """Customer → what changed since the earlier print.

    Places are compared among the customers on both sheets, so that one who drops out does not
    move everybody behind.
    """
    both = old.keys() & new.keys()
    before, after = _order(old, both), _order(new, both)
    changes = dict.fromkeys(old.keys() - new.keys(), SheetChange.REMOVED)
    for key, (_place, content) in new.items():
        if key not in old:
            changes[key] = SheetChange.ADDED
        elif old[key][1] != content:
            changes[key] = SheetChange.CONTENT
        elif before[key] != after[key]:
            changes[key] = SheetChange.MOVED
    return changes


def _order(lines: Mapping[int, SheetLine], keys: Iterable[int]) -> dict[int, int]:
    ranked = sorted(keys, key=lambda key: (lines[key][0], key))
    return {key: place for place, key in enumerate(ranked)}
