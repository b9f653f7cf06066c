"""Where uploaded files and the workbooks made from them lie: below the data directory."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from uuid import uuid4

from flask import current_app

from app.exchange.file_checks import kind_of
from app.models import ImportBatch

FOLDER = "uploads"


def folder_of(company_id: int) -> Path:
    folder = Path(current_app.config["PORTAL_DATA_DIR"]) / FOLDER / str(company_id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def stored_path(batch: ImportBatch) -> Path:
    """The uploaded file of a batch; it may be gone when its time is over."""
    return folder_of(batch.company_id) / batch.stored_as


def keep_copy(company_id: int, path: Path) -> Path:
    """Copy an accepted file to its place under a new name. Errors: `ImportRejected`."""
    kind = kind_of(path)
    target = folder_of(company_id) / f"{uuid4().hex}.{kind.value}"
    shutil.copyfile(path, target)
    return target


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def made_path(company_id: int, suffix: str = "xlsx") -> Path:
    """A new name for a workbook the portal makes; the folder is emptied daily."""
    folder = Path(current_app.config["PORTAL_DATA_DIR"]) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{company_id}-{uuid4().hex}.{suffix}"
