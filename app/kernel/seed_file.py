"""Seed files: the CSV tables shipped with the portal (UTF-8, first line = column names).

They are part of the release, so they are trusted and small; what people upload goes through
`app.exchange`.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=32)
def read_seed(path: Path) -> tuple[dict[str, str], ...]:
    """One dict per line, in file order. An empty cell is an empty string."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
