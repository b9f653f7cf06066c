"""What the inbox tells about the end of a background task; written together with the end itself.

`TASK_KINDS` says which kinds are news when they are done; a failure always is. The bell shows the
task too, so its notice is read when the task was seen there, and the other way round.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.jobs.queue import TASK_KINDS
from app.jobs.task_context import TaskContext
from app.models import NoticeKind, TaskState
from app.notices.inbox import task_key
from app.notices.publish import publish


def tell_of_end(
    connection: Connection, context: TaskContext, kind: str, state: TaskState, ended: dict[str, Any]
) -> None:
    """`ended`: the columns written with the end, `result` or `error` among them."""
    if context.user is None:
        return
    result = ended.get("result") or {}
    notice = TASK_KINDS[kind].notice if kind in TASK_KINDS else None
    values: dict[str, str | int] = {"title": context.title, **result.get("counts", {})}
    if state is TaskState.FAILED:
        notice = NoticeKind.WORK_FAILED
        values["error"] = ended.get("error") or ""
    if notice is None or state not in (TaskState.DONE, TaskState.FAILED):
        return
    is_done = state is TaskState.DONE and "endpoint" in result
    publish(
        Session(connection),
        notice,
        [context.user.id],
        company_id=context.company_id,
        key=task_key(context.task_id),
        values=values,
        endpoint=result["endpoint"] if is_done else "TaskView.list",
        endpoint_values=result.get("values", {}) if is_done else {},
    )
