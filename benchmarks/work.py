"""What a job and the clock hand each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """`folder` holds the prepared input; `scratch` is empty and removed after the run.

    `postgres`: URL of an empty database for the run, or "" for a contender that needs none.
    """

    size: str
    amount: int
    folder: Path
    scratch: Path
    postgres: str = ""


@dataclass(slots=True)
class Work:
    """A contender that is ready: imports done, input found.

    `run` is what the clock sees; it may return parts (name → seconds) it has measured itself.
    `answer`, called afterwards, is what is compared: part → what JSON can hold; a contender need
    not answer all parts. `share`: which part of
    the job it did, for rivals too slow for all of it. `facts`: further figures, filled by `run`.
    """

    run: Callable[[], Mapping[str, float] | None]
    answer: Callable[[], Mapping[str, Any]] = dict
    share: float = 1.0
    facts: dict[str, float] = field(default_factory=dict)
