"""The category of a product in lists: its full path, a filter by branch, and the leaves to choose."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context
from flask_appbuilder.models.filters import BaseFilter
from sqlalchemy.orm import Query

from app.kernel.db import db
from app.kernel.formatters import MISSING
from app.kernel.list_filters import Active, Quick
from app.kernel.list_request import ascii_integer
from app.kernel.related_choices import OptionPage, RelatedChoices
from app.master.category_tree import CategoryTree, read_tree
from app.master.rules_category import below
from app.models import CategoryNode, Product


def present_tree() -> CategoryTree:
    """The tree in the person's scope, read once per request."""
    if not has_request_context():
        return read_tree(db.session())
    if "category_tree" not in g:
        g.category_tree = read_tree(db.session())
    tree: CategoryTree = g.category_tree
    return tree


def category_path(node: CategoryNode) -> str:
    """A category by its full name."""
    row = present_tree().by_id.get(node.id)
    return row.path if row is not None else str(node)


def category_words(value: CategoryNode | str | None) -> str:
    """A category or its full name, as shown."""
    if value is None:
        return MISSING
    return category_path(value) if isinstance(value, CategoryNode) else value


class InBranch(BaseFilter):
    """value: ids of a node and of everything below it, joined by commas."""

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        ids = [int(text) for text in value.split(",")]
        return query.filter(Product.category.has(CategoryNode.id.in_(ids)))


class BranchQuick(Quick):
    """A category of any level; products of its whole branch are shown."""

    def _read_relation(self, texts: list[str], view: Any) -> Active:
        tree = present_tree()
        row = tree.by_id.get(ascii_integer(texts[0]) or 0)
        if row is None:
            raise self._bad(view, texts[0])
        ids = ",".join(str(key) for key in sorted(below(tree.parents, row.id), key=str))
        return self._active(view, InBranch, ids, row.path)


class CategoryChoices(RelatedChoices):
    """Categories by full path in tree order; `leaves_only` for what products may hang on."""

    def __init__(self, *, leaves_only: bool) -> None:
        super().__init__(db.session(), CategoryNode)
        self.leaves_only = leaves_only

    def text(self, row: Any) -> str:
        return category_path(row)

    def small(self) -> list[tuple[int, str]]:
        tree = present_tree()
        return [(row.id, row.path) for row in (tree.leaves if self.leaves_only else tree.rows)]

    def search(self, text: str, page: int) -> OptionPage:
        return OptionPage(self.small(), more=False)


class ShowsCategory:
    """A product view with the column and filter "category"."""

    def related_choices(self, column: str) -> RelatedChoices:
        if column == "category":
            return CategoryChoices(leaves_only=False)
        choices: RelatedChoices = super().related_choices(column)  # type: ignore[misc]
        return choices

    def column_value(self, item: Any, path: str) -> Any:
        value = super().column_value(item, path)  # type: ignore[misc]
        return category_path(value) if isinstance(value, CategoryNode) else value
