"""What a running task's function gets: its parameters, its person, and a way to say how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from app.jobs.task_claims import Claim, is_cancel_requested, report
from app.models import PortalUser
from app.security.row_scope import RowScope

SECONDS_BETWEEN_REPORTS = 0.5
LONGEST_PHASE = 80


class TaskCancelled(Exception):
    """The person asked to stop; everything not committed is undone."""


class TaskLost(Exception):
    """Another runner has taken the task over; this one must not go on."""


class RunnerStopping(Exception):
    """The jobs process was told to end; the task goes back to the queue."""


@dataclass(slots=True)
class TaskContext:
    """`progress` may be called for every row: it writes at most twice a second.

    `user`, `roles`, `permissions` and `scope` are those of the person now, not of the time when
    the work was asked for; a system task has no user.
    """

    engine: Engine
    claim: Claim
    params: Mapping[str, Any]
    title: str
    company_id: int | None
    user: PortalUser | None
    roles: frozenset[str]
    permissions: frozenset[tuple[str, str]]
    scope: RowScope
    is_stopping: Callable[[], bool] = lambda: False
    _reported_at: float = field(default=0.0, init=False)
    _phase: str = field(default="", init=False)

    @property
    def task_id(self) -> int:
        return self.claim.task_id

    @property
    def locale(self) -> str:
        """The language of the person's request."""
        return str(self.params.get("locale", "zh"))

    def may(self, permission: str, entity: str) -> bool:
        """Whether the person holds `permission` on `entity` now."""
        return self.user is None or (f"can_{permission}", entity) in self.permissions

    def progress(self, done: int, total: int = 0, phase: str = "") -> None:
        """Say how far the work is. Errors: `TaskCancelled`, `TaskLost`, `RunnerStopping`."""
        now = time.monotonic()
        if now - self._reported_at < SECONDS_BETWEEN_REPORTS and phase == self._phase:
            return
        self._reported_at, self._phase = now, phase
        self.check()
        if not report(
            self.engine,
            self.claim,
            progress_done=done,
            progress_total=total,
            phase=phase[:LONGEST_PHASE],
        ):
            raise TaskLost

    def check(self) -> None:
        """Stop here if asked to. Errors: `TaskCancelled`, `RunnerStopping`."""
        if self.is_stopping():
            raise RunnerStopping
        if is_cancel_requested(self.engine, self.claim):
            raise TaskCancelled
