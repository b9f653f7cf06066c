"""Rows of a file → typed rows of its staging table, with the faults of every unreadable cell.

Parsing is the one loop over rows in Python. Each column remembers what it has parsed already:
codes, dates and words repeat, so most cells cost one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete

from app.exchange.cells import Cell, Parser, Stored
from app.exchange.mapping import FieldSource, shown
from app.exchange.row_errors import LONGEST_VALUE, CellFault
from app.exchange.sheet_types import Sheet
from app.exchange.stage_tables import IMPORT_ERRORS, STAGE_TABLES
from app.kernel.dialect import bulk_insert, refresh_statistics

ROWS_PER_CHUNK = 10_000
REMEMBERED_CELLS = 100_000
MOST_ERRORS = 200_000
"""Reasons kept per file; rows beyond are rejected all the same."""

ERROR_COLUMNS = ("company_id", "batch_id", "row_no", "field", "code", "value", "detail")


class ParsedCells(dict[Cell, Stored]):
    """Cell → stored value of one column, parsed on first sight. Faults: `CellFault`."""

    def __init__(self, parse: Parser) -> None:
        super().__init__()
        self.parse = parse

    def __missing__(self, cell: Cell) -> Stored:
        value = self.parse(cell)
        if len(self) < REMEMBERED_CELLS:
            self[cell] = value
        return value


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows ready for `bulk_insert` in the order of `RowParser.columns`."""

    rows: list[tuple[Any, ...]]
    errors: list[tuple[Any, ...]]


class RowParser:
    """Parses the rows below the header of one batch, chunk by chunk."""

    def __init__(self, company_id: int, batch_id: int, sources: Sequence[FieldSource]) -> None:
        self._keys = (company_id, batch_id)
        self._from_row = [source for source in sources if source.position is not None]
        constants = [source for source in sources if source.position is None]
        self._constants = tuple(source.constant for source in constants)
        self._cells = [(ParsedCells(source.parse), source.position) for source in self._from_row]
        self.columns = (
            "company_id",
            "batch_id",
            "row_no",
            "readable",
            "outcome",
            *(source.stored for source in self._from_row),
            *(source.stored for source in constants),
        )

    def chunks(self, rows: Iterator[tuple[int, list[Any]]]) -> Iterator[Chunk]:
        chunk = Chunk([], [])
        company_id, batch_id = self._keys
        cells, constants = self._cells, self._constants
        for number, row in rows:
            values: list[Stored] | None
            try:
                values = [parsed[row[position]] for parsed, position in cells]  # type: ignore[index]
                readable = True
            except (CellFault, IndexError):
                values, faults = self._carefully(number, row)
                if values is None:
                    continue
                readable = not faults
                chunk.errors.extend(faults)
            chunk.rows.append((company_id, batch_id, number, readable, "", *values, *constants))
            if len(chunk.rows) == ROWS_PER_CHUNK:
                yield chunk
                chunk = Chunk([], [])
        yield chunk

    def _carefully(
        self, number: int, row: Sequence[Cell]
    ) -> tuple[list[Stored] | None, list[tuple[Any, ...]]]:
        """Values and all faults of a row that is short or unreadable; None for a blank row."""
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row):
            return None, []
        values: list[Stored] = []
        faults: dict[str, tuple[Any, ...]] = {}
        for source, (parsed, position) in zip(self._from_row, self._cells, strict=True):
            assert position is not None
            cell = row[position] if position < len(row) else ""
            try:
                values.append(parsed[cell])
            except CellFault as fault:
                values.append(None)
                field = source.column.field
                value = shown(cell)[:LONGEST_VALUE]
                faults.setdefault(
                    field, (*self._keys, number, field, fault.code, value, fault.detail)
                )
        return values, list(faults.values())


def clear_stage(
    connection: Connection,
    sheet: Sheet,
    company_id: int,
    batch_id: int,
    *,
    keep_rejected: bool = False,
) -> None:
    """Remove what was staged for the batch; rejected rows and their reasons may stay to be read."""
    stage = STAGE_TABLES[sheet.key_name]
    of_batch = (stage.c.company_id == company_id, stage.c.batch_id == batch_id)
    if keep_rejected:
        connection.execute(delete(stage).where(*of_batch, stage.c.outcome != "REJECTED"))
        return
    connection.execute(delete(stage).where(*of_batch))
    connection.execute(
        delete(IMPORT_ERRORS).where(
            IMPORT_ERRORS.c.company_id == company_id, IMPORT_ERRORS.c.batch_id == batch_id
        )
    )


def stage_rows(
    connection_of: Callable[[], Connection],
    end_transaction: Callable[[], None],
    sheet: Sheet,
    parser: RowParser,
    rows: Iterator[tuple[int, list[Any]]],
    report: Callable[[int], None],
) -> int:
    """Write all rows, a short transaction per chunk; returns how many there were.

    `report(rows so far)` is called between transactions and may raise to stop.
    """
    table = STAGE_TABLES[sheet.key_name]
    total = errors = 0
    for chunk in parser.chunks(rows):
        connection = connection_of()
        bulk_insert(connection, table, parser.columns, chunk.rows)
        room = max(0, MOST_ERRORS - errors)
        bulk_insert(connection, IMPORT_ERRORS, ERROR_COLUMNS, chunk.errors[:room])
        end_transaction()
        total += len(chunk.rows)
        errors += len(chunk.errors)
        report(total)
    refresh_statistics(connection_of(), table)
    end_transaction()
    return total
