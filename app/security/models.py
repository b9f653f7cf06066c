"""The log of changes and the administrators' deviations from the default grants."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.columns import BigId, Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import utc_now


class ChangeAction(LabelledEnum):
    """What happened to a record."""

    CREATED = ("created", N_("Created"))
    CHANGED = ("changed", N_("Changed"))
    DELETED = ("deleted", N_("Deleted"))


class ChangeLog(db.Model):
    """Who changed what, when, from which value to which. Grain: one change of one record.

    `changes` maps a column to [old, new]. Written by the session itself, in the transaction of
    the change; nobody edits it.
    """

    __tablename__ = "change_log"
    __table_args__ = (
        Index("ix_change_log_record", "entity", "record_id", "id"),
        Index("ix_change_log_company", "company_id", "id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    company_id: Mapped[int | None] = mapped_column(BigId, **label("Company"))
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=utc_now, **label("Time"))
    user_id: Mapped[int | None] = mapped_column(Integer, index=True, **label("User ID"))
    user_name: Mapped[str] = mapped_column(String(130), **label("Changed by"))
    source: Mapped[str] = mapped_column(String(20), **label("Source"))
    reason: Mapped[str | None] = mapped_column(String(500), **label("Reason"))
    entity: Mapped[str] = mapped_column(String(60), **label("Entity"))
    record_id: Mapped[int] = mapped_column(BigInteger, **label("Record ID"))
    record_label: Mapped[str] = mapped_column(String(200), **label("Record"))
    action: Mapped[ChangeAction] = mapped_column(code_list(ChangeAction), **label("Action"))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, **label("Changes"))


class GrantOverride(Recorded, db.Model):
    """A cell of the permission matrix that differs from the shipped default."""

    __tablename__ = "grant_override"
    __table_args__ = (
        UniqueConstraint("role", "entity", "action"),
        table_info(Distribution.LOCAL),
    )

    role: Mapped[str] = mapped_column(String(40), **label("Role"))
    entity: Mapped[str] = mapped_column(String(60), **label("Entity"))
    action: Mapped[str] = mapped_column(String(20), **label("Action"))
    is_granted: Mapped[bool] = mapped_column(**label("Granted"))

    def __repr__(self) -> str:
        return f"{self.role} · {self.entity} · {self.action}"
