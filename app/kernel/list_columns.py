"""Which columns a list shows: those the address names, else the view's own.

``columns=code,name,grade``, or the argument repeated; the order counts. The first column of the
view carries the link to the record and always stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy.schema import Column

ARGUMENT = "columns"
MOST_NAMES = 100


def chosen_columns(
    texts: Iterable[str], offered: Collection[str], default: list[str]
) -> tuple[list[str], list[str]]:
    """(the columns to show, names that are none of the list). Without a usable name: `default`."""
    names = [name.strip() for text in texts for name in text.split(",")][:MOST_NAMES]
    wanted = list(dict.fromkeys(name for name in names if name))
    known = [name for name in wanted if name in offered]
    unknown = [name for name in wanted if name not in offered]
    if not known:
        return default, unknown
    return known if default[0] in known else [default[0], *known], unknown


def mapped_column(model: Any, path: str) -> Column[Any] | None:
    """The column at the end of a dotted path; None for relations and properties."""
    mapper = model.__mapper__
    for part in path.split("."):
        if part in mapper.relationships:
            mapper = mapper.relationships[part].mapper
        elif part in mapper.column_attrs:
            found: Column[Any] = mapper.column_attrs[part].columns[0]
            return found
        else:
            return None
    return None
