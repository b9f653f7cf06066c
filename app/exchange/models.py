"""Import batches 导入批次, remembered column mappings and finished export files."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, DateTime, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.columns import BigId, Distribution, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import utc_now
from app.master.models.sales import SalesSource


class BatchState(LabelledEnum):
    """An import's way: uploaded → checking → checked → committing → committed."""

    UPLOADED = ("uploaded", N_("Uploaded"))
    CHECKING = ("checking", N_("Being checked"))
    CHECKED = ("checked", N_("Checked, not yet imported"))
    COMMITTING = ("committing", N_("Being imported"))
    COMMITTED = ("committed", N_("Import finished"))
    FAILED = ("failed", N_("Failed"))
    CANCELLED = ("cancelled", N_("Cancelled"))


class ImportBatch(Recorded, db.Model):
    """One file on its way into one sheet. Counts are rows of the file.

    `mapping` and `options` are what the person chose (see `app.exchange.sheets`); `stored_as` is
    the file's name in the data directory.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        Index("ix_import_batch_company", "company_id", "id"),
        table_info(Distribution.LOCAL),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    requested_by: Mapped[int | None] = mapped_column(Integer, **label("Requested by"))
    requested_name: Mapped[str] = mapped_column(String(130), default="", **label("Requested by"))
    sheet: Mapped[str] = mapped_column(String(40), **label("Sheet"))
    source: Mapped[SalesSource] = mapped_column(
        code_list(SalesSource), default=SalesSource.FILE, **label("Source")
    )
    file_name: Mapped[str] = mapped_column(String(255), **label("File"))
    file_sha256: Mapped[str] = mapped_column(String(64), index=True, **label("Checksum"))
    file_bytes: Mapped[int] = mapped_column(Integer, default=0, **label("File size"))
    stored_as: Mapped[str] = mapped_column(String(255), **label("Stored file"))
    worksheet: Mapped[str | None] = mapped_column(String(100), **label("Worksheet"))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Column mapping"))
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Options"))
    state: Mapped[BatchState] = mapped_column(
        code_list(BatchState), default=BatchState.UPLOADED, **label("State")
    )
    rows_total: Mapped[int] = mapped_column(Integer, default=0, **label("Rows"))
    rows_new: Mapped[int] = mapped_column(Integer, default=0, **label("New"))
    rows_changed: Mapped[int] = mapped_column(Integer, default=0, **label("Changed"))
    rows_unchanged: Mapped[int] = mapped_column(Integer, default=0, **label("Unchanged"))
    rows_rejected: Mapped[int] = mapped_column(Integer, default=0, **label("Rejected"))
    task_id: Mapped[int | None] = mapped_column(BigId, **label("Background task"))
    checked_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Checked at"))
    committed_at: Mapped[dt.datetime | None] = mapped_column(DateTime, **label("Imported at"))
    message: Mapped[str | None] = mapped_column(String(2000), **label("Message"))

    def __repr__(self) -> str:
        return f"{self.id} {self.file_name}"


class ImportMapping(Recorded, db.Model):
    """How a source's columns map onto a sheet, remembered by name for the next file."""

    __tablename__ = "import_mapping"
    __table_args__ = (
        UniqueConstraint("company_id", "sheet", "name"),
        table_info(Distribution.LOCAL),
    )

    company_id: Mapped[int] = mapped_column(BigId, **label("Company"))
    sheet: Mapped[str] = mapped_column(String(40), **label("Sheet"))
    name: Mapped[str] = mapped_column(String(60), **label("Mapping name"))
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Column mapping"))
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, **label("Options"))

    def __repr__(self) -> str:
        return self.name


class ExportFile(db.Model):
    """An Excel file made in the background for a person, and how many rows it should hold."""

    __tablename__ = "export_file"
    __table_args__ = (
        Index("ix_export_file_person", "requested_by", "id"),
        table_info(Distribution.LOCAL),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("ID"))
    company_id: Mapped[int | None] = mapped_column(BigId, **label("Company"))
    requested_by: Mapped[int | None] = mapped_column(Integer, **label("Requested by"))
    requested_name: Mapped[str] = mapped_column(String(130), default="", **label("Requested by"))
    title: Mapped[str] = mapped_column(String(200), **label("Title"))
    filter_text: Mapped[str] = mapped_column(String(1000), default="", **label("Filters"))
    file_name: Mapped[str] = mapped_column(String(255), **label("File"))
    stored_as: Mapped[str] = mapped_column(String(255), **label("Stored file"))
    rows_expected: Mapped[int] = mapped_column(Integer, default=0, **label("Rows expected"))
    rows_written: Mapped[int] = mapped_column(Integer, default=0, **label("Rows written"))
    created_at: Mapped[dt.datetime] = mapped_column(
        DateTime, default=utc_now, **label("Created at")
    )

    def __repr__(self) -> str:
        return self.file_name
