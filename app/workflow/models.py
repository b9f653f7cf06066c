"""The log of approvals, and the reasons a market manager returns a record for."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, MonthType, table_info
from app.kernel.db import db
from app.kernel.labels import label
from app.kernel.period import Month, utc_now
from app.master.models.catalogue import CatalogueEntry


class ReturnReason(CatalogueEntry, db.Model):
    """退回原因: offered when a record is returned; a text may be added."""

    __tablename__ = "return_reason"


class FlowEvent(db.Model):
    """A transition that happened. Grain: one action on one record; never changed.

    `record` is the kind (`app.workflow.machine.RECORDS`), `record_version` the version the person
    had before them.
    """

    __tablename__ = "flow_event"
    __table_args__ = (
        Index("ix_flow_event_record", "company_id", "record", "record_id", "id"),
        table_info(Distribution.DISTRIBUTED),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    record: Mapped[str] = mapped_column(String(24), **label("Kind of record"))
    record_id: Mapped[int] = mapped_column(BigInteger, **label("Record ID"))
    month: Mapped[Month] = mapped_column(MonthType, **label("Month"))
    action: Mapped[str] = mapped_column(String(24), **label("Action"))
    from_state: Mapped[str] = mapped_column(String(24), **label("From state"))
    to_state: Mapped[str] = mapped_column(String(24), **label("To state"))
    record_version: Mapped[int] = mapped_column(Integer, **label("Version"))
    at: Mapped[dt.datetime] = mapped_column(DateTime, default=utc_now, **label("Time"))
    user_id: Mapped[int | None] = mapped_column(Integer, **label("User ID"))
    user_name: Mapped[str] = mapped_column(String(130), **label("Done by"))
    reason_id: Mapped[int | None] = mapped_column(
        ForeignKey("return_reason.id"), **label("Return reason")
    )
    reason: Mapped[str | None] = mapped_column(String(500), **label("Reason"))

    territory = relationship("Territory")
