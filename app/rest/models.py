"""What a POST with an idempotency key answered, so that sending it again does nothing again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.columns import Distribution, table_info
from app.kernel.db import db
from app.kernel.labels import label
from app.kernel.period import utc_now


class IdempotencyKey(db.Model):
    """A request that took effect. Grain: access key × key of the caller; kept for a day.

    Written in the transaction of the effect, so there is never one without the other.
    `request_hash`: SHA-256 of method, path and body.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (table_info(Distribution.LOCAL),)

    access_key_id: Mapped[int] = mapped_column(
        ForeignKey("ab_api_key.id"), primary_key=True, **label("Access key")
    )
    key: Mapped[str] = mapped_column(String(100), primary_key=True, **label("Idempotency key"))
    request_hash: Mapped[str] = mapped_column(String(64), **label("Hash of the request"))
    status: Mapped[int] = mapped_column(SmallInteger, **label("Status"))
    response: Mapped[dict[str, Any]] = mapped_column(JSON, **label("Response"))
    created_at: Mapped[dt.datetime] = mapped_column(
        DateTime, default=utc_now, index=True, **label("Created at")
    )
