"""Who may import what: the right to import, and to create and change what the sheet holds."""

from __future__ import annotations

from collections.abc import Collection

from app.exchange.sheets import SHEETS
from app.security.permissions import Action

Permissions = Collection[tuple[str, str]]
"""(permission, entity) pairs as `app.security.security_manager.access_of` gives them."""


def may_import(sheet: str, permissions: Permissions) -> bool:
    """Whether these permissions allow importing the sheet, and seeing its batches."""
    needed = [(Action.CREATE.permission, "ImportBatch")] + [
        (Action(letter).permission, entity)
        for entity, letters in SHEETS[sheet].grants
        for letter in letters
    ]
    return all(pair in permissions for pair in needed)


def sheets_for(permissions: Permissions) -> tuple[str, ...]:
    """Keys of the sheets that may be imported with these permissions, in the order of SHEETS."""
    return tuple(key for key in SHEETS if may_import(key, permissions))
