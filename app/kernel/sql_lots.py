"""Long lists of keys in lots that every database accepts as parameters of one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator

LOT = 500


def lots(keys: Collection[int]) -> Iterator[list[int]]:
    """The keys in ascending order, at most 500 at a time."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), LOT):
        yield ordered[start : start + LOT]
