"""The child process that opens spreadsheets: a hostile file kills it, not the portal.

Run as a script with the path of the file and the name of a worksheet ("" = the first visible
one). It limits its own memory and processor time, then writes JSON lines: one with the
worksheets, then lists of [row number from 1, cells] until the worksheet ends, then {"rows": n}.
Dates become ISO texts, booleans TRUE and FALSE, empty cells "". Merged cells are filled down and
to the right, so that each row of a merged block carries its value.

Only the standard library and python-calamine are imported here: the process starts per file.
"""

import datetime as dt
import json
import resource
import sys
from typing import Any

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 60
ROWS_PER_LINE = 500
MOST_MERGED = 100_000
MOST_CELLS = 60_000_000


def limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def plain(cell: Any) -> Any:
    """A cell as JSON carries it."""
    if cell is True:
        return "TRUE"
    if cell is False:
        return "FALSE"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ") if cell.time() != dt.time() else cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        return str(cell)
    return cell


class MergedCells:
    """Fills merged blocks while rows stream by; coordinates are relative to the first column."""

    def __init__(self, ranges: list[Any] | None, first_column: int) -> None:
        self._starting: dict[int, list[tuple[int, int, int]]] = {}
        for (top, left), (bottom, right) in (ranges or [])[:MOST_MERGED]:
            block = (left - first_column, right - first_column, bottom)
            self._starting.setdefault(top, []).append(block)
        self._open: list[tuple[int, int, int, Any]] = []

    def fill(self, index: int, row: list[Any]) -> None:
        for left, right, bottom in self._starting.pop(index, ()):
            if bottom > index and 0 <= left < len(row):
                self._open.append((left, right, bottom, row[left]))
        if not self._open:
            return
        for left, right, _bottom, value in self._open:
            for column in range(left, min(right + 1, len(row))):
                row[column] = value
        self._open = [block for block in self._open if block[2] > index]


def send(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")


def read(path: str, worksheet: str) -> None:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_path(path) as workbook:
        names = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        chosen = worksheet or (names[0] if names else "")
        send({"worksheets": names, "worksheet": chosen})
        if chosen not in names:
            return
        sys.stdout.flush()
        sheet = workbook.get_sheet_by_name(chosen)
        start = sheet.start or (0, 0)
        if sheet.total_height * max(sheet.width, 1) > MOST_CELLS:
            raise MemoryError
        merged = MergedCells(sheet.merged_cell_ranges, start[1])
        chunk: list[Any] = []
        rows = 0
        for index, cells in enumerate(sheet.iter_rows()):
            row = [cell if cell.__class__ in (str, float, int) else plain(cell) for cell in cells]
            merged.fill(index, row)
            if not any(row) and all(cell == "" for cell in row):
                continue
            rows += 1
            chunk.append((index + 1, row))
            if len(chunk) == ROWS_PER_LINE:
                send(chunk)
                chunk = []
        if chunk:
            send(chunk)
        send({"rows": rows})


if __name__ == "__main__":
    limit_resources()
    read(sys.argv[1], sys.argv[2])
    sys.stdout.flush()
