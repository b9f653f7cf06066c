"""§2.2 step 10 — the week arrangement 周工作安排: focus of the week, line and remarks per day.

Customers and visit content of a day are not stored: they are what the visit plan and the open
strategies say, until the day sheet is printed (step 11).
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, Recorded, table_info
from app.kernel.db import db
from app.kernel.labels import label


class WeekArrangement(Recorded, db.Model):
    """Grain: company × territory × first day; weeks of one territory do not overlap."""

    __tablename__ = "week_arrangement"
    __table_args__ = (
        UniqueConstraint("company_id", "territory_id", "start_date"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("end_date >= start_date", name="dates"),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), index=True, **label("Territory")
    )
    start_date: Mapped[dt.date] = mapped_column(Date, **label("First day"))
    end_date: Mapped[dt.date] = mapped_column(Date, **label("Last day"))
    market_focus: Mapped[str | None] = mapped_column(
        String(1000), **label("Market collection focus")
    )
    brand_focus: Mapped[str | None] = mapped_column(
        String(1000), **label("Brand cultivation focus")
    )

    territory = relationship("Territory")
    days: Mapped[list[WeekArrangementDay]] = relationship(
        "WeekArrangementDay",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="WeekArrangementDay.date",
    )

    def __repr__(self) -> str:
        return f"{self.territory} {self.start_date}"


class WeekArrangementDay(db.Model):
    """The line and remarks of a day. Grain: arrangement × date."""

    __tablename__ = "week_arrangement_day"
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "arrangement_id"],
            ["week_arrangement.company_id", "week_arrangement.id"],
            ondelete="CASCADE",
        ),
        table_info(Distribution.DISTRIBUTED),
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    arrangement_id: Mapped[int] = mapped_column(
        BigId, primary_key=True, **label("Week arrangement")
    )
    date: Mapped[dt.date] = mapped_column(Date, primary_key=True, **label("Date"))
    line: Mapped[str | None] = mapped_column(String(200), **label("Visit line"))
    note: Mapped[str | None] = mapped_column(String(500), **label("Remark"))
