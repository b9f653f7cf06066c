"""What pages tell about background tasks – how far, how it ended, where to go next – and the bell,
which shows them together with the news of the inbox.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Flask, g, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import ColumnElement, or_, select
from werkzeug.routing import BuildError

from app.jobs.queue import OPEN_STATES, is_runner_missing
from app.kernel.db import db
from app.kernel.period import utc_now
from app.models import Task, TaskState
from app.notices import inbox
from app.notices.words import shown

MOST_IN_BELL = 8

TONES = {
    TaskState.QUEUED: "mute",
    TaskState.RUNNING: "info",
    TaskState.DONE: "ok",
    TaskState.FAILED: "bad",
    TaskState.CANCELLED: "mute",
}


@dataclass(frozen=True, slots=True)
class TaskNotice:
    """A task as the templates print it; `percent` None = not known yet."""

    id: int
    title: str
    state: TaskState
    tone: str
    is_open: bool
    is_stopping: bool
    percent: int | None
    progress: str
    text: str
    warning: str
    error: str
    url: str | None
    link_text: str
    is_seen: bool


def notice(task: Task) -> TaskNotice:
    """The words about one task, in the reader's language."""
    done, total = task.progress_done, task.progress_total
    words = [_(task.phase)] if task.phase else []
    if total:
        words.append(_("%(done)s of %(total)s", done=f"{done:,}", total=f"{total:,}"))
    elif done:
        words.append(f"{done:,}")
    result = task.result or {}
    return TaskNotice(
        id=task.id,
        title=task.title,
        state=task.state,
        tone=TONES[task.state],
        is_open=task.state in OPEN_STATES,
        is_stopping=task.cancel_requested and task.state is TaskState.RUNNING,
        percent=min(done * 100 // total, 100) if total else None,
        progress=" · ".join(words),
        text=str(result.get("text", "")),
        warning=str(result.get("warning", "")),
        error=_(task.error) if task.error else "",
        url=_result_url(result) if task.state is TaskState.DONE else None,
        link_text=_("Download") if task.kind == "export" else _("Show the result"),
        is_seen=task.seen_at is not None,
    )


def _result_url(result: dict[str, Any]) -> str | None:
    if "endpoint" not in result:
        return None
    try:
        return url_for(result["endpoint"], **result.get("values", {}))
    except BuildError:  # made by a release that had this page
        return None


def own_tasks() -> list[Task]:
    """The person's running tasks, those whose end is news, and those of the last day."""
    query = select(Task).where(*_own_news()).order_by(Task.id.desc()).limit(MOST_IN_BELL)
    return list(db.session.scalars(query))


def _own_news() -> tuple[ColumnElement[bool], ...]:
    since = utc_now() - dt.timedelta(days=1)
    return (
        Task.requested_by == g.user.id,
        or_(Task.state.in_(OPEN_STATES), Task.seen_at.is_(None), Task.finished_at >= since),
    )


def bell() -> dict[str, Any]:
    """What the bell of the top bar shows: unread notices and, if there are any, own tasks."""
    has_tasks = select(Task.id).where(*_own_news()).exists()
    news, unread, is_busy = inbox.news(db.session(), g.user.id, has_tasks)
    notices = [notice(task) for task in own_tasks()] if is_busy else []
    running = sum(entry.is_open for entry in notices)
    return {
        "notices": notices,
        "running": running,
        "progress": _progress_words(notices),
        "unseen": sum(not entry.is_open and not entry.is_seen for entry in notices),
        "news": [shown(entry) for entry in news],
        "unread": unread,
        "runner_missing": bool(running) and is_runner_missing(),
    }


def _progress_words(notices: list[TaskNotice]) -> str:
    """How far the work goes that was asked for first; empty when none is at work."""
    at_work = [entry for entry in notices if entry.state is TaskState.RUNNING]
    if not at_work:
        return ""
    first = at_work[-1]
    share = f"{first.percent} %" if first.percent is not None else ""
    return " · ".join(word for word in (share, first.progress or first.title) if word)


def bell_for_page() -> dict[str, Any] | None:
    """The bell, for people who are logged in."""
    return bell() if current_user.is_authenticated else None


def outcome_html(task: Task) -> str:
    """Progress bar, result or error of one task with its buttons."""
    return render_template("exchange/task_outcome.html", task=notice(task))


def install(app: Flask) -> None:
    app.jinja_env.globals.update(task_bell=bell_for_page)
