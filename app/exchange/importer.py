"""The way of a file into the portal: uploaded → checked → committed, or discarded.

This module is what screens, commands, the nightly feed and the push endpoint call. Everything
runs inside an application context; `check` and `commit` are long and belong into a background
task when a person waits.

Transactions: `create_batch` leaves the commit to the caller. `check` commits the session many
times (chunks of staged rows). `commit` is one transaction, committed at its end. The callbacks
`progress(done, total, phase)` and `should_cancel()` are called only between transactions, so
they may use and commit the session; `phase` is an English msgid, `total` 0 = not known.

Errors: `ImportRejected` for a file or mapping that cannot be taken (nothing written),
`ImportCancelled` when `should_cancel` said so (nothing written), `InvalidTransition` when the
batch is not in a state for the action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.kernel.actor import Actor
from app.kernel.errors import N_, PlanningError
from app.models import ImportBatch, SalesSource

Progress = Callable[[int, int, str], None]
ShouldCancel = Callable[[], bool]


class ImportCancelled(PlanningError):
    """The person called the import off; nothing was written."""

    msgid = N_("The import was cancelled; nothing was written.")
    status = 409


@dataclass(frozen=True, slots=True)
class Description:
    """What a file holds and how its columns would be mapped.

    `mapping`: field → {"column": header} | {"constant": text}, either with an optional
    {"default": text} for empty cells. `options`: see `OPTIONS`. `mapping_origin`: "batch" (already
    chosen), "remembered" (with `mapping_name`), or "guessed". `missing` lists required fields
    without a source: rows that would be new are then rejected.
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


@dataclass(frozen=True, slots=True)
class CellError:
    """One reason for a rejection; `field` "" = the whole row. `message` is translated."""

    field: str
    label: str
    message: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class CellChange:
    """A field's present and coming value, as shown."""

    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One row of the file after the check. `row_no` counts as the spreadsheet does, from 1.

    `key`: label → text of the natural key; `changes`: for new rows old is empty.
    """

    row_no: int
    outcome: str
    key: dict[str, str]
    changes: tuple[CellChange, ...] = ()
    errors: tuple[CellError, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """All rows rejected for one reason: field, translated message pattern, count, first rows."""

    field: str
    label: str
    message: str
    count: int
    first_rows: tuple[int, ...] = field(default=())


OUTCOMES = ("NEW", "CHANGED", "UNCHANGED", "REJECTED")


def create_batch(
    company_id: int,
    sheet: str,
    path: Path,
    file_name: str,
    actor: Actor,
    source: SalesSource = SalesSource.FILE,
) -> ImportBatch:
    """Keep a copy of the file and add an UPLOADED batch to the session (flushed, not committed).

    Errors: `ImportRejected` when the file is no xlsx or csv, is protected, damaged or too big.
    """
    raise NotImplementedError


def describe(batch: ImportBatch, worksheet: str | None = None) -> Description:
    """Read the top of the file; another `worksheet` may be looked at before it is chosen."""
    raise NotImplementedError


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
    raise NotImplementedError


def check(
    batch_id: int, progress: Progress | None = None, should_cancel: ShouldCancel | None = None
) -> ImportBatch:
    """Parse, validate and compare every row; the batch ends CHECKED with its counts.

    May be repeated (after another mapping, after a crash): what was staged is replaced.
    """
    raise NotImplementedError


def difference_rows(
    batch: ImportBatch, outcome: str, page: int = 1, page_size: int = 50
) -> list[DifferenceRow]:
    """A page of the rows with an outcome, in the order of the file."""
    raise NotImplementedError


def error_groups(batch: ImportBatch) -> list[ErrorGroup]:
    """Why rows were rejected: one entry per field and reason, most frequent first."""
    raise NotImplementedError


def commit(
    batch_id: int,
    progress: Progress | None = None,
    should_cancel: ShouldCancel | None = None,
    *,
    allow_rejected: bool = False,
) -> ImportBatch:
    """Write the new and changed rows in one transaction; the batch ends COMMITTED.

    The comparison is repeated inside the transaction, so changes made since the check are
    respected. Errors: `ImportRejected` when rows are rejected and not `allow_rejected`.
    """
    raise NotImplementedError


def discard(batch: ImportBatch) -> None:
    """Drop what was staged and the stored file; the batch ends CANCELLED. The caller commits."""
    raise NotImplementedError


def error_workbook(batch: ImportBatch) -> Path:
    """An xlsx of the rejected rows as uploaded, reasons first, to correct and upload again."""
    raise NotImplementedError


def template_workbook(sheet: str, locale: str) -> Path:
    """An empty xlsx to fill in: labels of the columns, required ones marked, code lists."""
    raise NotImplementedError


def may_import(sheet: str, permissions: frozenset[tuple[str, str]] | set[tuple[str, str]]) -> bool:
    """Whether these (permission, entity) pairs, see `access_of`, allow importing the sheet."""
    raise NotImplementedError


def sheets_for(permissions: frozenset[tuple[str, str]] | set[tuple[str, str]]) -> Sequence[str]:
    """Keys of the sheets that may be imported with these permissions, in the order of SHEETS."""
    raise NotImplementedError
