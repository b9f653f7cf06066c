"""Keeping, changing and offering saved views. Callers commit.

Whoever may read a list sees its shared views of the company; the owner and administrators change
them. A person's default of a list may be any view offered to them.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g
from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from app.kernel.actor import current_actor
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.models import DefaultView, SavedView
from app.saved_views.rules import Arguments, stored_arguments, view_name
from app.security.permissions import RoleName
from app.security.row_scope import current_scope

MOST_VIEWS = 50
"""Of one person and list."""


@dataclass(frozen=True, slots=True)
class OfferedView:
    """A view as the menu of its list shows it. `owner` is empty for one's own."""

    id: int
    name: str
    arguments: Arguments
    owner: str
    is_shared: bool
    is_default: bool
    may_change: bool
    version: int


def offered_views(session: Session, list_name: str) -> list[OfferedView]:
    """Own views of a list, then those colleagues share, both by name. One statement."""
    person, company_id = current_actor().user_id, current_scope().company_id
    rows = session.execute(
        select(SavedView, DefaultView.view_id)
        .outerjoin(
            DefaultView,
            and_(DefaultView.view_id == SavedView.id, DefaultView.user_id == person),
        )
        .where(
            SavedView.list_name == list_name,
            or_(
                SavedView.owner_id == person,
                SavedView.is_shared.is_(True) & (SavedView.company_id == company_id),
            ),
        )
        .options(joinedload(SavedView.owner))
        .order_by((SavedView.owner_id != person), SavedView.name)
    )
    return [
        OfferedView(
            id=view.id,
            name=view.name,
            arguments=stored_arguments(view.query),
            owner="" if view.owner_id == person else str(view.owner),
            is_shared=view.is_shared,
            is_default=default is not None,
            may_change=may_change(view),
            version=view.version,
        )
        for view, default in rows
    ]


def may_change(view: SavedView) -> bool:
    """The owner, and administrators for what is shared."""
    roles = g.get("role_names", frozenset())
    return view.owner_id == current_actor().user_id or RoleName.ADMINISTRATOR.value in roles


def readable(session: Session, view_id: int, *, is_locked: bool = False) -> SavedView:
    """The view, own or shared; locked when it is to be changed. Errors: `OutOfScope`."""
    view = session.get(SavedView, view_id, with_for_update=is_locked or None)
    person, company_id = current_actor().user_id, current_scope().company_id
    if view is None or not (
        view.owner_id == person or (view.is_shared and view.company_id == company_id)
    ):
        raise OutOfScope
    return view


def changeable(session: Session, view_id: int, version: int | None) -> SavedView:
    """The view, to be changed by the person. Errors: `PlanningError`, `StaleVersion`."""
    view = readable(session, view_id, is_locked=True)
    if not may_change(view):
        raise PlanningError(
            N_("Only the owner or an administrator changes a shared view. Save it as your own.")
        )
    if view.version != version:
        raise StaleVersion(
            N_("“%(name)s” was changed meanwhile. Look at it and try again."), name=view.name
        )
    return view


def add_view(
    session: Session, list_name: str, name: str, arguments: Arguments, *, is_shared: bool
) -> SavedView:
    """Keep `arguments` under `name`. Errors: `PlanningError`."""
    person = current_actor().user_id
    count = session.scalar(
        select(func.count(SavedView.id)).where(
            SavedView.owner_id == person, SavedView.list_name == list_name
        )
    )
    if count is not None and count >= MOST_VIEWS:
        raise PlanningError(
            N_("You have %(most)d views of this list already. Delete one first."), most=MOST_VIEWS
        )
    view = SavedView(
        company_id=current_scope().company_id,
        owner_id=person,
        list_name=list_name,
        name=view_name(name),
        query=[list(pair) for pair in arguments],
        is_shared=is_shared,
    )
    session.add(view)
    _flush_named(session, view.name)
    return view


def rename(session: Session, view: SavedView, name: str) -> None:
    """Give the view another name. Errors: `PlanningError`."""
    view.name = view_name(name)
    _flush_named(session, view.name)


def _flush_named(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise PlanningError(
            N_("There is already a view called “%(name)s”. Choose another name."),
            field="name",
            name=name,
        ) from error


def set_default(session: Session, view: SavedView, *, is_default: bool) -> None:
    """Make the view the one that opens first for the person, or no longer."""
    key = (current_actor().user_id, view.list_name)
    present = session.get(DefaultView, key)
    if not is_default:
        if present is not None and present.view_id == view.id:
            session.delete(present)
    elif present is None:
        session.add(DefaultView(user_id=key[0], list_name=key[1], view_id=view.id))
    else:
        present.view_id = view.id
    try:
        session.flush()
    except IntegrityError as error:
        raise StaleVersion from error
