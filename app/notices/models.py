"""Notices 通知, where each person wants them, and their way out of the portal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Date, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.columns import BigId, Distribution, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import utc_now


class NoticeKind(LabelledEnum):
    """What a notice is about; its words and look are a row of `app.notices.kinds`."""

    PLAN_SUBMITTED = ("plan_submitted", N_("Submitted for approval"))
    RECORD_RETURNED = ("record_returned", N_("Returned"))
    RECORD_APPROVED = ("record_approved", N_("Approved"))
    STEP_DUE = ("step_due", N_("Due tomorrow"))
    STEP_OVERDUE = ("step_overdue", N_("Overdue"))
    IMPORT_FINISHED = ("import_finished", N_("Import finished"))
    CALCULATION_FINISHED = ("calculation_finished", N_("Calculation finished"))
    WORK_FAILED = ("work_failed", N_("Background work failed"))
    JOB_FAILED = ("job_failed", N_("Scheduled job failed"))
    FEED_FAILED = ("feed_failed", N_("Nightly feed failed"))


class Outside(LabelledEnum):
    """When notices of a kind leave the portal."""

    NEVER = ("never", N_("Not outside"))
    AT_ONCE = ("at_once", N_("At once"))
    DAILY = ("daily", N_("In the daily digest"))


class ChannelKind(LabelledEnum):
    """Where a person may be reached outside the portal."""

    MAIL = ("mail", N_("E-mail"))
    WECOM = ("wecom", N_("WeCom robot"))
    DINGTALK = ("dingtalk", N_("DingTalk robot"))
    FEISHU = ("feishu", N_("Feishu robot"))
    OTHER = ("other", N_("Another service"))


class DeliveryState(LabelledEnum):
    """A message's life: waiting → sending → sent, failed or interrupted.

    INTERRUPTED: the process died while it was sending. Whether the message went out is not
    known; it is not sent again, because the portal still shows the notice. NEEDLESS: the notice
    was read before the message went out.
    """

    WAITING = ("waiting", N_("Waiting"))
    SENDING = ("sending", N_("Being sent"))
    SENT = ("sent", N_("Sent"))
    FAILED = ("failed", N_("Failed"))
    INTERRUPTED = ("interrupted", N_("Interrupted"))
    NEEDLESS = ("needless", N_("No longer needed"))


class Notice(db.Model):
    """One piece of news for one person. Grain: person × key; a repeat is ignored.

    `params` fill the words of the kind. `endpoint` with `endpoint_values` is the page it leads
    to. `in_portal` and `outside` are the person's choice at the time it was published.
    `handed_out_on` is the day it was handed to the person's channels, or to their digest.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notice_inbox", "user_id", "read_at", "id"),
        Index("ix_notice_outside", "outside", "handed_out_on", "id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    company_id: Mapped[int | None] = mapped_column(BigId, **label("Company"))
    user_id: Mapped[int] = mapped_column(Integer, **label("Recipient"))
    kind: Mapped[NoticeKind] = mapped_column(code_list(NoticeKind), **label("Kind"))
    key: Mapped[str] = mapped_column(String(120), **label("Key"))
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Values"))
    endpoint: Mapped[str | None] = mapped_column(String(80), **label("Page"))
    endpoint_values: Mapped[dict[str, Any]] = mapped_column(
        JSON, default=dict, **label("Values of the page")
    )
    in_portal: Mapped[bool] = mapped_column(default=True, **label("In the portal"))
    outside: Mapped[Outside] = mapped_column(
        code_list(Outside), default=Outside.NEVER, **label("Outside the portal")
    )
    created_at: Mapped[dt.datetime] = mapped_column(DateTime, default=utc_now, **label("Time"))
    read_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Read at"))
    handed_out_on: Mapped[dt.date | None] = mapped_column(Date, **label("Handed out on"))


class NoticeSetting(db.Model):
    """A person's choice for a kind; without a row the kind's default holds."""

    __tablename__ = "notice_setting"
    __table_args__ = (table_info(Distribution.LOCAL),)

    user_id: Mapped[int] = mapped_column(Integer, primary_key=True, **label("Recipient"))
    kind: Mapped[NoticeKind] = mapped_column(
        code_list(NoticeKind), primary_key=True, **label("Kind")
    )
    in_portal: Mapped[bool] = mapped_column(default=True, **label("In the portal"))
    outside: Mapped[Outside] = mapped_column(
        code_list(Outside), default=Outside.NEVER, **label("Outside the portal")
    )


class NoticePreference(db.Model):
    """The language in which a person wants messages outside the portal."""

    __tablename__ = "notice_preference"
    __table_args__ = (table_info(Distribution.LOCAL),)

    user_id: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, **label("Recipient")
    )
    locale: Mapped[str] = mapped_column(String(5), default="zh", **label("Language"))


class NoticeChannel(db.Model):
    """An address of a person. It is a secret: `sealed` holds it encrypted, `shown` masked."""

    __tablename__ = "notice_channel"
    __table_args__ = (
        Index("ix_notice_channel_user", "user_id", "id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    company_id: Mapped[int | None] = mapped_column(BigId, **label("Company"))
    user_id: Mapped[int] = mapped_column(Integer, **label("Recipient"))
    kind: Mapped[ChannelKind] = mapped_column(code_list(ChannelKind), **label("Service"))
    sealed: Mapped[str] = mapped_column(String(2000), **label("Sealed address"))
    shown: Mapped[str] = mapped_column(String(120), **label("Address"))
    is_active: Mapped[bool] = mapped_column(default=True, **label("In use"))
    created_at: Mapped[dt.datetime] = mapped_column(
        DateTime, default=utc_now, **label("Created at")
    )


class NoticeDelivery(db.Model):
    """A message on its way to a channel. Grain: channel × notice, channel × day of a digest.

    Neither notice nor day: a test message. `claimed_at` is when a process began to send it.
    """

    __tablename__ = "notice_delivery"
    __table_args__ = (
        UniqueConstraint("channel_id", "notice_id"),
        UniqueConstraint("channel_id", "digest_on"),
        Index("ix_notice_delivery_due", "state", "due_at"),
        Index("ix_notice_delivery_notice", "notice_id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    user_id: Mapped[int] = mapped_column(Integer, **label("Recipient"))
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("notice_channel.id", ondelete="CASCADE"), **label("Address")
    )
    notice_id: Mapped[int | None] = mapped_column(
        ForeignKey("notice.id", ondelete="CASCADE"), **label("Notice")
    )
    digest_on: Mapped[dt.date | None] = mapped_column(Date, **label("Day of the digest"))
    state: Mapped[DeliveryState] = mapped_column(
        code_list(DeliveryState), default=DeliveryState.WAITING, **label("State")
    )
    attempts: Mapped[int] = mapped_column(Integer, default=0, **label("Attempts"))
    due_at: Mapped[dt.datetime] = mapped_column(DateTime, default=utc_now, **label("Due at"))
    claimed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Taken up at"))
    sent_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Sent at"))
    error: Mapped[str | None] = mapped_column(String(300), **label("Error"))
