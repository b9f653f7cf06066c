"""What a person wants to hear, where, and in which language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, OutOfScope, PlanningError
from app.kernel.period import utc_now
from app.models import (
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    NoticeSetting,
    Outside,
)
from app.notices.addresses import Address
from app.notices.kinds import NOTICE_KINDS

MOST_CHANNELS = 5
SECONDS_BETWEEN_TESTS = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What holds for a kind."""

    kind: NoticeKind
    in_portal: bool
    outside: Outside


class TooMany(PlanningError):
    """A person needs few addresses; each notice goes to all of them."""

    msgid = N_("At most %(most)d addresses. Remove one first.")


class TooSoon(PlanningError):
    """A test message is no toy."""

    msgid = N_("A test notice is under way or was sent just now. Wait a minute.")
    status = 429


def choices(session: Session, user_id: int) -> list[Choice]:
    """One for every kind, in their order."""
    rows = session.scalars(select(NoticeSetting).where(NoticeSetting.user_id == user_id))
    chosen = {row.kind: row for row in rows}
    return [
        Choice(
            kind,
            chosen[kind].in_portal if kind in chosen else True,
            chosen[kind].outside if kind in chosen else words.outside,
        )
        for kind, words in NOTICE_KINDS.items()
    ]


def choose(session: Session, user_id: int, wanted: Mapping[NoticeKind, Choice]) -> None:
    """Keep the choices; what equals the default has no row. The caller commits."""
    rows = session.scalars(select(NoticeSetting).where(NoticeSetting.user_id == user_id))
    present = {row.kind: row for row in rows}
    for kind, choice in wanted.items():
        row = present.get(kind)
        is_default = choice.in_portal and choice.outside is NOTICE_KINDS[kind].outside
        if is_default and row is not None:
            session.delete(row)
        elif not is_default and row is None:
            session.add(
                NoticeSetting(
                    user_id=user_id,
                    kind=kind,
                    in_portal=choice.in_portal,
                    outside=choice.outside,
                )
            )
        elif row is not None:
            row.in_portal, row.outside = choice.in_portal, choice.outside


def locale_of(session: Session, user_id: int, default: str) -> str:
    """The language of the person's messages."""
    found = session.get(NoticePreference, user_id)
    return found.locale if found else default


def set_locale(session: Session, user_id: int, locale: str) -> None:
    """The caller commits and has checked that the language exists."""
    found = session.get(NoticePreference, user_id)
    if found is None:
        session.add(NoticePreference(user_id=user_id, locale=locale))
    else:
        found.locale = locale


def channels(session: Session, user_id: int) -> Sequence[NoticeChannel]:
    """The person's addresses, oldest first."""
    query = select(NoticeChannel).where(NoticeChannel.user_id == user_id)
    return session.scalars(query.order_by(NoticeChannel.id)).all()


def last_deliveries(session: Session, user_id: int) -> Mapping[int, NoticeDelivery]:
    """Channel → its last message."""
    newest = (
        select(func.max(NoticeDelivery.id))
        .where(NoticeDelivery.user_id == user_id)
        .group_by(NoticeDelivery.channel_id)
    )
    rows = session.scalars(select(NoticeDelivery).where(NoticeDelivery.id.in_(newest)))
    return {row.channel_id: row for row in rows}


def add_channel(
    session: Session, user_id: int, company_id: int | None, address: Address
) -> NoticeChannel:
    """The caller commits. Errors: `TooMany`."""
    if len(channels(session, user_id)) >= MOST_CHANNELS:
        raise TooMany(most=MOST_CHANNELS)
    channel = NoticeChannel(
        user_id=user_id,
        company_id=company_id,
        kind=address.kind,
        sealed=address.sealed(),
        shown=address.shown,
    )
    session.add(channel)
    session.flush()
    return channel


def own_channel(session: Session, user_id: int, channel_id: int | None) -> NoticeChannel:
    """One of the person's addresses. Errors: `OutOfScope`."""
    found = session.scalar(
        select(NoticeChannel).where(
            NoticeChannel.user_id == user_id, NoticeChannel.id == channel_id
        )
    )
    if found is None:
        raise OutOfScope
    return found


def queue_test(session: Session, channel: NoticeChannel) -> None:
    """A test message for the jobs process to send. The caller commits. Errors: `TooSoon`."""
    since = utc_now() - dt.timedelta(seconds=SECONDS_BETWEEN_TESTS)
    recent = session.scalar(
        select(func.count())
        .select_from(NoticeDelivery)
        .where(
            NoticeDelivery.channel_id == channel.id,
            NoticeDelivery.notice_id.is_(None),
            NoticeDelivery.digest_on.is_(None),
            (NoticeDelivery.due_at >= since) | (NoticeDelivery.sent_at >= since),
        )
    )
    if recent:
        raise TooSoon
    session.add(NoticeDelivery(user_id=channel.user_id, channel_id=channel.id))
