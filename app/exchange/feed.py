"""The nightly feed of the marketing system: a watched folder or remote location (fsspec address).

Files are called ``<sheet>.csv``, ``<sheet>_20261124.xlsx`` and so on. One is taken when its size
has not changed since the last look, imported all or none with the mapping called "feed" (else
the one that fits), and moved to ``done/`` or, with the reasons, to ``failed/``. Content that was
imported once is moved without another import.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from flask import Flask
from sqlalchemy import select

from app.exchange import importer
from app.exchange.batch_files import checksum
from app.exchange.sheets import SHEETS
from app.exchange.unattended_import import import_file
from app.jobs.job_context import Outcome
from app.jobs.job_notices import tell_of_feed_failure, tell_of_import
from app.kernel.actor import Actor
from app.kernel.db import db
from app.kernel.errors import N_, ImportRejected
from app.kernel.period import to_local, utc_now
from app.models import BatchState, Company, ImportBatch, SalesSource

log = logging.getLogger(__name__)

FEED = Actor(None, "feed", "job")
MAPPING_NAME = "feed"
DONE, FAILED, KNOWN = "done", "failed", "known"
SEEN_FILE = "feed_seen.json"

_NAME = re.compile(
    rf"({'|'.join(sorted(SHEETS, key=len, reverse=True))})(?:[-_. ].*)?\.(?:csv|xlsx)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file waiting at the watched place."""

    path: str
    name: str
    sheet: str
    size: int


def sheet_of(name: str) -> str | None:
    """The sheet a file name stands for; None for files that are not for the portal."""
    match = _NAME.fullmatch(name)
    return match[1].lower() if match else None


def poll_feed(app: Flask) -> Outcome | None:
    """Job: take in every file that is complete; None when there was none."""
    with app.app_context():
        try:
            return _poll(app.config)
        finally:
            db.session.remove()


def _poll(config: Mapping[str, Any]) -> Outcome | None:
    company_id = db.session.scalar(
        select(Company.id).where(Company.code == config["PORTAL_FEED_COMPANY"])
    )
    db.session.rollback()
    if company_id is None:
        log.error("PORTAL_FEED_COMPANY names no company: %r", config["PORTAL_FEED_COMPANY"])
        return None
    place, root = fsspec.core.url_to_fs(config["PORTAL_FEED_URL"])
    files = _waiting(place, root)
    seen_path = Path(config["PORTAL_DATA_DIR"]) / SEEN_FILE
    seen = _seen(seen_path)
    taken: Counter[str] = Counter()
    for file in files:
        if seen.get(file.path) != file.size:
            continue
        try:
            taken[_take(place, root, file, company_id)] += 1
        except OSError:
            log.exception("feed: %s could not be read or moved; tried again later", file.name)
    seen_path.parent.mkdir(parents=True, exist_ok=True)
    seen_path.write_text(json.dumps({file.path: file.size for file in files}), encoding="utf-8")
    if not taken:
        return None
    return Outcome(
        taken.total(),
        N_("%(done)s files imported, %(failed)s rejected, %(again)s known already."),
        {"done": taken[DONE], "failed": taken[FAILED], "again": taken[KNOWN]},
        company_id,
    )


def _waiting(place: Any, root: str) -> list[FeedFile]:
    """Files for the portal, in the order in which their sheets depend on each other."""
    place.invalidate_cache()
    found = []
    for entry in place.ls(root, detail=True):
        name = entry["name"].rstrip("/").rsplit("/", 1)[-1]
        sheet = sheet_of(name)
        if entry["type"] == "file" and sheet is not None:
            found.append(FeedFile(entry["name"], name, sheet, int(entry["size"] or 0)))
    order = list(SHEETS)
    return sorted(found, key=lambda file: (order.index(file.sheet), file.name))


def _seen(path: Path) -> dict[str, int]:
    """Sizes at the last look."""
    try:
        sizes: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return sizes


def _take(place: Any, root: str, file: FeedFile, company_id: int) -> str:
    """What became of the file: `DONE`, `FAILED` or `KNOWN`."""
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / file.name
        place.get_file(file.path, str(local))
        if _was_imported(company_id, file.sheet, checksum(local)):
            log.info("feed: %s was imported before", file.name)
            _move(place, file, f"{root}/{DONE}")
            return KNOWN
        try:
            batch = import_file(
                company_id,
                file.sheet,
                local,
                file.name,
                FEED,
                SalesSource.MARKETING,
                mapping_name=MAPPING_NAME,
            )
        except ImportRejected as refusal:
            log.error("feed: %s was rejected: %s", file.name, refusal)  # noqa: TRY400 -- expected
            # Before the file is moved: a process killed in between tells of it at its next look.
            tell_of_feed_failure(
                db.session(), company_id, file.name, checksum(local), refusal.message()
            )
            db.session.commit()
            moved = _move(place, file, f"{root}/{FAILED}")
            _explain(place, moved, refusal, company_id, file)
            return FAILED
    log.info("feed: %s imported, %d new, %d changed", file.name, batch.rows_new, batch.rows_changed)
    tell_of_import(db.session(), company_id, batch)
    db.session.commit()
    _move(place, file, f"{root}/{DONE}")
    return DONE


def _was_imported(company_id: int, sheet: str, sha256: str) -> bool:
    known = db.session.scalar(
        select(ImportBatch.id).where(
            ImportBatch.company_id == company_id,
            ImportBatch.sheet == sheet,
            ImportBatch.file_sha256 == sha256,
            ImportBatch.state == BatchState.COMMITTED,
        )
    )
    db.session.rollback()
    return known is not None


def _move(place: Any, file: FeedFile, folder: str) -> str:
    """Move a file into a folder beside it, under a new name when the old one is taken there."""
    place.makedirs(folder, exist_ok=True)
    target = f"{folder}/{file.name}"
    if place.exists(target):
        stem, suffix = file.name.rsplit(".", 1)
        target = f"{folder}/{stem}_{to_local(utc_now()):%Y%m%d-%H%M%S-%f}.{suffix}"
    place.mv(file.path, target)
    return target


def _explain(
    place: Any, moved: str, refusal: ImportRejected, company_id: int, file: FeedFile
) -> None:
    """Lay the reasons beside a failed file: a text, and the error workbook when rows are at fault."""
    with place.open(f"{moved}.txt", "w", encoding="utf-8") as text:
        text.write(refusal.message() + "\n")
    batch = db.session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.company_id == company_id,
            ImportBatch.file_name == file.name,
            ImportBatch.sheet == file.sheet,
        )
        .order_by(ImportBatch.id.desc())
        .limit(1)
    )
    if batch is not None and batch.rows_rejected:
        workbook = importer.error_workbook(batch)
        place.put_file(str(workbook), f"{moved}.errors.xlsx")
        workbook.unlink()
    db.session.rollback()
