"""The rows a relation field may point to: always read through the row scope.

Options are answered page by page for a remote select; small relations are listed whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.kernel.list_filters import like_pattern
from app.kernel.list_request import ascii_integer

PAGE_LENGTH = 20
SMALL_RELATION = 200
MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class OptionPage:
    """One page of options: (id, text) pairs and whether more follow."""

    options: list[tuple[int, str]]
    more: bool


class RelatedChoices:
    """Rows of `model` that the present user may refer to.

    `search_columns` are searched and shown, joined by a blank; without them the row's own text is
    shown. `criteria` are further SQLAlchemy conditions, asked anew for every query.
    """

    def __init__(
        self,
        session: Session,
        model: type[Any],
        search_columns: tuple[str, ...] = (),
        criteria: tuple[Any, ...] = (),
    ) -> None:
        self.session = session
        self.model = model
        self.search_columns = search_columns
        self.criteria = criteria

    def text(self, row: Any) -> str:
        """What an option says."""
        if not self.search_columns:
            return str(row)
        words = (getattr(row, name) for name in self.search_columns)
        return " ".join(str(word) for word in words if word not in (None, ""))

    def row(self, key: str | int | None) -> Any | None:
        """The row with this id, or None when missing, out of scope or not an id at all."""
        number = ascii_integer(str(key)) if key is not None else None
        if number is None:
            return None
        return self.session.execute(self._statement().where(self._key() == number)).scalar()

    def get(self, key: str | int | None) -> tuple[int, str] | None:
        """(id, text) of the row, or None like `row`."""
        row = self.row(key)
        return None if row is None else (row.id, self.text(row))

    def small(self) -> list[tuple[int, str]]:
        """The first options of a small relation, all of them when there are at most 200."""
        rows = self.session.execute(self._ordered().limit(SMALL_RELATION)).scalars()
        return [(row.id, self.text(row)) for row in rows]

    def search(self, text: str, page: int) -> OptionPage:
        """The `page`-th (from 1) twenty options containing `text`."""
        statement = self._ordered()
        text = text.strip().replace("\x00", "")[:100]
        if text and self.search_columns:
            pattern = like_pattern(text)
            columns = (getattr(self.model, name) for name in self.search_columns)
            statement = statement.where(or_(*(c.ilike(pattern, escape="\\") for c in columns)))
        page = min(max(page, 1), MAX_PAGE)
        rows = self.session.execute(
            statement.offset((page - 1) * PAGE_LENGTH).limit(PAGE_LENGTH + 1)
        ).scalars()
        options = [(row.id, self.text(row)) for row in rows]
        return OptionPage(options[:PAGE_LENGTH], len(options) > PAGE_LENGTH)

    def _key(self) -> Any:
        return self.model.id

    def _statement(self) -> Select[Any]:
        return select(self.model).where(*self.criteria)

    def _ordered(self) -> Select[Any]:
        columns = [getattr(self.model, name) for name in self.search_columns[:1]]
        return self._statement().order_by(*columns, self._key())
