"""The way of a file into the portal: uploaded → checked → committed, or discarded.

This module is what screens, commands, the nightly feed and the push endpoint call. Everything
runs inside an application context; `check` and `commit` are long and belong into a background
task when a person waits.

Transactions: `create_batch`, `choose` and `discard` leave the commit to the caller. `check`
commits the session many times (chunks of staged rows). `commit` is one transaction, committed at
its end. The callbacks `progress(done, total, phase)` and `should_cancel()` are called only
between transactions, so they may use and commit the session, and may raise to stop; `phase` is
an English msgid, `total` 0 = not known.

Rows are not limited by the row scope: the caller checks `may_import` and gives the company.

Errors: `ImportRejected` for a file or mapping that cannot be taken (nothing written),
`ImportCancelled` when `should_cancel` said so (nothing written), `InvalidTransition` when the
batch is not in a state for the action.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from app.exchange import mapping as mappings
from app.exchange import mapping_guess
from app.exchange.batch_files import checksum, keep_copy, stored_path
from app.exchange.comparison import CHANGED, NEW, REJECTED, UNCHANGED, Comparison
from app.exchange.difference import (
    CellChange,
    CellError,
    DifferenceRow,
    ErrorGroup,
    difference_rows,
    error_groups,
)
from app.exchange.error_workbook import error_workbook
from app.exchange.import_rights import may_import, sheets_for
from app.exchange.matching import Counts, compare
from app.exchange.matching import counts as staged_counts
from app.exchange.sheet_types import Sheet
from app.exchange.sheets import SHEETS
from app.exchange.staging import RowParser, clear_stage, stage_rows
from app.exchange.template_workbook import template_workbook
from app.exchange.workbook import read_rows, read_top
from app.exchange.writing import lock_company, write
from app.kernel.actor import Actor, acting_as, current_actor
from app.kernel.db import db
from app.kernel.errors import N_, ImportRejected, InvalidTransition, PlanningError
from app.kernel.period import utc_now
from app.models import BatchState, ImportBatch, SalesSource

__all__ = [
    "OUTCOMES", "CellChange", "CellError", "Description", "DifferenceRow", "ErrorGroup",
    "ImportCancelled", "Progress", "ShouldCancel", "check", "choose", "commit", "create_batch",
    "describe", "difference_rows", "discard", "error_groups", "error_workbook", "may_import",
    "sheets_for", "template_workbook",
]  # fmt: skip

Progress = Callable[[int, int, str], None]
ShouldCancel = Callable[[], bool]

OUTCOMES = (NEW, CHANGED, UNCHANGED, REJECTED)
"""What the difference shows. A fifth, REPEATED, are rows that a later one replaces: the rest."""

SAMPLE_SHOWN = 8
CLOCKS_DIFFER = dt.timedelta(minutes=1)
"""How far the clocks of the portal's machines may be apart."""

READING = N_("Reading and checking rows")
COMPARING = N_("Comparing with the data")
WRITING = N_("Writing")

HAS_REJECTED = N_(
    "%(rows)s rows are rejected, so nothing was imported. Correct them and upload the file again, "
    "or choose to import the good rows."
)
NO_HEADER = N_("The header of the file has changed. Choose the columns again.")
NOTHING_THERE = N_("The file has a header but no rows below it.")


class ImportCancelled(PlanningError):
    """The person called the import off; nothing was written."""

    msgid = N_("The import was cancelled; nothing was written.")
    status = 409


@dataclass(frozen=True, slots=True)
class Description:
    """What a file holds and how its columns would be mapped.

    `mapping`: field → {"column": header} | {"constant": text}, either with an optional
    {"default": text} for empty cells. `options`: see `mapping.OPTIONS`. `mapping_origin`: "batch"
    (already chosen), "remembered" (with `mapping_name`), or "guessed". `missing` lists required
    fields without a source: rows that would be new are then rejected.
    """

    worksheets: tuple[str, ...]
    worksheet: str | None
    header_row: int
    headers: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    mapping: dict[str, dict[str, str]]
    options: dict[str, Any]
    mapping_origin: str
    mapping_name: str | None = None
    missing: tuple[str, ...] = ()


def create_batch(
    company_id: int,
    sheet: str,
    path: Path,
    file_name: str,
    actor: Actor,
    source: SalesSource = SalesSource.FILE,
) -> ImportBatch:
    """Keep a copy of the file and add an UPLOADED batch to the session (flushed, not committed).

    Errors: `ImportRejected` when the file is no xlsx or csv, is protected, damaged or empty.
    """
    assert sheet in SHEETS, sheet
    stored = keep_copy(company_id, path)
    with acting_as(actor):
        batch = ImportBatch(
            company_id=company_id,
            requested_by=actor.user_id,
            requested_name=actor.name,
            sheet=sheet,
            source=source,
            file_name=file_name[-255:],
            file_sha256=checksum(stored),
            file_bytes=stored.stat().st_size,
            stored_as=stored.name,
        )
        db.session.add(batch)
        db.session.flush()
    return batch


def describe(batch: ImportBatch, worksheet: str | None = None) -> Description:
    """Read the top of the file; another `worksheet` may be looked at before it is chosen.

    Errors: `ImportRejected`.
    """
    sheet = SHEETS[batch.sheet]
    top = read_top(stored_path(batch), worksheet or batch.worksheet)
    header_row, headers = mapping_guess.find_header(sheet, top.rows)
    below = [(number, row) for number, row in top.rows if number > header_row]
    name = None
    if batch.mapping and top.worksheet == batch.worksheet:
        origin, mapping, options = "batch", dict(batch.mapping), dict(batch.options)
    elif (stored := mappings.remembered(batch.company_id, sheet, headers)) is not None:
        origin, mapping, options = "remembered", dict(stored.mapping), dict(stored.options)
        name = stored.name
    else:
        origin = "guessed"
        mapping, date_format = mapping_guess.guess(sheet, headers, below)
        options = {"date_format": date_format}
    return Description(
        worksheets=top.worksheets,
        worksheet=top.worksheet,
        header_row=header_row,
        headers=headers,
        sample=tuple(
            tuple(mappings.shown(cell) for cell in row) for _number, row in below[:SAMPLE_SHOWN]
        ),
        mapping=mapping,
        options=mappings.checked_options(sheet, options),
        mapping_origin=origin,
        mapping_name=name,
        missing=mappings.missing_fields(sheet, mapping),
    )


def choose(
    batch: ImportBatch,
    mapping: Mapping[str, Mapping[str, str]],
    options: Mapping[str, Any],
    worksheet: str | None = None,
    remember_as: str | None = None,
) -> None:
    """Set worksheet, mapping and options of an unchecked batch; the caller commits.

    `remember_as` stores the mapping under that name for the company and sheet. Errors:
    `ImportRejected` naming a field or header that does not exist, or a missing key field.
    """
    _require(batch, BatchState.UPLOADED, BatchState.CHECKED, BatchState.FAILED)
    sheet = SHEETS[batch.sheet]
    top = read_top(stored_path(batch), worksheet)
    _row, headers = mapping_guess.find_header(sheet, top.rows)
    checked = mappings.checked_options(sheet, options)
    mappings.sources_of(sheet, mapping, checked, headers)
    batch.worksheet = top.worksheet
    batch.mapping = {field: dict(rule) for field, rule in mapping.items()}
    batch.options = checked
    batch.state = BatchState.UPLOADED
    if remember_as:
        mappings.remember(batch.company_id, sheet, remember_as, mapping, checked)


def check(
    batch_id: int, progress: Progress | None = None, should_cancel: ShouldCancel | None = None
) -> ImportBatch:
    """Parse, validate and compare every row; the batch ends CHECKED with its counts.

    May be repeated (after another mapping, after a crash): what was staged is replaced. Uses the
    mapping that `describe` proposes when none was chosen.
    """
    # Locked: a commit that is still running finishes first and is then respected.
    batch = _locked(batch_id)
    _require(batch, *set(BatchState) - {BatchState.COMMITTED, BatchState.CANCELLED})
    try:
        return _check(batch, progress or _quiet, should_cancel or _never)
    except BaseException as error:
        _give_up(batch_id, error, BatchState.UPLOADED)
        raise


def _check(batch: ImportBatch, progress: Progress, should_cancel: ShouldCancel) -> ImportBatch:
    sheet, batch_id, company_id = SHEETS[batch.sheet], batch.id, batch.company_id
    if not batch.mapping:
        found = describe(batch)
        choose(batch, found.mapping, found.options, found.worksheet)
    batch.state = BatchState.CHECKING
    batch.message = None
    clear_stage(_connection(), sheet, company_id, batch_id)
    path, worksheet, mapping = stored_path(batch), batch.worksheet, dict(batch.mapping)
    options = mappings.checked_options(sheet, batch.options)
    db.session.commit()

    def report(rows_so_far: int) -> None:
        _stop_if(should_cancel)
        progress(rows_so_far, 0, READING)

    top = read_top(path, worksheet)
    header_row, headers = mapping_guess.find_header(sheet, top.rows)
    try:
        sources = mappings.sources_of(sheet, mapping, options, headers)
    except ImportRejected as error:
        raise ImportRejected(NO_HEADER) from error
    parser = RowParser(company_id, batch_id, sources)
    with closing(read_rows(path, worksheet)) as rows:
        below = dropwhile(lambda entry: entry[0] <= header_row, rows)
        total = stage_rows(_connection, db.session.commit, sheet, parser, below, report)
    if not total:
        raise ImportRejected(NOTHING_THERE)
    progress(total, total, COMPARING)
    batch = db.session.get_one(ImportBatch, batch_id)
    _record_counts(batch, total, compare(_comparison(batch)))
    batch.state = BatchState.CHECKED
    batch.checked_at = utc_now()
    db.session.commit()
    progress(total, total, COMPARING)
    return batch


def commit(
    batch_id: int,
    progress: Progress | None = None,
    should_cancel: ShouldCancel | None = None,
    *,
    allow_rejected: bool = False,
) -> ImportBatch:
    """Write the new and changed rows in one transaction; the batch ends COMMITTED.

    The comparison is repeated inside the transaction unless it certainly still holds, so changes
    made since the check are respected. Errors: `ImportRejected` when rows are rejected and not `allow_rejected`.
    """
    batch = _locked(batch_id)
    _require(batch, BatchState.CHECKED, BatchState.COMMITTING)
    total = batch.rows_total
    batch.state = BatchState.COMMITTING
    db.session.commit()
    try:
        _stop_if(should_cancel or _never)
        (progress or _quiet)(0, total, WRITING)
        batch = _locked(batch_id)
        _require(batch, BatchState.COMMITTING)
        run = _comparison(batch)
        lock_company(run)
        counts = staged_counts(run) if _still_holds(batch) else compare(run)
        if not allow_rejected:
            _refuse_rejected(counts)
        write(run, counts)
        _record_counts(batch, total, counts)
        clear_stage(run.connection, run.sheet, run.company_id, batch_id, keep_rejected=True)
        batch.state = BatchState.COMMITTED
        batch.committed_at = utc_now()  # late: other batches ask whether it was after their check
        db.session.commit()
    except BaseException as error:
        _give_up(batch_id, error, BatchState.CHECKED)
        raise
    (progress or _quiet)(total, total, WRITING)
    return batch


def discard(batch: ImportBatch) -> None:
    """Drop what was staged and the stored file; the batch ends CANCELLED. The caller commits."""
    _require(batch, BatchState.UPLOADED, BatchState.CHECKED, BatchState.FAILED)
    clear_stage(_connection(), SHEETS[batch.sheet], batch.company_id, batch.id)
    stored_path(batch).unlink(missing_ok=True)
    batch.state = BatchState.CANCELLED


def _comparison(batch: ImportBatch) -> Comparison:
    sheet: Sheet = SHEETS[batch.sheet]
    return Comparison(
        _connection(),
        sheet,
        batch.company_id,
        batch.id,
        frozenset(batch.mapping),
        mappings.checked_options(sheet, batch.options),
        current_actor().user_id,
    )


def _record_counts(batch: ImportBatch, total: int, counts: Counts) -> None:
    batch.rows_total = total
    batch.rows_new = counts.get(NEW, 0)
    batch.rows_changed = counts.get(CHANGED, 0)
    batch.rows_unchanged = counts.get(UNCHANGED, 0)
    batch.rows_rejected = counts.get(REJECTED, 0)


def _locked(batch_id: int) -> ImportBatch:
    return db.session.get_one(ImportBatch, batch_id, with_for_update=True, populate_existing=True)


def _give_up(batch_id: int, error: BaseException, state: BatchState) -> None:
    """Undo what is open and leave the batch where its person can go on."""
    db.session.rollback()
    batch = _locked(batch_id)
    if batch.state is BatchState.COMMITTED:
        db.session.rollback()
        return
    is_unreadable = isinstance(error, ImportRejected) and state is BatchState.UPLOADED
    batch.state = BatchState.FAILED if is_unreadable else state
    batch.message = error.message()[:2000] if isinstance(error, ImportRejected) else None
    db.session.commit()


def _stop_if(should_cancel: ShouldCancel) -> None:
    if should_cancel():
        raise ImportCancelled


def _still_holds(batch: ImportBatch) -> bool:
    """Whether the comparison of the check is still true: nothing else wrote what it looked at."""
    if not SHEETS[batch.sheet].only_imported or batch.checked_at is None:
        return False
    since = batch.checked_at - CLOCKS_DIFFER
    return not db.session.scalar(
        select(ImportBatch.id)
        .where(
            ImportBatch.company_id == batch.company_id,
            ImportBatch.sheet == batch.sheet,
            ImportBatch.state == BatchState.COMMITTED,
            ImportBatch.committed_at >= since,
        )
        .limit(1)
    )


def _refuse_rejected(counts: Counts) -> None:
    if counts.get(REJECTED):
        raise ImportRejected(HAS_REJECTED, rows=counts[REJECTED])


def _require(batch: ImportBatch, *states: BatchState) -> None:
    if batch.state not in states:
        raise InvalidTransition


def _connection() -> Connection:
    """The session's own connection: Core statements join its transaction."""
    return db.session.connection()


def _quiet(done: int, total: int, phase: str) -> None:
    pass


def _never() -> bool:
    return False
