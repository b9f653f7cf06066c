"""What an entry grid posts and gets: changed cells with what the page showed before.

Body: ``{"rows": [{"id": 7, "version": 3, "cells": {"i4": {"value": 5, "was": null}}}]}``. Answer:
``{"rows": [{"id": 7, "accepted": ["i4"], "refused": {"i5": {"message": …, "value": …}},
"data": {…}}], "progress": {…}}``; `data` are fresh values of the row. Anything that is not of this
form is a 400: the page's script never sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, request

MOST_ROWS = 500
MOST_CELLS = 60
LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class PostedCell:
    """A typed value and the one the page showed before."""

    value: Any
    was: Any


@dataclass(frozen=True, slots=True)
class PostedRow:
    """A changed row; `version` 0 = the page knew no record."""

    key: int
    version: int
    cells: Mapping[str, PostedCell]


def posted_rows() -> list[PostedRow]:
    """The rows of the request's JSON body, each once; 400 for anything malformed."""
    body = request.get_json(silent=True)
    rows = body.get("rows") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
        abort(400)
    found = [_row(row) for row in rows]
    if len({row.key for row in found}) != len(found):
        abort(400)
    return found


def _row(row: Any) -> PostedRow:
    if not isinstance(row, dict):
        abort(400)
    key, version = whole_number(row.get("id")), whole_number(row.get("version", 0))
    cells = row.get("cells")
    if key is None or version is None or min(key, version) < 0 or not isinstance(cells, dict):
        abort(400)
    if not 0 < len(cells) <= MOST_CELLS or not all(isinstance(c, dict) for c in cells.values()):
        abort(400)
    return PostedRow(
        key,
        version,
        {str(name): PostedCell(cell.get("value"), cell.get("was")) for name, cell in cells.items()},
    )


def whole_number(value: Any) -> int | None:
    """A JSON value that is a small whole number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= LARGEST:
        return None
    return value
