"""Notices leave the portal: the job `notices` hands new ones to the channels and sends what is due.

A message is claimed in one short transaction, sent outside any, and its end is written in a third.
If the process dies in between, nobody knows whether it went out: the delivery becomes INTERRUPTED
and is not sent again. Sending at most once is right here because a message is a pointer: the
notice itself waits in the portal. What a service refuses is tried again, later and later.
Everything that waits for one channel goes in one message, so that a robot is not flooded.
Statements are Core on purpose: the job serves every company.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import ColumnElement, Engine, and_, exists, literal, or_, select, update
from sqlalchemy.orm import Session

from app.jobs.job_context import Outcome
from app.kernel.db import db, read_only
from app.kernel.dialect import insert_missing
from app.kernel.errors import N_
from app.kernel.period import local_today, utc_now
from app.models import (
    DeliveryState,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticePreference,
    Outside,
    PortalUser,
)
from app.notices.addresses import apprise_url
from app.notices.messages import Message, message
from app.notices.sending import send
from app.security.secret_box import SecretLost

LOT = 500
BACK_OFF = (60, 300, 1800, 7200)
"""Seconds before the second, third … attempt."""
MOST_ATTEMPTS = len(BACK_OFF) + 1
SILENT_SECONDS = 600
SECONDS_A_RUN = 60
"""Then the next run goes on; the jobs process has other work as well."""

INTERRUPTED = N_("It is not known whether the message went out; the notice is in the portal.")
UNREADABLE = N_("The address can no longer be read. Remove it and enter it again.")
NOT_OFFERED = N_("The portal no longer sends to this service.")
FAILED = N_("%(count)s messages could not be sent; “Notices” tells each person.")

_notice, _delivery = Notice.__table__, NoticeDelivery.__table__
_channel, _user, _preference = (
    NoticeChannel.__table__,
    PortalUser.__table__,
    NoticePreference.__table__,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is sent to a channel now; `at` is the proof."""

    channel_id: int
    at: dt.datetime

    @property
    def is_ours(self) -> ColumnElement[bool]:
        return and_(
            _delivery.c.channel_id == self.channel_id,
            _delivery.c.state == DeliveryState.SENDING,
            _delivery.c.claimed_at == self.at,
        )


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its address. Neither message nor `problem` (why it cannot be sent ever): there
    is nothing left to say.
    """

    url: str = ""
    message: Message | None = None
    problem: str = ""


def deliver(app: Flask) -> Outcome | None:
    """One look: hand out, then send until nothing is due. The job `notices` calls it."""
    given_up, end = 0, time.monotonic() + SECONDS_A_RUN
    with app.app_context():
        engine = db.engine
        if not _is_work(engine):
            return None
        hand_out(engine)
        interrupt(engine)
        while time.monotonic() < end:
            claim = claim_next(engine)
            if claim is None:
                break
            letter = _letter(app, engine, claim)
            error = letter.problem or (
                send(letter.url, letter.message.subject, letter.message.body)
                if letter.message
                else ""
            )
            given_up += _end(engine, claim, letter, error or None)
    return Outcome(given_up, FAILED, {"count": given_up}) if given_up else None


def _fresh() -> ColumnElement[bool]:
    return and_(_notice.c.outside == Outside.AT_ONCE, _notice.c.handed_out_on.is_(None))


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return and_(_delivery.c.state == DeliveryState.WAITING, _delivery.c.due_at <= now)


def _silent(now: dt.datetime) -> ColumnElement[bool]:
    limit = now - dt.timedelta(seconds=SILENT_SECONDS)
    return and_(_delivery.c.state == DeliveryState.SENDING, _delivery.c.claimed_at <= limit)


def _is_work(engine: Engine) -> bool:
    """Without taking the write lock of SQLite every few seconds."""
    now = utc_now()
    query = select(
        or_(
            exists().where(_fresh()),
            exists().where(_due(now)),
            exists().where(_silent(now)),
        )
    )
    with read_only(), engine.connect() as connection:
        return bool(connection.execute(query).scalar())


def hand_out(engine: Engine) -> None:
    """A delivery for each channel of the recipient, for every new notice that goes out at once.

    Who has no channel gets none, nor later: a new address is not flooded with what was.
    """
    while True:
        with engine.begin() as connection:
            query = select(_notice.c.id).where(_fresh()).order_by(_notice.c.id).limit(LOT)
            ids = list(connection.scalars(query))
            if not ids:
                return
            rows = waiting_rows(_notice.c.id.label("notice_id")).where(
                _notice.c.id.in_(ids), _notice.c.read_at.is_(None)
            )
            insert_missing(connection, _delivery, ["channel_id", "notice_id"], rows)
            connection.execute(
                update(_notice).where(_notice.c.id.in_(ids)).values(handed_out_on=local_today())
            )


def waiting_rows(*more: Any) -> Any:
    """SELECT for new deliveries: notices × active channels of active recipients."""
    return (
        select(
            _channel.c.user_id,
            _channel.c.id.label("channel_id"),
            literal(DeliveryState.WAITING, _delivery.c.state.type).label("state"),
            literal(0).label("attempts"),
            literal(utc_now(), _delivery.c.due_at.type).label("due_at"),
            *more,
        )
        .select_from(_notice)
        .join(_channel, _channel.c.user_id == _notice.c.user_id)
        .join(_user, _user.c.id == _notice.c.user_id)
        .where(_channel.c.is_active.is_(True), _user.c.active.is_(True))
    )


def interrupt(engine: Engine) -> None:
    """Whoever was sending these has died."""
    with engine.begin() as connection:
        connection.execute(
            update(_delivery)
            .where(_silent(utc_now()))
            .values(state=DeliveryState.INTERRUPTED, error=INTERRUPTED)
        )


def claim_next(engine: Engine) -> Claim | None:
    """Take everything due for the channel that has waited longest. No two processes get the same:
    the UPDATE names the state it expects.
    """
    while True:
        now = utc_now()
        first = (
            select(_delivery.c.channel_id).where(_due(now)).order_by(_delivery.c.due_at).limit(1)
        )
        with read_only(), engine.connect() as connection:
            channel_id = connection.execute(first).scalar()
        if channel_id is None:
            return None
        with engine.begin() as connection:
            taken = connection.execute(
                update(_delivery)
                .where(_due(now), _delivery.c.channel_id == channel_id)
                .values(
                    state=DeliveryState.SENDING,
                    claimed_at=now,
                    attempts=_delivery.c.attempts + 1,
                )
            )
        if taken.rowcount:
            return Claim(channel_id, now)


def _letter(app: Flask, engine: Engine, claim: Claim) -> Letter:
    """The message of a claim, in the recipient's language; notices read meanwhile are left out."""
    with read_only(), Session(engine) as session:
        channel = session.get_one(NoticeChannel, claim.channel_id)
        locale = session.scalar(
            select(_preference.c.locale).where(_preference.c.user_id == channel.user_id)
        )
        rows = session.execute(
            select(_delivery.c.notice_id, _delivery.c.digest_on).where(claim.is_ours)
        ).all()
        days = [row.digest_on for row in rows if row.digest_on is not None]
        notices = session.scalars(
            select(Notice)
            .where(
                Notice.user_id == channel.user_id,
                Notice.read_at.is_(None),
                or_(
                    Notice.id.in_([row.notice_id for row in rows if row.notice_id is not None]),
                    and_(Notice.outside == Outside.DAILY, Notice.handed_out_on.in_(days)),
                ),
            )
            .order_by(Notice.id)
        ).all()
        is_test = any(row.notice_id is None and row.digest_on is None for row in rows)
        with force_locale(locale or app.config["BABEL_DEFAULT_LOCALE"]):
            words = message(app, notices, is_digest=bool(days), is_test=is_test)
        if words is None:
            return Letter()
        try:
            url = apprise_url(channel.kind, channel.sealed, app.config)
        except SecretLost:
            return Letter(problem=UNREADABLE)
    return Letter(url, words) if url else Letter(problem=NOT_OFFERED)


def _end(engine: Engine, claim: Claim, letter: Letter, error: str | None) -> int:
    """Write how it went; how many deliveries were given up."""
    now = utc_now()
    if error is None:
        state = DeliveryState.SENT if letter.message else DeliveryState.NEEDLESS
        with engine.begin() as connection:
            connection.execute(
                update(_delivery)
                .where(claim.is_ours)
                .values(state=state, sent_at=now if letter.message else None, error=None)
            )
        return 0
    with engine.begin() as connection:
        if not letter.problem:
            for attempt, seconds in enumerate(BACK_OFF, start=1):
                connection.execute(
                    update(_delivery)
                    .where(claim.is_ours, _delivery.c.attempts == attempt)
                    .values(
                        state=DeliveryState.WAITING,
                        due_at=now + dt.timedelta(seconds=seconds),
                        error=error,
                    )
                )
        given_up = connection.execute(
            update(_delivery).where(claim.is_ours).values(state=DeliveryState.FAILED, error=error)
        )
        return given_up.rowcount
