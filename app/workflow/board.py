"""The step board: how the fourteen steps of a work month stand, per territory and together.

`step_board` is what pages, reminders and jobs ask; it takes seven statements, whatever the scope.
`board_reading` reads records and counts, `rules_board_facts`, `rules_board` and `rules_due` make
facts, states and due days of them. Steps 5 and 6 of a work month analyse the month before it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.kernel.period import Month, WorkWeek, local_today
from app.kernel.scope import Scope
from app.workflow.board_reading import read_board
from app.workflow.rules_board import (
    Reason,
    StepFacts,
    StepState,
    is_overdue,
    missing_gate,
    reason_of,
    step_state,
    worst,
)
from app.workflow.rules_board_facts import BoardPeriod, TerritoryRecords, facts_of
from app.workflow.rules_due import due_day
from app.workflow.steps import STEP_BY_NUMBER, STEPS, Basis, Due, Stage, Step


@dataclass(frozen=True, slots=True)
class Place:
    """A territory of the board."""

    id: int
    code: str
    name: str
    department_id: int


@dataclass(frozen=True, slots=True)
class Link:
    """An address: endpoint and URL values (territory, month)."""

    endpoint: str
    values: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A step, for one territory or (`place` None) for all of the board together.

    Together: `state` is the worst, `done` and `total` are sums, `due` is the earliest of the
    territories that are not finished, `finished` of `places` territories are finished, and
    `states` counts them by state. `reason` is set when `state` is NOT_READY or STALE,
    `unblock` when another page leads on.
    """

    step: Step
    place: Place | None
    state: StepState
    done: int
    total: int
    due: dt.date | None
    is_overdue: bool
    link: Link
    reason: Reason | None = None
    unblock: Link | None = None
    states: Mapping[StepState, int] = field(default_factory=dict)
    overdue: int = 0
    """Territories in which the step is overdue."""

    @property
    def places(self) -> int:
        """Territories the cell speaks of."""
        return sum(self.states.values())

    @property
    def finished(self) -> int:
        """Territories in which the step is finished."""
        return sum(count for state, count in self.states.items() if state.is_finished)

    @property
    def is_finished(self) -> bool:
        return self.state.is_finished


@dataclass(frozen=True, slots=True)
class StageCells:
    """A stage with its steps, all territories together; `done` steps are finished everywhere."""

    stage: Stage
    cells: tuple[Cell, ...]

    @property
    def done(self) -> int:
        return sum(cell.is_finished for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Board:
    """`cells`: (territory id, step number) → the step there; `sums`: step number → together.

    Without territories both are empty.
    """

    month: Month
    today: dt.date
    places: Sequence[Place]
    cells: Mapping[tuple[int, int], Cell]
    sums: Mapping[int, Cell]

    @property
    def stages(self) -> tuple[StageCells, ...]:
        """The five stages in the manual's order."""
        return tuple(
            StageCells(
                stage, tuple(cell for cell in self.sums.values() if cell.step.stage is stage)
            )
            for stage in Stage
        )

    @property
    def done(self) -> int:
        """Steps that are finished in every territory."""
        return sum(cell.is_finished for cell in self.sums.values())

    @property
    def all_states(self) -> tuple[StepState, ...]:
        """Every state, for a legend."""
        return tuple(StepState)

    def row(self, place: Place) -> tuple[Cell, ...]:
        """The fourteen steps of a territory."""
        return tuple(self.cells[place.id, number] for number in self.sums)

    @property
    def overdue(self) -> tuple[Cell, ...]:
        """Every overdue step of every territory, the earliest due first."""
        late = [cell for cell in self.cells.values() if cell.is_overdue]
        return tuple(sorted(late, key=lambda cell: (cell.due or self.today, cell.step.number)))

    @property
    def next_step(self) -> Cell | None:
        """Where to go on: a returned step, an overdue one, else the first with something to do."""
        waiting = [cell for cell in self.sums.values() if _is_waiting(cell)]
        returned = [cell for cell in waiting if cell.states.get(StepState.RETURNED)]
        overdue = [cell for cell in waiting if cell.is_overdue]
        return next(iter([*returned, *overdue, *waiting]), None)


def _is_waiting(cell: Cell) -> bool:
    """Something can be done now; steps of each day or week are left alone while up to date."""
    is_up_to_date = cell.step.basis in (Basis.WEEK, Basis.DAY) and cell.done >= cell.total
    return any(
        state.is_workable and not (is_up_to_date and state is not StepState.RETURNED)
        for state in cell.states
    )


def step_board(session: Session, scope: Scope, month: Month, today: dt.date | None = None) -> Board:
    """The board of the territories in scope; `today` defaults to the company's date."""
    today = today or local_today()
    found = read_board(session, scope, month, today)
    places = [Place(row.id, row.code, row.name, row.department_id) for row in found.places]
    cells: dict[tuple[int, int], Cell] = {}
    for place in places:
        records = found.records[place.id]
        facts = facts_of(records, found.period, found.batch_id)
        for step in STEPS:
            due = _due(step, records, found.overrides, found.period)
            cells[place.id, step.number] = _cell(step, place, facts, due, found.period)
    sums = {
        step.number: _together(step, month, [cells[place.id, step.number] for place in places])
        for step in STEPS
        if places
    }
    return Board(month, today, places, cells, sums)


def _due(
    step: Step, records: TerritoryRecords, overrides: Mapping[dt.date, bool], period: BoardPeriod
) -> dt.date:
    return due_day(
        step.due,
        period.month,
        overrides,
        period.today,
        first_visit=records.first_visit,
        next_first_visit=records.next_first_visit,
    )


def _cell(
    step: Step,
    place: Place,
    facts: Mapping[int, StepFacts],
    due: dt.date,
    period: BoardPeriod,
) -> Cell:
    own, today = facts[step.number], period.today
    gate = missing_gate(step, own, facts)
    state = step_state(step, own, gate, today)
    if own.open_since is not None:
        due = min(due, own.open_since)
    reason = reason_of(state, gate, own, STEP_BY_NUMBER)
    late = is_overdue(state, due, today)
    return Cell(
        step,
        place,
        state,
        own.done,
        own.total,
        due,
        late,
        _link(step, period.month, place.id, own.open_since),
        reason,
        _unblock(reason, period.month, place.id),
        {state: 1},
        int(late),
    )


def _link(step: Step, month: Month, place_id: int | None, open_since: dt.date | None) -> Link:
    """The step's page for the territory and month, at the day or week that waits."""
    values: dict[str, str | int] = {"work_month": month.key}
    if place_id is not None:
        values["q_territory"] = place_id
    if step.basis is Basis.ANALYSED_MONTH:
        values["month"] = month.previous.key
    elif step.due is Due.NEXT_MONTH:
        values["month"] = month.key
    elif open_since is not None and place_id is not None:
        if step.basis is Basis.DAY:
            values["day"] = open_since.isoformat()
        elif step.basis is Basis.WEEK:
            values["start"] = WorkWeek.of(open_since).monday.isoformat()
    return Link(step.endpoint, values)


def _unblock(reason: Reason | None, month: Month, place_id: int | None) -> Link | None:
    """Where what is missing is done."""
    if reason is None or reason.endpoint is None:
        return None
    if reason.step is not None:
        return _link(STEP_BY_NUMBER[reason.step], month, place_id, None)
    return Link(reason.endpoint, {"work_month": month.key})


def _together(step: Step, month: Month, cells: Sequence[Cell]) -> Cell:
    """All territories as one; of a single territory its own cell."""
    if len(cells) == 1:
        return cells[0]
    states = Counter(cell.state for cell in cells)
    state = worst(states)
    worst_cell = next(cell for cell in cells if cell.state is state)
    waiting = [cell for cell in cells if not cell.is_finished] or list(cells)
    return Cell(
        step,
        None,
        state,
        sum(cell.done for cell in cells),
        sum(cell.total for cell in cells),
        min((cell.due for cell in waiting if cell.due is not None), default=None),
        any(cell.is_overdue for cell in cells),
        _link(step, month, None, None),
        worst_cell.reason,
        _unblock(worst_cell.reason, month, None),
        states,
        sum(cell.overdue for cell in cells),
    )
