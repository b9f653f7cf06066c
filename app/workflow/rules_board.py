"""The step board as pure rules: what a step's facts and the steps before it make of its state.

A step is looked at for one territory and work month. Nothing here blocks: pages have their own
gates; the board says beforehand what they will say.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.kernel.errors import N_
from app.workflow.steps import Gate, Milestone, Step


class StepState(enum.Enum):
    """How a step stands. (English msgid, icon, tone of the stylesheet)."""

    NOT_READY = (N_("Not ready"), "fa-lock", "mute")
    READY = (N_("Ready"), "fa-play", "info")
    IN_PROGRESS = (N_("In progress"), "fa-spinner", "info")
    SUBMITTED = (N_("Waiting for approval"), "fa-hourglass-half", "warn")
    APPROVED = (N_("Approved"), "fa-circle-check", "ok")
    DONE = (N_("Done"), "fa-check", "ok")
    RETURNED = (N_("Returned"), "fa-reply", "bad")
    STALE = (N_("Outdated"), "fa-rotate", "warn")

    @property
    def msgid(self) -> str:
        return self.value[0]

    @property
    def icon(self) -> str:
        return self.value[1]

    @property
    def tone(self) -> str:
        return self.value[2]

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do for anybody."""
        return self in FINISHED

    @property
    def is_workable(self) -> bool:
        """Whoever works on the territory can do something now."""
        return self in WORKABLE


FINISHED = frozenset({StepState.APPROVED, StepState.DONE})
WORKABLE = frozenset({StepState.READY, StepState.IN_PROGRESS, StepState.RETURNED, StepState.STALE})

WORST_FIRST: tuple[StepState, ...] = (
    StepState.RETURNED,
    StepState.STALE,
    StepState.NOT_READY,
    StepState.READY,
    StepState.IN_PROGRESS,
    StepState.SUBMITTED,
    StepState.APPROVED,
    StepState.DONE,
)


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What is known about a step of a territory.

    `done` of `total` parts, in the step's unit. `open_since`: the earliest day or week that should
    have been dealt with and is not, for steps done each day or week. `opens_on`: the first day on
    which there is anything to do. `has_input`: what the step itself works on is there. `is_open`:
    the step can be done whatever its gates say. `stale`: the msgid of why the result is outdated.
    """

    done: int = 0
    total: int = 0
    reached: Milestone = Milestone.NOTHING
    is_returned: bool = False
    stale: str | None = None
    has_input: bool = True
    open_since: dt.date | None = None
    opens_on: dt.date | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step is not ready or outdated: a msgid with its values, and what leads on.

    `step`: the step that has to be done first; `endpoint`: the page where it is done; None = only
    time or the step's own page helps.
    """

    msgid: str
    values: Mapping[str, str] | None = None
    step: int | None = None
    endpoint: str | None = None


TOO_EARLY = N_("It begins on %(day)s.")


def missing_gate(step: Step, facts: StepFacts, others: Mapping[int, StepFacts]) -> Gate | None:
    """The first gate of the step that is not met; `others`: number → facts of the other steps."""
    if facts.is_open:
        return None
    for gate in step.gates:
        if gate.step is None:
            if not facts.has_input:
                return gate
        elif others[gate.step].reached < gate.needs:
            return gate
    return None


def step_state(step: Step, facts: StepFacts, gate: Gate | None, today: dt.date) -> StepState:
    """The state of a step whose first unmet gate is `gate`.

    What was submitted or finished stays so when a gate closes behind it; a return and outdated
    results come before progress, because they ask for something.
    """
    reached = facts.reached
    if reached >= Milestone.APPROVED:
        return StepState.APPROVED if step.approver else StepState.DONE
    is_blocked = gate is not None or (facts.opens_on is not None and facts.opens_on > today)
    if is_blocked and reached < Milestone.MADE:
        return StepState.NOT_READY
    if facts.is_returned:
        return StepState.RETURNED
    if facts.stale is not None:
        return StepState.STALE
    if reached is Milestone.SUBMITTED:
        return StepState.SUBMITTED if step.approver else StepState.DONE
    if reached is Milestone.MADE and not step.approver:
        return StepState.DONE
    if is_blocked:
        return StepState.NOT_READY
    if reached >= Milestone.BEGUN or facts.done:
        return StepState.IN_PROGRESS
    return StepState.READY


def worst(states: Iterable[StepState]) -> StepState:
    """The state that most needs attention. Errors: `ValueError` when there is none."""
    return min(states, key=WORST_FIRST.index)


def reason_of(
    state: StepState, gate: Gate | None, facts: StepFacts, steps: Mapping[int, Step]
) -> Reason | None:
    """Why a step is not ready or outdated; None in every other state."""
    if state is StepState.STALE and facts.stale is not None:
        return Reason(facts.stale)
    if state is not StepState.NOT_READY:
        return None
    if gate is None:
        day = facts.opens_on.isoformat() if facts.opens_on is not None else ""
        return Reason(TOO_EARLY, {"day": day})
    if gate.step is None:
        return Reason(gate.missing, endpoint=gate.endpoint)
    return Reason(gate.missing, step=gate.step, endpoint=steps[gate.step].endpoint)


def is_overdue(state: StepState, due: dt.date, today: dt.date) -> bool:
    """Whether whoever works on the territory is late: a deadline warns, it blocks nothing."""
    return due < today and not state.is_finished and state is not StepState.SUBMITTED
