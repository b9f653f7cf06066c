"""The step board: how the fourteen steps of a work month stand, per territory and together.

`step_board` is what pages, reminders and jobs ask. Counts come from `statements.board_counts`, the
records' states from `statements.board_records`; `rules_board` and `rules_due` make states and due
days of them. Texts name the work month; steps 5 and 6 of month M analyse the month before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.kernel.period import Month
from app.workflow.rules_board import Reason, StepState
from app.workflow.steps import Stage, Step


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
    `states` counts them by state. `reason` and `unblock` are set when `state` is NOT_READY.
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
        """Where to go on: a returned step, else the first one with something to do now."""
        workable = [cell for cell in self.sums.values() if cell.state.is_workable]
        returned = [cell for cell in workable if cell.state is StepState.RETURNED]
        return next(iter([*returned, *workable]), None)
