"""Columns of every record that is submitted and approved (§2.2 steps 7, 8, 12, 13, 14)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import DateTime, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.labels import label


class Submitted:
    """Who submitted, who decided, why it came back. `revision` counts the submissions."""

    revision: Mapped[int] = mapped_column(
        Integer, default=0, server_default="0", **label("Submissions")
    )
    submitted_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Submitted at"))
    submitted_by: Mapped[int | None] = mapped_column(Integer, **label("Submitted by"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Decided at"))
    decided_by: Mapped[int | None] = mapped_column(Integer, **label("Decided by"))
    return_reason: Mapped[str | None] = mapped_column(
        String(500), **label("Returned because", help="Empty once it is submitted again")
    )
