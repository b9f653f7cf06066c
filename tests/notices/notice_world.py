"""What the tests of notices do again and again."""

from typing import Any

from flask import Flask
from sqlalchemy import delete, select

from app.kernel.db import db
from app.models import (
    ChannelKind,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    NoticeSetting,
    PortalUser,
    Task,
)
from app.notices.addresses import read_address
from app.notices.preferences import add_channel
from app.notices.publish import publish
from tests.security.world import found

WORDS: dict[str, str | int] = {
    "record": "Month plan",
    "territory": "North lanes",
    "period": "2026-11",
    "who": "Wang",
    "reason": "Customer Li is too far away",
}


def clear(app: Flask) -> None:
    """The rows that fill the tables are nobody's news."""
    with app.app_context():
        for model in (Task, NoticeDelivery, NoticeChannel, Notice, NoticeSetting, NoticePreference):
            db.session.execute(delete(model))
        db.session.commit()


def user_id(name: str) -> int:
    return found(PortalUser, username=name).id


def tell(
    app: Flask,
    name: str,
    kind: NoticeKind = NoticeKind.PLAN_SUBMITTED,
    key: str = "k",
    endpoint: str | None = "MonthPlanView.list",
    **words: str | int,
) -> int:
    """Publish to one person; how many were new."""
    with app.app_context():
        new = publish(
            db.session(),
            kind,
            [user_id(name)],
            company_id=None,
            key=key,
            values={**WORDS, **words},
            endpoint=endpoint,
            endpoint_values={"q_territory": 7} if endpoint else None,
        )
        db.session.commit()
        return new


def give_address(app: Flask, name: str, kind: ChannelKind, text: str) -> int:
    with app.app_context():
        person = found(PortalUser, username=name)
        address = read_address(kind, text, app.config)
        channel = add_channel(db.session(), person.id, person.company_id, address)
        db.session.commit()
        return channel.id


def notices_of(app: Flask, name: str) -> list[Any]:
    """(kind, params, read) of a person's notices, oldest first."""
    with app.app_context():
        rows = db.session.scalars(
            select(Notice).where(Notice.user_id == user_id(name)).order_by(Notice.id)
        )
        return [(row.kind, row.params, row.read_at is not None) for row in rows]


def deliveries(app: Flask) -> list[tuple[str, int, str | None]]:
    """(state, attempts, error) of every message."""
    with app.app_context():
        rows = db.session.scalars(select(NoticeDelivery).order_by(NoticeDelivery.id))
        return [(row.state.name, row.attempts, row.error) for row in rows]
