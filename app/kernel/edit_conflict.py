"""Two people edit one record: what the second one sees (optimistic locking).

The edit form carries the record's version and, as JSON, the texts it was filled with. When the
version moved on, fields the user did not touch take the stored value, and every field both
changed is listed with both values; saving again then writes the user's, with the new version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from app.kernel.form_fields import raw_text

VERSION_FIELD = "_version"
BASE_FIELD = "_base"
MAX_BASE = 100_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: what the user entered and what is stored now, as shown text."""

    name: str
    label: str
    mine: Any
    stored: Any


@dataclass(slots=True)
class Conflict:
    """What changed meanwhile, by whom and when (local time; None when not known)."""

    differences: list[Difference] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    by: str | None = None
    at: Any = None


def snapshot(form: Any, names: Iterable[str]) -> str:
    """The form's texts as JSON: {field: text}."""
    return json.dumps({name: raw_text(form[name]) for name in names}, ensure_ascii=False)


def read_snapshot(text: str | None) -> dict[str, str]:
    """The texts of `snapshot` as they came back; empty when missing or tampered with."""
    if not text or len(text) > MAX_BASE:
        return {}
    try:
        base = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(base, dict):
        return {}
    return {str(key): value for key, value in base.items() if isinstance(value, str)}


def compare(
    form: Any, stored: Any, names: Iterable[str], base: dict[str, str], show: Any
) -> Conflict:
    """Merge `stored` (a form filled from the database) into the submitted `form`.

    `show(name, value)` formats a value for the difference table. Fields the user left alone are
    set to the stored value in `form`.
    """
    conflict = Conflict()
    for name in names:
        mine, theirs = raw_text(form[name]), raw_text(stored[name])
        if mine == theirs:
            continue
        label = str(form[name].label.text)
        if name in base and mine == base[name]:
            form[name].data = stored[name].data
            form[name].raw_data = None
            conflict.adopted.append(label)
        else:
            conflict.differences.append(
                Difference(name, label, show(name, form[name].data), show(name, stored[name].data))
            )
    return conflict
