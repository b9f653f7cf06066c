"""Who acts: the person or job to whom changes are attributed.

In a request the actor is resolved once, after login, and kept on `flask.g`; jobs, commands and
imports set it explicitly with `acting_as`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flask import g, has_request_context


@dataclass(frozen=True, slots=True)
class Actor:
    """`source` says by which way a change came: form, api, import, job, command."""

    user_id: int | None
    name: str
    source: str = "form"
    reason: str | None = None


NOBODY = Actor(None, "", "form")
SYSTEM = Actor(None, "system", "command")

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def current_actor() -> Actor:
    """The explicit actor if one is set, else the request's, else the system."""
    explicit = _actor.get()
    if explicit is not None:
        return explicit
    if has_request_context():
        actor: Actor = g.get("actor", NOBODY)
        return actor
    return SYSTEM


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Attribute every change inside the block to `actor`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)
