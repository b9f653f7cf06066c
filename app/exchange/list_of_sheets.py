"""The filter of the import list by kind of file."""

from __future__ import annotations

from typing import Any

from app.exchange.import_pages import sheet_label
from app.exchange.sheets import SHEETS
from app.kernel.list_filters import Active, EnumIn, Quick


class SheetQuick(Quick):
    """A choice of keys of `SHEETS`, which the database keeps as text."""

    def _read_enum(self, texts: list[str], view: Any) -> Active:
        unknown = [text for text in texts if text not in SHEETS]
        if unknown:
            raise self._bad(view, unknown[0])
        chosen = tuple(dict.fromkeys(texts))
        return self._active(view, EnumIn, chosen, "、".join(map(sheet_label, chosen)))
