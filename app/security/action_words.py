"""What can be granted, in words: for the permission matrix and the change log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.security.permissions import Action

ACTION_WORDS: Mapping[Action, Any] = {
    Action.READ: _l("See"),
    Action.CREATE: _l("Add"),
    Action.UPDATE: _l("Change"),
    Action.DELETE: _l("Delete"),
    Action.APPROVE: _l("Approve"),
    Action.EXPORT: _l("Export"),
}
ACTION_HINTS: Mapping[Action, Any] = {
    Action.READ: _l("See the list and the details"),
    Action.CREATE: _l("Add new records"),
    Action.UPDATE: _l("Change records, singly and in bulk"),
    Action.DELETE: _l("Delete records that nothing refers to"),
    Action.APPROVE: _l("Approve or return what others submitted"),
    Action.EXPORT: _l("Take the rows out as an Excel file"),
}
