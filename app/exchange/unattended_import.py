"""A file goes in without a person who looks: the nightly feed and the push endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.exchange import importer
from app.exchange import mapping as mappings
from app.exchange.sheets import SHEETS
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db
from app.kernel.errors import ImportRejected
from app.models import BatchState, ImportBatch, SalesSource


def import_file(
    company_id: int,
    sheet: str,
    path: Path,
    file_name: str,
    actor: Actor,
    source: SalesSource,
    mapping_name: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> ImportBatch:
    """All steps at once, without a person: all rows or none. For the feed and the push endpoint.

    `given` options mean that the headers are field names. Otherwise the mapping called
    `mapping_name` is used where it fits the file, else what `importer.describe` proposes. Errors:
    `ImportRejected`; the batch stays CHECKED when rows are rejected.
    """
    with acting_as(actor):
        batch = importer.create_batch(company_id, sheet, path, file_name, actor, source)
        batch_id = batch.id
        db.session.commit()
        try:
            _choose_alone(batch, mapping_name, given)
            db.session.commit()
        except ImportRejected as refusal:
            db.session.rollback()
            batch = db.session.get_one(ImportBatch, batch_id)
            batch.state = BatchState.FAILED
            batch.message = refusal.message()[:2000]
            db.session.commit()
            raise
        importer.check(batch_id)
        return importer.commit(batch_id)


def _choose_alone(
    batch: ImportBatch, mapping_name: str | None, given: Mapping[str, Any] | None
) -> None:
    found = importer.describe(batch)
    mapping, options = found.mapping, found.options
    if given is not None:
        mapping = {header: {"column": header} for header in found.headers}
        options = dict(given)
    elif mapping_name is not None:
        sheet = SHEETS[batch.sheet]
        stored = mappings.remembered(batch.company_id, sheet, (), mapping_name)
        if stored is not None and _fits(stored.mapping, found.headers):
            mapping, options = stored.mapping, stored.options
    importer.choose(batch, mapping, options, found.worksheet)


def _fits(mapping: Mapping[str, Mapping[str, str]], headers: tuple[str, ...]) -> bool:
    return all(rule["column"] in headers for rule in mapping.values() if "column" in rule)
