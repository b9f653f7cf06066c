"""Runs one claimed task: as its person, with the rights of now, and records how it ended."""

from __future__ import annotations

import importlib
import logging
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Connection

from app.jobs.heartbeat import Heartbeat
from app.jobs.queue import TASK_KINDS, TaskKind
from app.jobs.task_claims import Claim, finish, give_back, report
from app.jobs.task_context import RunnerStopping, TaskCancelled, TaskContext, TaskLost
from app.jobs.task_notices import tell_of_end
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db, read_only
from app.kernel.errors import N_, PlanningError
from app.models import PortalUser, Task, TaskState
from app.security.access import load_access
from app.security.row_scope import UNRESTRICTED, scoped_to
from app.security.scope_resolution import resolve_scope

log = logging.getLogger(__name__)

LONGEST_ERROR = 2000


class NotAllowed(PlanningError):
    """The right was withdrawn between the request and now."""

    msgid = N_("You are no longer allowed to do this. Ask your administrator for the permission.")
    status = 403


def run_claimed(
    app: Flask, claim: Claim, is_stopping: Callable[[], bool] = lambda: False
) -> TaskState | None:
    """Run a task to its end and return its final state.

    None: this process gave it back or lost it. An error of the function ends the task as failed,
    with a sentence for the person; the trace is in the log under the number in that sentence.
    """
    with app.app_context():
        engine = db.engine
        with scoped_to(UNRESTRICTED), read_only():
            context = _context(claim, is_stopping)
            kind_name = db.session.get_one(Task, claim.task_id).kind
            db.session.rollback()
        beat = Heartbeat(lambda: report(engine, claim))
        try:
            with force_locale(context.locale), beat:
                result = _call(TASK_KINDS[kind_name], context)
        except RunnerStopping:
            give_back(engine, claim)
            return None
        except TaskLost:
            log.warning("task %d was taken over by another runner", claim.task_id)
            return None
        except TaskCancelled:
            return _end(context, kind_name, TaskState.CANCELLED)
        except PlanningError as refusal:
            with force_locale(context.locale):
                return _end(
                    context, kind_name, TaskState.FAILED, error=refusal.message()[:LONGEST_ERROR]
                )
        except Exception:  # the boundary of all background work: whatever happens is recorded
            number = secrets.token_hex(6)
            log.exception("task %d (%s) failed, number %s", claim.task_id, kind_name, number)
            with force_locale(context.locale):
                error = _(
                    "Something went wrong; nothing of this work was kept. If it happens again, "
                    "tell support this number: %(number)s",
                    number=number,
                )
            return _end(context, kind_name, TaskState.FAILED, error=error)
        return _end(context, kind_name, TaskState.DONE, result=result or {})


def _context(claim: Claim, is_stopping: Callable[[], bool]) -> TaskContext:
    """Everything about the task and its person, read at the moment it starts."""
    task = db.session.get_one(Task, claim.task_id)
    user, roles, permissions, scope = (
        None,
        frozenset[str](),
        frozenset[tuple[str, str]](),
        UNRESTRICTED,
    )
    if task.requested_by is not None:
        user = db.session.get_one(PortalUser, task.requested_by)
        roles, permissions = load_access(user.id)
        scope = resolve_scope(db.session(), user, roles)
        db.session.expunge(user)
    return TaskContext(
        engine=db.engine,
        claim=claim,
        params=dict(task.params),
        title=task.title,
        company_id=task.company_id,
        user=user,
        roles=roles,
        permissions=permissions,
        scope=scope,
        is_stopping=is_stopping,
    )


def _call(kind: TaskKind, context: TaskContext) -> dict[str, Any] | None:
    user = context.user
    if user is not None and not user.active:
        raise NotAllowed
    if kind.entity is not None and not context.may(kind.permission, kind.entity):
        raise NotAllowed
    module, name = kind.function.rsplit(".", 1)
    function: Callable[[TaskContext], dict[str, Any] | None] = getattr(
        importlib.import_module(module), name
    )
    actor = Actor(user.id, user.display_name, "job") if user else Actor(None, "system", "job")
    try:
        with acting_as(actor), scoped_to(context.scope):
            return function(context)
    finally:
        db.session.rollback()  # whatever the function did not commit itself is undone
        db.session.remove()


def _end(context: TaskContext, kind: str, state: TaskState, **values: Any) -> TaskState | None:
    values.setdefault("phase", "")

    def tell(connection: Connection) -> None:
        tell_of_end(connection, context, kind, state, values)

    return state if finish(context.engine, context.claim, state, tell, **values) else None
