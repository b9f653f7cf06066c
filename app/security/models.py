"""The log of changes and the administrators' deviations from the default grants."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import utc_now
from app.organisation.models import PortalUser


class ChangeAction(LabelledEnum):
    """What happened to a record. SHOWN: masked personal data, once; EXPORTED: such a list."""

    CREATED = ("created", N_("Created"))
    CHANGED = ("changed", N_("Changed"))
    DELETED = ("deleted", N_("Deleted"))
    SHOWN = ("shown", N_("Shown"))
    EXPORTED = ("exported", N_("Exported"))


class ChangeLog(db.Model):
    """Who changed what, when, from which value to which. Grain: one change of one record.

    `changes` maps a column to [old, new]. Written by the session itself, in the transaction of
    the change; nobody edits it. `sequence`, `previous_hash` and `hash` are filled once, within a
    minute, when the row becomes a link of its company's chain (`app.security.change_chain`).
    """

    __tablename__ = "change_log"
    __table_args__ = (
        Index("ix_change_log_record", "entity", "record_id", "id"),
        Index("ix_change_log_company", "company_id", "id"),
        Index(
            "ix_change_log_unsealed",
            "id",
            sqlite_where=text("sequence IS NULL"),
            postgresql_where=text("sequence IS NULL"),
        ),
        Index("ix_change_log_link", "company_id", "sequence", unique=True),
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
    sequence: Mapped[int | None] = mapped_column(BigInteger, **label("Link"))
    previous_hash: Mapped[str | None] = mapped_column(String(64), **label("Hash before"))
    hash: Mapped[str | None] = mapped_column(String(64), **label("Hash"))


class ChangeChain(db.Model):
    """The head of a company's chain of changes. Grain: company; 0 = changes of no company.

    `signature` proves `sequence`, `hash` and `sealed_at` with the portal's secret key, so that
    cutting links off the end is found. `checked_*`: what the last check of the whole chain said;
    `broken_at` is the first link that is wrong.
    """

    __tablename__ = "change_chain"
    __table_args__ = (table_info(Distribution.LOCAL),)

    company_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, **label("Company")
    )
    sequence: Mapped[int] = mapped_column(
        BigInteger, default=0, server_default="0", **label("Last link")
    )
    hash: Mapped[str] = mapped_column(String(64), default="", server_default="", **label("Hash"))
    sealed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Sealed at"))
    signature: Mapped[str] = mapped_column(
        String(64), default="", server_default="", **label("Signature")
    )
    checked_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Checked at"))
    checked_sequence: Mapped[int | None] = mapped_column(BigInteger, **label("Checked up to"))
    broken_at: Mapped[int | None] = mapped_column(BigInteger, **label("Broken at"))


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


class SecondFactor(db.Model):
    """The authenticator app of a person. `confirmed_at` empty: set up, not switched on yet.

    `secret` is sealed (`app.security.secret_box`). `last_step` is the time step of the last code
    taken, so that none is taken twice; `recovery_hashes` are the codes not used yet.
    """

    __tablename__ = "second_factor"
    __table_args__ = (table_info(Distribution.LOCAL),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), unique=True, **label("User"))
    secret: Mapped[str] = mapped_column(String(200), **label("Secret"))
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Switched on at"))
    last_step: Mapped[int | None] = mapped_column(BigInteger, **label("Last code"))
    recovery_hashes: Mapped[list[str]] = mapped_column(
        JSON, default=list, **label("Recovery codes")
    )

    user: Mapped[PortalUser] = relationship(PortalUser)

    def __repr__(self) -> str:
        return str(self.user)
