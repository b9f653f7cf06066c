"""csv files as people save them: UTF-8 with or without mark, UTF-16, GB18030; comma, semicolon, tab."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Generator
from pathlib import Path

from app.exchange.file_checks import WRONG_TYPE
from app.kernel.errors import N_, ImportRejected

BLOCK = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 32_767
"""As in a spreadsheet; longer means that a quotation mark was never closed."""

UNKNOWN_ENCODING = N_(
    "The characters of the file could not be read, first at byte %(position)s. Save it as "
    "“CSV UTF-8”."
)
OPEN_QUOTE = N_(
    "The file cannot be read from row %(row)s on: a quotation mark is opened and not closed, or a "
    "cell is longer than %(longest)s characters."
)

csv.field_size_limit(LONGEST_CELL)


def encoding_of(path: Path) -> str:
    """The one encoding that fits the whole file. Errors: `ImportRejected` with the position."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gb18030"]
    position = 0
    for candidate in candidates:
        failed_at = _first_failure(path, candidate)
        if failed_at is None:
            return candidate
        position = failed_at
    raise ImportRejected(UNKNOWN_ENCODING, position=position + 1)


def _first_failure(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return done + error.start
            if "\0" in text:
                raise ImportRejected(WRONG_TYPE)
            if not block:
                return None
            done += len(block)


def delimiter_of(path: Path, encoding: str) -> str:
    """The sign that divides the first rows most often and most evenly; comma for one column."""
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        sample = file.read(64 * 1024)
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        lines = sample.splitlines(keepends=True)[:50]
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        score = (widths.count(usual) if usual > 1 else 0, usual)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def csv_rows(path: Path) -> Generator[tuple[int, list[str]]]:
    """(row number from 1, cells) of every row that is not blank. Streams; memory is flat."""
    encoding = encoding_of(path)
    delimiter = delimiter_of(path, encoding)
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter=delimiter), 1):
                if row:
                    yield number, row
    except csv.Error:
        raise ImportRejected(OPEN_QUOTE, row=number + 1, longest=LONGEST_CELL) from None
