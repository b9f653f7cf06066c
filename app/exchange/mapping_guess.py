"""Where the header is, which column means which field, how dates are written: guesses.

All of them are shown to the person before anything is checked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from app.exchange.cell_parsers import translations
from app.exchange.cells import Cell, clean, date_of
from app.exchange.row_errors import CellFault
from app.exchange.sheet_types import CellType, Sheet, SheetColumn

HEADER_SEARCH_ROWS = 20
REMARKS = re.compile(r"[(\[【{].*?[)\]】}]")
SIGNS = re.compile(r"[\s_\-*·:.,/\\#'\"“”]+")

Rows = Sequence[tuple[int, Sequence[Cell]]]


def normal(text: str) -> str:
    """A header as compared: ordinary forms, no blanks, no signs, no case."""
    return SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def header_texts(row: Sequence[Cell]) -> tuple[str, ...]:
    """The header cells as texts, made unique: a second “name” becomes “name (2)”."""
    texts: list[str] = []
    for number, cell in enumerate(row, 1):
        try:
            text = clean(cell) or f"#{number}"
        except CellFault:
            text = f"#{number}"
        candidate, copy = text, 1
        while candidate in texts:
            copy += 1
            candidate = f"{text} ({copy})"
        texts.append(candidate)
    while len(texts) > 1 and texts[-1] == f"#{len(texts)}":
        texts.pop()
    return tuple(texts)


def column_words(sheet: Sheet, column: SheetColumn) -> tuple[str, ...]:
    """Every header that means the field, best first: field name, labels, further words."""
    words = [column.field, *translations(sheet.column_msgid(column)), *column.words]
    if column.target != column.field and not column.reference:
        words.append(column.target)
    return tuple(dict.fromkeys(normal(word) for word in words))


def fields_by_header(sheet: Sheet, headers: Sequence[str]) -> dict[str, str]:
    """Field → header. A header is used once; exact words win over headers with remarks."""
    words = {column.field: column_words(sheet, column) for column in sheet.columns}
    found: dict[str, str] = {}
    used: set[str] = set()
    for reading in (
        normal,
        lambda text: normal(REMARKS.sub("", unicodedata.normalize("NFKC", text))),
    ):
        by_word: dict[str, str] = {}
        for header in headers:
            if header not in used:
                by_word.setdefault(reading(header), header)
        for rank in range(max(map(len, words.values()))):
            for field, candidates in words.items():
                if field in found or rank >= len(candidates):
                    continue
                named = by_word.get(candidates[rank])
                if named is not None and named not in used:
                    found[field] = named
                    used.add(named)
    return found


def find_header(sheet: Sheet, rows: Rows) -> tuple[int, tuple[str, ...]]:
    """(row number, headers): the row that names most fields, else the first with two cells.

    Titles, units and notes above the header are skipped that way. (0, ()) when there are no rows.
    """
    best: tuple[int, int, tuple[str, ...]] | None = None
    first: tuple[int, tuple[str, ...]] | None = None
    for number, row in rows[:HEADER_SEARCH_ROWS]:
        filled = sum(1 for cell in row if cell not in (None, ""))
        headers = header_texts(row)
        known = len(fields_by_header(sheet, headers))
        if known and (best is None or known > best[0]):
            best = (known, number, headers)
        if first is None and filled >= min(2, len(sheet.key) + 1):
            first = (number, headers)
    if best is not None and (best[0] >= 2 or first is None or len(best[2]) == 1):
        return best[1], best[2]
    if first is not None:
        return first
    return (rows[0][0], header_texts(rows[0][1])) if rows else (0, ())


def guess_date_format(
    sheet: Sheet, mapping: Mapping[str, str], headers: Sequence[str], rows: Rows
) -> str:
    """The format that the sample proves ("mdy" or "dmy"), else "auto"."""
    positions = [
        headers.index(mapping[column.field])
        for column in sheet.columns
        if column.type in (CellType.DATE, CellType.MONTH) and column.field in mapping
    ]
    cells = [row[at] for _number, row in rows for at in positions if at < len(row) and row[at]]
    fits = {name: _all_dates(cells, name) for name in ("auto", "mdy", "dmy")}
    if fits["auto"] or fits["mdy"] == fits["dmy"]:
        return "auto"
    return "mdy" if fits["mdy"] else "dmy"


def _all_dates(cells: Sequence[Cell], date_format: str) -> bool:
    try:
        return all(date_of(cell, date_format) for cell in cells)
    except CellFault:
        return False


def guess(
    sheet: Sheet, headers: Sequence[str], rows: Rows
) -> tuple[dict[str, dict[str, str]], str]:
    """(mapping, date format) for a file never seen before; `rows` are those below the header."""
    by_header = fields_by_header(sheet, headers)
    mapping = {field: {"column": header} for field, header in by_header.items()}
    return mapping, guess_date_format(sheet, by_header, headers, rows)
