"""Rows of an uploaded file, xlsx or csv, one at a time.

xlsx is read by a child process (`reader_process`): a file of 1.4 KB can make the reading library
abort the whole process or take gigabytes, so the process is a cheap and limited one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.exchange import reader_process
from app.exchange.cells import Cell
from app.exchange.csv_file import csv_rows
from app.exchange.file_checks import DAMAGED, EMPTY, FileKind, kind_of
from app.kernel.errors import N_, ImportRejected

Row = tuple[int, list[Any]]
"""(row number as the spreadsheet counts, cells)."""

SAMPLE_ROWS = 60

TOO_COMPLEX = N_(
    "The workbook is too large to read safely. Delete unused rows, columns and worksheets, or "
    "save the table as csv."
)
NO_WORKSHEET = N_("There is no visible worksheet “%(worksheet)s” in the file.")


@dataclass(frozen=True, slots=True)
class Top:
    """The first rows of a worksheet and the names of all of them (none for csv)."""

    worksheets: tuple[str, ...]
    worksheet: str | None
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]


def read_top(path: Path, worksheet: str | None = None, most: int = SAMPLE_ROWS) -> Top:
    """Errors: `ImportRejected`."""
    found: list[tuple[int, tuple[Cell, ...]]] = []
    names: dict[str, Any] = {"worksheets": [], "worksheet": None}
    with closing(_rows(path, worksheet, names)) as rows:
        for number, row in rows:
            found.append((number, tuple(row)))
            if len(found) == most:
                break
    if not found and len(names["worksheets"]) <= 1:
        raise ImportRejected(EMPTY)
    return Top(tuple(names["worksheets"]), names["worksheet"], tuple(found))


def read_rows(path: Path, worksheet: str | None = None) -> Generator[Row]:
    """All rows that are not blank. Errors: `ImportRejected`, possibly in the midst of the file."""
    return _rows(path, worksheet, {})


def _rows(path: Path, worksheet: str | None, names: dict[str, Any]) -> Generator[Row]:
    if kind_of(path) is FileKind.CSV:
        return csv_rows(path)
    return _xlsx_rows(path, worksheet, names)


def _xlsx_rows(path: Path, worksheet: str | None, names: dict[str, Any]) -> Generator[Row]:
    process = subprocess.Popen(  # noqa: S603 -- our own script, with a path as its argument
        [sys.executable, "-I", reader_process.__file__, str(path), worksheet or ""],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    is_complete = False
    try:
        for line in process.stdout:
            message = json.loads(line)
            if isinstance(message, list):
                yield from message
            elif "rows" in message:
                is_complete = True
            else:
                names.update(message)
                if message["worksheet"] not in message["worksheets"]:
                    raise ImportRejected(NO_WORKSHEET, worksheet=worksheet or "")
        if not is_complete:
            raise _reason(process)
    except json.JSONDecodeError:  # the process died in the midst of a line
        raise _reason(process) from None
    finally:
        process.kill()
        process.stdout.close()
        assert process.stderr is not None
        process.stderr.close()
        process.wait()


def _reason(process: subprocess.Popen[bytes]) -> ImportRejected:
    """Why the reading process ended early, by its last words."""
    assert process.stderr is not None
    last_words = process.stderr.read()[-4000:]
    status = process.wait()
    if status < 0 or b"MemoryError" in last_words or b"memory allocation" in last_words:
        return ImportRejected(TOO_COMPLEX)
    return ImportRejected(DAMAGED)
